"""The fork trees of manifests, against a trie of single tokens."""

import collections
import json
import random

import client
import pytest
from moetap_branch import cli, paths


def _trie(sequences):
    """{prefix: sequences that end there}, all prefixes."""
    found = collections.Counter()
    for tokens in sequences:
        for size in range(1, len(tokens) + 1):
            found[tuple(tokens[:size])] += size == len(tokens)
    return found


def _groups(pairs):
    """The sequences by tree: roots that are prefixes of others join."""
    roots = {tuple(root) for _, root in pairs}
    top = [root for root in roots if not any(
        root[:size] in roots for size in range(1, len(root)))]
    groups = [sorted(tokens for tokens, root in pairs
                     if tuple(root[:len(first)]) == first) for first in top]
    return sorted(groups)


def _expand(nodes):
    """What the nodes of a tree say: {prefix: sequences that end there}."""
    found, path = collections.Counter(), []
    for at, node in enumerate(nodes):
        assert (node["parent"] is None) == (at == 0)
        before = () if at == 0 else path[node["parent"]]
        assert node["tokens"] and (at == 0 or node["parent"] < at)
        for token in node["tokens"]:
            before += (token,)
            assert before not in found
            found[before] = 0
        found[before] = node["ends"]
        path.append(before)
    return found, path


def _check(tree, sequences):
    nodes = tree["nodes"]
    found, path = _expand(nodes)
    assert found == _trie(sequences)
    # Preorder with children in ascending order is ascending order.
    assert path == sorted(path)
    children = collections.Counter(node["parent"] for node in nodes)
    for at, node in enumerate(nodes):  # maximal runs
        assert node["ends"] or children[at] > 1


def _random_pairs(chance):
    pairs = []
    for _ in range(chance.randint(1, 40)):
        tokens = [chance.randint(0, 2) for _ in range(chance.randint(1, 9))]
        pairs.append((tokens, tokens[:chance.randint(1, len(tokens))]))
    return pairs


@pytest.mark.parametrize("seed", range(60))
def test_against_brute_force(seed):
    pairs = _random_pairs(random.Random(seed))
    found, groups = paths.trees(pairs)["trees"], _groups(pairs)
    assert len(found) == len(groups)
    for tree, sequences in zip(found, groups):
        _check(tree, sequences)


def test_deep():
    sequences = [[1] * size for size in range(1, 3000)]
    tree, = paths.trees([(tokens, [1]) for tokens in sequences])["trees"]
    assert len(tree["nodes"]) == 2999


def test_bytes():
    rows = [{"kind": "run"}, {"kind": "hypothesis"}] + [
        {"kind": "request", "key": "k", "prompt_token_ids": prompt,
         "token_ids": tokens, "root_tokens": 2} for prompt, tokens in (
            ([7, 8], [1, 2]), ([7, 8, 1], [3]), ([4, 4], []), ([7, 8], []))]
    assert paths.canonical([("file", rows)]) == (
        '{"trees":[{"nodes":[{"parent":null,"tokens":[4,4],"ends":1}]},'
        '{"nodes":[{"parent":null,"tokens":[7,8],"ends":1},'
        '{"parent":0,"tokens":[1],"ends":0},'
        '{"parent":1,"tokens":[2],"ends":1},'
        '{"parent":1,"tokens":[3],"ends":1}]}]}\n')


def test_of_manifests(fake, prompts, tmp_path, capsys):
    manifests = []
    for verb in ("sample", "tree", "beam"):
        manifests.append(tmp_path / f"{verb}.jsonl")
        client.run(verb, fake, prompts, manifests[-1])
    capsys.readouterr()
    assert cli.main(["paths", *map(str, manifests)]) == 0
    text = capsys.readouterr().out
    pairs = [(row["prompt_token_ids"] + row["token_ids"],
              row["prompt_token_ids"][:row["root_tokens"]])
             for path in manifests for row in client.rows(path)]
    found = json.loads(text)["trees"]
    for tree, sequences in zip(found, _groups(pairs)):
        _check(tree, sequences)
    assert sum(node["ends"] for tree in found for node in tree["nodes"]) == \
        len(pairs)
    output = tmp_path / "trees.json"
    assert cli.main(["paths", *map(str, manifests), "-o", str(output)]) == 0
    assert output.read_bytes() == text.encode("ascii")


def test_unfinished(fake, prompts, tmp_path, capsys):
    path = tmp_path / "run.jsonl"
    client.run("sample", fake, prompts, path)
    data = path.read_bytes()
    path.write_bytes(data[:-300])
    cut = path.read_bytes()
    assert cli.main(["paths", str(path)]) == 3
    assert "not finished and torn" in capsys.readouterr().err
    assert path.read_bytes() == cut


def test_without_ids(fake, prompts, tmp_path, capsys):
    fake.ids, path = False, tmp_path / "run.jsonl"
    client.run("sample", fake, prompts, path)
    assert cli.main(["paths", str(path)]) == 2
    assert "has no token ids" in capsys.readouterr().err
