"""Whatever the server or the way to it does: nothing is lost or doubled."""

import threading
import types

import client
import httpx
import pytest
from moetap_branch import server

VERBS = ["sample", "tree", "beam"]
# How many attempts each kind of fault may have had computed.
NOT_RUN = ("409", "429")


@pytest.fixture
def quiet(fake, prompts, tmp_path):
    """A function: what a run finds while the server is well.  The server
    then forgets the run."""
    def run(verb, *more):
        output = tmp_path / "quiet.jsonl"
        assert client.run(verb, fake, prompts, output, *more) == 0
        fake.received.clear(), fake.computed.clear(), fake.order.clear()
        return client.outcome(output)
    return run


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fault", ["drop before", "drop after", "half",
                                   "no JSON", "500", "503", "408", "409",
                                   "429", "abort"])
def test_fault(fake, prompts, tmp_path, quiet, verb, fault):
    expected, output = quiet(verb), tmp_path / "run.jsonl"
    fake.faults = {number: fault for number in (0, 1, 4, 5, 9)}
    assert client.run(verb, fake, prompts, output) == 0
    assert client.outcome(output) == expected
    client.account(output, fake)
    failed = {fake.received[number][0] for number in fake.faults}
    named = [name for row in client.rows(output) for name in row["abandoned"]]
    assert sorted(named) == ([] if fault in NOT_RUN else sorted(failed))


def test_slow(fake, prompts, tmp_path, quiet):
    expected, output = quiet("sample"), tmp_path / "run.jsonl"
    fake.faults = {2: "slow", 7: "slow"}
    assert client.run("sample", fake, prompts, output,
                      "--timeout", "0.7") == 0
    assert client.outcome(output) == expected
    client.account(output, fake)
    assert client.rows(output, "end")[0]["abandoned"] >= 2


@pytest.mark.parametrize("verb", VERBS)
def test_server_is_killed_and_comes_back(fake, prompts, tmp_path, quiet,
                                         verb):
    expected, output = quiet(verb), tmp_path / "run.jsonl"

    def restart():
        fake.kill()
        threading.Event().wait(0.2)  # the client meets a closed port
        fake.start()

    thread = threading.Thread(target=restart)
    fake.after = lambda count: thread.start() if count == 5 else None
    assert client.run(verb, fake, prompts, output) == 0
    thread.join()
    assert client.outcome(output) == expected
    client.account(output, fake)


def test_patience_ends(fake, prompts, tmp_path, capsys):
    fake.faults = dict.fromkeys(range(10000), "503")
    output = tmp_path / "run.jsonl"
    arguments = client.arguments("sample", fake, prompts, output)
    assert client.cli.main([*arguments, "--patience", "0.3"]) == 1
    assert "of --patience; last: 503 try again" in capsys.readouterr().err
    fake.faults = {}
    assert client.run("sample", fake, prompts, output) == 0
    assert len(client.outcome(output)[0]) == 12


def test_nobody_listens(fake, prompts, tmp_path, capsys):
    arguments = client.arguments("sample", fake, prompts,
                                 tmp_path / "run.jsonl")
    arguments[arguments.index("--url") + 1] = "http://127.0.0.1:9/v1"
    assert client.cli.main([*arguments, "--patience", "0.2"]) == 1
    assert "127.0.0.1:9/v1: no answer" in capsys.readouterr().err


def test_retry_after_is_obeyed(fake, prompts, tmp_path, capsys):
    fake.faults, fake.retry_after = {0: "429"}, "1000"
    assert client.run("sample", fake, prompts, tmp_path / "run.jsonl") == 1
    assert "asks to wait 1000 s" in capsys.readouterr().err


@pytest.mark.parametrize("text, low, high", [
    ("7", 7, 7), ("", 0, 0), ("soon", 0, 0),
    ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ("Fri, 21 Oct 2095 07:28:00 GMT", 1e9, 1e10)])
def test_retry_after(text, low, high):
    response = httpx.Response(429, headers={"Retry-After": text})
    assert low <= server._retry_after(response) <= high


def test_refusal_names_the_prompt(fake, prompts, tmp_path, capsys):
    with open(prompts, "a", encoding="utf-8") as file:
        file.write('{"id": "bad", "prompt_token_ids": [29, 1]}\n')
    output = tmp_path / "run.jsonl"
    assert client.run("sample", fake, prompts, output) == 1
    error = capsys.readouterr().err
    assert 'prompt "bad"' in error and "token 29 comes first" in error
    client.account(output, fake)  # what was under way is recorded


def test_no_completions_server(fake, prompts, tmp_path, capsys):
    fake.compute = types.MethodType(
        lambda *_: (200, {"detail": "hello"}), fake)
    assert client.run("sample", fake, prompts, tmp_path / "run.jsonl") == 1
    assert "no choices of a completion" in capsys.readouterr().err
