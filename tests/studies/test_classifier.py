"""The classifier of signatures against scikit-learn, and its calibration."""

import json
import subprocess
import warnings

import conftest
import numpy as np
import pytest
from brute_pairs import below
from sklearn import linear_model, metrics, preprocessing
from threadpoolctl import threadpool_limits

FOLDS, FOLD_LABELS, SCORES = 9, 10, 11  # streams of counter_rng.h
PROGRAM = conftest.BUILD / "tests/tools/classify_signatures"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """For matrices this small, more threads only wait for each other."""
    with threadpool_limits(1):
        yield


def classify(what, **request):
    return run(what, request)


def run(what, request):
    done = subprocess.run(
        [PROGRAM, what],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout, parse_constant=conftest.no_constant)


def reference(x, y):
    """(scaler, model, objective) of scikit-learn.

    With two classes it fits one weight vector, w = W_1 - W_0.  At the minimum
    W_1 = -W_0 = w / 2, so 1/2 ||W||^2 = 1/4 ||w||^2, its penalty for C = 2.
    """
    scaler = preprocessing.StandardScaler().fit(x)
    two = len(set(y)) == 2
    model = linear_model.LogisticRegression(
        C=2 if two else 1, tol=1e-10, max_iter=10000
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a line search at full precision
        model.fit(scaler.transform(x), y)
    chosen = model.predict_log_proba(scaler.transform(x))[
        np.arange(len(y)), np.searchsorted(model.classes_, y)
    ]
    penalty = np.sum(model.coef_**2) / (4 if two else 2)
    return scaler, model, penalty - chosen.sum()


def shares(generator, n, experts, blocks):
    """Like signatures: rows of each block sum to 1."""
    return np.hstack(
        [generator.dirichlet(np.ones(experts), n) for _ in range(blocks)]
    )


def gaussian(generator, n, p):
    return generator.normal(size=(n, p))


def spread(generator, n, p):
    """Scales from 1e-6 to 1e3, far from 0."""
    return 10 + gaussian(generator, n, p) * np.geomspace(1e-6, 1e3, p)


def duplicates(generator, n, p):
    return np.tile(gaussian(generator, -(-n // 3), p), (3, 1))[:n]


def with_constants(generator, n, p):
    """The last of three constants is one in the training units only."""
    x = gaussian(generator, n, p)
    x[:, 0] = 0
    x[:, 1] = 1 / 3
    x[:, 2] = 0.1
    x[-4:, 2] = 7
    return x


def integers(generator, n, p):
    return generator.poisson(1.5, (n, p)).astype(float)


def case(make, n, p, classes):
    generator = np.random.default_rng([n, p, classes])
    x = make(generator, n, p)
    y = np.arange(n) % classes
    if make is not with_constants:
        x[:, 0] += y * np.std(x[:, 0])
    return x, y


FITS = [
    (gaussian, 45, 64, 4),
    (gaussian, 61, 7, 4),
    (gaussian, 50, 300, 7),
    (gaussian, 83, 11, 7),
    (gaussian, 31, 12, 2),
    (gaussian, 31, 90, 2),
    (gaussian, 24, 20, 4),  # as many features as training units
    (gaussian, 24, 21, 4),
    (gaussian, 25, 1, 3),
    (spread, 40, 9, 4),
    (spread, 40, 77, 4),
    (duplicates, 37, 50, 4),
    (duplicates, 50, 6, 3),
    (with_constants, 40, 60, 4),
    (with_constants, 41, 8, 4),
    (integers, 40, 90, 5),
]


@pytest.mark.parametrize("make,n,p,classes", FITS)
def test_fit(make, n, p, classes):
    x, y = case(make, n, p, classes)
    train, test = np.arange(n - 4), np.arange(n - 4, n)
    fit = classify(
        "fit",
        rows=x.tolist(),
        labels=y.tolist(),
        train=train.tolist(),
        test=test.tolist(),
    )
    assert fit["converged"] and fit["exact"]
    assert fit["dimensions"] <= min(p, n - 4)
    scaler, model, objective = reference(x[train], y[train])
    assert fit["objective"] == pytest.approx(objective, rel=1e-6)
    expected = model.predict_proba(scaler.transform(x[test]))
    np.testing.assert_allclose(fit["probabilities"], expected, atol=2e-6)
    assert sum(fit["intercepts"]) == pytest.approx(0, abs=1e-9)
    if p <= n - 4 and classes > 2:
        weights = np.reshape(fit["weights"], (classes, p))
        np.testing.assert_allclose(weights, model.coef_, atol=1e-5)
        np.testing.assert_allclose(
            fit["intercepts"], model.intercept_, atol=1e-5
        )


def test_fit_of_signatures():
    """Blocks of shares are one rank short each."""
    generator = np.random.default_rng(5)
    x = shares(generator, 48, 5, 3)
    y = np.arange(48) % 4
    fit = classify(
        "fit",
        rows=x.tolist(),
        labels=y.tolist(),
        train=list(range(40)),
        test=list(range(40, 48)),
    )
    scaler, model, objective = reference(x[:40], y[:40])
    assert fit["objective"] == pytest.approx(objective, rel=1e-6)
    np.testing.assert_allclose(
        fit["probabilities"],
        model.predict_proba(scaler.transform(x[40:])),
        atol=2e-6,
    )


@pytest.mark.parametrize("p", [3, 40])
def test_class_that_is_absent(p):
    """It is never predicted; the others are as if it did not exist."""
    x, _ = case(gaussian, 24, p, 3)
    y = np.array([[0, 2, 5][i % 3] for i in range(22)] + [1, 1])
    fit = classify(
        "fit",
        rows=x.tolist(),
        labels=y.tolist(),
        train=list(range(20)),
        test=[20, 21, 22, 23],
    )
    scaler, model, objective = reference(x[:20], y[:20])
    assert fit["present"] == [0, 2, 5]
    assert fit["objective"] == pytest.approx(objective, rel=1e-6)
    assert fit["predicted"] == model.predict(scaler.transform(x[20:])).tolist()


@pytest.mark.parametrize("p", [2, 30])
def test_one_class(p):
    x, _ = case(gaussian, 12, p, 2)
    fit = classify(
        "fit",
        rows=x.tolist(),
        labels=[3] * 12,
        train=list(range(10)),
        test=[10, 11],
    )
    assert fit["converged"]
    assert fit["predicted"] == [3, 3]
    assert fit["probabilities"] == [[1], [1]]
    assert fit["objective"] == 0


@pytest.mark.parametrize("p", [2, 30])
def test_nothing_but_constants(p):
    """The probabilities are the frequencies; of equal classes the lowest."""
    labels = [0] * 3 + [1] * 5 + [2] * 2
    x = np.full((11, p), 0.1)
    x[10] = 4
    train = list(range(10))
    fit = classify(
        "fit", rows=x.tolist(), labels=labels + [0], train=train, test=[10]
    )
    assert fit["converged"]
    assert fit["predicted"] == [1]
    np.testing.assert_allclose(
        fit["probabilities"], [[0.3, 0.5, 0.2]], atol=1e-7
    )
    labels = [2, 1, 1, 2, 0, 0, 1, 2, 0, 1]
    fit = classify(
        "fit", rows=x.tolist(), labels=labels + [0], train=train[:-1], test=[10]
    )
    assert fit["predicted"] == [0]


def shuffled_folds(labels, count, repeat, seed):
    units = sorted(range(len(labels)), key=lambda unit: labels[unit])
    ends = np.cumsum(np.bincount(labels))
    for begin, end in zip([0, *ends[:-1]], ends):
        begin, end = int(begin), int(end)
        for i in range(end - 1, begin, -1):
            counter = repeat * len(units) + i
            draw = begin + below(seed, FOLDS, counter, i - begin + 1)
            units[i], units[draw] = units[draw], units[i]
    folds = [0] * len(units)
    for place, unit in enumerate(units):
        folds[unit] = place % count
    return folds


UNEVEN = [0] * 9 + [1] * 5 + [2] * 12 + [3] * 7


def cross(features, labels, **more):
    options = {"folds": 5, "repeats": 1, "seed": 3, "threads": 1}
    return classify(
        "cross",
        **features,
        labels=labels,
        classes=max(labels) + 1,
        **(options | more),
    )


def test_folds():
    labels = np.random.default_rng(1).permutation(UNEVEN).tolist()
    x = gaussian(np.random.default_rng(2), 33, 3)
    found = cross({"rows": x.tolist()}, labels, repeats=4, threads=2)
    assert found["folds"] == [shuffled_folds(labels, 5, r, 3) for r in range(4)]
    assert len({tuple(folds) for folds in found["folds"]}) == 4
    for folds in found["folds"]:
        sizes = np.bincount(folds, minlength=5)
        assert max(sizes) - min(sizes) <= 1
        for label in range(4):
            parts = np.bincount(
                np.array(folds)[np.array(labels) == label], minlength=5
            )
            assert max(parts) - min(parts) <= 1


def test_too_few_units_for_the_folds():
    x = {"rows": [[float(i)] for i in range(14)]}
    assert cross(x, [0] * 9 + [1] * 5) is not None
    assert cross(x, [0] * 10 + [1] * 4) is None
    assert cross(x, [0] * 7 + [2] * 7) is None  # no unit of the class 1
    assert cross(x, [0] * 7 + [1] * 7, folds=1) is None


def predict_reference(x, labels, folds):
    """Predictions out of fold, and whether the two most likely are close."""
    x, labels, folds = np.array(x), np.array(labels), np.array(folds)
    predicted = np.zeros(len(labels), int)
    close = np.zeros(len(labels), bool)
    for fold in set(folds):
        train, test = folds != fold, folds == fold
        scaler, model, _ = reference(x[train], labels[train])
        likely = model.predict_proba(scaler.transform(x[test]))
        predicted[test] = model.classes_[likely.argmax(1)]
        top = np.sort(likely, 1)[:, -2:]
        close[test] = top[:, 1] - top[:, 0] < 1e-6
    return predicted, close


def same_predictions(found, x, labels):
    """Compares every repeat; returns how many differences were allowed."""
    allowed = 0
    for predicted, folds in zip(found["predicted"], found["folds"]):
        expected, close = predict_reference(x, labels, folds)
        differs = expected != predicted
        assert not np.any(differs & ~close)
        allowed += int(np.sum(differs))
    return allowed


@pytest.mark.parametrize("p,classes", [(6, 4), (64, 4), (300, 7), (20, 2)])
def test_predictions(p, classes):
    generator = np.random.default_rng([p, classes])
    labels = generator.permutation(np.arange(45) % classes).tolist()
    x = gaussian(generator, 45, p)
    x[:, :3] += 0.7 * np.array(labels)[:, None]
    found = cross({"rows": x.tolist()}, labels, repeats=3)
    assert found["fits"] == 15 and found["unconverged"] == 0
    assert same_predictions(found, x, labels) <= 1
    right = np.array(found["predicted"]) == labels
    for r, folds in enumerate(found["folds"]):
        expected = [right[r][np.array(folds) == f].mean() for f in range(5)]
        assert found["fold_accuracies"][r] == pytest.approx(expected)
    assert found["mean"] == pytest.approx(np.mean(found["fold_accuracies"][0]))
    assert found["deviation"] == pytest.approx(
        np.std(found["fold_accuracies"][0])
    )
    assert found["scores"]["scores"]["accuracy"] == pytest.approx(right.mean())


def test_threads_do_not_matter():
    labels = [i % 4 for i in range(40)]
    x = {"rows": gaussian(np.random.default_rng(8), 40, 50).tolist()}
    one = cross(x, labels, repeats=4, threads=1)
    assert one == cross(x, labels, repeats=4, threads=3)
    assert one != cross(x, labels, repeats=4, threads=1, seed=4)


@pytest.mark.parametrize("p", [4, 40])
def test_leave_one_out(p):
    """One class has a single unit: it is absent when that is held out."""
    labels = [i % 3 for i in range(24)] + [3]
    x = gaussian(np.random.default_rng(p), 25, p)
    x[:, 0] += labels
    found = cross({"rows": x.tolist()}, labels, folds=0)
    assert found["folds"] == [list(range(25))]
    assert found["unconverged"] == 0
    assert same_predictions(found, x, labels) <= 1
    assert found["predicted"][0][24] != 3


def as_scores(truth, predicted):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class that is never predicted
        return {
            "accuracy": metrics.accuracy_score(truth, predicted),
            "macro_f1": metrics.f1_score(truth, predicted, average="macro"),
            "balanced_accuracy": metrics.balanced_accuracy_score(
                truth, predicted
            ),
        }


def scores_of_confusion(counts):
    right = np.diag(counts)
    recall = right / counts.sum(1)
    return [
        right.sum() / counts.sum(),
        np.mean(2 * right / (counts.sum(0) + counts.sum(1))),
        recall.mean(),
    ]


@pytest.mark.parametrize("classes,repeats,most", [(4, 3, 4), (7, 1, 5), (2, 2, 2)])
def test_scores(classes, repeats, most):
    """`most`: predictions are below; the classes from there on never are."""
    generator = np.random.default_rng([classes, repeats])
    n = 53
    labels = np.concatenate(
        [np.arange(classes), generator.integers(0, classes, n - classes)]
    )
    predicted = np.where(
        generator.random((repeats, n)) < 0.5,
        np.minimum(labels, most - 1),
        generator.integers(0, most, (repeats, n)),
    )
    found = classify(
        "scores",
        predicted=predicted.tolist(),
        labels=labels.tolist(),
        classes=classes,
        seed=11,
    )
    truth = np.tile(labels, repeats)
    assert found["scores"] == pytest.approx(
        as_scores(truth, predicted.ravel()), abs=1e-12
    )
    expected = metrics.confusion_matrix(
        truth, predicted.ravel(), labels=range(classes)
    )
    assert found["confusion"] == expected.ravel().tolist()
    assert found["majority_rate"] == max(np.bincount(labels)) / n

    order = sorted(range(n), key=lambda unit: labels[unit])
    by_unit = np.array(
        [np.bincount(predicted[:, u], minlength=classes) for u in order]
    )
    ends = np.cumsum(np.bincount(labels))
    replicates = []
    for r in range(1000):
        counts = []
        for begin, end in zip([0, *ends[:-1]], ends):
            size = int(end - begin)
            drawn = [
                begin + below(11, SCORES, r * n + i, size)
                for i in range(int(begin), int(end))
            ]
            counts.append(by_unit[drawn].sum(0))
        replicates.append(scores_of_confusion(np.array(counts)))
    lo, hi = np.quantile(replicates, [0.025, 0.975], axis=0)
    assert list(found["lo"].values()) == pytest.approx(lo.tolist(), abs=1e-12)
    assert list(found["hi"].values()) == pytest.approx(hi.tolist(), abs=1e-12)


def test_scores_of_a_class_that_is_nowhere():
    found = classify(
        "scores", predicted=[[0, 2, 2]], labels=[0, 2, 0], classes=4, seed=1
    )
    assert found["scores"] == pytest.approx(as_scores([0, 2, 0], [0, 2, 2]))
    assert (
        classify("scores", predicted=[], labels=[0, 1], classes=2, seed=1)
        is None
    )


def token_counts(generator, labels, tokens):
    """Counts [unit][token], some tokens in a single unit, one in all alike."""
    means = np.geomspace(0.02, 3, tokens)
    counts = generator.poisson(means, (len(labels), tokens))
    counts[:, 1] = 2
    counts[:, 5] += np.array(labels)
    return counts


def as_triples(counts, order):
    """In any order, with ids that are no numbers of columns."""
    triples = [
        [int(unit), int(token) * 977 + 5, int(counts[unit, token])]
        for unit, token in zip(*np.nonzero(counts))
    ]
    return [triples[i] for i in order.permutation(len(triples))]


@pytest.mark.parametrize("tokens", [12, 150])
def test_bag_of_tokens(tokens):
    generator = np.random.default_rng(tokens)
    labels = generator.permutation(np.arange(41) % 4).tolist()
    counts = token_counts(generator, labels, tokens)
    triples = as_triples(counts, generator)
    found = cross({"tokens": triples}, labels, repeats=2)
    assert found["unconverged"] == 0
    assert same_predictions(found, counts.astype(float), labels) <= 1
    train, test = list(range(33)), list(range(33, 41))
    fit = classify(
        "fit", tokens=triples, labels=labels, train=train, test=test
    )
    scaler, model, objective = reference(counts[train], np.array(labels)[train])
    assert fit["objective"] == pytest.approx(objective, rel=1e-6)
    np.testing.assert_allclose(
        fit["probabilities"],
        model.predict_proba(scaler.transform(counts[test])),
        atol=2e-6,
    )


def test_many_tokens():
    """More distinct tokens than a dense matrix should hold."""
    labels = [i % 2 for i in range(30)]
    triples = [
        [unit, token, 1]
        for unit in range(30)
        for token in range(unit * 5000, unit * 5000 + 5000)
    ] + [[unit, 10**9 + labels[unit], 9] for unit in range(30)]
    found = cross({"tokens": triples}, labels, repeats=1, folds=5)
    assert found["unconverged"] == 0
    assert found["fits"] == 5


def test_unit_without_tokens():
    labels = [0, 1] * 6
    triples = [[u, labels[u], 3] for u in range(11)]
    found = cross({"tokens": triples}, labels)
    assert found["predicted"][0][:11] == labels[:11]


def test_length_alone():
    generator = np.random.default_rng(6)
    labels = (np.arange(36) % 3).tolist()
    lengths = generator.poisson(40 + 15 * np.array(labels)).astype(float)
    found = cross({"lengths": lengths.tolist()}, labels, repeats=2)
    assert same_predictions(found, lengths[:, None], labels) <= 1
    assert found["mean"] > 0.5
    constant = cross({"lengths": [7.0] * 36}, labels)
    assert constant["unconverged"] == 0


def permutation(n, replicate, seed):
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        draw = below(seed, FOLD_LABELS, replicate * n + i, i + 1)
        order[i], order[draw] = order[draw], order[i]
    return order


def accuracy_test(x, labels, blocks=(), permutations=19, threads=1, seed=2):
    return {
        "rows": x.tolist(),
        "blocks": list(blocks),
        "labels": list(labels),
        "classes": max(labels) + 1,
        "folds": 5,
        "permutations": permutations,
        "seed": seed,
        "threads": threads,
    }


def test_permutations():
    """Blocks below and above the number of units, one of them informative."""
    generator = np.random.default_rng(12)
    labels = np.arange(23) % 3
    x = gaussian(generator, 23, 5 + 30 + 7)
    x[:, 5:35] += 0.45 * labels[:, None]
    blocks, replicates = (5, 30, 7), 9
    request = accuracy_test(x, labels.tolist(), blocks, replicates)
    (found,) = run("test", [request])
    assert [found] == run("test", [request | {"threads": 3}])
    assert found["unconverged"] == 0 and found["fits"] == 10 * 4 * 5
    folds = np.array(found["folds"])
    assert folds.tolist() == shuffled_folds(labels.tolist(), 5, 0, 2)

    parts = [x, x[:, :5], x[:, 5:35], x[:, 35:]]
    right = np.zeros((1 + replicates, 4), int)
    for b in range(-1, replicates):
        order = list(range(23)) if b < 0 else permutation(23, b, 2)
        for part, columns in enumerate(parts):
            predicted, close = predict_reference(
                columns, labels[order], folds[order]
            )
            assert not close.any()  # so that counts must be the same
            right[b + 1, part] = np.sum(predicted == labels[order])
    observed, permuted = right[0], right[1:]
    most = permuted[:, 1:].max(1)
    for part, test in enumerate([found["all"], *found["layers"]]):
        expected = {
            "accuracy": observed[part] / 23,
            "null_accuracy": permuted[:, part].mean() / 23,
            "p": (1 + np.sum(permuted[:, part] >= observed[part])) / 10,
            "p_adjusted": (1 + np.sum(most >= observed[part])) / 10,
        }
        if part == 0:
            expected["p_adjusted"] = expected["p"]
        assert test == pytest.approx(expected)
    assert found["layers"][1]["p"] == 1 / 10


def test_calibration():
    """Without structure p is valid, and accuracy is what chance gives."""
    generator = np.random.default_rng(99)
    labels = (np.arange(40) % 4).tolist()
    draws = 200
    requests = [
        accuracy_test(
            gaussian(generator, 40, 64).round(3),
            labels,
            permutations=99,
            threads=2,
            seed=draw,
        )
        for draw in range(draws)
    ]
    found = run("test", requests)
    assert sum(one["unconverged"] for one in found) == 0
    p = np.array([one["all"]["p"] for one in found])
    assert np.mean(p <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    assert np.mean(p <= 0.5) > 0.3  # nor is it always large
    accuracy = np.array([one["all"]["accuracy"] for one in found])
    error = accuracy.std(ddof=1) / np.sqrt(draws)
    assert abs(accuracy.mean() - 0.25) < 3 * error
    null = np.mean([one["all"]["null_accuracy"] for one in found])
    assert abs(null - 0.25) < 0.01


def test_requests_of_one_prompt_do_not_leak():
    """Random labels per prompt, 8 requests each: as units of their own the
    requests tell their prompt's label, the prompts themselves do not."""
    generator = np.random.default_rng(31)
    by_prompt, by_request = [], []
    for draw in range(12):
        labels = generator.permutation(np.arange(40) % 4)
        centres = gaussian(generator, 40, 30)
        requests = centres[:, None] + 0.3 * generator.normal(size=(40, 8, 30))
        units = requests.mean(1)
        options = {"repeats": 1, "seed": draw}
        found = cross({"rows": units.tolist()}, labels.tolist(), **options)
        by_prompt.append(found["scores"]["scores"]["accuracy"])
        if draw < 2:
            rows = requests.reshape(320, 30).tolist()
            leaky = cross({"rows": rows}, np.repeat(labels, 8).tolist(), **options)
            by_request.append(leaky["scores"]["scores"]["accuracy"])
    error = np.std(by_prompt, ddof=1) / np.sqrt(len(by_prompt))
    assert abs(np.mean(by_prompt) - 0.25) < 3 * error
    assert min(by_request) > 0.8
