"""moetap compare: documents against numpy and scipy, and on capture files."""

import copy
import csv
import json
import random
import subprocess

import numpy as np
import pytest
from scipy import stats

import brute_compare
import conftest
from test_commands import document_of, make_capture, moetap  # noqa: F401
from traces import draw_set

LAYERS = ((5, 2), (12, 3), (9, 1))


def make_trace(seed, prompts, layers=LAYERS, faults=True, shift=()):
    """Requests of the prompts numbered `prompts`.  The usage of a layer is
    turned by `shift` of its places."""
    rng = random.Random(seed)
    sequences = []
    for prompt in prompts:
        tokens = [prompt] + [
            random.Random(f"{prompt} {i}").randrange(50)
            for i in range(random.Random(prompt).randrange(3, 9))]
        for _ in range(rng.choice((1, 1, 2))):
            rest = [rng.randrange(50) for _ in range(rng.randrange(1, 6))]
            rows = [draw_row(rng, layers, faults, shift)
                    for _ in (tokens + rest)[:-1]]
            if faults and rng.random() < 0.08:
                rows[rng.randrange(len(rows))] = None
            sequences.append({"id": f"request-{len(sequences)}",
                              "prompt_tokens": len(tokens),
                              "tokens": tokens + rest, "rows": rows})
    return {"has_token_ids": True, "sequences": sequences,
            "layers": [{"number": 2 * l + 1, "experts": experts, "k": k}
                       for l, (experts, k) in enumerate(layers)]}


def draw_row(rng, layers, faults, shift):
    row = []
    for l, (experts, k) in enumerate(layers):
        move = shift[l] if shift else 0
        weights = [1 + (e + move) % experts for e in range(experts)]
        ids = draw_set(rng, experts, k, weights)
        if faults and k > 1 and rng.random() < 0.03:
            ids[-1] = -1
        elif faults and k > 1 and rng.random() < 0.03:
            ids[-1] = ids[0]
        row.append(ids)
    return row


@pytest.fixture
def compare(run_study):
    def run(a, b, phase="prompt", permutations=99, seed=1, threads=1):
        return run_study([a, b], "compare", threads,
                         (phase, str(permutations), str(seed)))[0]
    return run


def results_of(document):
    return {(r["name"], r.get("layer")): r for r in document["results"]
            if "where" not in r}


def codes_of(document):
    return {warning["code"] for warning in document["warnings"]}


@pytest.mark.parametrize("phase", ["prompt", "generated", "both"])
@pytest.mark.parametrize("prompts", [
    (range(16), range(16)),  # all paired
    (range(12), range(100, 114)),  # none
    (range(20), range(6, 24)),  # both have others
    (range(14), range(19)),  # B alone has: left out
])
def test_as_with_numpy(compare, phase, prompts):
    a, b = make_trace(1, prompts[0]), make_trace(2, prompts[1][::-1])
    document = compare(a, b, phase, 99, 7)
    usage_a, usage_b = (brute_compare.signatures(t, phase) for t in (a, b))
    shared = [p for p in usage_a if p in usage_b]
    if shared and (len(usage_a) > len(shared)) != (len(usage_b) > len(shared)):
        assert document["units"]["unmatched_prompts"] == (
            len(usage_a) + len(usage_b) - 2 * len(shared))
        usage_a, usage_b = ({p: u[p] for p in u if p in shared}
                            for u in (usage_a, usage_b))
    units = document["units"]
    assert units["paired_prompts"] == len(shared)
    assert (units["prompts_a"], units["prompts_b"]) == (
        len(usage_a), len(usage_b))
    names_a, names_b = list(usage_a), list(usage_b)
    expected = brute_compare.change({
        "experts": [e for e, _ in LAYERS], "seed": 7, "permutations": 99,
        "a": list(usage_a.values()), "b": list(usage_b.values()),
        "pairs": [(names_a.index(p), names_b.index(p)) for p in names_a
                  if p in usage_b]})
    results = results_of(document)
    prompts = len(usage_a | usage_b)
    for l, figures in [(None, expected["overall"]),
                       *enumerate(expected["layers"])]:
        check_change(results, None if l is None else 2 * l + 1, figures,
                     prompts, document["status"] == "ok")
    check_agreement(results, brute_compare.agreement(a, b, shared), phase)
    check_experts(document, usage_a, usage_b)


def check_change(results, layer, figures, prompts, tested):
    change = results["usage.change", layer]
    assert change["n_units"] == prompts
    assert change["estimate"] == pytest.approx(figures["divergence"])
    changed = results["experts.changed", layer]
    assert changed["estimate"] == pytest.approx(figures["changed"])
    p = results["usage.change", layer]["p"]
    if not tested:
        assert p is change["baselines"]["chance"] is None
        assert "verdict" not in change
        return
    assert p == pytest.approx(figures["p"])
    assert change["baselines"]["chance"] == pytest.approx(
        figures["divergence_by_chance"])
    assert changed["baselines"]["chance"] == pytest.approx(
        figures["changed_by_chance"])
    if layer is not None:
        p = results["usage.change", layer]["p_adjusted"]
        assert p == pytest.approx(figures["p_adjusted"])
    assert change["verdict"] == ("found" if p <= 0.05 else "undecided")


def check_agreement(results, indices, phase):
    """Of prompts that count in the phase; here of the phase prompt alone."""
    if phase != "prompt":
        return
    for l, found in [(None, sum(indices, [])), *enumerate(indices)]:
        result = results["agreement", None if l is None else 2 * l + 1]
        assert result["pairs"] == len(found)
        assert result["estimate"] == (
            pytest.approx(np.mean(found)) if found else None)


def check_experts(document, usage_a, usage_b):
    mean_a, mean_b = (np.mean(list(u.values()), axis=0)
                      for u in (usage_a, usage_b))
    offset = 0
    for l, (experts, _) in enumerate(LAYERS):
        shares = [r for r in document["results"]
                  if r["name"] == "usage.share" and r["layer"] == 2 * l + 1]
        p, q = (m[offset:offset + experts] for m in (mean_a, mean_b))
        offset += experts
        greatest = np.sort(np.abs(p - q))[::-1][:3]
        assert len(shares) == 3
        for result, difference in zip(shares, greatest):
            expert = int(result["where"]["expert"])
            assert result["estimate"] == pytest.approx(q[expert], abs=1e-12)
            assert result["baselines"]["a"] == pytest.approx(p[expert],
                                                             abs=1e-12)
            assert abs(p[expert] - q[expert]) == pytest.approx(difference)


def test_threads_do_not_matter(run_study):
    traces = [make_trace(1, range(20)), make_trace(2, range(6, 26))]
    texts = {run_study(traces, "compare", threads, ("both", "199", "3"))[1]
             for threads in (1, 2, 3)}
    assert len(texts) == 1


def test_interval_of_agreement(compare):
    """Delete-one-prompt jackknife of a ratio; with fewer prompts, none."""
    a, b = (make_trace(s, range(15), faults=False) for s in (1, 2))
    result = results_of(compare(a, b))["agreement", None]
    sums = []
    for prompt in brute_compare.rows_of(a, "prompt"):
        sums.append(sum(brute_compare.agreement(a, b, [prompt]), []))
    total, count = sum(map(sum, sums)), sum(map(len, sums))
    without = np.array([(total - sum(s)) / (count - len(s)) for s in sums])
    error = np.sqrt(14 / 15 * np.sum((without - without.mean()) ** 2))
    assert result["lo"] < result["estimate"] < result["hi"]
    effective = count ** 2 / sum(len(s) ** 2 for s in sums)
    assert result["n_units"] == 15
    assert result["n_effective"] == pytest.approx(effective)
    assert result["hi"] - result["lo"] == pytest.approx(
        2 * error * stats.t.ppf(0.975, effective - 1))
    few = results_of(compare(make_trace(1, range(9)), make_trace(2, range(9))))
    assert few["agreement", None]["lo"] is None


def test_equal_captures(compare):
    a = make_trace(1, range(13), faults=False)
    b = copy.deepcopy(a)
    b["sequences"].reverse()
    document = compare(a, b)
    assert document["status"] == "ok" and not document["warnings"]
    results = results_of(document)
    for layer in (None, 1, 3, 5):
        assert results["usage.change", layer]["estimate"] == 0
        assert results["usage.change", layer]["p"] == 1
    document = compare(a, copy.deepcopy(a))
    assert {r["verdict"] for r in document["results"]
            if r["name"] == "usage.change"} == {"absent"}
    assert "usage.share" not in {r["name"] for r in document["results"]}
    # One other set is enough, behind the prompt if that is asked for.
    b = copy.deepcopy(a)
    row = b["sequences"][0]["rows"][-1]
    row[2] = [(row[2][0] + 1) % 9]
    for phase, verdict in (("prompt", "absent"), ("both", "undecided")):
        assert results_of(compare(a, b, phase))["usage.change", None][
            "verdict"] == verdict
    row = b["sequences"][0]["rows"][0]
    row[2] = [(row[2][0] + 1) % 9]
    document = compare(a, b)
    assert "absent" not in {r.get("verdict") for r in document["results"]}
    assert results_of(document)["agreement", 5]["estimate"] < 1


def test_equal_usage_of_other_sets(compare):
    """Two tokens of one prompt have changed places."""
    a = make_trace(1, range(13), faults=False)
    b = copy.deepcopy(a)
    for one in b["sequences"]:
        if one["tokens"][0] == 2:
            rows = one["rows"]
            rows[0], rows[1] = rows[1], rows[0]
    document = compare(a, b)
    results = results_of(document)
    assert results["usage.change", None]["estimate"] == 0
    assert results["usage.change", None]["verdict"] == "undecided"
    indices = sum(brute_compare.agreement(
        a, b, brute_compare.rows_of(a, "prompt")), [])
    assert document["units"]["paired_sets"] == len(indices)
    assert document["units"]["equal_sets"] == indices.count(1) < len(indices)


def test_planted_changes_of_different_size(compare):
    a = make_trace(3, range(60), faults=False)
    b = make_trace(4, range(60), faults=False, shift=(0, 6, 1))
    document = compare(a, b, "both", 199)
    results = results_of(document)
    order = sorted((1, 3, 5),
                   key=lambda l: results["usage.change", l]["estimate"])
    assert order == [1, 5, 3]
    assert results["usage.change", 3]["verdict"] == "found"
    assert results["usage.change", None]["verdict"] == "found"
    assert results["usage.change", 1]["verdict"] == "undecided"
    ratio = (results["usage.change", 3]["estimate"]
             / results["usage.change", 3]["baselines"]["chance"])
    assert ratio > 3


def test_prefix_hashes_pair_nothing(compare):
    a, b = make_trace(1, range(12)), make_trace(2, range(12))
    b["has_token_ids"] = False
    document = compare(a, b)
    assert "hashed-prompts" in codes_of(document)
    assert document["units"]["paired_prompts"] == 0
    assert results_of(document)["agreement", None]["estimate"] is None
    assert results_of(document)["usage.change", None]["p"] > 0


def test_a_token_that_is_not_known_is_equal_to_none(compare):
    a, b = (make_trace(s, range(12), faults=False) for s in (1, 2))
    for trace in (a, b):
        for one in trace["sequences"]:
            if one["tokens"][0] == 4:
                one["tokens"][1] = 2**64 - 1
    units = compare(a, b)["units"]
    assert units["paired_prompts"] == 11
    assert units["prompts_a"] == units["prompts_b"] == 12


def test_nested_prompts_are_counted(compare):
    a = make_trace(1, range(12), faults=False)
    assert "nested-prompts" not in codes_of(compare(a, a))
    b = copy.deepcopy(a)
    for one in copy.deepcopy(a["sequences"][:9]):
        for longer in (1, 2):
            one["tokens"].insert(one["prompt_tokens"], 51 * longer)
            one["rows"].append(one["rows"][0])
            one["prompt_tokens"] += 1
            b["sequences"].append(copy.deepcopy(one))
    prompts = [tuple(s["tokens"][:s["prompt_tokens"]]) for s in b["sequences"]]
    nested = {p for p in prompts for q in prompts
              if len(q) < len(p) and p[:len(q)] == q}
    document = compare(b, b)
    assert document["units"]["nested_prompts_b"] == len(nested)
    assert "nested-prompts" in codes_of(document)


def test_too_little(compare):
    a, few = make_trace(1, range(12)), make_trace(2, range(3), faults=False)
    document = compare(few, few)
    assert document["reason"]["code"] == "few-compared-prompts"
    assert "p" not in results_of(document)["usage.change", None]
    one = make_trace(2, [5], faults=False)
    assert compare(one, make_trace(3, [5], faults=False))["status"] == (
        "descriptive")
    empty = {**a, "sequences": []}
    for traces in ((a, empty), (empty, a), (empty, empty)):
        document = compare(*traces)
        assert document["reason"]["code"] == "no-compared-prompts"
        assert not document["results"]
    for sequence in few["sequences"]:
        end = sequence["prompt_tokens"]
        sequence["tokens"] = sequence["tokens"][:end + 1]
        sequence["rows"] = sequence["rows"][:end]
    document = compare(few, few, "generated")
    assert document["reason"]["code"] == "no-compared-prompts"
    assert "left-out-requests" in codes_of(document)


def test_a_layer_without_any_route(compare):
    a, b = (make_trace(s, range(12), faults=False) for s in (1, 2))
    for one in a["sequences"]:
        if one["tokens"][0] == 3:
            for row in one["rows"]:
                row[1] = [-1, -1, -1]
    document = compare(a, b)
    assert document["units"]["unrouted_prompts_a"] == 1
    assert document["units"]["unmatched_prompts"] == 1
    assert "left-out-requests" in codes_of(document)


def test_k_may_differ(compare):
    a = make_trace(1, range(12), faults=False)
    b = make_trace(2, range(12), ((5, 3), (12, 3), (9, 2)), faults=False)
    document = compare(a, b)
    assert "different-k" in codes_of(document)
    indices = brute_compare.agreement(a, b, brute_compare.rows_of(a, "prompt"))
    for l, found in enumerate(indices):
        assert results_of(document)["agreement", 2 * l + 1][
            "estimate"] == pytest.approx(np.mean(found))


@pytest.mark.parametrize("layers,words", [
    (((5, 2), (13, 3), (9, 1)), "layer 3 has 12 experts in A and 13 in B"),
    (((5, 2), (12, 3)), "layer 5 has routed experts in one"),
    (((5, 2), (12, 3), (0, 1)), "how many experts layer 5 has")])
def test_other_layers_are_refused(layers, words):
    a = make_trace(1, range(2), faults=False)
    b = {**make_trace(2, range(2), faults=False), "sequences": [],
         "layers": [{"number": 2 * l + 1, "experts": e, "k": k}
                    for l, (e, k) in enumerate(layers)]}
    done = subprocess.run(
        [conftest.BUILD / "tests/tools/study_trace", "compare", "1", "prompt",
         "99", "1"], input=json.dumps([a, b]), capture_output=True, text=True,
        check=False)
    assert done.returncode != 0 and words in done.stderr


def test_captures(make_capture, validator, tmp_path):
    a, wider = (make_capture("--prompts", 14, "-k", k) for k in (4, 5))
    status, document = document_of(validator, "compare", a, wider, "--seed", 5)
    assert status == 0 and document["study"] == "compare"
    assert document["seed"] == 5
    assert document["options"] == {"phase": "prompt", "permutations": 999}
    assert len(document["inputs"]) == 4  # a worker and a front end each
    done = moetap("compare", a, wider, "--csv", tmp_path, "--threads", 3)
    assert done.returncode == 0, done.stderr
    assert "different-k" in done.stdout and "mean Jaccard is 0." in done.stdout
    with open(tmp_path / "compare.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["name"] for row in rows] == [
        result["name"] for result in document["results"]]


@pytest.mark.parametrize("prompts,status", [(14, 0), (4, 3)])
def test_equal_captures_in_words(make_capture, prompts, status):
    captures = [make_capture("--prompts", prompts) for _ in "ab"]
    done = moetap("compare", *captures)
    assert done.returncode == status
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"The routing is equal: of the {prompts} prompts")
    for phase in ("generated", "both"):
        text = moetap("compare", *captures, "--phase", phase).stdout
        assert "The routing is equal" in text


def test_selected_prompts(make_capture, validator):
    captures = [make_capture("--prompts", n) for n in (14, 20)]
    _, document = document_of(validator, "compare", *captures, "--select",
                              "id=client-cmpl-?")
    assert document["units"]["prompts_a"] == 10
    status, document = document_of(validator, "compare", *captures,
                                   "--select", "id=nobody")
    assert status == 1 and document["reason"]["code"] == "nothing-selected"
    status, document = document_of(validator, "compare", *captures,
                                   "--select", "id=client-cmpl-19")
    assert status == 1 and document["reason"]["code"] == "no-compared-prompts"


def test_wrong_use(make_capture):
    capture = make_capture()
    for arguments in ((capture,), (capture, capture, capture),
                      (capture, capture, "--phase", "decode"),
                      (capture, capture, "--permutations", 9)):
        done = moetap("compare", *arguments)
        assert done.returncode == 2 and not done.stdout
    other = make_capture("--experts", 30)
    done = moetap("compare", capture, other)
    assert done.returncode == 1 and not done.stdout
    assert "layer 1 has 16 experts in A and 30 in B" in done.stderr
    other = make_capture("--layers", "1,3,4")
    assert "layer 2 has routed experts" in moetap(
        "compare", capture, other).stderr
