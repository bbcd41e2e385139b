"""moetap-branch against the real engine: its account equals the capture.

One server with prefix caching, under `moetap record`; each strategy has prompts
of its own, so that each has trees of its own.
"""

import json
import os
import subprocess
import sys
import types

import pytest

import capture
import harness
import models
import server

STRATEGIES = {
    # Few tokens: equal samples occur.
    "sample": (["arithmetic-01", "strings-01", "structures-01", "prose-01"],
               ["sample", "-n", "24", "--max-tokens", "6"]),
    "tree": (["arithmetic-02", "strings-02", "structures-02", "prose-02"],
             ["tree", "--leaves", "24", "--depth", "3", "--max-tokens", "200"]),
    "beam": (["arithmetic-03", "strings-03"],
             ["beam", "--beam", "client", "--width", "3", "--max-tokens",
              "24"]),
    "server-beam": (["arithmetic-04"],
                    ["beam", "--beam", "server", "--width", "3",
                     "--max-tokens", "24"]),
    "short": (["strings-05", "prose-05"],
              ["sample", "-n", "4", "--max-tokens", "40"]),
}


def branch(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "moetap_branch", *map(str, arguments)],
        env=dict(os.environ, PYTHONPATH=str(harness.ROOT / "client")),
        capture_output=True, text=True, timeout=harness.ENGINE_TIMEOUT,
        check=False)


def read_manifest(path):
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return types.SimpleNamespace(
        rows=[row for row in rows if row["kind"] == "request"],
        hypotheses=[row for row in rows if row["kind"] == "hypothesis"],
        end=rows[-1])


def write_prompts(path, names):
    with open(models.TINYC / "prompts.jsonl", encoding="utf-8") as file:
        chosen = [line for line in file if json.loads(line)["id"] in names]
    path.write_text("".join(chosen))
    return path


@pytest.fixture(scope="module")
def branched(work):
    folder = work / "branch"
    manifests = {name: folder / f"{name}.jsonl" for name in STRATEGIES}
    with server.serve(folder, "tinyc", folder / "capture",
                      harness.engine_environment(), "--enforce-eager",
                      "--max-model-len", "512", "--block-size", "32",
                      "--enable-prefix-caching") as running:
        url = f"http://127.0.0.1:{running.port}/v1"
        for name, (prompts, command) in STRATEGIES.items():
            done = branch(*command, "--url", url, "-o", manifests[name],
                          "--prompts",
                          write_prompts(folder / f"{name}.prompts", prompts))
            assert done.returncode in (0, 3), done.stderr
        manifests["replay"] = folder / "replay.jsonl"
        done = branch("replay", manifests["short"], "--url", url, "-o",
                      manifests["replay"], "--batch", "3")
        assert done.returncode == 0, done.stderr
    return types.SimpleNamespace(
        files=manifests, capture=folder / "capture",
        manifests={name: read_manifest(path)
                   for name, path in manifests.items()},
        dump=capture.read_dump(folder / "capture"))


def canonical(trees):
    return json.dumps({"trees": trees}, separators=(",", ":")) + "\n"


@pytest.mark.parametrize("name", ["sample", "tree", "beam"])
def test_captured_trees_are_the_clients(branched, name):
    """Byte for byte: token paths, and how many sequences end where."""
    client = branch("paths", branched.files[name]).stdout
    captured = harness.run_moetap("tree", branched.capture, "--paths",
                                  expect=(0, 3)).stdout
    roots = {tuple(row["prompt_token_ids"][:row["root_tokens"]])
             for row in branched.manifests[name].rows}
    mine = [tree for tree in json.loads(captured)["trees"]
            if any(tuple(tree["nodes"][0]["tokens"][:len(root)]) == root
                   for root in roots)]
    assert canonical(mine) == client
    assert len(mine) == len(STRATEGIES[name][0])
    ends = [node["ends"] for tree in mine for node in tree["nodes"]]
    assert sum(ends) == len(branched.manifests[name].rows)
    if name == "sample":
        assert max(ends) > 1, "no two samples were equal: nothing was merged"
    print(f"{name}: {len(mine)} trees, {len(ends)} nodes, {sum(ends)} "
          f"sequences, {len(client)} bytes equal")


@pytest.mark.parametrize("name", ["sample", "tree", "beam", "short"])
def test_each_row_joins_one_sequence(branched, name):
    """By the id that the server reported."""
    tokens = {capture.external_id(request):
              [rows[position].token for position in sorted(rows)]
              for request, rows in branched.dump.requests.items()}
    for row in branched.manifests[name].rows:
        path = row["prompt_token_ids"] + row["token_ids"]
        # The last token has no row.
        assert tokens[row["request_id"] + "-0"] == path[:-1], row["key"]


@pytest.fixture(scope="module")
def joined(branched):
    """The document of `moetap tree` with all manifests."""
    options = [option for path in branched.files.values()
               for option in ("--manifest", path)]
    return json.loads(harness.run_moetap(
        "tree", branched.capture, "--json", *options, expect=(0, 3)).stdout)


def test_moetap_joins_every_row(branched, joined):
    units = joined["units"]
    assert units["joined_sequences"] == units["sequences"]
    assert units["unjoined_rows"] == units["unjoined_sequences"] == 0
    assert "parent_mismatches" not in units
    counted = {group["name"]: group["units"]["sequences"]
               for group in joined["groups"] if group["by"] == "prompt"}
    for name in ("sample", "tree", "beam"):
        rows = branched.manifests[name].rows
        for prompt in {row["prompt"] for row in rows}:
            assert counted[prompt] == sum(
                row["prompt"] == prompt for row in rows)
    print(f"{units['sequences']} requests; {units['served_rows']} rows served, "
          f"{units['distinct_rows']} distinct, {units['computed_rows']} "
          f"computed")


def ends_of(joined):
    """{external id: (tokens, finish reason)} of all sequences."""
    found = {}
    for tree in joined["trees"]:
        path = {None: []}
        for node in tree["nodes"]:
            path[node["node"]] = path[node["parent"]] + node["tokens"]
            for end in node["ends"]:
                found[end["external_id"]] = (path[node["node"]],
                                             end["finish_reason"])
    return found


def test_dropped_beams_are_the_clients(branched, joined):
    """The client's search keeps its own account of each beam."""
    ends, manifest = ends_of(joined), branched.manifests["beam"]
    paths = {row["key"]: row["prompt_token_ids"] + row["token_ids"]
             for row in manifest.rows}
    pruned = 0
    for row in manifest.rows:
        prompts = [other["prompt_token_ids"] for other in manifest.rows
                   if other["prompt"] == row["prompt"]]
        path = paths[row["key"]]
        dropped = (row["finish_reason"] == "length" and
                   len(row["prompt_token_ids"]) < max(map(len, prompts)) and
                   all(prompt[:len(path)] != path for prompt in prompts))
        tokens, reason = ends[row["request_id"] + "-0"]
        assert tokens == path
        assert reason == ("pruned" if dropped else row["finish_reason"])
        pruned += dropped
    assert pruned > 0
    root = {row["prompt"]: row["prompt_token_ids"][:row["root_tokens"]]
            for row in manifest.rows}
    returned = [root[row["prompt"]] + row["token_ids"]
                for row in manifest.hypotheses]
    returned += [row["prompt_token_ids"] + row["token_ids"]
                 for row in branched.manifests["server-beam"].rows]
    assert len(returned) == 3 * 3
    for tokens, reason in ends.values():
        if reason == "pruned":
            assert all(path[:len(tokens)] != tokens for path in returned)
    servers = sum(reason == "pruned" for name, (_, reason) in ends.items()
                  if "-beam-" in name)
    assert servers > 0
    print(f"{pruned} beams dropped by the client, {servers} by the server")


def test_tree_parents_are_prefixes(branched):
    manifest = branched.manifests["tree"]
    by_key = {row["key"]: row for row in manifest.rows}
    children = 0
    for row in manifest.rows:
        if row["parent"] is None:
            continue
        parent, at = by_key[row["parent"]], row["fork_position"]
        above = parent["prompt_token_ids"] + parent["token_ids"]
        assert row["prompt_token_ids"] == above[:at] + [row["child"]["token"]]
        assert above[at] != row["child"]["token"]
        children += 1
    assert children == len(manifest.rows) - 4
    assert manifest.end["leaves"] == 4 * 24


def test_returned_beams_lie_in_the_capture(branched):
    """The steps of the server's own beam search are its own requests; what it
    returned must be among their paths but for the last token, which no
    request computed."""
    tokens = [[rows[position].token for position in sorted(rows)]
              for rows in branched.dump.requests.values()]
    beams = branched.manifests["server-beam"].rows
    assert len(beams) == 3
    for row in beams:
        path = row["prompt_token_ids"] + row["token_ids"]
        assert path[:-1] in tokens, row["key"]


def test_replayed_paths_are_computed_again(branched):
    """Not taken from what was computed before, and equal but for batching."""
    originals = {}
    for row in branched.manifests["short"].rows:
        path = tuple(row["prompt_token_ids"] + row["token_ids"])
        originals[path[:-1]] = row["request_id"] + "-0"
    rows_of = {capture.external_id(request): rows
               for request, rows in branched.dump.requests.items()}
    replays = branched.manifests["replay"].rows
    assert len(replays) == len(originals)
    same = total = 0
    ours = {row["request_id"] + "-0" for row in replays}
    for row in replays:
        first = rows_of[originals[tuple(row["prompt_token_ids"])]]
        again = rows_of[row["request_id"] + "-0"]
        assert sorted(again) == sorted(first)
        for position in again:
            assert (again[position].source == "observed" or capture.
                    external_id(again[position].origin) in ours)
            same += again[position].layers == first[position].layers
            total += 1
    assert same / total > 0.9
    print(f"{same} of {total} rows have the same sets when computed again")
