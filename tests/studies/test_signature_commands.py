"""moetap signatures on capture files: labels, text, CSV, the report."""

import csv
import json
import subprocess

import pytest

import conftest
from test_commands import moetap

WORDS = {"code": "int f%d(void) { return 0; }",
         "story": "Once upon %d bears there was",
         "math": "What is %d plus seven times three?"}


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    """Six prompts of each class, and one of no class."""
    requests = [
        {"id": f"{label}-{number}", "finish": "length", "prompt_bytes": 20,
         "text": (text % number + " yes").encode().hex()}
        for label, text in WORDS.items() for number in range(6)]
    requests.append({"id": "other", "finish": "length", "prompt_bytes": 8,
                     "text": b"something else".hex()})
    directory = tmp_path_factory.mktemp("texts") / "capture"
    subprocess.run([conftest.BUILD / "tests/tools/make_text_capture",
                    directory], input=json.dumps(requests), text=True,
                   check=True)
    return directory


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def signatures(capture, labels, *more):
    return moetap("signatures", capture, "--labels", labels, "--refits", 20,
                  "--permutations", 99, *more)


def document_of(done, validator):
    document = json.loads(done.stdout)
    validator.validate(document)
    return document


def classes(document):
    """Names of the units of each label."""
    found = {label: [] for label in document["signatures"]["labels"]}
    for unit in document["signatures"]["units"]:
        label = document["signatures"]["labels"][unit["label"]]
        found[label].append(unit["name"])
    return found


EXPECTED = {label: [f"{label}-{n}" for n in range(6)] for label in
            sorted(WORDS)}


def test_labels_by_request_pattern_and_text(capture, tmp_path, validator):
    by_id = [{"label": label, "request": f"{label}-{n}"}
             for label in WORDS for n in range(6)]
    by_pattern = [{"label": label, "request": f"{label}-[0-5]"}
                  for label in WORDS]
    by_text = [{"label": "code", "text": "int f*"},
               {"label": "story", "text": "Once upon*"},
               {"label": "math", "text": "What is ?*"}]
    documents = []
    for lines in (by_id, by_pattern, by_text):
        done = signatures(capture, write(tmp_path / "labels.jsonl", lines),
                          "--json")
        assert done.returncode == 0, done.stderr
        document = document_of(done, validator)
        assert classes(document) == EXPECTED
        assert document["signatures"]["left_out"] == [
            {"request": "other", "why": "unlabelled"}]
        assert document["units"]["unused_labels"] == 0
        documents.append(document["results"])
    assert documents[0] == documents[1] == documents[2]


def test_contradicting_labels_are_listed(capture, tmp_path, validator):
    labels = write(tmp_path / "labels.jsonl", [
        *({"label": label, "request": f"{label}-*"} for label in WORDS),
        {"label": "story", "request": "code-3"},
        {"label": "nobody", "request": "absent"}])
    document = document_of(signatures(capture, labels, "--json"), validator)
    assert {"request": "code-3", "why": "ambiguous"} in document["signatures"][
        "left_out"]
    assert "code-3" not in classes(document)["code"]
    codes = [one["code"] for one in document["warnings"]]
    assert {"ambiguous-labels", "unlabelled", "unused-labels"} <= set(codes)
    assert document["units"]["unused_labels"] == 1


def test_groups_are_units(capture, tmp_path, validator):
    labels = write(tmp_path / "labels.jsonl", [
        {"label": label, "request": f"{label}-{n}",
         "group": f"{label}-{n if n < 4 else 4}"}
        for label in WORDS for n in range(6)])
    document = document_of(signatures(capture, labels, "--json"), validator)
    assert classes(document) == {
        label: [f"{label}-{n}" for n in range(5)] for label in sorted(WORDS)}
    assert [unit["requests"] for unit in document["signatures"]["units"]] == [
        1, 1, 1, 1, 2] * 3


@pytest.mark.parametrize("line,what", [
    ("not json", "not a JSON object"),
    ('{"request": "a"}', '"label" is missing'),
    ('{"label": "", "request": "a"}', '"label" is missing'),
    ('{"label": "a"}', "must have one of"),
    ('{"label": "a", "request": "b", "text": "c"}', "must have one of"),
    ('{"label": 3, "request": "a"}', '"label" is missing'),
    ('{"label": "a", "request": "b", "group": 1}', '"group" is missing')])
def test_a_bad_line_is_named(capture, tmp_path, line, what):
    labels = tmp_path / "labels.jsonl"
    labels.write_text('\n{"label": "a", "request": "b"}\n' + line + "\n")
    done = signatures(capture, labels)
    assert done.returncode == 1
    assert f"{labels}: line 3: {what}" in done.stderr
    assert "write a line such as" in done.stderr


def test_usage(capture, tmp_path):
    done = signatures(capture, tmp_path / "absent")
    assert done.returncode == 1 and "cannot be read" in done.stderr
    empty = tmp_path / "empty"
    empty.write_text("")
    assert "has no line" in signatures(capture, empty).stderr
    done = moetap("signatures", capture)
    assert done.returncode == 1 and "no-labels" in done.stdout
    assert moetap("signatures", capture, "--category", "prompt").returncode == 2
    assert moetap("signatures", capture, "--phase", "none").returncode == 2


def test_text_and_csv(capture, tmp_path):
    labels = write(tmp_path / "labels.jsonl",
                   [{"label": label, "request": f"{label}-*"}
                    for label in WORDS])
    done = signatures(capture, labels, "--csv", tmp_path / "figures")
    assert done.returncode == 0, done.stderr
    assert "18 units of 3 classes (code 6, math 6, story 6)" in done.stdout
    for part in ("Cohen's d", "bag of token ids", "captured sets, permuted",
                 "Class \\ predicted", "Gini", "unlabelled"):
        assert part in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 200
    rows = list(csv.DictReader((tmp_path / "figures/signatures.csv").open()))
    d, = (row for row in rows if row["name"] == "cosine.d")
    assert 0 < float(d["p"]) <= 1 and float(d["lo"]) <= float(d["hi"])


def test_the_report_shows_signatures(capture, tmp_path):
    labels = write(tmp_path / "labels.jsonl",
                   [{"label": f"<b>{label}", "request": f"{label}-*"}
                    for label in WORDS])
    page = tmp_path / "report.html"
    assert moetap("report", capture, "-o", page).returncode in (0, 3)
    assert "Signatures of tasks" not in page.read_text()
    done = moetap("report", capture, "-o", page, "--labels", labels,
                  "--signatures")
    assert done.returncode in (0, 3), done.stderr
    text = page.read_text()
    assert "Signatures of tasks" in text and "Neighbours (t-SNE)" in text
    assert "&lt;b&gt;code" in text and "<b>code" not in text
