"""Equivalence of codes and its figures by their definitions.

Written from docs/studies.md alone; gcc and clang are called directly.
"""

import collections
import concurrent.futures
import itertools
import os
import re
import subprocess

import numpy as np

import brute

DROPPED = re.compile(
    r"\.(file|ident|loc|addrsig|addrsig_sym|cfi_\w+)( |$)"
    r"|\.section \"?\.note\.GNU-stack")
STRING = re.compile(r'("(?:\\.|[^"\\])*")')


def without_comment(line):
    pieces = []
    for place, piece in enumerate(STRING.split(line)):
        if place % 2 == 0:
            first = not "".join(pieces).strip()
            found = re.search(r"//|#(?=[\s#]|$)" + (r"|^\s*#" if first else ""),
                              piece)
            if found:
                pieces.append(piece[:found.start()])
                break
            piece = re.sub(r"\s+", " ", piece)
        pieces.append(piece)
    return "".join(pieces).strip()


def normalise(assembly):
    labels, kept = {}, []
    for raw in assembly.split("\n"):
        line = without_comment(raw)
        if not line or DROPPED.match(line):
            continue
        pieces = STRING.split(line)
        for place in range(0, len(pieces), 2):
            pieces[place] = re.sub(
                r"(?<![\w.])\.L[\w.$]*",
                lambda m: labels.setdefault(m[0], f".L{len(labels) + 1}"),
                pieces[place])
        kept.append("".join(pieces))
    return "\n".join(kept)


def compile_code(code, command=("gcc", "-O0")):
    """Normalised assembly, or None."""
    done = subprocess.run(
        [*command, "-S", "-std=gnu17", "-w", "-x", "c", "-o", "-", "-"],
        input=code, capture_output=True, check=False)
    return normalise(done.stdout.decode()) if done.returncode == 0 else None


def compile_all(codes, command=("gcc", "-O0")):
    """{code: normalised assembly or None}"""
    distinct = sorted(set(codes))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(distinct, pool.map(
            lambda code: compile_code(code, command), distinct)))


def sizes(assemblies):
    """Of the groups, largest first."""
    counts = collections.Counter(a for a in assemblies if a is not None)
    return sorted(counts.values(), reverse=True)


def agreement(first, second):
    """(agreed, pairs, kept, equivalent in the first) of one prompt."""
    agreed = pairs = kept = equivalent = 0
    for i, j in itertools.combinations(range(len(first)), 2):
        if None in (first[i], first[j], second[i], second[j]):
            continue
        one, other = first[i] == first[j], second[i] == second[j]
        pairs += 1
        agreed += one == other
        equivalent += one
        kept += one and other
    return agreed, pairs, kept, equivalent


def pooled(parts, wholes):
    """(estimate, lo, hi, prompts) of sum(parts) / sum(wholes)."""
    parts, wholes = np.array(parts, float), np.array(wholes, float)
    use = wholes > 0
    if not use.any():
        return None, None, None, 0
    estimate = parts.sum() / wholes.sum()
    bounds = None, None
    if use.sum() >= 10:
        bounds = brute.jackknife(
            [(parts.sum() - p) / (wholes.sum() - w)
             for p, w in zip(parts[use], wholes[use])],
            estimate, brute.effective_units(wholes))
    return estimate, *bounds, int(use.sum())
