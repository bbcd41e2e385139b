"""Classes of changed lines by their definition, from tables and lists."""

import collections
import itertools
import json
import pathlib
import random
import re
import subprocess

import pytest

import c_texts

CORPUS = pathlib.Path(__file__).with_name("data") / "line_classes.jsonl"
CLASSES = ["blank", "comment", "white_space", "literal", "identifier",
           "declaration_order", "other"]
REMARKS = {"blank", "comment"}
DECLARING = set(
    """_Alignas _Atomic _Bool _Complex _Noreturn _Static_assert _Thread_local
    auto char const double enum extern float inline int long register short
    signed static struct typedef union unsigned void volatile""".split())
OTHER_KEYWORDS = {"return", "for", "if", "else", "while", "sizeof"}
LEXEMES = re.compile(  # of what the generator below writes
    r"(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*)|(?P<blank>\s+)"
    r"|(?P<literal>[0-9]+|\"[^\"\n]*\"|<[a-z]+\.h>)"
    r"|(?P<directive>\#[a-z]+)|(?P<word>\w+)"
    r"|(?P<punctuator>\+\+|\+=|==|<=|[^\w\s])", re.S)


class Text:
    def __init__(self, text):
        self.lines = text.splitlines(keepends=True)
        self.tokens = []  # (kind, spelling, begin, end)
        for match in LEXEMES.finditer(text):
            kind = match.lastgroup
            if kind == "word":
                known = match[0] in DECLARING | OTHER_KEYWORDS
                kind = "keyword" if known else "identifier"
            if kind != "blank":
                end = "#" in text[text.rfind("\n", 0, match.start()) + 1:
                                  match.start() + 1]
                self.tokens.append((kind, match[0], match.start(),
                                    match.end(), end))
        self.on = []  # tokens of each line
        at = 0
        for line in self.lines:
            self.on.append([t for t in self.tokens
                            if t[2] < at + len(line) and t[3] > at])
            at += len(line)

    def key(self, i):
        return self.lines[i], tuple(t[0] for t in self.on[i])

    def code(self, i):
        return [t for t in self.on[i] if t[0] != "comment"]


def read(token, reading):
    kind, spelling = token[0], token[1]
    if reading >= 1 and kind == "literal":
        return "literal", token[4]
    if reading >= 2 and kind == "identifier":
        return "identifier", token[4]
    return kind, spelling, token[4]


def script(a, b):
    """[(i or None, j or None)]: the canonical shortest script."""
    rest = [[len(a) - i + len(b) - j for j in range(len(b) + 1)]
            for i in range(len(a) + 1)]
    for i in reversed(range(len(a))):
        for j in reversed(range(len(b))):
            rest[i][j] = (rest[i + 1][j + 1] if a[i] == b[j] else
                          1 + min(rest[i + 1][j], rest[i][j + 1]))
    steps, i, j = [], 0, 0
    while i < len(a) or j < len(b):
        if i < len(a) and j < len(b) and a[i] == b[j]:
            steps.append((i, j))
            i, j = i + 1, j + 1
        elif i < len(a) and rest[i + 1][j] < rest[i][j]:
            steps.append((i, None))
            i += 1
        else:
            steps.append((None, j))
            j += 1
    return steps


def hunks(steps):
    """Runs of ([i], [j]) between matched lines, which come as (i, j)."""
    for match, run in itertools.groupby(steps, lambda s: None not in s):
        if match:
            yield from run
        else:
            run = list(run)
            yield ([i for i, _ in run if i is not None],
                   [j for _, j in run if j is not None])


def judge(sides, lines, reading, classes):
    """`lines`: of both sides, with code."""
    if not lines[0] or not lines[1]:
        return
    code, everything = [], []
    for side, some in zip(sides, lines):
        tokens = sorted({t[2]: t for i in some for t in side.on[i]}.items())
        everything.append([t[:2] for _, t in tokens])
        code.append([read(t, reading) for _, t in tokens if t[0] != "comment"])
    if code[0] == code[1]:
        name = (["comment", "white_space"][everything[0] == everything[1]],
                "literal", "identifier")[reading]
        for side in (0, 1):
            for i in lines[side]:
                classes[side][i] = name
        return
    keys = [[tuple(read(t, reading) for t in side.code(i)) for i in some]
            for side, some in zip(sides, lines)]
    steps = script(*keys)
    if not any(None not in step for step in steps):
        if reading < 2:
            judge(sides, lines, reading + 1, classes)
        return
    for i, j in hunks(steps):
        i, j = ([i], [j]) if isinstance(i, int) else (i, j)
        judge(sides, ([lines[0][x] for x in i], [lines[1][y] for y in j]),
              reading, classes)


def declares(tokens):
    if len(tokens) < 2 or tokens[-1][1] != ";":
        return False
    if tokens[0][0] == "keyword":
        return tokens[0][1] in DECLARING
    kinds = [t[0] for t in tokens if t[1] != "*"]
    return kinds[:2] == ["identifier"] * 2


def expected(a, b):
    sides = (Text(a), Text(b))
    classes = ({}, {})
    keys = [[side.key(i) for i in range(len(side.lines))] for side in sides]
    for one in hunks(script(*keys)):
        if isinstance(one[0], int):
            continue
        coded = ([], [])
        for side in (0, 1):
            for i in one[side]:
                if not sides[side].lines[i].strip():
                    classes[side][i] = "blank"
                elif not sides[side].code(i):
                    classes[side][i] = "comment"
                else:
                    classes[side][i] = "other"
                    coded[side].append(i)
        judge(sides, coded, 0, classes)
    spelled = [[read(t, 0) for t in side.tokens if t[0] != "comment"]
               for side in sides]
    if spelled[0] == spelled[1]:
        for side in classes:
            for i, name in side.items():
                if CLASSES.index(name) > 2:
                    side[i] = "white_space"
    else:
        waiting = collections.defaultdict(list)
        for i in sorted(classes[1]):
            code = sides[1].code(i)
            if classes[1][i] == "other" and declares(code):
                waiting[str([t[1] for t in code])].append(i)
        for i in sorted(classes[0]):
            code = sides[0].code(i)
            if classes[0][i] == "other" and declares(code):
                others = waiting[str([t[1] for t in code])]
                if others:
                    classes[0][i] = "declaration_order"
                    classes[1][others.pop(0)] = "declaration_order"
    return [sorted(map(list, side.items())) for side in classes]


LINES = [
    "int i;", "int n = 3;", "long *p;", "size_t n;", "node *next;", "i = 1;",
    "i = 2;", "n = 1;", "return i;", "return n; // all", "// all", "/* all */",
    "/* one", "two */", "", "  ", "}", "{", "for (i = 0; i < n; i++) {",
    "if (i == n) return 0;", 'puts("a");', "#define ONE 1", "x = i * n;",
    "i++; /* step */", "int f(void) {", "int f(void)",
]


def mutate(rng, lines):
    lines = list(lines)
    at = rng.randrange(len(lines))
    kind = rng.randrange(10)
    if kind == 0:
        lines[at] = "  " + lines[at]
    elif kind == 1:
        lines[at] += " // " + rng.choice(["a", "b"])
    elif kind == 2:
        lines[at] = re.sub(r"[0-9]", rng.choice("456"), lines[at])
    elif kind == 3:
        lines[at] = re.sub(r"\b[in]\b", rng.choice("kx"), lines[at])
    elif kind == 4:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 5:
        lines[at] = lines[at].replace(" ", "\n", 1)
    elif kind == 6:
        del lines[at]
    elif kind == 7 and at + 1 < len(lines):
        lines[at: at + 2] = [" ".join(lines[at: at + 2])]
    else:
        lines.insert(at, rng.choice(LINES))
    return lines or [""]


def random_pair(rng):
    """Text without // or # behind other code of its line is never joined."""
    while True:
        a = [rng.choice(LINES) for _ in range(rng.randrange(1, 14))]
        b = a
        for _ in range(rng.randrange(5)):
            b = mutate(rng, b)
        texts = ["\n".join(x) + rng.choice(["\n", "\n", ""]) for x in (a, b)]
        if not any(re.search(r"[^\s].*#|#.*\n?.*/\*", t) for t in texts):
            return texts


def line_classes(pairs):
    return c_texts.c_text("lines", [[x.encode() for x in p] for p in pairs])


@pytest.mark.parametrize("seed", range(10))
def test_random_texts(seed):
    rng = random.Random(seed)
    pairs = [random_pair(rng) for _ in range(400)]
    for pair, ours in zip(pairs, line_classes(pairs), strict=True):
        assert ours == expected(*pair), pair
        assert (pair[0] == pair[1]) == (ours == [[], []])


def cases():
    return [json.loads(line) for line in CORPUS.read_text().splitlines()]


def test_hand_checked_pairs():
    found = cases()
    assert len(found) >= 60
    pairs = [("".join(c["a"]), "".join(c["b"])) for c in found]
    seen = collections.Counter()
    for case, ours in zip(found, line_classes(pairs), strict=True):
        names = [[name for _, name in side] for side in ours]
        assert names == [case["of_a"], case["of_b"]], case["why"]
        seen.update(names[0] + names[1])
    assert set(seen) == set(CLASSES)


def gcc_code(text):
    stripped = subprocess.run(
        ["gcc", "-std=gnu17", "-fpreprocessed", "-dD", "-E", "-P", "-"],
        input=text, capture_output=True, check=True).stdout
    return [t[3] for t in c_texts.c_text("tokens", [stripped])[0]]


def test_nothing_but_remarks_and_blanks_is_what_gcc_strips(monkeypatch):
    """Programs of the corpus with lines and comments of others put in."""
    rng = random.Random(3)
    texts = [t.decode() for t in c_texts.corpus_texts(60, monkeypatch)]
    texts = [t for t in texts if not t.startswith("# ")]  # prose
    pairs = []
    for text in texts * 2:
        lines = text.splitlines(keepends=True)
        for _ in range(rng.randrange(1, 3)):
            at = rng.choice([i for i, x in enumerate(lines) if "#" not in x])
            lines[at] = rng.choice([
                "\n" + lines[at], "  " + lines[at], "// x\n" + lines[at],
                "/* x */" + lines[at], lines[at].replace("i", "j"),
                lines[at].replace("0", "1"), "/*\n" + lines[at] + "*/\n",
                re.sub("//.*", "", lines[at])])
        pairs.append((text, "".join(lines)))
    equal = 0
    for (a, b), ours in zip(pairs, line_classes(pairs), strict=True):
        same = gcc_code(a.encode()) == gcc_code(b.encode())
        equal += same
        names = {name for side in ours for _, name in side}
        assert same == (names <= REMARKS | {"white_space"})
    assert 20 < equal < len(pairs) - 20


def test_groups_add_up():
    rng = random.Random(4)
    groups = []
    for _ in range(40):
        base = [rng.choice(LINES) for _ in range(6)]
        group = ["\n".join(mutate(rng, base) if rng.random() < 0.7 else base)
                 for _ in range(rng.randrange(1, 8))]
        group = [g for g in group if not re.search(r"[^\s].*#|#.*\n?.*/\*", g)]
        groups.append(group or ["x"])
    for group, ours in zip(groups, c_texts.c_text(
            "groups", [[t.encode() for t in g] for g in groups]), strict=True):
        assert ours == by_definition(group)


def by_definition(group):
    counted = collections.Counter(group)
    texts = sorted(counted, key=lambda text: text.encode())
    top = min(texts, key=lambda text: (-counted[text], text.encode()))
    several = len(texts) > 1

    def names(a, b):
        return [name for side in expected(a, b) for _, name in side]

    against = [names(top, text) for text in texts if text != top]
    pairs = [names(a, b) for a, b in itertools.combinations(texts, 2)]
    lines = collections.Counter(itertools.chain(*against))
    remarks = [sum(set(some) <= REMARKS for some in every)
               for every in (against, pairs)]

    def share(part, whole):
        return part / whole if whole else None

    return {
        "groups": int(several), "single": int(not several),
        "repeated": len(group) - len(texts),
        "lines": {name: lines[name] for name in CLASSES},
        "texts": len(against), "remark_texts": remarks[0],
        "pairs": len(pairs), "remark_pairs": remarks[1],
        "shares": [share(lines["blank"] + lines["comment"], lines.total()),
                   share(remarks[0], len(against)),
                   share(remarks[1], len(pairs))],
    }
