"""The study of signatures as a whole: against its definitions, on captures with
no structure, and with structure where it was planted."""

import json
import math

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from signature_traces import Maker, signatures

CLASSES = ("code", "fact", "math", "story")


def result(document, name, layer=None):
    found = [one for one in document["results"]
             if one["name"] == name and one.get("layer") == layer
             and "where" not in one]
    assert len(found) <= 1
    return found[0] if found else None


def estimate(document, name, layer=None):
    return result(document, name, layer)["estimate"]


def planted(seed, prompts=6, strength=0.8, layers=None, requests=1):
    """Four classes, each with its own tilt of the experts' weights."""
    maker = Maker(seed)
    tilts = {label: maker.tilts(strength, layers) for label in CLASSES}
    for number in range(4 * prompts):
        label = CLASSES[number % 4]
        maker.add(label, int(maker.rng.integers(9, 25)), tilts[label], requests)
    return maker.trace()


def test_figures_are_those_of_the_definitions(run_study):
    trace = planted(1, requests=2)
    document, _ = run_study(trace, "signatures")
    matrix, labels = signatures(trace)
    assert [document["signatures"]["labels"][unit["label"]]
            for unit in document["signatures"]["units"]] == labels
    similarity = cosine_similarity(matrix)
    np.testing.assert_allclose(document["signatures"]["similarity"],
                               similarity, atol=1e-12)
    pairs = [(similarity[i, j], labels[i] == labels[j])
             for i in range(len(labels)) for j in range(i)]
    within = np.array([value for value, same in pairs if same])
    across = np.array([value for value, same in pairs if not same])
    pooled = math.sqrt(
        ((len(within) - 1) * within.var(ddof=1)
         + (len(across) - 1) * across.var(ddof=1)) / (len(pairs) - 2))
    assert estimate(document, "cosine.within") == pytest.approx(within.mean())
    assert result(document, "cosine.across")["deviation"] == pytest.approx(
        across.std(ddof=1))
    assert result(document, "cosine.across")["pairs"] == len(across)
    assert estimate(document, "cosine.d") == pytest.approx(
        (within.mean() - across.mean()) / pooled)
    assert result(document, "cosine.d")["published"]["value"] == 1.44
    assert document["units"]["units"] == 24
    assert document["units"]["requests"] == 48
    assert document["units"]["smallest_class"] == 6
    assert [one["code"] for one in document["warnings"]] == [
        "few-matched-units", "few-units"]


def test_balance_is_that_of_the_counted_rows(run_study):
    trace = planted(2, prompts=10, requests=3)
    document, _ = run_study(trace, "signatures")
    for layer, facts in enumerate(trace["layers"]):
        counts = np.zeros(facts["experts"])
        for sequence in trace["sequences"]:
            for place, row in enumerate(sequence["rows"]):
                if isinstance(row, int):
                    row = trace["sequences"][row]["rows"][place]
                counts[row[layer]] += 1
        shares = counts[counts > 0] / counts.sum()
        figures = {
            "entropy": -(shares * np.log(shares)).sum() / np.log(len(counts)),
            "max_mean": counts.max() / counts.mean(),
            "gini": np.abs(counts[:, None] - counts).sum()
            / (2 * len(counts) ** 2 * counts.mean()),
            "dead": (counts == 0).sum(),
            "hot": (counts > 2 * counts.mean()).sum()}
        for name, value in figures.items():
            assert estimate(document, f"balance.{name}",
                            facts["number"]) == pytest.approx(value)


def test_planted_tasks_are_found_and_explained_by_no_null(run_study):
    document, _ = run_study(planted(3, prompts=10), "signatures")
    assert estimate(document, "cosine.d") > 1
    assert result(document, "cosine.d")["p"] == 1 / 200
    assert estimate(document, "signatures.accuracy") > 0.9
    for kind in ("uniform", "popularity", "permuted"):
        for figure in ("d", "accuracy"):
            null = result(document, f"null.{kind}.{figure}")
            assert null["verdict"] == "not-explained"
            values = document["signatures"]["nulls"][f"null.{kind}.{figure}"]
            assert null["lo"] == pytest.approx(np.quantile(values, 0.025))
            assert null["hi"] == pytest.approx(np.quantile(values, 0.975))
            assert null["baselines"]["excess"] == pytest.approx(
                null["baselines"]["observed"] - np.mean(values))
            # p counts the observed value among the draws: never 0.
            assert null["p"] == pytest.approx(1 / 21)
    assert estimate(document, "words.accuracy") < 0.5  # all tokens differ


def test_structure_is_found_in_the_layers_that_have_it(run_study):
    document, _ = run_study(planted(4, prompts=10, strength=0.5, layers=[2]),
                            "signatures")
    adjusted = {layer: result(document, "layer.d", layer)["p_adjusted"]
                for layer in (1, 3, 5)}
    assert adjusted[5] == 1 / 200
    assert min(adjusted[1], adjusted[3]) > 0.05
    assert result(document, "layer.accuracy", 5)["p_adjusted"] == 1 / 21


def unstructured(seed, requests=8):
    """Skewed popularity, prompts of different lengths, eight requests of each,
    labels by chance."""
    maker = Maker(seed)
    labels = maker.rng.permutation([label for label in CLASSES
                                    for _ in range(8)])
    for label in labels:
        prompt = maker.tilts(0.6)  # every prompt is one of a kind
        maker.add(str(label), int(maker.rng.integers(5, 40)), prompt, requests)
    return maker.trace()


def test_random_labels_of_repeated_prompts_stay_at_chance(run_study):
    accuracies, ps = [], []
    for seed in range(12):
        document, _ = run_study(unstructured(seed), "signatures", 2)
        assert document["units"]["units"] == 32
        assert document["units"]["requests"] == 256
        accuracies.append(estimate(document, "signatures.accuracy"))
        ps.append(result(document, "cosine.d")["p"])
    # 384 predictions; those of one capture are not independent, hence 4 SE.
    assert abs(np.mean(accuracies) - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 384)
    assert np.mean(np.array(ps) <= 0.05) <= 0.25


def templates(seed, group):
    """Five prompts of each template, which alone decides the routing; the
    labels of templates are random."""
    maker = Maker(seed)
    labels = maker.rng.permutation([label for label in CLASSES
                                    for _ in range(5)])
    for number, label in enumerate(labels):
        tilt = maker.tilts(1.2)
        for _ in range(5):
            maker.add(str(label), int(maker.rng.integers(20, 40)), tilt,
                      template=f"template-{number}" if group else "")
    return maker.trace()


def test_templates_are_units_and_do_not_leak(run_study):
    grouped, leaking = [], []
    for seed in range(6):
        document, _ = run_study(templates(seed, True), "signatures", 2)
        assert document["units"]["units"] == 20
        grouped.append(estimate(document, "signatures.accuracy"))
        assert result(document, "control.template_left_out.accuracy")
        document, _ = run_study(templates(seed, False), "signatures", 2)
        assert document["units"]["units"] == 100
        leaking.append(estimate(document, "signatures.accuracy"))
    assert np.mean(leaking) > 0.8
    assert abs(np.mean(grouped) - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 120)


def test_length_alone_is_explained_by_the_nulls(run_study):
    """Short prompts have noisier signatures; that is no task."""
    maker = Maker(5)
    for number in range(80):
        maker.add(("long", "short")[number % 2], (60, 6)[number % 2])
    document, _ = run_study(maker.trace(), "signatures", 2,
                            ["prompt", "1", "199", "60"])
    assert estimate(document, "length.accuracy") == 1
    assert result(document, "null.permuted.d")["verdict"] == "explained"
    assert result(document, "null.popularity.d")["verdict"] == "explained"
    assert document["units"]["length_matched_units"] == 0
    assert "few-matched-units" in [one["code"] for one in document["warnings"]]


def test_common_parts_are_left_out_in_a_control(run_study):
    """All prompts begin and end alike; what lies between differs by class."""
    maker = Maker(6)
    tilts = {label: maker.tilts(1.5) for label in CLASSES}
    head, tail = maker.rows(12, [None] * 3), maker.rows(5, [None] * 3)
    for number in range(32):
        label = CLASSES[number % 4]
        maker.add(label, 22, tilts[label])
        sequence = maker.sequences[-1]
        sequence["rows"][:12], sequence["rows"][17:] = head, tail
        sequence["tokens"][:12] = range(10_000, 10_012)
        sequence["tokens"][17:22] = range(20_000, 20_005)
    trace = maker.trace()
    document, _ = run_study(trace, "signatures")
    assert document["units"]["common_prefix_tokens"] == 12
    assert document["units"]["common_suffix_tokens"] == 5
    for sequence in trace["sequences"]:
        sequence["rows"] = sequence["rows"][12:17]
        sequence["tokens"] = sequence["tokens"][12:17] + [0]
        sequence["prompt_tokens"] = 5
    alone, _ = run_study(trace, "signatures")
    assert estimate(document, "control.without_common.d") == pytest.approx(
        estimate(alone, "cosine.d"))
    assert estimate(document, "cosine.d") < estimate(alone, "cosine.d")


def test_equal_bytes_with_any_number_of_threads(run_study):
    trace = planted(7)
    one, first = run_study(trace, "signatures", 1)
    _, second = run_study(trace, "signatures", 3)
    assert first == second
    other, _ = run_study(trace, "signatures", 1, ["prompt", "2"])
    assert other["signatures"]["nulls"] != one["signatures"]["nulls"]


def test_of_many_units_some_are_drawn(run_study):
    document, _ = run_study(planted(8, prompts=9), "signatures", 1,
                            ["prompt", "1", "99", "20", "30"])
    assert document["units"]["units"] == 30
    assert document["units"]["units_not_drawn"] == 6
    assert "units-drawn" in [one["code"] for one in document["warnings"]]


def test_generated_tokens_count_in_their_phase(run_study):
    trace = planted(9, prompts=6)
    for sequence in trace["sequences"]:
        sequence["prompt_tokens"] = 4
    whole = json.loads(json.dumps(trace))
    for sequence in whole["sequences"]:
        sequence["rows"] = sequence["rows"][4:]
        sequence["tokens"] = sequence["tokens"][4:]
    document, _ = run_study(trace, "signatures", 1, ["generated"])
    matrix, _ = signatures(whole)
    np.testing.assert_allclose(document["signatures"]["similarity"],
                               cosine_similarity(matrix), atol=1e-12)


def test_prefix_hashes_do_for_all_but_words(run_study):
    trace = planted(10)
    trace["has_token_ids"] = False
    document, _ = run_study(trace, "signatures")
    assert result(document, "words.accuracy") is None
    assert "no-words" in [one["code"] for one in document["warnings"]]


def refused(run_study, trace):
    document, _ = run_study(trace, "signatures")
    assert document["status"] == "not_computable"
    assert document["results"] == []
    return document


def test_what_cannot_be_compared_is_refused(run_study):
    trace = planted(11)
    for sequence in trace["sequences"]:
        sequence["category"] = ""
    document = refused(run_study, trace)
    assert document["reason"]["code"] == "no-labels"
    assert len(document["signatures"]["left_out"]) == 24
    for sequence in trace["sequences"]:
        sequence["category"] = "code"
    assert refused(run_study, trace)["reason"]["code"] == "one-class"
    for sequence in trace["sequences"][:4]:
        sequence["category"] = "math"
    assert refused(run_study, trace)["reason"]["code"] == "too-few-units"


def test_equal_signatures_have_no_d(run_study):
    maker = Maker(12)
    row = maker.rows(1, [None] * 3)[0]
    for number in range(12):
        maker.add(CLASSES[number % 2], 5)
        maker.sequences[-1]["rows"] = [row] * 5
    document, _ = run_study(maker.trace(), "signatures")
    assert estimate(document, "cosine.d") is None
    assert estimate(document, "layer.d", 1) is None
    codes = [one["code"] for one in document["warnings"]]
    assert "equal-similarities" in codes and "equal-signatures" in codes
