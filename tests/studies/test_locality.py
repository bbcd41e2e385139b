"""moetap's locality against the definition, count by count."""

import math

import pytest

import brute
import traces

CASES = [
    # seed, layers (experts, k), trees
    (1, [(8, 1), (8, 2)], 3),
    (2, [(64, 8), (60, 4), (64, 8)], 4),
    (3, [(256, 8)], 12),
    (4, [(128, 8), (128, 8)], 15),
    (5, [(1024, 22)], 2),
    (6, [(9, 8), (8, 8), (65, 6)], 11),
    (7, [(512, 10), (32, 3)], 1),
    (8, [(384, 6)], 5),
]


def close(ours, theirs, tolerance=1e-12):
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)


def by_name(document):
    """Those with weight "row" or none, that are no part of a breakdown."""
    return {(r["name"], r.get("layer")): r for r in document["results"]
            if r.get("weight", "row") == "row" and "where" not in r}


def check(document, expected):
    results = by_name(document)
    assert document["units"]["pairs"] == expected.pairs
    assert document["units"]["rows"] == len(expected.rows_in_pairs)
    trees = len(expected.trees_with_pairs)
    assert document["units"]["trees_with_pairs"] == trees
    for name in brute.CLASSES:
        overall = results[f"jaccard.{name}", None]
        check_estimate(overall, expected, name, None)
        for l, layer in enumerate(expected.layers):
            result = results[f"jaccard.{name}", layer["number"]]
            assert result["intersections"] == expected.histogram(name, l)
            assert result["pairs"] == sum(result["intersections"])
            check_estimate(result, expected, name, l)
            check_baselines(result, expected, l)


def check_estimate(result, expected, name, layer):
    estimate, lo, hi, units, effective = expected.interval(name, layer)
    assert close(result["estimate"], estimate)
    assert close(result["lo"], lo, 1e-10), result
    assert close(result["hi"], hi, 1e-10), result
    assert result["n_units"] == units
    assert close(result["n_effective"], effective)
    assert (result["method"] == "none") == (lo is None)


def check_baselines(result, expected, l):
    spec = expected.layers[l]
    n, k = spec["experts"], spec["k"]
    assert close(result["baselines"]["uniform"], expected.uniform(l))
    assert close(result["baselines"]["ratio"], k / (2 * n - k))


@pytest.mark.parametrize("seed,layers,trees", CASES)
def test_counts_and_figures(run_study, seed, layers, trees):
    trace = traces.make_trace(seed, layers, trees)
    document, _ = run_study(trace)
    assert document["units"]["pairs"] > 0
    check(document, brute.Brute([trace]))


@pytest.mark.parametrize("seed", range(20, 60))
def test_many_small_trees(run_study, seed):
    trace = traces.make_trace(seed, [(16, 3)], 1 + seed % 13, vocabulary=2)
    document, _ = run_study(trace)
    expected = brute.Brute([trace])
    if expected.pairs == 0:
        assert document["status"] == "not_computable"
    else:
        check(document, expected)


@pytest.mark.parametrize("layers", [[(8, 2)], [(64, 8)], [(60, 4)], [(96, 22)]])
def test_popularity_baseline(run_study, layers):
    trace = traces.make_trace(77, layers, 8)
    document, _ = run_study(trace)
    value = by_name(document)["jaccard.all", 1]["baselines"]["popularity"]
    assert close(value, brute.Brute([trace]).popularity(0), 1e-9)


def test_baseline_of_all_layers_is_weighted_by_pairs(run_study):
    trace = traces.make_trace(5, [(8, 2), (64, 4)], 6)
    results = by_name(run_study(trace)[0])
    for name in brute.CLASSES:
        layers = [results[f"jaccard.{name}", n] for n in (1, 3)]
        total = sum(r["pairs"] for r in layers)
        for baseline in ("uniform", "ratio", "popularity"):
            mean = sum(r["pairs"] * r["baselines"][baseline] for r in layers)
            ours = results[f"jaccard.{name}", None]["baselines"][baseline]
            assert close(ours, mean / total)


@pytest.mark.parametrize("seed", range(3, 8))
def test_prompts_of_any_length(run_study, seed):
    trace = traces.make_trace(seed, [(32, 4)], 12, prompts=0.6)
    document, _ = run_study(trace)
    assert document["units"]["pairs"] > 0
    check(document, brute.Brute([trace]))


@pytest.mark.parametrize("trees", [4, 14])
def test_threads_give_the_same_bytes(run_study, trees):
    trace = traces.make_trace(11, [(64, 8), (32, 2)], trees)
    texts = {run_study(trace, threads=n)[1] for n in (1, 2, 3, 8)}
    assert len(texts) == 1


@pytest.mark.parametrize("trees", [3, 6])
def test_captures_add_up(run_study, trees):
    several = [traces.make_trace(s, [(64, 8)], trees) for s in (31, 32, 33)]
    document, _ = run_study(several)
    check(document, brute.Brute(several))


def test_classifications_can_have_opposite_profiles(run_study):
    # Layer 1 follows the input token, layer 3 the output token.
    def row(a, b):
        return [[2 * a, 2 * a + 1], [2 * b, 2 * b + 1]]

    sequences = []
    for number, tail in enumerate([[0, 1, 2, 0, 1], [1, 1, 3, 0, 2]]):
        tokens = [9] + tail
        rows = [row(a, b) for a, b in zip(tokens, tokens[1:])]
        sequences.append(
            {"id": str(number), "prompt_tokens": 1, "tokens": tokens,
             "rows": rows}
        )
    trace = {
        "has_token_ids": True,
        "layers": [{"number": n, "experts": 32, "k": 2} for n in (1, 3)],
        "sequences": sequences,
    }
    results = by_name(run_study(trace)[0])

    def value(name, layer):
        return results[f"jaccard.{name}", layer]["estimate"]

    assert value("input.same", 1) == 1 > value("input.same", 3)
    assert value("output.same", 3) == 1 > value("output.same", 1)


def test_nothing_but_a_reason(run_study):
    def reason(change):
        trace = traces.make_trace(3, [(8, 2)], 2)
        change(trace)
        document, _ = run_study(trace)
        assert document["status"] == "not_computable"
        assert document["results"] == []
        return document["reason"]["code"]

    def one_sequence(trace):
        del trace["sequences"][1:]

    def no_rows(trace):
        for seq in trace["sequences"]:
            seq["rows"] = [None for _ in seq["rows"]]

    assert reason(lambda t: t.update(has_token_ids=False)) == "tokens-none"
    assert reason(one_sequence) == "no-forks"
    assert reason(no_rows) == "no-rows"
    assert reason(lambda t: t.update(sequences=[])) == "no-sequences"


def test_published_values_are_of_another_model(run_study):
    results = by_name(run_study(traces.make_trace(2, [(64, 8)], 4))[0])
    same = results["jaccard.input.same", None]["published"]
    assert same["value"] == 0.649 and same["matches"] is False
    assert "another model" in same["why"]
