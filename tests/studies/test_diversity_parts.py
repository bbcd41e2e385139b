"""Richness, AUC and cuts of the study "diversity", part by part."""

import itertools
import json
import math
import random
import subprocess

import numpy as np
import pytest
from scipy import special, stats

import conftest


def answer(questions):
    done = subprocess.run(
        [conftest.BUILD / "tests/tools/diversity_figures"],
        input=json.dumps(questions), capture_output=True, text=True,
        check=True)
    return json.loads(done.stdout)


def abundances_of(seed):
    rng = np.random.default_rng(seed)
    return [int(x) for x in rng.geometric(0.3, rng.integers(1, 40))]


def rarefied(sizes, total, n):
    return float(np.sum(stats.hypergeom.sf(0, total, np.array(sizes), n)))


def coverage(sizes, m):
    n = sum(sizes)
    return 1 - sum(x / n * special.comb(n - x, m, exact=True)
                   / special.comb(n - 1, m, exact=True) for x in sizes)


def chao1(sizes):
    n, once, twice = sum(sizes), sizes.count(1), sizes.count(2)
    unseen = once**2 / (2 * twice) if twice else once * (once - 1) / 2
    return len(sizes) + (n - 1) / n * unseen


def close(ours, theirs, tolerance=1e-10):
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)


@pytest.mark.parametrize("seed", range(20))
def test_richness_against_scipy(seed):
    sizes = abundances_of(seed)
    n = sum(sizes)
    total = n + seed
    kinds = [rarefied(sizes, n, m) for m in range(n)]
    covered = [coverage(sizes, m) for m in range(n)]
    wanted = [(m + 0.5) / (n + 1) for m in range(n)]
    questions = [{"abundances": sizes, "total": total, "n": m,
                  "coverage": wanted[m]} for m in range(n)]
    for m, ours in enumerate(answer(questions)):
        assert close(ours["kinds"], rarefied(sizes, total, m))
        assert close(ours["rarefied_coverage"], covered[m])
        reached = wanted[m] <= covered[-1]
        assert close(ours["kinds_at_coverage"],
                     np.interp(wanted[m], covered, kinds) if reached else None)
        assert close(ours["coverage"], 1 - sizes.count(1) / n)
        assert close(ours["chao1"], chao1(sizes))
        shares = np.array(sizes) / n
        assert close(ours["hill1"], np.exp(stats.entropy(shares)))
        assert close(ours["hill2"], 1 / np.sum(shares**2))


@pytest.mark.parametrize("sizes,others", [
    ([1], 0), ([3, 1], 2), ([1, 1, 1], 1), ([2, 2, 2], 0), ([4, 1, 2], 2)])
def test_richness_by_enumeration(sizes, others):
    draws = [kind for kind, size in enumerate(sizes) for _ in range(size)]
    everything = draws + [None] * others
    for n in range(len(everything) + 1):
        kinds = [len(set(s) - {None})
                 for s in itertools.combinations(everything, n)]
        [ours] = answer([{"abundances": sizes, "total": len(everything),
                          "n": min(n, len(draws) - 1), "coverage": 0.5}])
        if n < len(draws):
            assert close(ours["kinds"], np.mean(kinds))
            # Coverage of a draw that is not among the n.
            hits = [draws[i] in {draws[j] for j in chosen}
                    for chosen in itertools.combinations(range(len(draws)), n)
                    for i in set(range(len(draws))) - set(chosen)]
            assert close(ours["rarefied_coverage"], np.mean(hits))


def test_nothing_of_nothing():
    [ours] = answer([{"abundances": [], "total": 3, "n": 0, "coverage": 0.5}])
    for name in ("coverage", "kinds_at_coverage", "chao1", "hill1", "hill2"):
        assert ours[name] is None
    assert ours["kinds"] == 0


@pytest.mark.parametrize("seed", range(10))
def test_concordant_pairs_against_scipy(seed):
    rng = random.Random(seed)
    pairs = [[rng.randrange(12) / 7, rng.randrange(4), rng.randrange(4)]
             for _ in range(rng.randrange(1, 60))]
    same = [score for score, n, _ in pairs for _ in range(n)]
    other = [score for score, _, n in pairs for _ in range(n)]
    [ours] = answer([{"pairs": pairs}])
    assert ours["all"] == len(same) * len(other)
    if ours["all"]:
        assert close(ours["concordant"],
                     stats.mannwhitneyu(same, other).statistic)


def branch(parent, begin, end, group, computed=None):
    rows = computed or [1] * (end - begin - 1) + [0]
    return {"parent": parent, "begin": begin, "end": end, "group": group,
            "computed": [0, *itertools.accumulate(rows)]}


# A trunk of 20 tokens, a twin of it from 10 on, another group from 10 on with
# a twin of its own from 15 on, and a code without a group from 12 on.
PLANTED = [
    branch(None, 0, 20, 0),
    branch(0, 12, 25, None),
    branch(0, 10, 20, 0),
    branch(0, 10, 22, 1),
    branch(3, 15, 21, 1),
]


def planted(questions, threshold=0.5):
    [ours] = answer([{"tree": PLANTED, "questions": questions,
                      "threshold": threshold}])
    for outcome in ours.values():
        assert (outcome["computed"], outcome["groups"]) == (
            19 + 12 + 9 + 11 + 5, 2)
    return ours["oracle"], ours["cut"]


def outcome_of(cut):
    return cut["saved"], cut["lost"], cut["asked"], cut["cut"]


@pytest.mark.parametrize("questions,expected", [
    ([], (0, 0, 0, 0)),
    # The twin, cut when it has 4 of its 9 rows.
    ([[2, 0, 14, 1]], (5, 0, 1, 1)),
    # The first yes counts, and is the last question.
    ([[2, 0, 12, 0], [2, 0, 14, 1], [2, 0, 16, 1]], (5, 0, 2, 1)),
    # All of group 1 goes with the path that its twin leaves ...
    ([[3, 0, 12, 1]], (9 + 5, 1, 1, 1)),
    # ... but not if it leaves before the cut.
    ([[3, 0, 18, 1]], (3, 0, 1, 1)),
    # It is there at its last token that the twin has as well.
    ([[3, 0, 15, 1]], (6, 0, 1, 1)),
    # What is gone is not asked about, nor compared with.
    ([[2, 0, 12, 1], [3, 2, 11, 0], [3, 2, 14, 1]], (7, 0, 2, 1)),
    ([[3, 0, 12, 1], [4, 3, 17, 1]], (9 + 5, 1, 1, 1)),
])
def test_planted_cuts(questions, expected):
    oracle, cut = planted(questions)
    assert outcome_of(cut) == expected
    assert oracle["saved"] == 5  # the twin of group 1
    assert oracle["lost"] == 0


@pytest.mark.parametrize("threshold,saved", [(0.2, 7), (0.3, 7), (0.31, 0)])
def test_a_threshold_is_reached_by_its_value(threshold, saved):
    _, cut = planted([[2, 0, 12, 0.3]], threshold)
    assert cut["saved"] == saved


@pytest.mark.parametrize("tree,saved", [
    ([branch(None, 0, 9, 0)], 0),
    # Two of one group from the root on; a third would be two.
    ([branch(None, 0, 9, 0), branch(0, 4, 10, 0)], 5),
    ([branch(None, 0, 9, 0), branch(0, 4, 10, 0), branch(0, 4, 9, 1)], 0),
    # Behind the last other branch all are one.
    ([branch(None, 0, 9, 0), branch(0, 7, 10, 0), branch(0, 4, 9, 1)], 2),
    # Codes that do not compile are no group.
    ([branch(None, 0, 9, None), branch(0, 4, 10, None)], 0),
    # Only what was computed is saved.
    ([branch(None, 0, 9, 0), branch(0, 4, 8, 0, [0, 1, 0, 0])], 1),
    # A twin below a twin goes with it.
    ([branch(None, 0, 9, 0), branch(0, 4, 10, 0), branch(1, 6, 9, 0)], 7),
])
def test_planted_oracle(tree, saved):
    [ours] = answer([{"tree": tree, "questions": [], "threshold": 1}])
    assert ours["oracle"]["saved"] == saved
