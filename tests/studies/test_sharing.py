"""moetap sharing against the definition, batch by batch."""

import json
import math
import random
import subprocess

import pytest

import brute_sharing
import conftest
import traces

CASES = [
    # seed, layers (experts, k), trees, limit
    (1, [(8, 1), (7, 3)], 3, 500),
    (2, [(64, 8), (60, 5), (64, 8)], 12, 50),
    (3, [(256, 8)], 15, 7),
    (4, [(61, 7), (8, 8)], 40, 300),
    (5, [(1024, 22)], 5, 1000),
    (6, [(33, 3)], 90, 200),
    (7, [(16, 2), (16, 2)], 14, 1),
]


def program(study, trace, *options):
    return subprocess.run(
        [conftest.BUILD / "tests/tools/study_trace", study,
         *map(str, options)],
        input=json.dumps(trace), capture_output=True, text=True, check=False)


@pytest.fixture
def sharing(validator):
    def run(trace, limit=10000, seed=0, threads=1, more=()):
        done = program("sharing", trace, threads, limit, seed, *more)
        assert done.stdout, done.stderr
        document = json.loads(done.stdout, parse_constant=conftest.no_constant)
        validator.validate(document)
        expected = {"ok": 0, "descriptive": 3, "not_computable": 1}
        assert done.returncode == expected[document["status"]]
        return document, done.stdout

    return run


def close(ours, theirs, tolerance=1e-12):
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)


def by_name(document):
    return {(r["name"], r.get("layer")): r for r in document["results"]
            if "where" not in r}


def check_result(result, expected, kind, size, layer, factor=1, category=None):
    which = (kind, size, layer, category)
    estimate, lo, hi, units, effective = expected.interval(*which)
    scaled = [v and factor * v for v in (estimate, lo, hi)]
    assert close(result["estimate"], scaled[0])
    assert close(result["lo"], scaled[1], 1e-10), result
    assert close(result["hi"], scaled[2], 1e-10), result
    assert (result["n_units"], result["unit"]) == (units, "tree")
    assert close(result["n_effective"], effective)
    assert (result["method"] == "none") == (lo is None)
    assert result["pairs"] == len(expected.select(*which))
    uniform, popularity = expected.expected(*which)
    assert close(result["baselines"]["uniform"], uniform and factor * uniform)
    assert close(result["baselines"]["popularity"],
                 popularity and factor * popularity)


def check(document, counts, expected):
    units = document["units"]
    assert units["decode_rows"] == len(expected.rows)
    assert units["missing_rows"] == expected.missing
    assert units["trees_with_batches"] == len(expected.trees)
    assert units["unusable_batches"] == sum(expected.unusable.values())
    results = by_name(document)
    for k, kind in enumerate(expected.kinds):
        assert units[f"{kind}_steps"] == expected.steps[kind]
        for s, size in enumerate(brute_sharing.SIZES):
            name = f"{kind}.b{size}"
            check_result(results[f"distinct.{name}", None], expected, kind,
                         size, None)
            check_result(results[f"bytes.{name}", None], expected, kind, size,
                         None, 1000 * len(expected.layers))
            for l, layer in enumerate(expected.layers):
                assert counts[k][s][l] == {
                    "distinct": expected.histogram(kind, size, l),
                    "unusable": expected.unusable[kind, size, l]}
                check_result(results[f"distinct.{name}", layer["number"]],
                             expected, kind, size, l)


def check_categories(document, expected):
    units = document["units"]
    assert units["trees_without_category"] == expected.without_category
    found = {(r["name"], r["where"]["category"]): r
             for r in document["results"] if "where" in r}
    with_batches = {
        (f"distinct.category.b{size}", category): size
        for size in brute_sharing.SIZES
        for category in expected.categories.values()
        if expected.select("category", size, None, category)}
    assert found.keys() == with_batches.keys()
    for (name, category), size in with_batches.items():
        check_result(found[name, category], expected, "category", size, None,
                     category=category)


def check_all(sharing, trace, limit, seed, more=()):
    document, _ = sharing(trace, limit, seed, more=more)
    counts = json.loads(
        program("batches", trace, 1, limit, seed, *more).stdout)
    several = trace if isinstance(trace, list) else [trace]
    expected = brute_sharing.Brute(several, limit, seed, bool(more))
    if more:
        check_categories(document, expected)
    assert document["units"]["trees_with_batches"] > 0
    assert document["seed"] == seed
    check(document, counts, expected)
    return document, expected


@pytest.mark.parametrize("seed,layers,trees,limit", CASES)
def test_counts_and_figures(sharing, seed, layers, trees, limit):
    trace = traces.make_trace(seed, layers, trees, prompts=0.2)
    document, expected = check_all(sharing, trace, limit, seed)
    few = len(expected.trees) < 10
    assert document["status"] == ("descriptive" if few else "ok")
    if few:
        assert document["reason"]["code"] == "few-trees"


def wide_trees(seed, trees, branches, layers):
    """Trees of many ragged branches, so that batches are large."""
    rng = random.Random(seed)
    trace = traces.make_trace(seed, layers, 1)
    trace["sequences"] = []
    for number in range(trees * branches):
        tokens = [500 + number % trees, number] + [
            rng.randrange(3) for _ in range(rng.randrange(2, 6))]
        rows = [[traces.draw_set(rng, e, k, [1] * e) for e, k in layers]
                for _ in tokens[1:]]
        if rng.random() < 0.1:
            rows[-1] = None
        trace["sequences"].append({
            "id": str(number), "prompt_tokens": 1, "tokens": tokens,
            "rows": rows})
    return trace


@pytest.mark.parametrize("trees,branches", [(12, 70), (70, 2), (1, 66)])
def test_large_batches(sharing, trees, branches):
    trace = wide_trees(8, trees, branches, [(63, 5)])
    document, _ = check_all(sharing, trace, 400, 2**64 - 1)
    kind = "unrelated" if trees == 70 else "siblings"
    assert by_name(document)[f"distinct.{kind}.b64", None]["pairs"] > 0


def categorize(seed, trace):
    """Most trees are of one of three categories; some lack or mix them."""
    rng = random.Random(seed)
    for sequence in trace["sequences"]:
        first = sequence["tokens"][0] if sequence["tokens"] else 0
        of_tree = ("code", "prose", "\u00e4")[first % 3]
        sequence["category"] = rng.choices(
            (of_tree, "code", ""), (40, 1, 1))[0]
    return trace


def check_by_category(sharing, trace, limit, seed):
    return check_all(sharing, trace, limit, seed, ["category"])


@pytest.mark.parametrize("seed,layers,trees,limit", CASES)
def test_batches_of_a_category(sharing, seed, layers, trees, limit):
    trace = categorize(
        seed, traces.make_trace(seed, layers, trees, prompts=0.2))
    document, expected = check_by_category(sharing, trace, limit, seed)
    assert "batch.category@1" in document["definitions"]
    if trees > 10:
        assert by_name(document)["distinct.category.b2", None]["pairs"] > 0
        assert 0 < expected.without_category < len(expected.trees)


def test_large_batches_of_a_category(sharing):
    trace = wide_trees(8, 210, 1, [(63, 5), (30, 2)])
    for sequence in trace["sequences"]:
        sequence["category"] = "abc"[sequence["tokens"][0] % 3]
    document, _ = check_by_category(sharing, trace, 400, 3)
    found = {r["where"]["category"]: r for r in document["results"]
             if "where" in r and r["name"] == "distinct.category.b64"}
    assert found.keys() == {"a", "b", "c"}
    assert all(r["lo"] is not None for r in found.values())


def test_categories_of_several_captures(sharing):
    several = [categorize(s, traces.make_trace(s, [(30, 4), (9, 2)], 12))
               for s in (3, 4, 5)]
    document, _ = check_by_category(sharing, several, 60, 9)
    assert {r["where"]["category"] for r in document["results"]
            if "where" in r} == {"code", "prose", "\u00e4"}


def test_categories_of_one_prompt_each(sharing):
    trace = traces.make_trace(2, [(16, 2)], 12)
    for sequence in trace["sequences"]:
        sequence["category"] = str(sequence["tokens"][0])
    document, _ = check_by_category(sharing, trace, 100, 0)
    assert "no-category" in warnings(document)
    assert document["units"]["category_steps"] == 0


def test_categories_change_nothing_else(sharing):
    trace = traces.make_trace(4, [(61, 7), (8, 8)], 40)
    plain = by_name(sharing(trace, 300, 4)[0])
    document, _ = sharing(categorize(4, trace), 300, 4, more=["category"])
    with_category = by_name(document)
    assert all("category" not in name for name, _ in plain)
    for key, result in plain.items():
        assert with_category[key] == result


def test_captures_add_up(sharing):
    several = [traces.make_trace(s, [(30, 4), (9, 2)], 6) for s in (3, 4, 5)]
    check_all(sharing, several, 60, 9)


def test_threads_give_the_same_bytes(sharing):
    trace = traces.make_trace(11, [(64, 8), (32, 2), (16, 3)], 14)
    texts = {sharing(trace, 100, 5, threads)[1] for threads in (1, 2, 7)}
    assert len(texts) == 1
    assert sharing(trace, 100, 6)[1] not in texts


def reason(sharing, trace):
    document, _ = sharing(trace)
    assert document["status"] == "not_computable"
    assert document["results"] == []
    assert document["reason"]["next"]
    return document["reason"]["code"]


def warnings(document):
    return {w["code"] for w in document["warnings"]}


def test_nothing_but_a_reason(sharing):
    trace = traces.make_trace(3, [(8, 2)], 2, faults=False)
    del trace["sequences"][1:]
    longest = trace["sequences"][0]
    longest.update(tokens=[1, 2, 3, 4], rows=[[[0, 1]]] * 3)
    assert reason(sharing, trace) == "no-batches"
    longest["prompt_tokens"] = 3
    assert reason(sharing, trace) == "no-decode-rows"
    longest.update(prompt_tokens=1, rows=[None] * 3)
    assert reason(sharing, trace) == "no-decode-rows"
    assert warnings(sharing(trace)[0]) == {"missing-rows"}
    trace["sequences"] = []
    assert reason(sharing, trace) == "no-sequences"


def test_all_experts_in_every_set(sharing):
    trace = traces.make_trace(4, [(6, 6)], 40, faults=False)
    document, _ = check_all(sharing, trace, 100, 0)
    result = by_name(document)["distinct.siblings.b2", None]
    assert all(close(result[key], 6) for key in ("estimate", "lo", "hi"))
    assert result["baselines"] == {"uniform": 6, "popularity": 6}


def test_no_fork_and_one_prompt_are_warnings(sharing):
    row = [[0, 1]]
    trace = traces.make_trace(3, [(8, 2)], 1)
    trace["sequences"] = [
        {"id": str(i), "prompt_tokens": 1, "tokens": [i, 7, 8],
         "rows": [row, row]} for i in range(3)]
    document, _ = check_all(sharing, trace, 100, 0)
    assert "no-siblings" in warnings(document)
    assert by_name(document)["distinct.siblings.b2", None]["estimate"] is None
    for i, sequence in enumerate(trace["sequences"]):
        sequence["tokens"] = [7, i, 8]
    document, _ = check_all(sharing, trace, 100, 0)
    assert "no-unrelated" in warnings(document)
    assert "no-siblings" not in warnings(document)


def test_no_usable_set_anywhere(sharing):
    trace = traces.make_trace(6, [(8, 2), (8, 2)], 3, faults=False)
    for sequence in trace["sequences"]:
        for row in sequence["rows"]:
            row[1] = [3, -1]
    document, expected = check_all(sharing, trace, 100, 0)
    assert "unusable-batches" in warnings(document)
    result = by_name(document)["distinct.siblings.b2", 3]
    assert result["estimate"] is None and result["pairs"] == 0
    assert expected.select("siblings", 2, 0)
