"""All figures of moetap assembly."""

import collections
import csv
import itertools
import json
import math
import random
import subprocess

import pytest

import brute_equivalence as brute
import conftest
import test_differences
from test_commands import document_of, make_capture, moetap, write_manifest  # noqa: F401

CLASSES = test_differences.CLASSES
STATUSES = ("compiled", "syntax", "semantic", "include", "time", "memory",
            "output", "crash")


@pytest.fixture
def capture_of(tmp_path):
    """Makes a capture, and a manifest, of requests: "id", "text" (bytes),
    "finish", "prompt", "strategy", and perhaps "prompt_bytes" and "unknown".
    """
    def make(requests):
        rows = [{"prompt_bytes": 1, "finish": "stop", **request,
                 "text": request["text"].hex()} for request in requests]
        capture = tmp_path / f"capture-{len(list(tmp_path.iterdir()))}"
        subprocess.run(
            [conftest.BUILD / "tests/tools/make_text_capture", capture],
            input=json.dumps(rows), text=True, check=True)
        manifest = write_manifest(
            capture / "manifest.jsonl",
            *((r["id"], r.get("strategy", "sample"), r["prompt"], None)
              for r in requests))
        return [capture, "--manifest", manifest]

    return make


BASE = """// Finds it.
int find(const int *v, int n) {
  int i = 0;
  while (i < n) {
    if (v[i] == 7) return i;
    i += 1;
  }
  return n;
}
"""
CHANGES = [
    lambda rng, text: text,
    lambda rng, text: text.replace("Finds it", rng.choice(["Where", "Place"])),
    lambda rng, text: text.replace("{\n", "{\n\n", rng.randrange(3)),
    lambda rng, text: text.replace("  int i", "  /* from */\n  int i"),
    lambda rng, text: text.replace("v[i]", "v [i]"),
    lambda rng, text: text.replace("= 0", rng.choice(["= 0", "= 1", "= 00"])),
    lambda rng, text: text.replace("7", rng.choice(["8", "9", "7"])),
    lambda rng, text: text.replace("i += 1", "i++"),
    lambda rng, text: text.replace("int n)", "int m)").replace("< n", "< m"),
    lambda rng, text: text.replace("return n", rng.choice(
        ["return m", "return", "return n +"])),
]


def random_requests(seed, prompts):
    rng = random.Random(seed)
    requests = []
    for prompt in range(prompts):
        base = BASE.replace("find", f"find_{prompt}")
        for number in range(rng.randrange(1, 14)):
            text = base
            for _ in range(rng.randrange(4)):
                text = rng.choice(CHANGES)(rng, text)
            requests.append({
                "id": f"{prompt}-{number}", "prompt": f"prompt {prompt}",
                "strategy": rng.choice(["sample", "sample", "tree"]),
                "text": text.encode(),
                "finish": rng.choice(["stop"] * 12 + ["length", "abort"]),
                "unknown": rng.random() < 0.04})
    rng.shuffle(requests)
    return requests


class Expected:
    """The samples with code of each prompt, in order of the capture."""

    def __init__(self, requests):
        self.requests = requests
        self.prompts = {}
        for request in requests:
            if request["finish"] == "stop":
                codes = self.prompts.setdefault(request["prompt"], [])
                if not request.get("unknown"):
                    codes.append(request)
        self.assembly = brute.compile_all(r["text"] for r in requests)

    def assemblies(self, prompt, strategy=None):
        return [self.assembly[r["text"]] for r in self.prompts[prompt]
                if strategy in (None, r["strategy"])]

    def shares(self, assemblies):
        """{name: (parts, wholes)}, over prompts; `assemblies` of each."""
        sizes = [brute.sizes(one) for one in assemblies]
        compiled = [sum(one) for one in sizes]
        return {"compiled.share": (compiled, [len(a) for a in assemblies]),
                "top1.share": ([sum(s[:1]) for s in sizes], compiled),
                "top3.share": ([sum(s[:3]) for s in sizes], compiled)}

    def differences(self, prompt):
        """Counter of lines, texts and pairs of one prompt."""
        groups = collections.defaultdict(list)
        for request in self.prompts[prompt]:
            assembly = self.assembly[request["text"]]
            if assembly is not None:
                groups[assembly].append(request["text"].decode())
        counts = collections.Counter()
        for texts in groups.values():
            add_group(texts, counts)
        return counts


def add_group(texts, counts):
    times = collections.Counter(texts)
    reference = min(times, key=lambda text: (-times[text], text))
    for text in times.keys() - {reference}:
        names = changed(reference, text)
        counts.update(names)
        counts["texts"] += 1
        counts["remark_texts"] += set(names) <= test_differences.REMARKS
    for one, other in itertools.combinations(sorted(times), 2):
        counts["pairs"] += 1
        counts["remark_pairs"] += (
            set(changed(one, other)) <= test_differences.REMARKS)


def changed(one, other):
    return [name for side in test_differences.expected(one, other)
            for _, name in side]


def check(result, parts, wholes):
    estimate, lo, hi, prompts = brute.pooled(parts, wholes)
    assert result["n_units"] == prompts
    assert result["unit"] == "prompt"
    for ours, theirs in zip((result["estimate"], result["lo"], result["hi"]),
                            (estimate, lo, hi)):
        assert (ours is None) == (theirs is None)
        assert ours is None or math.isclose(ours, theirs, rel_tol=1e-9,
                                            abs_tol=1e-9)


def by_name(document):
    found = {}
    for result in document["results"]:
        [(dimension, value)] = (result.get("where") or {"": ""}).items()
        assert (result["name"], dimension, value) not in found
        found[result["name"], dimension, value] = result
    return found


def check_shares(results, where, shares):
    for name, (parts, wholes) in shares.items():
        result = results[name, *where]
        check(result, parts, wholes)
        assert result["pairs"] == sum(wholes)


def check_differences(results, expected):
    counts = [expected.differences(prompt) for prompt in expected.prompts]
    lines = [sum(c[name] for name in CLASSES) for c in counts]
    assert sum(lines) > 0
    check(results["differences.remarks.lines", "", ""],
          [c["blank"] + c["comment"] for c in counts], lines)
    for what in ("texts", "pairs"):
        check(results[f"differences.remarks.{what}", "", ""],
              [c[f"remark_{what}"] for c in counts], [c[what] for c in counts])
    for name in CLASSES:
        check(results["differences.lines", "line_class", name],
              [c[name] for c in counts], lines)


def check_prompts(results, expected):
    for prompt in expected.prompts:
        sizes = brute.sizes(expected.assemblies(prompt))
        assert results["groups.per_prompt", "prompt",
                       prompt]["estimate"] in (len(sizes), None)
        assert results["codes.compiled", "prompt",
                       prompt]["estimate"] == sum(sizes)
        top = results["top1.share", "prompt", prompt]
        assert top["pairs"] == sum(sizes) and top["lo"] is None
        assert top["estimate"] == (max(sizes) / sum(sizes) if sizes else None)
    with_codes = [p for p in expected.prompts if expected.prompts[p]]
    sizes = [brute.sizes(expected.assemblies(p)) for p in with_codes]
    check(results["groups.per_prompt", "", ""], [len(s) for s in sizes],
          [1] * len(sizes))
    for least, value in ((1, "1"), (2, "2-3"), (4, "4-7")):
        numbers = [sum(least <= n < 2 * least for n in s) for s in sizes]
        check(results["groups.per_prompt", "size", value], numbers,
              [1] * len(sizes))


def check_units(units, expected):
    ends = collections.Counter(r["finish"] for r in expected.requests)
    assert units["samples"] == ends["stop"]
    assert units["cut_off_sequences"] == ends["length"]
    assert units["unfinished_sequences"] == ends["abort"]
    assert units["samples_of_unknown_text"] == sum(
        r["unknown"] for r in expected.requests if r["finish"] == "stop")
    codes = [r["text"] for some in expected.prompts.values() for r in some]
    assert units["codes"] == len(codes)
    assert units["distinct_codes"] == len(set(codes))
    assert sum(units[f"codes_{name}"] for name in STATUSES) == len(codes)
    assert units["codes_compiled"] == sum(
        expected.assembly[code] is not None for code in codes)
    assert units["codes_syntax"] > 0 and units["codes_semantic"] > 0


@pytest.mark.parametrize("seed,prompts", [(1, 14), (2, 9)])
def test_figures(capture_of, validator, seed, prompts):
    requests = random_requests(seed, prompts)
    status, document = document_of(validator, "assembly",
                                   *capture_of(requests))
    expected = Expected(requests)
    assert status == (0 if prompts >= 10 else 3)
    check_units(document["units"], expected)
    results = by_name(document)
    check_shares(results, ("", ""), expected.shares(
        [expected.assemblies(p) for p in expected.prompts]))
    for strategy in ("sample", "tree"):
        check_shares(results, ("strategy", strategy), expected.shares(
            [expected.assemblies(p, strategy) for p in expected.prompts]))
    check_differences(results, expected)
    check_prompts(results, expected)
    published = [results[name, "", ""]["published"]
                 for name in ("top3.share", "differences.remarks.lines")]
    assert [(p["value"], p["matches"]) for p in published] == [
        (0.67, False), (0.996, False)]


@pytest.mark.parametrize("column", ["gcc -O2", "gcc", "clang -O0"])
def test_columns(capture_of, validator, column):
    requests = random_requests(3, 6)
    _, document = document_of(validator, "assembly", *capture_of(requests),
                              "--column", column)
    expected, other = Expected(requests), Expected(requests)
    other.assembly = brute.compile_all((r["text"] for r in requests),
                                       column.split())
    results = by_name(document)
    check_shares(results, ("column", column), other.shares(
        [other.assemblies(p) for p in other.prompts]))
    check_shares(results, ("", ""), expected.shares(
        [expected.assemblies(p) for p in expected.prompts]))
    counts = [brute.agreement(expected.assemblies(p), other.assemblies(p))
              for p in expected.prompts]
    agreed, pairs, kept, first = zip(*counts)
    assert sum(first) > 0
    check(results["pairs.agreed", "column", column], agreed, pairs)
    check(results["pairs.kept", "column", column], kept, first)
    if column == "gcc":
        assert agreed == pairs and kept == first


FENCED = b"Sure.\n```c\nint f(int a) { return a; }\n```\nIt returns a.\n"


def test_where_the_code_is(capture_of, validator):
    bare = b"int f(int a) { return a; }\n"
    arguments = capture_of([
        {"id": "0", "prompt": "p", "text": b"What is f?\n" + FENCED,
         "prompt_bytes": 11},
        {"id": "1", "prompt": "p", "text": b"What is f?\n" + FENCED.replace(
            b"It returns a.", b"```sh\ncc f.c\n```"), "prompt_bytes": 11},
        {"id": "2", "prompt": "p", "text": bare},
        {"id": "3", "prompt": "q", "text": b"No idea.", "prompt_bytes": 3}])
    for rule, codes, compiled in (("auto", 4, 3), ("fenced", 2, 2),
                                  ("bare", 4, 1)):
        _, document = document_of(validator, "assembly", *arguments,
                                  "--extract", rule)
        units = document["units"]
        assert units["codes"] == codes, rule
        assert units["codes_compiled"] == compiled, rule
        assert units["samples_without_code"] == 4 - codes, rule


def test_trees_are_prompts_without_a_manifest(capture_of, validator):
    capture = capture_of([
        {"id": f"{i}", "prompt": "", "text": text, "prompt_bytes": 7}
        for i, text in enumerate((b"int one;", b"int one; ", b"int two;"))])[0]
    _, document = document_of(validator, "assembly", capture)
    assert {where["prompt"]: result["estimate"]
            for result in document["results"]
            if result["name"] == "codes.compiled"
            for where in [result["where"]]} == {"tree 0": 2, "tree 1": 1}


def test_cache_and_threads_change_nothing(capture_of, tmp_path):
    arguments = ["assembly", *capture_of(random_requests(4, 10)), "--json"]
    cache = ["--cache", tmp_path / "cache"]
    outputs = [moetap(*arguments, *more).stdout for more in (
        ["--no-cache", "--threads", 1], ["--no-cache", "--threads", 3], cache,
        cache)]
    assert outputs[0] and len(set(outputs)) == 1
    assert any((tmp_path / "cache").iterdir())
    assert moetap(*arguments, *cache, "--no-cache").returncode == 2


def test_text_and_csv(capture_of, tmp_path):
    arguments = ["assembly", *capture_of(random_requests(5, 10))]
    done = moetap(*arguments, "--csv", tmp_path, "--column", "gcc -O2")
    assert done.returncode == 0, done.stderr
    for words in ("confined by", "67.0 %*", "99.6 %*", "prompt 3", "gcc -O2",
                  "did not compile: ", "sequences cut off", "strategy",
                  "another model", "unknown-text"):
        assert words in done.stdout, words
    assert "assembly: compiling" in done.stderr
    with open(tmp_path / "assembly.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    document = json.loads(moetap(*arguments, "--json", "--column",
                                 "gcc -O2").stdout)
    assert len(rows) == len(document["results"])
    for row, result in zip(rows, document["results"]):
        assert row["name"] == result["name"]
        assert (row["estimate"] == "" if result["estimate"] is None
                else float(row["estimate"]) == result["estimate"])


def explain(capture_of, one, other):
    arguments = capture_of([{"id": "one", "prompt": "p", "text": one},
                            {"id": "other-0", "prompt": "p", "text": other}])
    return moetap("assembly", *arguments, "--explain", "one", "other")


def test_explain_equivalent(capture_of):
    code = b"int f(int a) {\n  return a;\n}\n"
    for other, words in (
            (code, "texts are equal"),
            (code.replace(b"{", b"{ // so"), "comment"),
            (code.replace(b"int a", b"int b").replace(b"n a", b"n b"),
             "identifier")):
        done = explain(capture_of, code, other)
        assert done.returncode == 0, done.stderr
        assert "equivalent: " in done.stdout and words in done.stdout
        assert "as the compiler wrote them" in done.stdout
    jump = b"int f(int a) { if (a) goto x; a = 7; x: return a; }\n"
    # An unused static inline function takes a number of labels.
    done = explain(capture_of, jump,
                   b"static inline int g(int a) { return a ? 1 : 2; }\n" + jump)
    assert "rule 6" in done.stdout, done.stdout


def test_explain_different(capture_of):
    code = b"int f(int a) {\n  return a + 3;\n}\n"
    done = explain(capture_of, code, code.replace(b"3", b"4"))
    assert done.returncode == 0
    assert "different: " in done.stdout
    lines = done.stdout.splitlines()
    assert any(line.startswith("-") and "addl $3, %eax" in line
               for line in lines)
    assert any(line.startswith("+") and "addl $4, %eax" in line
               for line in lines)
    assert any("literal" in line and "return a + 4;" in line for line in lines)
    done = explain(capture_of, code, b"int f(int a) { return\x1b[31m; ")
    assert "not equivalent" in done.stdout and "syntax" in done.stdout
    assert "\x1b" not in done.stdout


def test_what_cannot_be_explained_or_compiled(capture_of):
    arguments = capture_of(
        [{"id": f"same-{i}", "prompt": "p", "text": b"int a;"}
         for i in range(2)] + [{"id": "cut", "prompt": "p", "text": b"int",
                                "finish": "length"}])
    for ids, words in ((("same", "same-1"), "several"),
                       (("cut", "same-0"), "no finished request"),
                       (("same-0", "none"), "no finished request")):
        done = moetap("assembly", *arguments, "--explain", *ids)
        assert done.returncode == 1 and words in done.stderr
    assert moetap("assembly", *arguments, "--explain", "x").returncode == 2
    assert moetap("assembly", *arguments, "--column", " ").returncode == 2
    assert moetap("assembly", *arguments, "--extract", "all").returncode == 2
    for more in (["--compiler", "no-such-compiler"],
                 ["--column", "no-such-compiler -O2"]):
        done = moetap("assembly", *arguments, *more)
        assert done.returncode == 1 and "no-such-compiler" in done.stderr


def test_a_capture_without_text(make_capture, validator):
    status, document = document_of(validator, "assembly", make_capture())
    assert status == 1 and document["reason"]["code"] == "no-codes"
    assert document["units"]["samples_of_unknown_text"] > 0
    assert "unknown-text" in [w["code"] for w in document["warnings"]]
