"""The permutation test of a change of usage, on signatures."""

import json
import subprocess

import numpy as np
import pytest
from scipy import stats

import brute_compare
import conftest

EXPERTS = (7, 12)


def measure(cases):
    program = conftest.BUILD / "tests/tools/usage_changes"
    done = subprocess.run([program], input=json.dumps(cases), text=True,
                          capture_output=True, check=True)
    return json.loads(done.stdout, parse_constant=conftest.no_constant)


def draw_units(rng, units, experts=EXPERTS, rows=30, tilt=None):
    """Shares of `rows` draws per layer, each unit with a usage of its own."""
    result = []
    for _ in range(units):
        shares = []
        for l, count in enumerate(experts):
            alpha = np.full(count, 2.0)
            if tilt is not None:
                alpha[0] += tilt[l]
            usage = rng.dirichlet(alpha)
            shares += list(rng.multinomial(rows, usage) / rows)
        result.append(shares)
    return result


def case_of(a, b, pairs=(), permutations=199, seed=1, threads=1,
            experts=EXPERTS):
    return {"experts": list(experts), "a": a, "b": b,
            "pairs": [list(pair) for pair in pairs],
            "permutations": permutations, "seed": seed, "threads": threads}


SHAPES = {
    "pairs": (12, 12, [(u, 11 - u) for u in range(12)]),
    "others": (9, 14, []),
    "mixed": (13, 10, [(u, u) for u in range(0, 8, 2)]),
    "one_pair": (1, 1, [(0, 0)]),
    "one_each": (1, 1, []),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [1, 2**63 + 5])
def test_as_with_scipy(shape, seed):
    units_a, units_b, pairs = SHAPES[shape]
    rng = np.random.default_rng(len(shape) + seed % 7)
    a = draw_units(rng, units_a)
    b = draw_units(rng, units_b, tilt=(0, 1))
    case = case_of(a, b, pairs, permutations=150, seed=seed)
    ours, theirs = measure([case])[0], brute_compare.change(case)
    assert np.allclose(ours["usage_a"], np.mean(a, axis=0), atol=1e-15)
    assert np.allclose(ours["usage_b"], np.mean(b, axis=0), atol=1e-15)
    check(ours["overall"], theirs["overall"])
    for one, other in zip(ours["layers"], theirs["layers"]):
        check(one, other)


def check(ours, theirs):
    for name, value in theirs.items():
        if value is None:
            assert ours[name] is None, name
        else:
            assert ours[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_threads_do_not_matter():
    rng = np.random.default_rng(3)
    a, b = draw_units(rng, 15), draw_units(rng, 11)
    one, two, five = measure([
        case_of(a, b, [(0, 1), (3, 2)], 333, threads=t) for t in (1, 2, 5)])
    assert one == two == five


def test_without_permutations_nothing_is_tested():
    rng = np.random.default_rng(4)
    result = measure([case_of(draw_units(rng, 3), draw_units(rng, 4),
                              permutations=0)])[0]
    assert result["overall"]["divergence"] > 0
    for name in ("p", "p_adjusted", "divergence_by_chance"):
        assert all(f[name] is None
                   for f in (result["overall"], *result["layers"]))


def test_equal_units():
    """All paired and equal, in another order; and all of one usage."""
    rng = np.random.default_rng(5)
    a = draw_units(rng, 11)
    pairs = [(u, 10 - u) for u in range(11)]
    same = draw_units(rng, 1) * 12
    for result in measure([case_of(a, a[::-1], pairs),
                           case_of(same, same[:10])]):
        for figures in (result["overall"], *result["layers"]):
            assert figures["divergence"] == figures["changed"] == 0
            assert figures["divergence_by_chance"] == 0 and figures["p"] == 1
        assert [f["p_adjusted"] for f in result["layers"]] == [1, 1]


@pytest.mark.parametrize("step", [1, 1e-3, 1e-6, 1e-9])
def test_one_pair_that_differs_is_no_evidence(step):
    """However it is exchanged, the divergence is the same."""
    rng = np.random.default_rng(6)
    a = draw_units(rng, 40)
    b = [list(unit) for unit in a]
    move = step * a[17][3]
    assert move > 0
    b[17][3] -= move
    b[17][4] += move
    result = measure([case_of(a, b, [(u, u) for u in range(40)])])[0]
    first, second = result["layers"]
    assert first["divergence"] > 0 and second["divergence"] == 0
    assert first["p"] == first["p_adjusted"] == result["overall"]["p"] == 1
    if step < 1e-5:  # to second order; nothing is lost to rounding
        usage = (np.mean(a, axis=0) + np.mean(b, axis=0)) / 2
        second = sum((a[17][e] - b[17][e]) ** 2 / 1600 / usage[e]
                     for e in (3, 4)) / (8 * np.log(2))
        assert first["divergence"] == pytest.approx(second, rel=1e-9, abs=0)


def test_experts_that_are_never_used():
    disjoint = case_of([[1, 0, 0]] * 10, [[0, 0, 1]] * 10, experts=[3])
    result = measure([disjoint])[0]["layers"][0]
    assert result["divergence"] == 1 and result["changed"] == 2
    assert result["p"] < 0.02
    double = case_of([[2 / 3, 1 / 3]], [[1 / 3, 2 / 3]], experts=[2],
                     permutations=99)
    assert measure([double])[0]["layers"][0]["changed"] == 0


def paired_case(rng, seed):
    """Each prompt twice, under captures that do not differ."""
    a, b = [], []
    for _ in range(16):
        shares = [rng.dirichlet(np.full(e, 2.0)) for e in EXPERTS]
        for side in (a, b):
            side.append([x for usage in shares
                         for x in rng.multinomial(40, usage) / 40])
    return case_of(a, b, [(u, u) for u in range(16)], seed=seed)


def split_case(rng, seed):
    """Two halves of one capture."""
    units = draw_units(rng, 27)
    return case_of(units[:13], units[13:], seed=seed)




@pytest.mark.parametrize("make", [paired_case, split_case])
def test_p_is_uniform_without_a_change(make):
    rng = np.random.default_rng(8)
    results = measure([make(rng, seed) for seed in range(300)])
    p = [result["overall"]["p"] for result in results]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    # Of all layers together, the adjusted p holds its level.
    least = np.array([min(f["p_adjusted"] for f in result["layers"])
                      for result in results])
    for level in (0.05, 0.2):
        most = stats.binom.ppf(0.999, len(least), level)
        assert np.sum(least <= level) <= most


def test_pairs_that_count_as_others_lose_power():
    """Exchanging prompts that are in both captures is what finds little."""
    rng = np.random.default_rng(9)
    cases = [paired_case(rng, seed) for seed in range(20)]
    for case in cases:
        for unit in case["b"]:
            move = 0.4 * unit[0]
            unit[0] -= move
            unit[1] += move
    paired, others = (
        np.mean([result["layers"][0]["p"] for result in measure(some)])
        for some in (cases, [{**case, "pairs": []} for case in cases]))
    assert 3 * paired < others


def test_planted_changes_are_found_and_ranked():
    experts, tilt = (9, 9, 9, 9), (0, 6, 2, 0)
    rng = np.random.default_rng(10)
    a = draw_units(rng, 40, experts, rows=200)
    b = draw_units(rng, 40, experts, rows=200, tilt=tilt)
    layers = measure([case_of(a, b, permutations=499, experts=experts)])[0][
        "layers"]
    adjusted = [f["p_adjusted"] for f in layers]
    assert max(adjusted[1:3]) < 0.05 < min(adjusted[0], adjusted[3])
    divergence = [f["divergence"] for f in layers]
    assert divergence[1] > 2 * divergence[2]
    assert divergence[2] > 2 * max(divergence[0], divergence[3])
