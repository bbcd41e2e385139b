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


def write_manifest(path, *rows):
    lines = [{"kind": "run", "schema_version": 1, "strategy": "tree"}]
    lines += [{"kind": "request", "key": f"{prompt}#{request_id}",
               "request_id": request_id, "strategy": strategy,
               "prompt": prompt, "labels": labels, "parent": None}
              for request_id, strategy, prompt, labels in rows]
    lines.append({"kind": "end", "status": 0})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def manifests(tmp_path):
    """Of the first two prompts of make_capture, which has four."""
    return [
        write_manifest(tmp_path / "one.jsonl",
                       ("client-cmpl-0", "tree", "code-0", {"set": "code"})),
        write_manifest(tmp_path / "two.jsonl",
                       ("client-cmpl-1", "sample", "prose-1", None),
                       ("client-cmpl-9", "sample", "prose-9", None))]


def document_of(validator, verb, *arguments):
    done = moetap(verb, *arguments, "--json")
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    validator.validate(document)
    return done.returncode, document


def test_manifests_name_the_requests(make_capture, validator, manifests):
    capture = make_capture()
    status, document = document_of(
        validator, "tree", "--manifest", manifests[0], "--manifest",
        manifests[1], capture)
    assert status == 0 and document["options"]["manifests"] == 2
    units = document["units"]
    assert units["joined_sequences"] == units["unjoined_sequences"] == 6
    assert units["unjoined_rows"] == 1 and units["abandoned_sequences"] == 0
    assert [w["code"] for w in document["warnings"]] == [
        "unjoined-sequences", "unjoined-rows"]
    assert [(g["by"], g["name"], g["units"]["sequences"])
            for g in document["groups"]] == [
        ("strategy", "", 6), ("strategy", "sample", 3), ("strategy", "tree", 3),
        ("prompt", "", 6), ("prompt", "code-0", 3), ("prompt", "prose-1", 3)]
    text = moetap("tree", "--manifest", manifests[0], capture).stdout
    assert "strategy tree" in text and "unjoined-sequences" in text


@pytest.mark.parametrize("select,sequences", [
    ("strategy=tree", 3), ("prompt=prose-*", 3), ("label.set=code", 3),
    ("id=client-cmpl-[01]", 6), ("id=client-cmpl-1,strategy=tree", 0)])
def test_select(make_capture, validator, manifests, select, sequences):
    capture = make_capture()
    options = [x for m in manifests for x in ("--manifest", m)]
    status, document = document_of(
        validator, "tree", *options, "--select", select, capture)
    assert document["options"]["select"] == select
    assert document["units"]["sequences"] == sequences
    assert document["units"]["not_selected_sequences"] == 12 - sequences
    if sequences == 0:
        assert status == 1
        assert document["reason"]["code"] == "nothing-selected"
        return
    assert status == 0
    # A group of the whole has the figures of a selection.
    _, whole = document_of(validator, "tree", *options, capture)
    for group in whole["groups"]:
        if select == f"{group['by']}={group['name']}":
            for name, value in group["units"].items():
                assert document["units"][name] == value


def test_what_cannot_be_selected_or_read(make_capture, tmp_path):
    capture = make_capture()
    for select in ("strategies=tree", "tree", "strategy=a,,id=b", "label.=x"):
        done = moetap("tree", "--select", select, capture)
        assert done.returncode == 2 and not done.stdout, select
        assert "label.NAME" in done.stderr
    bad = tmp_path / "bad.jsonl"
    for content, line in ((b"\xff\n", 1), (b"{}\n", 1), (b"null\n", 1),
                          (b'{"kind":"run","schema_version":1}\n[' + b"\n", 2),
                          (b'{"kind":"run","schema_version":1e99}\n', 1)):
        bad.write_bytes(content)
        for verb in ("tree", "report"):
            more = ["-o", tmp_path / "page"] if verb == "report" else []
            done = moetap(verb, "--manifest", bad, capture, *more)
            assert done.returncode == 1 and not done.stdout
            assert f"{bad}: line {line}: " in done.stderr
    done = moetap("tree", "--manifest", tmp_path / "none", capture)
    assert done.returncode == 1 and "none: cannot be read" in done.stderr


def test_trees_of_several_captures(make_capture, validator, tmp_path):
    one, other = make_capture(), make_capture("--requests-per-prompt", 5)
    status, document = document_of(validator, "tree", one, other, "--csv",
                                   tmp_path)
    assert status == 0 and len(document["inputs"]) == 4
    assert {tree["capture"] for tree in document["trees"]} == {0, 1}
    assert document["units"]["sequences"] == 4 * (3 + 5)
    with open(tmp_path / "tree.csv", encoding="utf-8") as lines:
        rows = {row["name"]: float(row["estimate"])
                for row in csv.DictReader(lines)}
    assert rows == {r["name"]: r["estimate"] for r in document["results"]}


def test_tree_tells_where_rows_come_from(make_capture, validator):
    """As `moetap dump` has it, position by position."""
    capture = make_capture("--fault", "drops")
    rows = collections.defaultdict(dict)
    for text in moetap("dump", capture, "--json").stdout.splitlines():
        line = json.loads(text)
        if line["kind"] == "row":
            rows[line["request_id"]][line["position"]] = (
                line["source"], line["from"], line["reason"],
                line["unreturned"])
    _, document = document_of(validator, "tree", capture)
    found = {
        end["id"]: {
            position: (run["source"], run.get("from"), run.get("reason"),
                       run.get("unreturned", False))
            for run in end["runs"]
            for position in range(run["begin"], run["end"])}
        for tree in document["trees"] for node in tree["nodes"]
        for end in node["ends"]}
    assert found == rows
    units = document["units"]
    assert units["missing_rows"] > 0 and units["inherited_rows"] > 0
    assert units["preempted_sequences"] == 2
    # Two requests that are computed again from the start.
    assert units["replayed_rows"] > 0 and units["unreturned_tokens"] > 0
    assert units["computed_rows"] >= (
        units["observed_rows"] + units["replayed_rows"])
    text = moetap("tree", capture).stdout
    for words in ("preempted 1x", "rows again", "not returned", " m1"):
        assert words in text, words


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


def test_page_of_a_selection(make_capture, manifests, tmp_path):
    done = moetap("report", make_capture(), "--manifest", manifests[0],
                  "--select", "strategy=tree", "-o", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "page.html").read_text()
    assert "Only requests with <code>strategy=tree</code>" in text
    assert "strategy <code>tree</code>" in text
    assert "3 sequences, 3 of them distinct, in 1 trees" in text
    assert re.search(r'<span class=id title="\[0\.\.\d+\) observed', text)
    done = moetap("report", make_capture(), "--select", "prompt=none", "-o",
                  tmp_path / "page.html")
    assert done.returncode == 1 and "no request matches" in done.stderr


@pytest.mark.parametrize("fault", ["zeros", "repeated", "lost-block"])
def test_page_tells_faults(make_capture, tmp_path, fault):
    text = page_of(make_capture("--fault", fault), tmp_path, 3)
    assert "class=bad>error" in text or "class=warn>warning" in text


def test_page_of_a_large_capture_is_bounded(make_capture, tmp_path):
    capture = make_capture("--prompts", 60, "--requests-per-prompt", 40)
    text = page_of(capture, tmp_path, 0)
    assert "nodes are drawn" in text
    assert len(text) < 1_000_000
