"""replay: every path once a pass, batch after batch."""

import client
import pytest
from moetap_branch import cli


def _replay(fake, source, output, *more):
    return cli.main(["replay", str(source), "--url", fake.url, "-o",
                     str(output), "--patience", "20", *more])


@pytest.fixture
def source(fake, prompts, tmp_path):
    """A finished manifest, which the server has forgotten."""
    path = tmp_path / "source.jsonl"
    client.run("tree", fake, prompts, path)
    fake.received.clear(), fake.computed.clear(), fake.order.clear()
    return path


def _paths(source):
    """{tokens: keys of the rows}"""
    found = {}
    for row in client.rows(source):
        tokens = tuple(row["prompt_token_ids"] + row["token_ids"])
        found.setdefault(tokens, []).append(row["key"])
    return found


def test_every_path_once_a_pass(fake, source, tmp_path):
    output, paths = tmp_path / "replay.jsonl", _paths(source)
    assert _replay(fake, source, output, "--passes", "3", "--batch", "4") == 0
    rows = client.rows(output)
    for number in (1, 2, 3):
        mine = [row for row in rows if row["parameters"]["pass"] == number]
        assert sorted((row["replay_of"], row["prompt_token_ids"])
                      for row in mine) == sorted(
            (sorted(keys), list(tokens[:-1])) for tokens, keys
            in paths.items())
    salts = {row["parameters"]["pass"]: row["parameters"]["cache_salt"]
             for row in rows}
    assert len(set(salts.values())) == 3
    assert all((body["max_tokens"], body["temperature"]) == (1, 0) and
               body["cache_salt"] for _, body in fake.received)
    client.account(output, fake)


def test_same_path_of_several_rows(fake, prompts, tmp_path):
    source, output = tmp_path / "source.jsonl", tmp_path / "replay.jsonl"
    client.run("sample", fake, prompts, source)
    assert _replay(fake, source, output) == 0
    assert sorted(row["replay_of"] for row in client.rows(output)) == [
        [f"{name}#{at}" for at in range(4)] for name in ("a", "b", "c#1")]


def test_batches_do_not_overlap(fake, source, tmp_path):
    _replay(fake, source, tmp_path / "replay.jsonl", "--passes", "2",
            "--batch", "5")
    size, count = len(_paths(source)), 0
    sizes = [min(5, size - start) for _ in range(2)
             for start in range(0, size, 5)]
    for batch in sizes:
        events = fake.order[2 * count:2 * (count + batch)]
        begun = {name for what, name in events if what == "begin"}
        assert begun == {name for what, name in events if what == "end"}
        assert len(begun) == batch
        count += batch
    assert 2 * count == len(fake.order)


def test_order_is_that_of_the_seed(fake, source, tmp_path):
    def order(name, seed):
        fake.received.clear()
        _replay(fake, source, tmp_path / name, "--seed", seed, "--batch", "1")
        return [body["prompt"] for _, body in fake.received]

    first = order("1.jsonl", "7")
    assert order("2.jsonl", "7") == first
    assert order("3.jsonl", "8") != first
    assert sorted(order("4.jsonl", "8")) == sorted(first)


def test_faults_and_resume(fake, source, tmp_path):
    whole, output = tmp_path / "whole.jsonl", tmp_path / "replay.jsonl"
    assert _replay(fake, source, whole) == 0
    fake.received.clear(), fake.computed.clear()
    fake.faults = {0: "drop after", 3: "500", 6: "half"}
    assert _replay(fake, source, output) == 0
    assert client.outcome(output) == client.outcome(whole)
    client.account(output, fake)
    data = whole.read_bytes()
    for size in range(0, len(data), len(data) // 7):
        output.write_bytes(data[:size])
        assert _replay(fake, source, output) == 0
        assert client.outcome(output) == client.outcome(whole)


def test_another_source_is_refused(fake, source, prompts, tmp_path, capsys):
    output = tmp_path / "replay.jsonl"
    assert _replay(fake, source, output) == 0
    other = tmp_path / "other.jsonl"
    client.run("sample", fake, prompts, other)
    assert _replay(fake, other, output) == 2
    assert "the prompts" in capsys.readouterr().err
    assert _replay(fake, source, source) == 2
    assert "strategy (was tree, is replay)" in capsys.readouterr().err


def test_source_without_ids(fake, prompts, tmp_path, capsys):
    fake.ids, source = False, tmp_path / "source.jsonl"
    client.run("sample", fake, prompts, source)
    assert _replay(fake, source, tmp_path / "replay.jsonl") == 2
    assert "has no token ids" in capsys.readouterr().err


def test_server_without_ids(fake, source, tmp_path, capsys):
    fake.ids, output = False, tmp_path / "replay.jsonl"
    assert _replay(fake, source, output) == 1
    assert "returns no prompt_token_ids, token_ids" in capsys.readouterr().err
    assert client.rows(output) == []
