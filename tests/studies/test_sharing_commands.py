"""moetap sharing on capture files: steps as served, text, CSV."""

import collections
import csv
import json
import math

import pytest

from test_commands import (  # noqa: F401
    document_of, make_capture, moetap, write_manifest)

K = 4


def read_blocks(capture):
    """Blocks of the lowest tensor-parallel rank."""
    done = moetap("dump", capture, "--json", "--blocks")
    for line in done.stdout.splitlines():
        content = json.loads(line).get("content", {})
        facts = {f["key"]: f["value"] for f in content.get("facts", [])}
        if facts.get("tp_rank") == "0":
            yield content


def served(capture, experts, layers):
    """({rows: [[distinct] per layer]}, steps, layers left out, other steps)"""
    prompts, spans, sets = {}, {}, collections.defaultdict(list)
    for block in read_blocks(capture):
        for request in block.get("requests", []):
            prompts[request["request"]] = request["prompt_tokens"]
        for step in block.get("steps", []):
            if step["kind"] == "Real":
                spans[step["step"]] = step["spans"]
        ids = iter(block.get("ids", []))
        for group in block.get("groups", []):
            slots = block["layer_lists"][group.get("layer_list", 0)]["slots"]
            for row in range(group["rows"]):
                for slot in slots:
                    one = [next(ids) for _ in range(group["k"])]
                    place = group.get("first_row", 0) + row
                    sets[group.get("step", 0), slot].append((place, one))
    steps, count, left_out, others = {}, 0, 0, 0
    for step, rows_of in spans.items():
        if any(s["start"] < prompts.get(s["request"], s["start"] + 1)
               for s in rows_of):
            others += 1
            continue
        count += 1
        rows = sum(s["rows"] for s in rows_of)
        found = steps.setdefault(rows, [[] for _ in range(layers)])
        for layer in range(layers):
            kept = [ids for place, ids in sets[step, layer] if place < rows]
            usable = all(len(set(ids)) == K and max(ids) < experts
                         for ids in kept)
            if len(kept) == rows and usable:
                found[layer].append(len(set().union(*kept)))
            else:
                left_out += 1
    return steps, count, left_out, others


@pytest.mark.parametrize("fault,tp_size", [
    (None, 1), (None, 2), ("repeated", 1), ("out-of-range", 1),
    ("missing-layer", 1), ("orphan", 1), ("drops", 1), ("lost-block", 1)])
def test_steps_as_served(make_capture, validator, fault, tp_size):
    arguments = ["--fault", fault] if fault else []
    capture = make_capture("--tp-size", tp_size, "--experts", 30, "-k", K,
                           *arguments)
    done = moetap("sharing", capture, "--json", "--expert-bytes", 100)
    document = json.loads(done.stdout)
    validator.validate(document)
    steps, count, left_out, others = served(capture, 30, 3)
    units = document["units"]
    assert units["served_steps"] == count
    assert units["served_unusable"] == left_out
    assert units["served_other_steps"] == others
    results = {(r["name"], r.get("layer")): r for r in document["results"]}
    buckets = collections.defaultdict(list)
    for rows in steps:
        buckets[1 << (rows - 1).bit_length()].append(rows)
    names = {f"distinct.{name_of(most)}" for most in buckets}
    assert names == {n for n, _ in results if n.startswith("distinct.served.")}
    for most, of_rows in buckets.items():
        check_bucket(results, name_of(most), [steps[r] for r in of_rows],
                     of_rows)


def name_of(most):
    return f"served.r{most}" if most < 3 else f"served.r{most // 2 + 1}_{most}"


def check_bucket(results, name, steps, of_rows):
    everything = []
    for layer, number in enumerate((1, 2, 4)):
        distinct = [d for one in steps for d in one[layer]]
        everything += distinct
        result = results[f"distinct.{name}", number]
        assert result["n_units"] == result["pairs"] == len(distinct)
        assert math.isclose(result["estimate"], mean(distinct))
        expected = [30 * (1 - (1 - K / 30) ** rows)
                    for rows, one in zip(of_rows, steps) for _ in one[layer]]
        assert math.isclose(result["baselines"]["uniform"], mean(expected))
    overall = results[f"distinct.{name}", None]
    assert math.isclose(overall["estimate"], mean(everything))
    assert overall["lo"] is None and overall["method"] == "none"
    assert math.isclose(results[f"bytes.{name}", None]["estimate"],
                        300 * mean(everything))


def mean(values):
    return sum(values) / len(values)


def test_text_and_csv(make_capture, tmp_path):
    capture = make_capture("--prompts", 12, "--requests-per-prompt", 5)
    done = moetap("sharing", capture, "--csv", tmp_path)
    assert done.returncode == 0, done.stderr
    for words in ("siblings", "As served", "no-expert-bytes", "By layer"):
        assert words in done.stdout
    with open(tmp_path / "sharing.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    document = json.loads(moetap("sharing", capture, "--json").stdout)
    assert [row["name"] for row in rows] == [
        result["name"] for result in document["results"]]
    assert float(rows[0]["estimate"]) == document["results"][0]["estimate"]


def test_options_that_are_no_use(make_capture):
    capture = make_capture()
    assert moetap("sharing", capture, "--batches", 0).returncode == 2
    assert moetap("sharing", capture, "--expert-bytes", 0).returncode == 2
    assert moetap("sharing", capture).returncode == 3  # few trees


@pytest.fixture
def labels(tmp_path):
    """A manifest of make_capture --prompts 8, the last one without label."""
    return write_manifest(tmp_path / "run.jsonl", *(
        (f"client-cmpl-{p}", "tree", f"prompt-{p}",
         {"set": "ab"[p % 2], "size": 3} if p < 7 else None)
        for p in range(8)))


def test_batches_of_a_category(make_capture, validator, labels, tmp_path):
    capture = make_capture("--prompts", 8)
    options = [capture, "--manifest", labels, "--category"]
    _, document = document_of(validator, "sharing", *options, "label.set")
    assert document["options"]["category"] == "label.set"
    assert document["units"]["trees_without_category"] == 1
    assert "no-category" not in {w["code"] for w in document["warnings"]}
    of_category = {r["where"]["category"]: r["n_units"]
                   for r in document["results"]
                   if "where" in r and r["name"] == "distinct.category.b2"}
    assert of_category == {"a": 4, "b": 3}
    assert {f"distinct.category.b{b}": None for b in (2, 4)}.keys() <= {
        r["name"] for r in document["results"] if r["pairs"]}
    text = moetap("sharing", *options, "label.set").stdout
    assert "Prompts of one category" in text and "\na    " in text
    # All the labelled prompts have the size 3, and all the same strategy.
    for key, name, trees in (("label.size", "3", 7), ("strategy", "tree", 8)):
        _, document = document_of(validator, "sharing", *options, key)
        of_category = {r["where"]["category"]: r["n_units"]
                       for r in document["results"]
                       if "where" in r and r["name"].endswith(".b2")}
        assert of_category == {name: trees}
    for key in ("prompt", "id", "label.none"):
        _, document = document_of(validator, "sharing", *options, key)
        assert "no-category" in {w["code"] for w in document["warnings"]}


def test_page_has_the_categories(make_capture, labels, tmp_path):
    capture = make_capture("--prompts", 8)
    page = tmp_path / "page.html"
    moetap("report", capture, "-o", page)
    assert "of one category" not in page.read_text()
    moetap("report", capture, "--manifest", labels, "--category", "label.set",
           "-o", page)
    text = page.read_text()
    assert "1 trees are in no category" in text
    document = json.loads(
        moetap("sharing", capture, "--json", "--manifest", labels,
               "--category", "label.set").stdout)
    for category in "ab":
        figures = [r["estimate"] for r in document["results"]
                   if r.get("where") == {"category": category}]
        cells = "".join(f"<td class=n>{f:.2f}</td>" for f in figures)
        assert cells and f"<tr><td>{category}</td>{cells}" in text


def test_category_of_wrong_use(make_capture, labels):
    capture = make_capture("--prompts", 8)
    for verb in ("sharing", "report"):
        for key in ("category", "label.", "set=a", ""):
            done = moetap(verb, capture, "--manifest", labels, "--category",
                          key)
            assert done.returncode == 2 and not done.stdout, key
            assert "label.NAME" in done.stderr
        done = moetap(verb, capture, "--category", "label.set")
        assert done.returncode == 2 and not done.stdout
        assert "--manifest" in done.stderr


def test_hashes_are_enough(make_capture):
    def results(*arguments):
        capture = make_capture("--requests-per-prompt", 5, *arguments)
        return json.loads(moetap("sharing", capture, "--json").stdout)[
            "results"]

    assert results() == results("--hashes")
