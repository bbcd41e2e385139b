"""Beam search by the server and by the client."""

import json

import client
import model
import pytest

WIDTH, STEPS = 3, 5


def _search(root, ends):
    """The client's search once more, written without its bookkeeping."""
    live, finished = [(0.0, [])], []
    for _ in range(STEPS):
        if len(finished) >= WIDTH:
            break
        candidates = sorted(
            (-(total + value), tokens + [token])
            for total, tokens in live
            for token, value in model.logprobs(root + tokens, 2 * WIDTH))
        live = []
        for negative, tokens in candidates:
            if len(live) == WIDTH:
                break
            (finished if tokens[-1] in ends else live).append(
                (-negative, tokens))
    found = finished + (live if len(finished) < WIDTH else [])
    return sorted(((total / len(tokens), tokens) for total, tokens in found),
                  key=lambda pair: (-pair[0], pair[1]))[:WIDTH]


def _run(fake, prompts, output, *more):
    return client.run("beam", fake, prompts, output, "--width", str(WIDTH),
                      "--max-tokens", str(STEPS), *more)


# Prompts whose search shows the end token before it matters, and others.
@pytest.mark.parametrize("first", [3, 8, 13, 18])
def test_client(fake, tmp_path, first):
    roots = {f"p{at}": [at, at + 1, at + 2] for at in range(first, first + 5)}
    prompts, output = tmp_path / "prompts.jsonl", tmp_path / "run.jsonl"
    prompts.write_text("".join(
        json.dumps({"id": name, "prompt_token_ids": root}) + "\n"
        for name, root in roots.items()))
    assert _run(fake, prompts, output, "--beam", "client") == 0
    rows = {row["key"]: row for row in client.rows(output)}
    ends = {row["token_ids"][-1] for row in rows.values()
            if row["finish_reason"] == "stop"}
    found = client.rows(output, "hypothesis")
    assert len(found) == WIDTH * len(roots)
    for name, root in roots.items():
        mine = [row for row in found if row["prompt"] == name]
        assert len(mine) == WIDTH
        assert all(sum(token in ends for token in row["token_ids"]) ==
                   (row["finish_reason"] == "stop") for row in mine)
        if not ends:
            _check_search(mine, root, ends)
        for row in mine:
            _check_path(row, rows, root)
    client.account(output, fake)


def _check_search(found, root, ends):
    expected = _search(root, ends)
    assert [row["token_ids"] for row in found] == [
        tokens for _, tokens in expected]
    assert [row["score"] for row in found] == pytest.approx(
        [score for score, _ in expected])


def _check_path(hypothesis, rows, root):
    """The steps lead to the hypothesis, token by token."""
    tokens = hypothesis["token_ids"]
    assert len(hypothesis["steps"]) == len(tokens)
    for at, (key, token) in enumerate(zip(hypothesis["steps"], tokens)):
        row = rows[key]
        assert row["prompt_token_ids"] == root + tokens[:at]
        assert token in dict(map(tuple, row["alternatives"]))
        assert row["parent"] == (hypothesis["steps"][at - 1] if at else None)
        if at:
            assert row["child"]["token"] == tokens[at - 1]
            assert row["fork_position"] == len(root) + at - 1


def test_end_known_from_the_first_step(fake, tmp_path, monkeypatch):
    """With a prompt whose most probable token is the end, all is known from
    the start, and the search is exactly that of `_search`."""
    root = next([a, b, 1] for a in range(1, 29) for b in range(1, 30)
                if model.logprobs([a, b, 1], 1)[0][0] == model.END)
    other = [7, 8, 9]
    prompts, output = tmp_path / "prompts.jsonl", tmp_path / "run.jsonl"
    prompts.write_text("".join(
        json.dumps({"id": f"p{at}", "prompt_token_ids": tokens}) + "\n"
        for at, tokens in enumerate((root, other))))
    assert _run(fake, prompts, output, "--beam", "client") == 0
    for at, tokens in enumerate((root, other)):
        _check_search([row for row in client.rows(output, "hypothesis")
                       if row["prompt"] == f"p{at}"], tokens, {model.END})


def test_end_learned_late():
    """What ran past an end token that was not known is cut back to it."""
    from moetap_branch import beam, prompts
    search = beam._Search(prompts.Prompt("p", [1], {}),
                          {"width": 1, "logprobs": 2})
    row = {"key": "s0", "prompt_token_ids": [1],
           "alternatives": [[0, -0.5], [4, -1.0]]}
    search.advance([row], set())
    row = {"key": "s1", "alternatives": [[5, -0.1], [6, -3.0]]}
    search.advance([row], {0})
    found, = search.hypotheses({0})
    assert (found.tokens, found.sums, found.steps, found.finish_reason) == (
        [0], [-0.5], ["s0"], "stop")


def test_server(fake, prompts, tmp_path):
    output = tmp_path / "run.jsonl"
    assert _run(fake, prompts, output, "--beam", "server") == 0
    rows = client.rows(output)
    assert len(rows) == 3 * WIDTH and len(fake.computed) == 3
    assert all(body["use_beam_search"] and body["n"] == WIDTH and
               body["temperature"] == 0 for _, body in fake.received)
    assert all(row["parameters"]["beam"] == "server" for row in rows)
    assert {row["key"] for row in rows} == {
        f"{name}#beams.{at}" for name in ("a", "b", "c#1")
        for at in range(WIDTH)}
    assert client.rows(output, "hypothesis") == []
    client.account(output, fake)


def test_auto_falls_back(fake, prompts, tmp_path):
    output = tmp_path / "run.jsonl"
    fake.beams = False
    assert _run(fake, prompts, output, "--beam", "auto") == 0
    assert sum("use_beam_search" in body for _, body in fake.received) == 1
    assert len(client.rows(output, "hypothesis")) == 3 * WIDTH


def test_auto_asks_only_vllm(fake, prompts, tmp_path):
    fake.owner = "somebody"
    assert _run(fake, prompts, tmp_path / "run.jsonl", "--beam", "auto") == 0
    assert not any("use_beam_search" in body for _, body in fake.received)


def test_server_refuses(fake, prompts, tmp_path, capsys):
    fake.beams = False
    assert _run(fake, prompts, tmp_path / "r.jsonl", "--beam", "server") == 1
    assert "no beam search here" in capsys.readouterr().err


def test_too_few_alternatives(fake, prompts, tmp_path, capsys):
    fake.most = 4
    assert _run(fake, prompts, tmp_path / "r.jsonl", "--beam", "client") == 1
    assert "--width 3 needs 6" in capsys.readouterr().err
