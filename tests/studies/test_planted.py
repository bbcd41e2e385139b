"""Intervals and the crossing pattern: against numpy, and on planted trees.

The long form of the second part is ci/planted_campaign.
"""

import json
import subprocess

import numpy
import pytest
from scipy import stats

import conftest

PROGRAM = conftest.BUILD / "tests/tools/planted_locality"
WORD = (1 << 64) - 1
STREAM = 1  # of the bootstrap


def run(*words, sums=None):
    done = subprocess.run(
        [PROGRAM, *map(str, words)],
        input=sums and json.dumps(sums),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# The definitions, from docs/studies.md alone.


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & WORD
    x = (x ^ x >> 27) * 0x94D049BB133111EB & WORD
    return x ^ x >> 31


def draw(seed, stream, counter):
    step = 0x9E3779B97F4A7C15
    state = 0
    for word in (seed, stream, counter):
        state = mix(state + word + step & WORD)
    return state


def ratio(sums):
    total = sums.sum(axis=0)
    return total[0] / total[1]


def mean_of_ratios(sums):
    counted = sums[sums[:, 1] > 0]
    return (counted[:, 0] / counted[:, 1]).mean()


def effective(sums):
    """Kish's number of units that weigh as evenly."""
    return sums[:, 1].sum() ** 2 / (sums[:, 1] ** 2).sum()


def jackknife(statistic, units):
    """Error of a statistic, from those of the units that are left."""
    without = numpy.array(
        [statistic(numpy.delete(units, g, axis=0)) for g in range(len(units))]
    )
    count = len(units)
    spread = ((without - without.mean()) ** 2).sum()
    return numpy.sqrt((count - 1) / count * spread)


def bootstrap(statistic, units, indices, n):
    """Hesterberg's expanded percentile interval, and the replicates used."""
    values = []
    for replicate in indices:
        drawn = units[replicate]
        if drawn[:, 1].sum() > 0:
            values.append(statistic(drawn))
    tail = stats.norm.cdf(-numpy.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
    return numpy.quantile(values, [tail, 1 - tail]), len(values)


def crossing(units, band):
    """Dip, peak and gap; units are [class, unit, layer, sum and count]."""
    totals = units.sum(axis=1)
    same, different = totals[:, :, 0] / totals[:, :, 1]
    first, last = band

    def parts(curve):
        inside = curve[first : last + 1].mean()
        return curve[:first].mean(), inside, curve[last + 1 :].mean()

    left, inside, right = parts(same)
    dip = min(left, right) - inside
    left, inside, right = parts(different)
    return {
        "dip": dip,
        "peak": inside - max(left, right),
        "gap": (same - different).min(),
    }


def random_units(units, layers, empty, seed):
    """Sums of random units, the first `empty` of one class without pairs."""
    generator = numpy.random.default_rng(seed)
    counts = generator.integers(1, 400, (2, units, layers))
    counts = counts * generator.integers(1, 9, (units, 1)) ** 2
    counts[0, :empty] = 0
    means = generator.uniform(0.05, 0.9, (2, units, layers))
    return numpy.stack([counts * means, counts], axis=3)


def as_json(units):
    return {
        name: [[[s, int(n)] for s, n in unit] for unit in one]
        for name, one in zip(("same", "different"), units)
    }


def near(ours, theirs):
    return ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "count,layers,empty,seed",
    [(10, 8, 0, 1), (24, 6, 4, 2), (20, 24, 0, 3), (60, 40, 7, 4)],
)
def test_estimates_against_numpy(count, layers, empty, seed):
    units = random_units(count, layers, empty, seed)
    ours = run("estimate", seed, 200, sums=as_json(units))
    indices = [
        [draw(seed, STREAM, r * count + i) * count >> 64 for i in range(count)]
        for r in range(200)
    ]
    assert ours["indices"] == indices
    for name, one in zip(("same", "different"), units):
        sums = one.sum(axis=1)
        counted = sums[sums[:, 1] > 0]
        for weight, statistic, n in (
            ("row", ratio, effective(counted)),
            ("tree", mean_of_ratios, len(counted)),
        ):
            figure = ours[name][weight]
            full = statistic(sums)
            error = jackknife(statistic, counted)
            reach = stats.t.ppf(0.975, n - 1) * error
            assert figure["units"] == len(counted)
            assert near(figure["effective"], n)
            assert near(figure["estimate"], full)
            assert near(figure["lo"], full - reach)
            assert near(figure["hi"], full + reach)
            if len(counted) < 20:
                assert figure["bootstrap"] is None
                continue
            (lo, hi), replicates = bootstrap(statistic, sums, indices, n)
            assert near(figure["bootstrap"]["lo"], lo)
            assert near(figure["bootstrap"]["hi"], hi)
            assert figure["bootstrap"]["replicates"] == replicates
            assert figure["bootstrap"]["skipped"] == 200 - replicates


@pytest.mark.parametrize(
    "count,layers,seed", [(10, 6, 1), (15, 8, 2), (12, 24, 3), (40, 40, 4)]
)
def test_crossing_against_numpy(count, layers, seed):
    units = random_units(count, layers, 0, seed)
    ours = run("estimate", 1, 1, sums=as_json(units))["crossing"]
    low, high, scale = (35, 52, 100) if layers >= 24 else (1, 2, 3)
    inside = [
        l
        for l in range(layers)
        if low * (layers - 1) <= scale * l <= high * (layers - 1)
    ]
    assert ours["band"] == [inside[0], inside[-1]]
    assert ours["units"] == count
    by_unit = units.swapaxes(0, 1)
    n = min(effective(one[:, l]) for one in units for l in range(layers))
    assert near(ours["effective"], n)
    for name in ("dip", "peak", "gap"):

        def statistic(kept):
            return crossing(kept.swapaxes(0, 1), ours["band"])[name]

        full = statistic(by_unit)
        error = jackknife(statistic, by_unit)
        two_sided = stats.t.ppf(0.975, n - 1) * error
        one_sided = stats.t.ppf(0.95, n - 1) * error
        assert near(ours[name]["estimate"], full)
        assert near(ours[name]["lo"], full - two_sided)
        assert near(ours[name]["hi"], full + two_sided)
        assert near(ours[name]["lower"], full - one_sided)
        assert near(ours[name]["upper"], full + one_sided)


def test_no_interval_of_fewer_than_two_effective_units():
    # 20 units, but one has most of the pairs: 1.98 and 2.03 effective ones.
    for large, given in ((46, False), (44, True)):
        one = numpy.ones((20, 8, 2))
        one[:, :, 0] = numpy.arange(20)[:, None] % 2
        one[0] = (large // 2, large)
        ours = run("estimate", 1, 100, sums=as_json([one, one]))
        assert (effective(one.sum(axis=1)) >= 2) == given
        for figure in (ours["same"]["row"], ours["crossing"]["dip"]):
            assert (figure["lo"] is not None) == given
        assert (ours["same"]["row"]["bootstrap"] is not None) == given
        assert (ours["crossing"]["verdict"] != "") == given
        assert ours["same"]["tree"]["lo"] is not None


def test_nine_units_have_estimates_only():
    units = random_units(9, 8, 0, 1)
    ours = run("estimate", 1, 100, sums=as_json(units))
    for weight in ("row", "tree"):
        figure = ours["same"][weight]
        assert figure["estimate"] is not None
        assert figure["lo"] is figure["hi"] is figure["bootstrap"] is None
    assert ours["crossing"]["verdict"] == ""
    assert ours["crossing"]["dip"]["lower"] is None


# Planted trees.  Seeds are fixed, and the limits leave room for a simulation
# of this size: its result is beyond them once in 1,000.


def at_least(rate, count):
    return stats.binom.ppf(0.001, count, rate) / count


def at_most(rate, count):
    return stats.binom.ppf(0.999, count, rate) / count


def coverage(setting, trees, count=2000):
    results = run("coverage", setting, 8, trees, count, 11)["results"]
    return {
        (r["class"], r["weight"], r["method"]): r["covered"] / r["given"]
        for r in results
        if r["given"]
    }


@pytest.mark.parametrize("trees", [10, 20, 40])
@pytest.mark.parametrize("setting", ["narrow", "linked", "heavy"])
def test_intervals_hold_the_truth(setting, trees):
    count = 2000
    rates = coverage(setting, trees, count)
    methods = ["jackknife", "bootstrap"][: 1 + (trees >= 20)]
    assert rates.keys() == {
        (kind, weight, method)
        for kind in ("same", "different")
        for weight in ("row", "tree")
        for method in methods
    }
    for rate in rates.values():
        assert at_least(0.93, count) <= rate <= at_most(0.97, count)
    # The means of these trees are nearly normal, where t intervals are exact.
    rate = rates["same", "tree", "jackknife"]
    assert at_least(0.95, count) <= rate <= at_most(0.95, count)


def test_nine_trees_are_refused():
    assert coverage("narrow", 9, 50) == {}


def crossings(profile, layers, trees, count):
    one = run("crossing", "narrow", profile, layers, trees, count, 12)
    return one, one["verdicts"].get("found", 0) / count


@pytest.mark.parametrize(
    "profile",
    [
        "flat",
        "falling-rising",
        "rising-falling",
        "convex-fall-concave-rise",
        "convex-rise-concave-fall",
        "concave-fall-convex-rise",
        "hump-and-trough",
        "late",
    ],
)
@pytest.mark.parametrize("layers,trees", [(8, 10), (24, 10), (16, 40)])
def test_the_pattern_is_not_found_where_it_is_not(profile, layers, trees):
    one, found = crossings(profile, layers, trees, 300)
    assert min(one["dip"]["truth"], one["peak"]["truth"]) < 1e-9
    assert found <= 0.05


@pytest.mark.parametrize("profile", ["plateau-same", "plateau-different"])
@pytest.mark.parametrize("layers,trees", [(8, 20), (24, 10)])
def test_next_to_the_pattern_bounds_have_their_level(profile, layers, trees):
    count = 1000
    one, found = crossings(profile, layers, trees, count)
    name = "dip" if profile == "plateau-same" else "peak"
    assert abs(one[name]["truth"]) < 1e-9
    assert found <= at_most(0.06, count)
    wrong = one[name]["lower_above"] / count
    assert at_least(0.04, count) <= wrong <= at_most(0.06, count)


@pytest.mark.parametrize("layers", [8, 40])
def test_the_published_pattern_is_found(layers):
    power = [crossings("published", layers, g, 300)[1] for g in (10, 20, 40)]
    print(f"{layers} layers: found {power} with 10, 20 and 40 trees")
    assert sorted(power) == power
    assert power[0] > 0.25
    assert power[2] > 0.9
