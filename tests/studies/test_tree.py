"""The fork tree against sets of token paths."""

import collections

import pytest

import brute
import traces


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("prompts", [0, 0.5, 1])
def test_tree(run_study, seed, prompts):
    trace = traces.make_trace(seed, [(8, 2)], 1 + seed % 5, vocabulary=2,
                              prompts=prompts)
    document, _ = run_study(trace, study="tree")
    root = brute.roots(trace)
    sequences = [tuple(s["tokens"]) for s in trace["sequences"]]
    nexts, through = collections.defaultdict(set), collections.defaultdict(set)
    for tokens in sequences:
        for p in range(len(tokens)):
            key = (root[tokens], tokens[: p + 1])
            through[key].add(tokens)
            if p + 1 < len(tokens):
                nexts[key].add((root[tokens], tokens[p + 1]))
    forks = [n for n in nexts.values() if len(n) > 1]
    shared = sum(
        len(through[root[tokens], tokens[: p + 1]]) > 1
        for tokens in sequences
        for p in range(len(tokens))
    )
    units = document["units"]
    assert units["trees"] == len(set(root.values()))
    assert units["sequences"] == len(sequences)
    assert units["leaves"] == len(set(sequences))
    assert units["forks"] == len(forks)
    assert units["branches"] == sum(map(len, forks))
    assert units["distinct_tokens"] == len(through)
    assert units["served_tokens"] == sum(map(len, sequences))
    assert units["shared_tokens"] == shared
    check_nodes(document, trace)


def check_nodes(document, trace):
    """Joining the runs from the root to each end gives its sequence."""
    tokens_of = {s["id"]: s["tokens"] for s in trace["sequences"]}
    seen = []
    for tree in document["trees"]:
        path = {None: []}
        for node in tree["nodes"]:
            above = path[node["parent"]]
            assert node["begin"] == len(above)
            path[node["node"]] = above + node["tokens"]
            for end in node["ends"]:
                assert tokens_of[end["id"]] == path[node["node"]]
                seen.append(end["id"])
    assert sorted(seen) == sorted(tokens_of)
