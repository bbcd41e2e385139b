"""Units, signatures and loads against their definition in numpy."""

import collections
import json
import subprocess

import numpy as np
import pytest

import brute_signatures as brute
import conftest

PROGRAM = conftest.BUILD / "tests/tools/signature_units"


def run(captures, phase, threads=1):
    done = subprocess.run(
        [PROGRAM, phase, str(threads)], input=json.dumps(captures),
        capture_output=True, text=True, check=True)
    return json.loads(done.stdout, parse_constant=conftest.no_constant)


def captures_of(seed):
    return [brute.labelled_trace(seed, prefix="a"),
            brute.labelled_trace(seed + 1000, prefix="b", prompts=7)]


@pytest.mark.parametrize("phase", brute.PHASES)
@pytest.mark.parametrize("seed", range(12))
def test_units_and_signatures(seed, phase):
    captures = captures_of(seed)
    units, left_out = brute.find_units(captures, phase)
    found = run(captures, phase)
    assert found["units"] == units
    assert found["left_out"] == left_out
    labels = sorted({unit["label"] for unit in units})
    assert found["labels"] == labels
    assert found["unit_labels"] == [labels.index(u["label"]) for u in units]
    values = np.reshape(found["values"], (len(units), -1))
    expected = [brute.signature(captures, unit, phase) for unit in units]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-14)


def test_the_random_traces_have_every_case():
    reasons, sizes, inherited = set(), set(), 0
    for seed in range(12):
        captures = captures_of(seed)
        units, left_out = brute.find_units(captures, "prompt")
        reasons |= {reason for _, reason in left_out}
        sizes |= {(len(u["members"]) > 1, max(map(len, u["members"])) > 1)
                  for u in units}
        inherited += sum(isinstance(row, int) for trace in captures
                         for one in trace["sequences"] for row in one["rows"])
    assert reasons == {"unlabelled", "ambiguous", "conflicting", "no-rows",
                       "missing-rows"}
    assert len(sizes) == 4
    assert inherited > 100


@pytest.mark.parametrize("missing, kept", [(0, True), (2, True), (3, False)])
def test_one_missing_row_of_a_hundred_is_allowed(missing, kept):
    rows = [[[0]]] * 200
    rows[50:50 + missing] = [None] * missing
    trace = {"has_token_ids": True,
             "layers": [{"number": 0, "experts": 3, "k": 1}],
             "sequences": [{"id": "r", "prompt_tokens": 200, "category": "a",
                            "tokens": list(range(201)), "rows": rows}]}
    found = run([trace], "prompt")
    assert len(found["units"]) == kept
    assert found["left_out"] == ([] if kept else [["r", "missing-rows"]])
    assert found["values"] == ([1, 0, 0] if kept else [])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_streamed_signatures_come_in_order(threads):
    captures = [trace for seed in range(3, 11) for trace in captures_of(seed)]
    found = run(captures, "both", threads)
    features = found["features"]
    assert len(found["streamed"]) > 40
    for number, (unit, values) in enumerate(found["streamed"]):
        assert unit == number
        at = unit * features
        assert values == found["values"][at:at + features]
    assert found == run(captures, "both", 1)


def test_nothing_to_stream():
    trace = brute.labelled_trace(1)
    trace["sequences"] = []
    found = run([trace], "prompt", 3)
    assert found["units"] == found["streamed"] == found["values"] == []


def expected_load(counts):
    n, total = len(counts), counts.sum()
    if total == 0:
        return {"entropy": 0, "gini": 0, "max_mean": 0, "hot": 0}
    share = counts[counts > 0] / total
    differences = np.abs(counts[:, None] - counts[None, :]).sum()
    return {
        "entropy": -np.sum(share * np.log(share)) / np.log(n) if n > 1 else 0,
        "gini": differences / (2 * n * n * counts.mean()),
        "max_mean": counts.max() / counts.mean(),
        "hot": int(np.sum(counts > 2 * counts.mean())),
    }


def check_loads(trace):
    observed = collections.defaultdict(list)
    for sequence in trace["sequences"]:
        for row in sequence["rows"]:
            for l, ids in enumerate(row if isinstance(row, list) else []):
                observed[l] += ids
    loads = run([trace], "both")["loads"]
    for l, (layer, load) in enumerate(zip(trace["layers"], loads)):
        ids = np.array(observed[l], int)
        experts = layer["experts"]
        counts = np.bincount(ids[(ids >= 0) & (ids < experts)],
                             minlength=experts)
        assert load["tokens"] == counts.tolist()
        assert load["total"] == counts.sum()
        assert load["unused"] == np.sum(counts == 0)
        for name, value in expected_load(counts).items():
            assert load[name] == pytest.approx(value, abs=1e-12), name
    return loads


def planted_load(counts):
    """A trace whose expert e has counts[e] tokens."""
    rows = [[[e]] for e, count in enumerate(counts) for _ in range(count)]
    return {"has_token_ids": True,
            "layers": [{"number": 0, "experts": len(counts), "k": 1}],
            "sequences": [{"id": "r", "prompt_tokens": 1,
                           "tokens": list(range(len(rows) + 1)),
                           "rows": rows}]}


@pytest.mark.parametrize("seed", range(4))
def test_loads_of_random_traces(seed):
    check_loads(brute.labelled_trace(seed))


@pytest.mark.parametrize("counts", [
    [5], [0], [0, 0, 0], [3, 3, 3], [0, 7, 0, 0], [4, 1, 1], [6, 1, 1, 1, 0],
    [8, 2, 2, 0], [50, 1, 0, 0, 0, 40, 2, 0, 0, 0, 0]])
def test_loads_of_planted_counts(counts):
    check_loads(planted_load(counts))


def test_an_expert_with_twice_the_mean_is_not_hot():
    assert check_loads(planted_load([4, 2, 1, 1]))[0]["hot"] == 0
    assert check_loads(planted_load([5, 2, 1, 1]))[0]["hot"] == 1
