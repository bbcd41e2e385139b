"""The steps of the assembly alignment, against brute_assembly.py."""

import json
import random
import subprocess

import pytest

import brute_assembly
import conftest
from brute_pairs import edit_alignment

SOURCES = [
    b"int f(const long *values, int count) {\n"
    b"  int found = -1;\n"
    b"  for (int i = 0; i < count; i++) {\n"
    b"    if (values[i] % 2 == 0) {\n      found = i;\n      break;\n    }\n"
    b"  }\n  return found;\n}\n",
    b"int f(const long *values, int count) {\n"
    b"  // Looks at each.\n"
    b"  for (int i = 0; i < count; ++i)\n"
    b"    if (values[i] % 2 == 0) return i;\n"
    b"  return -1;\n}\n",
    b"int f(const long *values, int count) {\n"
    b"  int i = 0;\n  while (i < count && values[i] % 2) { i++; }\n"
    b"  return i < count ? i : -1;\n}\n",
    b"static long g(long x) { return x * x; }\n"
    b"int f(const long *values, int count) {\n"
    b"  long sum = 0; int i;\n"
    b"  for (i = 0; i < count; i++) sum += g(values[i]);\n"
    b"  return\n    sum > 7\n    ? (int)sum\n    : count;\n}\n",
    b"int f(const long *values, int count) { int i; for (i = 0; i < count; "
    b"i++) if (!(values[i] & 1)) return i; return -1; }",
]


def run(pairs):
    done = subprocess.run(
        [conftest.BUILD / "tests/tools/align_code"], input=json.dumps(pairs),
        capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def random_code(rng, texts, lines):
    """Instructions out of the order of lines; lines 0 and past the end too."""
    functions = [[(rng.choice(texts), rng.randint(0, lines + 1))
                  for _ in range(rng.randint(0, 7))]
                 for _ in range(rng.randint(0, 3))]
    token_lines = sorted(rng.randint(1, lines)
                         for _ in range(rng.randint(0, 12)))
    token_lines = [0 if rng.random() < 0.2 else x for x in token_lines]
    return {"functions": functions, "lines": lines, "token_lines": token_lines,
            "tokens": [rng.randint(0, 3) for _ in token_lines]}


@pytest.mark.parametrize("texts", ["a", "ab", "abcdef"])
def test_random_codes(texts):
    rng = random.Random(texts)
    pairs = [[random_code(rng, texts, rng.randint(1, 5)) for _ in "ab"]
             for _ in range(400)]
    got = run(pairs)
    for (a, b), result in zip(pairs, got):
        assert result == brute_assembly.align(
            a, b, edit_alignment, brute_assembly.match_lines_exhaustively)
    # The cases are not all trivial.
    for name in ("lines", "tokens", "no_line", "gaps", "unmatched_line"):
        assert sum(bool(result[name]) for result in got) > 40, name


def real_code(source, numbers):
    plain = brute_assembly.functions(brute_assembly.compile_code(source))
    debug = brute_assembly.functions(
        brute_assembly.compile_code(source, "-g"))
    assert brute_assembly.same_instructions(plain, debug)
    pieces = brute_assembly.words(source)
    return {"functions": debug, "lines": source.count(b"\n") + 1,
            "token_lines": brute_assembly.token_lines(pieces),
            "tokens": [numbers.setdefault(p, len(numbers)) for p in pieces]}


def test_real_codes():
    numbers = {}
    codes = [real_code(source, numbers) for source in SOURCES]
    pairs = [[a, b] for a in codes for b in codes]
    for (a, b), result in zip(pairs, run(pairs)):
        assert result == brute_assembly.align(a, b, edit_alignment)
        if a is b:
            assert all(i == j for i, j in result["tokens"])
            assert result["gaps"] == 0
