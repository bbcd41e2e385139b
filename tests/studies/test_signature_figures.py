"""Every statistic of signatures against numpy, scipy and scikit-learn."""

import json
import math
import subprocess

import numpy as np
import pytest
import threadpoolctl
from scipy import optimize, special, stats
from scipy.spatial import distance
from sklearn import decomposition, manifold

import brute_separation as brute
import conftest

BLOCKS = [[2, 7], [3, 12], [5, 5]]
REPLICATES = 60


def answer(questions):
    done = subprocess.run(
        [conftest.BUILD / "tests/tools/signature_figures"],
        input=json.dumps(questions), capture_output=True, text=True,
        check=True)
    return json.loads(done.stdout, parse_constant=conftest.no_constant)


def signatures(rng, labels, blocks, effects, rows=40):
    """Shares of multinomial counts; classes differ by `effects` per block."""
    parts = []
    for (_, experts), effect in zip(blocks, effects):
        skew = 1 / np.arange(1, experts + 1)
        lift = np.exp(effect * rng.normal(size=(max(labels) + 1, experts)))
        shares = skew * lift[labels]
        shares /= shares.sum(1, keepdims=True)
        parts.append(rng.multinomial(rows, shares) / rows)
    return np.hstack(parts)


def matrix(rows, blocks):
    return {"blocks": blocks, "rows": rows.tolist()}


def close(ours, theirs, tolerance=1e-9):
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return np.allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def bounds(interval):
    return interval and (interval["lo"], interval["hi"])


def some_rows(seed, units=23):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, units)
    labels[:6] = [0, 0, 1, 1, 2, 2]
    rows = signatures(rng, labels, BLOCKS, [0.1, 0.4, 0.8])
    rows[3] = 0
    rows[4, 7:19] = 0
    rows[5, :7] = rows[5, 19:] = 0
    return rows, labels.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_similarities_are_those_of_scikit_and_scipy(seed):
    rows, _ = some_rows(seed)
    rows[8] = rows[9]
    one = matrix(rows, BLOCKS)
    whole, *blocks, divergence, threaded = answer(
        [{"kind": "cosine", "matrix": one}]
        + [{"kind": "block_cosine", "matrix": one, "block": b}
           for b in range(len(BLOCKS))]
        + [{"kind": "divergence", "matrix": one, "threads": t}
           for t in (1, 3)])
    assert close(whole, brute.cosine(rows))
    for ours, at in zip(blocks, brute.block_slices(BLOCKS)):
        assert close(ours, brute.cosine(rows[:, at]))
    assert close(divergence, brute.divergence(rows, BLOCKS))
    assert threaded == divergence
    assert not np.any(np.array(whole)[3])
    for ours in (whole, *blocks, divergence):
        assert np.array_equal(ours, np.transpose(ours))


def test_published_means_and_deviations_give_the_published_d():
    pairs = 4 * math.comb(20, 2)
    assert pairs == 760
    d, = answer([{"kind": "sides", "within": [pairs, 0.8435, 0.0879],
                  "across": [math.comb(80, 2) - pairs, 0.6225, 0.1687]}])
    assert f"{d:.2f}" == "1.44"


@pytest.mark.parametrize("within,across", [
    ([1, 0.5, 0.1], [5, 0.4, 0.1]), ([5, 0.5, 0.1], [1, 0.4, 0.1]),
    ([5, 0.5, 0], [5, 0.4, 0]), ([5, 0.5, 1e-14], [5, 0.4, 1e-14]),
    ([5, 0.5, 1e-14], [5, 0.5, 1e-14])])
def test_no_d_of_one_pair_or_without_spread(within, across):
    assert answer([{"kind": "sides", "within": within,
                    "across": across}]) == [None]


@pytest.mark.parametrize("seed", range(4))
def test_separation_against_a_loop_over_pairs(seed):
    rows, labels = some_rows(seed)
    question = {"kind": "separation", "matrix": matrix(rows, BLOCKS),
                "labels": labels, "seed": seed, "replicates": REPLICATES,
                "permutations": REPLICATES}
    ours, threaded = answer([question, question | {"threads": 3}])
    assert ours == threaded
    similarity = brute.cosine(rows)
    gap, d = brute.effect(similarity, labels)
    assert close(ours["observed"]["gap"], gap)
    assert close(ours["observed"]["d"], d)
    i, j = np.triu_indices(len(labels), 1)
    same = np.equal(*np.array(labels)[[i, j]])
    for name, chosen in (("within", same), ("across", ~same)):
        values = similarity[i, j][chosen]
        assert close(ours["observed"][name],
                     [len(values), values.mean(), values.std(ddof=1)])
    drawn = [brute.effect(similarity, labels, units)
             for units in brute.resamples(labels, seed, REPLICATES)]
    for at, name in enumerate(("gap_interval", "d_interval")):
        assert close(bounds(ours[name]), brute.interval(
            (gap, d)[at], [one[at] for one in drawn]))
    permuted = [brute.effect(similarity, one)
                for one in brute.permutations(labels, seed, REPLICATES)]
    for at in range(2):  # the p of the gap is that of d
        assert ours["p"] == brute.permutation_p(
            (gap, d)[at], [one[at] for one in permuted])


def separation(rows, labels, **more):
    rows = np.array(rows, float)
    ours, = answer([{"kind": "separation", "labels": labels,
                     "matrix": matrix(rows, [[0, rows.shape[1]]])} | more])
    return ours


def test_separation_of_degenerate_units():
    assert separation([[1, 0]], [0]) is None
    assert separation([[1, 0], [0, 1], [1, 1]], [0, 1, 2]) is None
    assert separation([[1, 0], [0.5, 0.5], [0, 1]], [0, 0, 0]) is None
    equal = separation([[0.1, 0.7, 0.2]] * 6, [0, 0, 0, 1, 1, 1])
    assert equal["observed"]["d"] is None and equal["p"] == 1
    empty = separation([[0, 0]] * 6, [0, 0, 0, 1, 1, 1])
    assert empty["observed"]["d"] is None and empty["p"] == 1


def test_perfect_separation_has_a_gap_and_no_d():
    """Of 20 ways to halve six units two are the observed one."""
    ours = separation([[1, 0]] * 3 + [[0, 1]] * 3, [0] * 3 + [1] * 3)
    assert ours["observed"]["gap"] == 1
    assert ours["observed"]["d"] is None and ours["d_interval"] is None
    assert 0.07 < ours["p"] < 0.13


def test_a_large_d_ties_with_its_own_relabelling():
    """It is the root of a small difference, so it has few digits."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        rows = np.repeat(np.eye(2), 3, 0) + rng.random((6, 2)) * 1e-4
        question = {"matrix": matrix(rows, [[0, 2]]), "replicates": 0,
                    "labels": [0] * 3 + [1] * 3, "seed": seed}
        test, layers = answer([question | {"kind": kind}
                               for kind in ("separation", "layers")])
        assert test["observed"]["d"] > 10000
        assert 0.07 < test["p"] < 0.14
        assert layers["layers"][0]["p"] == test["p"]


def test_a_permutation_without_d_counts_as_reaching_it():
    """Of 20 ways to halve these units two have no d, and a perfect gap."""
    rows, labels = np.repeat([[1, 0], [0, 1]], 3, 0), [0, 0, 1, 0, 1, 1]
    ours, = answer([{"kind": "layers", "labels": labels, "permutations": 200,
                     "matrix": matrix(rows, [[0, 2]])}])
    layer, = ours["layers"]
    similarity = brute.cosine(rows)
    permuted = [brute.effect(similarity, one)[1]
                for one in brute.permutations(labels, 0, 200)]
    assert None in permuted
    d = brute.effect(similarity, labels)[1]
    assert layer["p"] == layer["adjusted_p"] == brute.permutation_p(
        d, permuted)
    assert layer["p"] == 1  # there is no smaller d


@pytest.mark.parametrize("seed", range(2))
def test_layers_against_a_loop_over_pairs(seed):
    rows, labels = some_rows(seed + 10)
    blocks = BLOCKS + [[6, 3], [9, 4]]
    rng = np.random.default_rng(seed)
    rows = np.hstack([rows, np.full((len(rows), 3), 1 / 3),
                      rng.dirichlet([2] * 4, len(rows))])
    question = {"kind": "layers", "matrix": matrix(rows, blocks),
                "labels": labels, "seed": seed, "replicates": REPLICATES,
                "permutations": REPLICATES}
    ours, threaded = answer([question, question | {"threads": 3}])
    assert ours == threaded
    assert [one["layer"] for one in ours["layers"]] == [2, 3, 5, 6, 9]
    constant = ours["layers"].pop(3)
    assert constant["separation"]["d"] is constant["adjusted_p"] is None
    slices = brute.block_slices(blocks)
    similar = [brute.cosine(rows[:, at]) for at in slices[:3] + slices[4:]]
    d = [brute.effect(one, labels)[1] for one in similar]
    drawn = [[brute.effect(one, labels, units)[1] for one in similar]
             for units in brute.resamples(labels, seed, REPLICATES)]
    permuted = [[brute.effect(one, shuffled)[1] for one in similar]
                for shuffled in brute.permutations(labels, seed, REPLICATES)]
    for at, layer in enumerate(ours["layers"]):
        assert close(layer["separation"]["d"], d[at])
        assert close(bounds(layer["d_interval"]), brute.interval(
            d[at], [one[at] for one in drawn]))
        assert layer["p"] == brute.permutation_p(
            d[at], [one[at] for one in permuted])
        assert layer["adjusted_p"] == brute.permutation_p(
            d[at], [max(one) for one in permuted])
    trend = ours["trend"]
    assert trend["layers"] == 4
    assert close(trend["rho"], brute.rho(d))
    assert close(bounds(trend["interval"]), brute.interval(
        brute.rho(d), [brute.rho(one) for one in drawn]))
    assert trend["p"] == brute.permutation_p(
        abs(brute.rho(d)), [abs(brute.rho(one)) for one in permuted])


def test_two_layers_have_no_trend():
    rows, labels = some_rows(1)
    ours, = answer([{"kind": "layers", "labels": labels,
                     "matrix": matrix(rows[:, :19], BLOCKS[:2])}])
    assert ours["trend"] is None
    assert all(one["adjusted_p"] >= one["p"] for one in ours["layers"])


@pytest.mark.parametrize("seed", range(10))
def test_spearman_is_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 6, (2, 3 + seed)).tolist()
    a[:2], b[:2] = [0, 1], [0, 1]
    ours, = answer([{"kind": "spearman", "a": a, "b": b}])
    assert close(ours, stats.spearmanr(a, b).statistic, 1e-12)


def test_no_spearman_of_equal_or_few_values():
    pairs = [([1, 1, 1], [1, 2, 3]), ([1, 2], [1, 2])]
    assert answer([{"kind": "spearman", "a": a, "b": b}
                   for a, b in pairs]) == [None, None]


@pytest.mark.parametrize("values,estimate", [
    (list(range(50)), 20), (list(range(50)), 20.5), ([2.0] * 9, 2),
    ([1.0, 2.0, 3.0], 0), ([1.0, 2.0, 3.0], 9), ([1, 2, 2, 2, 3, None], 2)])
def test_bias_corrected_interval(values, estimate):
    ours, = answer([{"kind": "interval", "values": values,
                     "estimate": estimate}])
    assert close(bounds(ours), brute.interval(estimate, values))
    assert ours["skipped"] == values.count(None)
    assert ours["replicates"] + ours["skipped"] == len(values)


def test_unbiased_interval_is_the_percentile_interval():
    values = stats.norm.ppf((np.arange(999) + 0.5) / 999).tolist()
    ours, none = answer([
        {"kind": "interval", "values": values, "estimate": 0},
        {"kind": "interval", "values": [None], "estimate": 0}])
    assert close(bounds(ours), np.quantile(values, [0.025, 0.975]), 1e-12)
    assert none is None


@pytest.mark.parametrize("units,features", [
    (5, 9), (30, 8), (12, 40), (3, 7), (2, 5), (9, 1), (8, 8)])
def test_components_are_those_of_scikit(units, features):
    rows = np.random.default_rng(units).dirichlet([1] * features, units)
    if features == 1:
        rows = rows * np.arange(units)[:, None]
    ours, = answer([{"kind": "components",
                     "matrix": matrix(rows, [[0, features]])}])
    count = min(units - 1, features, 10)
    theirs = decomposition.PCA(count, svd_solver="full").fit(rows)
    assert close(ours["explained"], theirs.explained_variance_ratio_)
    signs = np.sign([row[np.argmax(np.abs(row))]
                     for row in theirs.components_[:2]])
    scores = np.zeros((units, 2))
    shown = min(count, 2)
    scores[:, :shown] = theirs.transform(rows)[:, :shown] * signs
    assert close(ours["coordinates"], scores)


def test_components_of_degenerate_units():
    equal, one, line = answer([
        {"kind": "components", "matrix": matrix(np.array(rows), [[0, 3]])}
        for rows in ([[0.1, 0.7, 0.2]] * 5, [[0.1, 0.7, 0.2]],
                     [[t, 0.5, 0.5 - t] for t in (0.1, 0.2, 0.3, 0.5)])])
    assert equal is None and one is None
    assert close(line["explained"], [1, 0, 0], 1e-12)
    assert not np.any(np.array(line["coordinates"])[:, 1])


def kept_neighbours(distances, points, k):
    def nearest(d):
        d = d + np.diag([np.inf] * len(d))
        return np.argsort(d, 1, kind="stable")[:, :k]
    embedded = np.linalg.norm(points[:, None] - points, axis=2)
    return np.mean([len(set(a) & set(b)) / k for a, b in zip(
        nearest(distances), nearest(embedded))])


def joint_probabilities(distances, perplexity):
    """By scipy's root finder."""
    conditional = np.zeros_like(distances)
    for i, row in enumerate(distances):
        others = np.arange(len(row)) != i
        squares = row[others] ** 2

        def shares(log_beta):
            return special.softmax(-np.exp(log_beta) * squares)
        root = optimize.brentq(lambda b: stats.entropy(shares(b))
                               - np.log(perplexity), -20, 30)
        conditional[i, others] = shares(root)
    return (conditional + conditional.T) / (2 * len(distances))


def divergence_of(joint, points):
    kernel = 1 / (1 + distance.cdist(points, points, "sqeuclidean"))
    np.fill_diagonal(kernel, 0)
    return np.sum(special.rel_entr(joint, kernel / kernel.sum())
                  [~np.eye(len(points), dtype=bool)])


def embed_with_scikit(rows, distances, perplexity):
    start = decomposition.PCA(2, svd_solver="full").fit_transform(rows)
    start *= 1e-4 / start[:, 0].std()
    tsne = manifold.TSNE(
        metric="precomputed", method="exact", perplexity=perplexity,
        init=start.astype(np.float32))
    # It squares its argument in place.
    with threadpoolctl.threadpool_limits(1):  # more only wait for each other
        points = tsne.fit_transform(distances.copy())
    return points, tsne.kl_divergence_


@pytest.mark.parametrize("units,effect", [
    (5, 1.0), (21, 0.0), (21, 1.0), (60, 0.0), (60, 0.6), (110, 1.0)])
def test_embedding_is_as_good_as_that_of_scikit(units, effect):
    """On the mean of several data sets: the early steps are chaotic, so that
    each program has the better minimum of some."""
    perplexity = min(30, (units - 1) / 3)
    k = min(10, (units - 1) // 3)
    data = [signatures(np.random.default_rng(units + 1000 * seed),
                       np.arange(units) % 4, [[0, 24]], [effect], 60)
            for seed in range(min(8, 480 // units))]
    questions = [{"kind": "embedding", "matrix": matrix(rows, [[0, 24]])}
                 for rows in data]
    answers = answer(questions)
    assert answers == answer([one | {"threads": 3} for one in questions])
    figures = []
    for rows, ours in zip(data, answers):
        assert ours["perplexity"] == perplexity
        distances = np.maximum(0, 1 - brute.cosine(rows))
        points = np.array(ours["coordinates"])
        theirs, divergence = embed_with_scikit(rows, distances, perplexity)
        assert close(ours["divergence"], divergence_of(
            joint_probabilities(distances, perplexity), points), 1e-6)
        figures.append([
            [manifold.trustworthiness(distances, one, n_neighbors=k,
                                      metric="precomputed"),
             kept_neighbours(distances, one, k), -kl]
            for one, kl in ((points, ours["divergence"]),
                            (theirs, divergence))])
    ours, theirs = np.mean(figures, axis=0)
    print(f"trustworthiness, neighbours kept, -divergence {ours}, {theirs}")
    assert np.all(ours >= theirs - 0.02)


def test_embedding_of_degenerate_units():
    four, equal, twins, line = answer([
        {"kind": "embedding", "matrix": matrix(np.array(rows), [[0, 3]])}
        for rows in (np.eye(4)[:, :3], [[0.1, 0.7, 0.2]] * 7,
                     np.repeat(np.eye(3), 4, 0),
                     [[t, 0, 1 - t] for t in np.arange(6) / 5])])
    assert four is None and equal is None
    twins = np.array(twins["coordinates"]).reshape(3, 4, 2)
    assert np.allclose(twins, twins[:, :1], rtol=1e-6)
    assert np.all(np.isfinite(line["coordinates"]))
