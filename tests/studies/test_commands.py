"""The verbs on capture files: documents, CSV, the page."""

import base64
import collections
import csv
import hashlib
import html.parser
import json
import re
import subprocess

import pytest

import brute
import conftest


def moetap(*arguments):
    return subprocess.run(
        [conftest.BUILD / "analysis/moetap", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def make_capture(tmp_path_factory):
    def make(*arguments):
        directory = tmp_path_factory.mktemp("made") / "capture"
        subprocess.run(
            [conftest.BUILD / "tests/tools/make_capture", directory,
             *map(str, arguments)],
            check=True,
        )
        return directory

    return make


def trace_from_export(capture, experts, k):
    """The trace as `moetap export` gives it; the last tokens are not in it."""
    done = moetap("export", capture, "--format", "csv", "-o", "-")
    assert done.stdout, done.stderr
    sequences, prompts, layers = {}, collections.defaultdict(set), []
    for line in csv.DictReader(done.stdout.splitlines()):
        seq = sequences.setdefault(line["request_id"], {})
        if line["phase"] == "prompt":
            prompts[line["request_id"]].add(line["position"])
        sets = seq.setdefault(int(line["position"]), (int(line["token_id"]), {}))
        if line["source"] != "missing":
            layer = int(line["layer"])
            sets[1][layer] = [int(e) for e in line["experts"].split()]
            if layer not in layers:
                layers.append(layer)
    layers.sort()
    return {
        "layers": [{"number": n, "experts": experts, "k": k} for n in layers],
        "sequences": [
            {
                "prompt_tokens": len(prompts[name]),
                "tokens": [seq[p][0] for p in sorted(seq)],
                "rows": [
                    [seq[p][1][n] for n in layers] if seq[p][1] else None
                    for p in sorted(seq)
                ],
            }
            for name, seq in sequences.items()
        ],
    }


@pytest.mark.parametrize("tp_size", [1, 2])
def test_locality_of_a_capture(make_capture, validator, tmp_path, tp_size):
    capture = make_capture("--requests-per-prompt", 5, "--tp-size", tp_size)
    done = moetap("locality", capture, "--json", "--csv", tmp_path)
    document = json.loads(done.stdout)
    validator.validate(document)
    assert done.returncode == 3, done.stderr  # fewer than 10 trees
    expected = brute.Brute([trace_from_export(capture, 16, 4)])
    assert document["units"]["pairs"] == expected.pairs > 0
    results = {(r["name"], r.get("layer")): r for r in document["results"]
               if r.get("weight") == "row"}
    for name in ("all", "input.same", "input.different"):
        for l, layer in enumerate(expected.layers):
            ours = results[f"jaccard.{name}", layer["number"]]
            assert ours["intersections"] == expected.histogram(name, l)
    with open(tmp_path / "locality.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(document["results"])
    for row, result in zip(rows, document["results"]):
        assert row["name"] == result["name"]
        if result["estimate"] is not None:
            assert float(row["estimate"]) == result["estimate"]


def test_hashes_give_the_same_tree_and_no_classes(make_capture, validator):
    full, hashed = make_capture(), make_capture("--hashes")
    trees = [json.loads(moetap("tree", c, "--json").stdout)
             for c in (full, hashed)]
    for tree in trees:
        validator.validate(tree)
    assert trees[0]["units"] == trees[1]["units"]
    done = moetap("locality", hashed, "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    validator.validate(document)
    assert document["reason"]["code"] == "tokens-none"


def test_tree_as_text_and_graph(make_capture):
    capture = make_capture()
    assert "forks" in moetap("tree", capture).stdout
    dot = moetap("tree", capture, "--dot").stdout
    assert dot.startswith("digraph") and "->" in dot
    assert moetap("tree", capture, "--dot", "--json").returncode == 2


def test_tree_paths_hold_every_sequence(make_capture):
    capture = make_capture("--requests-per-prompt", 5)
    done = moetap("tree", capture, "--paths")
    assert done.returncode in (0, 3), done.stderr
    found = collections.Counter()
    for tree in json.loads(done.stdout)["trees"]:
        paths = []
        for node in tree["nodes"]:
            above = () if node["parent"] is None else paths[node["parent"]]
            paths.append(above + tuple(node["tokens"]))
            found[paths[-1]] += node["ends"]
    document = json.loads(moetap("tree", capture, "--json").stdout)
    assert found.total() == document["units"]["sequences"]
    assert len(+found) == document["units"]["leaves"]
    assert moetap("tree", capture, "--paths", "--json").returncode == 2
    hashed = moetap("tree", make_capture("--hashes"), "--paths")
    assert hashed.returncode == 1 and not hashed.stdout
    assert "--tokens full" in hashed.stderr


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.content, self.policy = [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"]

    def handle_data(self, data):
        tag = self.tags[-1][0] if self.tags else ""
        if tag in ("style", "script"):
            self.content[tag] = self.content.get(tag, "") + data


def page_of(capture, folder, status):
    done = moetap("report", capture, "-o", folder / "report.html")
    assert done.returncode == status, done.stderr
    return (folder / "report.html").read_text(encoding="utf-8")


def test_page_needs_nothing_from_elsewhere(make_capture, tmp_path):
    text = page_of(make_capture(), tmp_path, 0)
    page = Page(text)
    assert page.policy.startswith("default-src 'none'")
    for tag in ("style", "script"):
        # The parser sees the newline after the last tag as content of it.
        body = re.search(f"<{tag}>(.*?)</{tag}>", text, re.S).group(1)
        digest = hashlib.sha256(body.encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in page.policy
    assert len(re.search("<script>(.*?)</script>", text, re.S)[1]) < 20000
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        for name in attributes:
            assert name not in ("src", "href", "style"), (tag, attributes)
            assert not name.startswith("on")
    for words in ("Fork tree", "Locality", "Shared batches",
                  "Steps as they were served", "Load of the experts",
                  "Verification", "another model"):
        assert words in text


@pytest.mark.parametrize("fault", ["zeros", "repeated", "lost-block"])
def test_page_tells_faults(make_capture, tmp_path, fault):
    text = page_of(make_capture("--fault", fault), tmp_path, 3)
    assert "class=bad>error" in text or "class=warn>warning" in text


def test_page_of_a_large_capture_is_bounded(make_capture, tmp_path):
    capture = make_capture("--prompts", 60, "--requests-per-prompt", 40)
    text = page_of(capture, tmp_path, 0)
    assert "nodes are drawn" in text
    assert len(text) < 1_000_000
