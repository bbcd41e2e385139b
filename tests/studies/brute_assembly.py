"""The assembly alignment by its definition, slow on purpose.

Written from docs/studies.md alone.  A code is a dictionary: "functions", each
a list of (instruction text, source line); "lines", of the source; "tokens" and
"token_lines" (0 where a token has no line).
"""

import functools
import re
import subprocess


def subsequence(a, b):
    """Index pairs of a longest common subsequence: pair first, then skip a."""

    @functools.lru_cache(None)
    def length(i, j):
        if i == len(a) or j == len(b):
            return 0
        if a[i] == b[j]:
            return max(1 + length(i + 1, j + 1), length(i + 1, j),
                       length(i, j + 1))
        return max(length(i + 1, j), length(i, j + 1))

    pairs, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j] and length(i, j) == 1 + length(i + 1, j + 1):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif length(i, j) == length(i + 1, j):
            i += 1
        else:
            j += 1
    return pairs


def line_weights(a, b):
    weights = {}
    for f, g in zip(a["functions"], b["functions"]):
        for i, j in subsequence([text for text, _ in f],
                                [text for text, _ in g]):
            key = f[i][1], g[j][1]
            if 0 < key[0] <= a["lines"] and 0 < key[1] <= b["lines"]:
                weights[key] = weights.get(key, 0) + 1
    return weights


def all_matchings(edges, after=(0, 0)):
    yield ()
    for edge in edges:
        if edge[0] > after[0] and edge[1] > after[1]:
            for rest in all_matchings(edges, edge):
                yield (edge, *rest)


def match_lines_exhaustively(weights):
    """Every matching; the heaviest, of those the first as a list of pairs."""
    return min(all_matchings(sorted(weights)),
               key=lambda m: (-sum(weights[e] for e in m), m))


def match_lines(weights):
    """The same, from the last pair to the first."""
    edges = sorted(weights, reverse=True)
    best = {}
    for edge in edges:
        behind = [best[e] for e in best if e[0] > edge[0] and e[1] > edge[1]]
        weight, rest = min(behind, key=lambda o: (-o[0], o[1]),
                           default=(0, ()))
        best[edge] = weight + weights[edge], (edge, *rest)
    return min(best.values(), key=lambda o: (-o[0], o[1]),
               default=(0, ()))[1]


def align(a, b, edit, match=match_lines):
    """What tests/tools/align_code prints; `edit` aligns tokens of a line."""
    lines = match(line_weights(a, b))
    pairs, seen, gaps = [], 0, 0
    for line_a, line_b in lines:
        at_a = [i for i, x in enumerate(a["token_lines"]) if x == line_a]
        at_b = [i for i, x in enumerate(b["token_lines"]) if x == line_b]
        found = edit(tuple(a["tokens"][i] for i in at_a),
                     tuple(b["tokens"][i] for i in at_b))
        pairs += [[at_a[i], at_b[j]] for i, j in found]
        seen += len(at_a) + len(at_b)
        gaps += len(at_a) + len(at_b) - 2 * len(found)
    every = [*a["token_lines"], *b["token_lines"]]
    return {"lines": [list(pair) for pair in lines], "tokens": pairs,
            "no_line": every.count(0), "gaps": gaps,
            "unmatched_line": len(every) - every.count(0) - seen}


def compile_code(source, *flags):
    """Assembly, or None if gcc refuses the source."""
    done = subprocess.run(
        ["gcc", "-S", "-O0", "-std=gnu17", "-w", *flags, "-x", "c", "-o", "-",
         "-"], input=source, capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


def functions(assembly):
    """[(text, line)] of each function, local labels by first occurrence."""
    found, current, line = [], None, 0
    names = set(re.findall(r"^\s*\.type\s+(\S+),\s*@function", assembly, re.M))
    labels = {}
    for raw in assembly.splitlines():
        text = " ".join(raw.split())
        if text.startswith(".loc "):
            line = int(text.split()[2])
        elif text.endswith(":"):
            if text[:-1] in names:
                current, labels, line = [], {}, 0
                found.append(current)
        elif text.startswith(".size"):
            current = None
        elif current is not None and text and text[0] not in ".#":
            text = re.sub(
                r"\.L\w+",
                lambda m: labels.setdefault(m[0], f"L{len(labels)}"), text)
            current.append((text, line))
    return found


def same_instructions(a, b):
    return [[t for t, _ in f] for f in a] == [[t for t, _ in f] for f in b]


def token_lines(pieces, first=1):
    """The line of each piece's first byte that is not blank, else 0."""
    lines, line = [], first
    for piece in pieces:
        blank = len(piece) - len(piece.lstrip(b" \t\n\r\v\f"))
        lines.append(0 if blank == len(piece)
                     else line + piece[:blank].count(b"\n"))
        line += piece.count(b"\n")
    return lines


def words(source):
    """A code as pieces of words, blanks and single bytes."""
    return re.findall(rb"\s+|\w+|.", source)
