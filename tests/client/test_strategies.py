"""sample and tree against a server without faults."""

import math

import brute
import client
import model
import pytest
from moetap_branch.nucleus import nucleus

ROOTS = [model.tokens_of("hello"), [5, 6, 7], model.tokens_of("world")]


def test_sample(fake, prompts, tmp_path, capsys):
    output = tmp_path / "run.jsonl"
    assert client.run("sample", fake, prompts, output) == 0
    rows = client.rows(output)
    assert len(rows) == 12
    assert {row["key"] for row in rows} == {
        f"{name}#{number}" for name in ("a", "b", "c#1")
        for number in range(4)}
    assert {row["prompt"]: row["labels"] for row in rows} == {
        "a": {}, "b": {"x": 1}, "c#1": {"y": [2]}}
    for row in rows:
        assert row["prompt_token_ids"] in ROOTS
        assert row["root_tokens"] == len(row["prompt_token_ids"])
        assert row["parameters"] == {"temperature": 0.7, "max_tokens": 8}
        assert row["parent"] is row["child"] is row["forks"] is None
        assert row["usage"]["completion_tokens"] == len(row["token_ids"])
    assert all(body["n"] == 1 for _, body in fake.received)
    client.account(output, fake)
    assert "12 rows" in capsys.readouterr().out


def test_sample_of_a_server_without_ids(fake, prompts, tmp_path, capsys):
    fake.ids, output = False, tmp_path / "run.jsonl"
    assert client.run("sample", fake, prompts, output) == 0
    rows = client.rows(output)
    assert {row["token_ids"] for row in rows} == {None}
    by_prompt = {row["prompt"]: row["prompt_token_ids"] for row in rows}
    assert by_prompt == {"a": None, "b": [5, 6, 7], "c#1": None}
    assert client.rows(output, "end")[0]["without_ids"] == 12
    assert "12 rows have no token ids" in capsys.readouterr().err


def test_sample_of_a_strict_server(fake, prompts, tmp_path):
    fake.ids, fake.strict, output = False, True, tmp_path / "run.jsonl"
    assert client.run("sample", fake, prompts, output) == 0
    assert client.rows(output, "end")[0]["without_ids"] == 12
    refused = [body for _, body in fake.received if "return_token_ids" in body]
    assert len(refused) < len(fake.received)
    assert len(fake.computed) == 12


@pytest.mark.parametrize("verb", ["tree", "beam"])
def test_branching_needs_a_lenient_server(fake, prompts, tmp_path, capsys,
                                          verb):
    fake.strict = True
    assert client.run(verb, fake, prompts, tmp_path / "run.jsonl") == 1
    assert "unknown argument" in capsys.readouterr().err
    assert not fake.computed


@pytest.mark.parametrize("verb", ["tree", "beam"])
def test_branching_needs_ids(fake, prompts, tmp_path, capsys, verb):
    fake.ids = False
    assert client.run(verb, fake, prompts, tmp_path / "run.jsonl") == 1
    error = capsys.readouterr().err
    assert "returns no prompt_token_ids, token_ids, top_logprobs" in error
    assert "`moetap-branch sample` works" in error
    assert client.rows(tmp_path / "run.jsonl") == []


OPTIONS = [
    dict(temperature=0.7, top_p=0.9, leaves=8, depth=3, max_tokens=6),
    dict(temperature=1.5, top_p=0.5, leaves=40, depth=2, max_tokens=5),
    dict(temperature=0.0, top_p=0.7, leaves=200, depth=2, max_tokens=4),
    dict(temperature=0.7, top_p=0.8, leaves=5, depth=0, max_tokens=9),
    dict(temperature=0.7, top_p=0.9, leaves=25, depth=9, max_tokens=3),
]


def _tree(fake, prompts, output, options):
    flags = [text for name, value in options.items()
             for text in (f"--{name.replace('_', '-')}", str(value))]
    return client.run("tree", fake, prompts, output, *flags)


@pytest.mark.parametrize("options", OPTIONS)
def test_tree_is_that_of_brute_force(fake, prompts, tmp_path, options):
    output, options = tmp_path / "run.jsonl", dict(options, logprobs=20)
    assert _tree(fake, prompts, output, options) == 0
    rows = client.rows(output)
    expected = brute.grow(ROOTS, options)
    assert len(rows) == len(expected)
    assert {tuple(row["prompt_token_ids"]): row["token_ids"]
            for row in rows} == expected
    end, = client.rows(output, "end")
    assert end["leaves"] == end["requests"] == len(rows)
    assert end["uncovered_forks"] == 0
    client.account(output, fake)


def _ends(rows):
    return {row["token_ids"][-1] for row in rows
            if row["finish_reason"] == "stop"}


@pytest.mark.parametrize("options", OPTIONS)
def test_rows_of_a_tree(fake, prompts, tmp_path, options):
    output = tmp_path / "run.jsonl"
    _tree(fake, prompts, output, dict(options, logprobs=20))
    rows = {row["key"]: row for row in client.rows(output)}
    level = {key: key.count(",") + 1 if row["parent"] else 0
             for key, row in rows.items()}
    for key, row in rows.items():
        sent, at = row["prompt_token_ids"], row["fork_position"]
        limit = row["parameters"]["max_tokens"]
        assert len(sent) + limit == row["root_tokens"] + options["max_tokens"]
        assert limit > 0
        if row["parent"] is None:
            continue
        parent = rows[row["parent"]]
        path = parent["prompt_token_ids"] + parent["token_ids"]
        assert sent == path[:at] + [row["child"]["token"]]
        assert at >= len(parent["prompt_token_ids"]) and path[at] != sent[at]
        members, _ = brute.nucleus(path[:at], 20, options["top_p"])
        assert sent[at] in members
        assert row["child"]["logprob"] == pytest.approx(
            brute.logprob(sent, at))
        assert level[key] == level[row["parent"]] + 1 <= options["depth"]
        # No end token is forced that a level before this one showed.
        known = _ends(row for name, row in rows.items()
                      if level[name] < level[key])
        assert sent[at] not in known
    for name in ("a", "b", "c#1"):
        assert sum(row["prompt"] == name for row in rows.values()) <= \
            options["leaves"]


def test_forks_of_a_row(fake, prompts, tmp_path):
    output = tmp_path / "run.jsonl"
    options = dict(OPTIONS[1], logprobs=20, temperature=4)
    _tree(fake, prompts, output, options)
    outside = 0
    for row in client.rows(output):
        tokens = row["prompt_token_ids"] + row["token_ids"]
        forks = {fork["position"]: fork for fork in row["forks"]}
        for at in range(len(row["prompt_token_ids"]), len(tokens)):
            members, _ = brute.nucleus(tokens[:at], 20, 0.5)
            assert (at in forks) == (len(members) > 1)
            assert (tokens[at] not in members) == (at in row["outside_p"])
            if at in forks:
                assert [token for token, _ in forks[at]["children"]] == members
                assert forks[at]["reached"] and forks[at]["covered"] >= 0.5
        outside += len(row["outside_p"])
    end, = client.rows(output, "end")
    assert outside == end["outside_p"] > 0


@pytest.mark.parametrize("top_p, count, reached", [
    (0.3, 1, True), (0.5, 2, True), (0.62, 3, False), (0.9, 3, False)])
def test_nucleus(top_p, count, reached):
    """Two alternatives were asked for; the third is the sampled token, and
    the server kept more probable ones to itself."""
    shares = [(1, 0.4), (2, 0.2), (9, 0.05)]
    ranked = [[token, math.log(share)] for token, share in shares]
    members, covered, found = nucleus(ranked, 2, top_p)
    assert (members, found) == (ranked[:count], reached)
    assert covered == pytest.approx(
        sum(share for _, share in shares[:count]))


def test_forks_that_do_not_reach_p(fake, prompts, tmp_path, capsys):
    output = tmp_path / "run.jsonl"
    assert _tree(fake, prompts, output,
                 dict(OPTIONS[0], logprobs=2)) == 3
    forks = [fork for row in client.rows(output) for fork in row["forks"]]
    short = [fork for fork in forks if not fork["reached"]]
    assert short and all(len(fork["children"]) in (2, 3) for fork in short)
    end, = client.rows(output, "end")
    assert end["uncovered_forks"] == len(short) and end["status"] == 3
    assert f"{len(short)} forks" in capsys.readouterr().err


def test_ended_children(fake, prompts, tmp_path):
    """The prompts make sequences that end; so the end token is known."""
    output = tmp_path / "run.jsonl"
    _tree(fake, prompts, output, dict(OPTIONS[0], logprobs=20, leaves=60,
                                      max_tokens=12))
    rows = client.rows(output)
    assert _ends(rows) == {model.END}
    assert client.rows(output, "end")[0]["ended_children"] > 0
