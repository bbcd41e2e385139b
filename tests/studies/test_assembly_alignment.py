"""Locality by assembly, against brute_assembly.py and gcc."""

import random
import re

import pytest

import brute
import brute_assembly
import brute_pairs
from test_pairs import by_name, check_histograms, check_mean

LAYERS = [(8, 2), (16, 3)]
HEADS = [b"int first_even(const long *values, int count) {\n",
         b"long total(const long *values, int count) {\n"]
BODIES = [
    b"  int i = 0;\n  while (i < count) {\n"
    b"    if (values[i] % 2 == 0) return i;\n    i++;\n  }\n  return -1;\n}\n",
    b"  int i = 0;\n  // Walks over all.\n  while (i < count) {\n"
    b"    if (values[i] % 2 == 0) return i;\n    i++;\n  }\n  return -1;\n}\n",
    b"  int i = 0;\n\n  while (i < count) {\n"
    b"    if (values[i] % 2 == 0)\n      return i;\n    i++;\n  }\n"
    b"  return -1;\n}\n",
    b"  int i;\n  for (i = 0; i < count; i++) {\n"
    b"    if (values[i] % 3 == 0) return i;\n  }\n  return -1;\n}\n",
    b"  long sum = 0;\n  for (int i = 0; i < count; ++i) sum += values[i];\n"
    b"  return sum;\n}\n",
    b"  return missing_name;\n}\n",
]


class Brute(brute_pairs.Brute):
    def __init__(self, trace, words, pairs="fork", equivalent=False, seed=1):
        self.words = words
        self.equivalent = equivalent
        self.known = {}
        super().__init__([trace], pairs, "position", seed)

    def code(self, leaf):
        """None: does not compile."""
        if leaf not in self.known:
            self.known[leaf] = self.compiled([self.words[t] for t in leaf])
        return self.known[leaf]

    @staticmethod
    def compiled(pieces):
        source = b"".join(pieces)
        plain = brute_assembly.compile_code(source)
        if plain is None:
            return None
        plain = brute_assembly.functions(plain)
        debug = brute_assembly.functions(
            brute_assembly.compile_code(source, "-g"))
        assert brute_assembly.same_instructions(plain, debug)
        return {"plain": [[text for text, _ in f] for f in plain],
                "functions": debug, "lines": source.count(b"\n") + 1,
                "all_lines": brute_assembly.token_lines(pieces)}

    def wanted(self, part, tree, a, b):
        if not self.equivalent:
            return True
        a, b = self.code(a), self.code(b)
        return a is not None and b is not None and a["plain"] == b["plain"]

    def aligned(self, a, b, fork):
        sides = []
        for leaf in (a, b):
            code = self.code(leaf)
            if code is None:
                self.tails["tail_rows_not_compiled"] += (
                    len(a) + len(b) - 2 - 2 * fork)
                return []
            sides.append({**code, "tokens": leaf[fork:-1],
                          "token_lines": code["all_lines"][fork:-1]})
        result = brute_assembly.align(*sides, brute_pairs.edit_alignment)
        self.tails["tail_rows_no_code"] += result["no_line"]
        self.tails["tail_rows_unmatched_line"] += result["unmatched_line"]
        self.tails["tail_rows_in_gaps"] += result["gaps"]
        return result["tokens"]


def make(seed):
    """Ten codes of each of two prompts, with routing drawn at random."""
    rng = random.Random(seed)
    numbers = {}
    sequences = []
    for head in HEADS:
        for body in BODIES + rng.choices(BODIES, k=4):
            if rng.random() < 0.3:
                body = re.sub(rb"\bi\b", b"at", body)
            if rng.random() < 0.3:
                body = body.replace(b"% 2", b"% 5")
            pieces = brute_assembly.words(head + body)
            tokens = [numbers.setdefault(p, len(numbers)) for p in pieces]
            sequences.append({
                "id": f"request-{len(sequences)}", "tokens": tokens,
                "prompt_tokens": len(brute_assembly.words(head)),
                "rows": [[sorted(rng.sample(range(n), k)) for n, k in LAYERS]
                         if rng.random() < 0.95 else None
                         for _ in tokens[:-1]]})
    words = list(numbers)
    return {"has_token_ids": True, "sequences": sequences,
            "vocabulary": [word.hex() for word in words],
            "layers": [{"number": l, "experts": n, "k": k}
                       for l, (n, k) in enumerate(LAYERS)]}, words


CAUSES = ["ended", "in_gaps", "beyond_fork", "missing", "no_code",
          "unmatched_line", "not_compiled", "debug_differs", "too_long"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pairs,equivalent", [
    ("fork", False), ("fork", True), ("siblings", False), ("sample:30", False),
    ("sample:60", True)])
def test_locality_by_assembly(run_study, seed, pairs, equivalent):
    trace, words = make(seed)
    name = "assembly" + (":equivalent" if equivalent else "")
    document, _ = run_study(trace, more=[pairs, name, "5"])
    expected = Brute(trace, words, pairs, equivalent, 5)
    units = document["units"]
    assert units["pairs"] == len(expected.records) > 0
    for name in ("leaf_pairs", "tail_rows",
                 *(f"tail_rows_{cause}" for cause in CAUSES)):
        assert units[name] == expected.tails[name], name
    assert units["tail_rows_unmatched_line"] > 0
    assert units["tail_rows_no_code"] > 0
    assert (units["tail_rows_not_compiled"] > 0) == (not equivalent)
    results = by_name(document)
    for weight in ("row", "leaf", "tree"):
        for name in brute.CLASSES:
            check_mean(results[f"jaccard.{name}", None, weight], expected,
                       name, None)
    check_histograms(results, expected)
    assert document["options"]["equivalent"] == equivalent
    assert "alignment.assembly@1" in document["definitions"]


@pytest.mark.parametrize("alignment", ["position", "edit"])
def test_equivalent_codes_by_other_alignments(run_study, alignment):
    trace, words = make(9)
    document, _ = run_study(trace, more=["fork", f"{alignment}:equivalent"])
    expected = Brute(trace, words, equivalent=True)
    units = document["units"]
    assert units["leaf_pairs"] == expected.tails["leaf_pairs"] > 0
    assert units["tail_rows"] == expected.tails["tail_rows"]
    everything, _ = run_study(trace, more=["fork", alignment])
    assert units["leaf_pairs"] < everything["units"]["leaf_pairs"]
    assert units["pairs"] < everything["units"]["pairs"]


def test_threads_give_the_same_bytes(run_study):
    trace, _ = make(3)
    texts = {run_study(trace, threads=n, more=["fork", "assembly"])[1]
             for n in (1, 3)}
    assert len(texts) == 1


def test_without_codes(run_study):
    trace, _ = make(1)
    document, _ = run_study({**trace, "vocabulary": []},
                            more=["fork", "assembly"])
    assert document["reason"]["code"] == "no-codes"


def test_codes_that_do_not_compile(run_study):
    trace, words = make(2)
    broken = {b"return": b"retrun", b"long": b"lnog"}
    vocabulary = [broken.get(word, word).hex() for word in words]
    document, _ = run_study({**trace, "vocabulary": vocabulary},
                            more=["fork", "assembly"])
    assert document["reason"]["code"] == "no-aligned-rows"
    units = document["units"]
    assert units["tail_rows_not_compiled"] == units["tail_rows"] > 0
    document, _ = run_study({**trace, "vocabulary": vocabulary},
                            more=["fork", "edit:equivalent"])
    assert document["reason"]["code"] == "no-equivalent-codes"
