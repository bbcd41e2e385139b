"""All ways to choose, align and weigh pairs, against brute_pairs.py."""

import math

import numpy as np
import pytest

import brute
import brute_pairs
import traces

LAYERS = [
    [(8, 1), (8, 8)], [(16, 3)], [(60, 4), (64, 8), (60, 4)], [(1024, 22)],
    [(257, 7), (65, 6)]]
PLANS = [("fork", "position"), ("siblings", "position"),
         ("sample:7", "position"), ("fork", "edit"), ("siblings", "edit"),
         ("sample:9", "edit"), ("sample:100000", "edit")]


def close(ours, theirs, tolerance=1e-12):
    return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)


def by_name(document):
    return {(r["name"], r.get("layer"), r.get("weight")): r
            for r in document["results"] if "where" not in r}


def make(seed, layers, trees, **more):
    trace = traces.make_trace(seed, layers, trees, prompts=0.3, **more)
    for number, sequence in enumerate(trace["sequences"]):
        sequence["strategy"] = ["", "tree", "beam"][number % 3]
    return trace


def check_units(document, expected):
    units = document["units"]
    assert units["pairs"] == len(expected.records)
    assert units["trees_with_pairs"] == len(expected.trees)
    for name in ("leaf_pairs", "prefix_pairs", "tail_rows", "tail_rows_ended",
                 "tail_rows_in_gaps", "tail_rows_beyond_fork",
                 "tail_rows_missing"):
        assert units[name] == expected.tails[name], name
    rows = {key[:1] + (path,) for key in expected.rows for path in key[1:]}
    assert units["rows"] == len(rows)


def check_mean(result, expected, name, layer):
    """Estimate, and interval and bootstrap over trees where there are any."""
    sums = expected.sums(name, result["weight"], layer)
    held = sums[:, 1] > 0
    assert result["pairs"] == sums[:, 1].sum()
    if not held.any():
        assert result["estimate"] is None and result["lo"] is None
        return
    if result["weight"] == "tree":
        def mean(of):
            of = of[of[:, 1] > 0]
            return np.mean(of[:, 0] / of[:, 1]) if len(of) else np.nan
    else:
        def mean(of):
            return of[:, 0].sum() / of[:, 1].sum() if of[:, 1].sum() else (
                np.nan)
    assert close(result["estimate"], mean(sums))
    if len(expected.trees) < 10:
        assert "bootstrap" not in result
        return
    without = np.array([mean(np.delete(sums, g, axis=0))
                        for g in np.flatnonzero(held)])
    if held.sum() < 10 or np.isnan(without).any():
        assert result["lo"] is None and result["method"] == "none"
        return
    assert result["n_units"] == held.sum()
    effective = held.sum() if result["weight"] == "tree" else (
        brute.effective_units(sums[:, 1]))
    assert close(result["n_effective"], effective)
    lo, hi = brute.jackknife(without, mean(sums), effective)
    if lo is None:
        assert result["lo"] is None and "bootstrap" not in result
        return
    assert close(result["lo"], lo, 1e-10) and close(result["hi"], hi, 1e-10)
    if held.sum() < 20:
        return
    table = brute_pairs.resamples(len(expected.trees), expected.seed)
    values = np.array([mean(sums[row]) for row in table])
    values = values[~np.isnan(values)]
    assert result["bootstrap"]["replicates"] == len(values)
    tail = brute_pairs.expanded_tail(effective)
    bounds = np.quantile(values, [tail, 1 - tail])
    assert close(result["bootstrap"]["lo"], bounds[0], 1e-10)
    assert close(result["bootstrap"]["hi"], bounds[1], 1e-10)


@pytest.mark.parametrize("trees", [1, 5, 11])
@pytest.mark.parametrize("layers", LAYERS, ids=str)
@pytest.mark.parametrize("pairs,alignment", PLANS)
def test_every_plan(run_study, pairs, alignment, layers, trees):
    trace = make(len(pairs) * 100 + trees, layers, trees)
    document, _ = run_study(trace, more=[pairs, alignment, "5"])
    expected = brute_pairs.Brute([trace], pairs, alignment, 5)
    if document["status"] == "not_computable":
        assert not expected.records
        assert document["reason"]["code"] in ("no-rows", "no-forks")
        return
    check_units(document, expected)
    results = by_name(document)
    for weight in ("row", "leaf", "tree"):
        for name in brute.CLASSES:
            check_mean(results[f"jaccard.{name}", None, weight], expected,
                       name, None)
            for l, layer in enumerate(expected.layers):
                result = results[f"jaccard.{name}", layer["number"], weight]
                check_mean(result, expected, name, l)
    check_histograms(results, expected)


def check_histograms(results, expected):
    for name in brute.CLASSES:
        for l, layer in enumerate(expected.layers):
            counts = [0] * (layer["k"] + 1)
            for _, _, common, _ in expected.selected(name, "row", l):
                counts[common] += 1
            result = results[f"jaccard.{name}", layer["number"], "row"]
            assert result["intersections"] == counts


@pytest.mark.parametrize("pairs,alignment", [("fork", "position"),
                                             ("sample:40", "edit")])
def test_twenty_trees_are_resampled(run_study, pairs, alignment):
    trace = make(8, [(32, 4)], 30, faults=False)
    document, _ = run_study(trace, more=[pairs, alignment, "9"])
    expected = brute_pairs.Brute([trace], pairs, alignment, 9)
    results = by_name(document)
    for weight in ("row", "leaf", "tree"):
        for name in ("all", "input.same", "input.different"):
            check_mean(results[f"jaccard.{name}", None, weight], expected,
                       name, None)
    if pairs == "fork":
        assert "bootstrap" in results["jaccard.all", None, "row"]


@pytest.mark.parametrize("pairs,alignment", PLANS[:4])
def test_breakdowns(run_study, pairs, alignment):
    trace = make(17, [(16, 3), (16, 5)], 6)
    document, _ = run_study(trace, more=[pairs, alignment, "5"])
    expected = brute_pairs.Brute([trace], pairs, alignment, 5)
    seen = 0
    for result in document["results"]:
        if "where" not in result:
            continue
        (dimension, value), = result["where"].items()
        same = result["name"] == "jaccard.input.same"
        total = expected.where_sums(dimension, value, same)
        assert result["pairs"] == total[1] > 0
        assert close(result["estimate"], total[0] / total[1])
        seen += total[1]
    # Each pair is in one value of each of the four dimensions.
    everything = by_name(document)["jaccard.all", None, "row"]["pairs"]
    assert seen == 4 * everything


@pytest.mark.parametrize("trees", [1, 4])
def test_elsewhere(run_study, trees):
    trace = make(4, [(24, 5), (9, 2)], trees)
    document, _ = run_study(trace, more=["fork", "position", "77"])
    expected = brute_pairs.Brute([trace], seed=77)
    results = by_name(document)
    for same, name in ((True, "same"), (False, "different")):
        histograms, unmatched = expected.elsewhere(same)
        assert (document["units"][f"elsewhere_{name}_unmatched"] == unmatched)
        for l, layer in enumerate(expected.layers):
            k = layer["k"]
            n = sum(histograms[l].values())
            assert n > brute_pairs.DRAWS / 2
            mean = sum(c * i / (2 * k - i)
                       for i, c in histograms[l].items()) / n
            result = results[f"jaccard.input.{name}", layer["number"], "row"]
            assert close(result["baselines"]["elsewhere"], mean)
            context = results[f"context.input.{name}", layer["number"], None]
            if result["estimate"] is None:
                assert context["estimate"] is None
            else:
                assert close(context["estimate"], result["estimate"] - mean)


@pytest.mark.parametrize("pairs,alignment", PLANS)
def test_threads_give_the_same_bytes(run_study, pairs, alignment):
    trace = make(21, [(64, 8), (32, 2)], 12)
    texts = {run_study(trace, threads=n, more=[pairs, alignment])[1]
             for n in (1, 2, 7)}
    assert len(texts) == 1


def test_captures_add_up_in_every_plan(run_study):
    several = [make(s, [(64, 8)], 3) for s in (31, 32, 33)]
    for pairs, alignment in PLANS[:4]:
        document, _ = run_study(several, more=[pairs, alignment, "2"])
        expected = brute_pairs.Brute(several, pairs, alignment, 2)
        check_units(document, expected)
        check_histograms(by_name(document), expected)


def check_reason(document, status, code):
    assert document["status"] == status
    reason = document["reason"]
    assert reason["code"] == code
    assert reason["text"].endswith(".") and reason["next"]


@pytest.mark.parametrize("pairs,alignment", PLANS)
def test_odd_captures(run_study, pairs, alignment):
    """A code, a sentence and a next step; the runner refuses any NaN."""

    def study(trace):
        return run_study(trace, more=[pairs, alignment])[0]

    one = make(3, [(8, 2)], 2)
    del one["sequences"][1:]
    check_reason(study(one), "not_computable", "no-forks")
    unforked = make(3, [(8, 2)], 6, faults=False)
    by_root = {s["tokens"][0]: s for s in unforked["sequences"]}
    unforked["sequences"] = list(by_root.values())
    check_reason(study(unforked), "not_computable", "no-forks")
    unrouted = make(3, [(8, 2)], 2)
    for sequence in unrouted["sequences"]:
        sequence["rows"] = [None for _ in sequence["rows"]]
    check_reason(study(unrouted), "not_computable", "no-rows")
    half = make(5, [(8, 2)], 4, faults=False)
    for sequence in half["sequences"]:
        sequence["rows"] = [row if p % 2 else None
                            for p, row in enumerate(sequence["rows"])]
    document = study(half)
    check_reason(document, "descriptive", "few-trees")
    assert "missing-rows" in [w["code"] for w in document["warnings"]]
    every = study(make(5, [(8, 8)], 4, faults=False))
    check_reason(every, "descriptive", "few-trees")
    assert "few-layers" in [w["code"] for w in every["warnings"]]
    everything = by_name(every)["jaccard.all", None, "row"]
    assert everything["estimate"] == 1
    assert set(everything["baselines"].values()) == {1}


def test_one_tree_with_most_of_the_pairs(run_study):
    """Twelve prompts with two branches each, then one with forty more."""

    def study(more):
        rng = np.random.default_rng(8)
        trees = [*range(12), *range(12), *[0] * more]
        sequences = [
            {"id": str(i), "prompt_tokens": 1,
             "tokens": [100 + tree, *map(int, rng.integers(0, 3, 9))],
             "rows": [[rng.choice(8, 2, replace=False).tolist()]
                      for _ in range(9)]} for i, tree in enumerate(trees)]
        trace = {"has_token_ids": True, "sequences": sequences,
                 "layers": [{"number": 0, "experts": 8, "k": 2}]}
        document, _ = run_study(trace)
        return by_name(document)["jaccard.all", None, "row"], {
            w["code"] for w in document["warnings"]}

    even, warnings = study(0)
    assert even["lo"] is not None and "one-tree" not in warnings
    one, warnings = study(40)
    assert one["n_units"] == 12 and one["n_effective"] < 2
    assert one["lo"] is None and "one-tree" in warnings
