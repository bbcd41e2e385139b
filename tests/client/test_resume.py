"""A run that was interrupted goes on to the same end."""

import json
import signal

import client
import pytest

VERBS = ["sample", "tree", "beam"]


@pytest.fixture
def expected(fake, prompts, tmp_path):
    """A function: what an uninterrupted run finds."""
    def run(verb, *more):
        output = tmp_path / "whole.jsonl"
        client.run(verb, fake, prompts, output, *more)
        fake.received.clear(), fake.computed.clear(), fake.order.clear()
        return client.outcome(output)
    return run


def _signal_after(fake, holder, number, count):
    def after(computed):
        if computed == count:
            holder[0].send_signal(number)
    fake.after = after


def _interrupt(fake, prompts, output, verb, number):
    """Sends a signal in mid-run; (exit status, what it wrote on stderr)."""
    holder = []
    _signal_after(fake, holder, number, 5)
    holder.append(client.start(client.arguments(
        verb, fake, prompts, output, "--concurrency", "2")))
    _, error = holder[0].communicate(timeout=60)
    fake.after = None
    return holder[0].returncode, error


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130),
                                            (signal.SIGTERM, 143)])
def test_signal(fake, prompts, tmp_path, expected, verb, number, status):
    whole, output = expected(verb), tmp_path / "run.jsonl"
    code, error = _interrupt(fake, prompts, output, verb, number)
    assert code == status
    assert "in flight are finished first" in error
    assert f"this resumes: moetap-branch {verb} --url" in error
    rows = client.rows(output)
    assert len(rows) == len(fake.computed) < len(whole[0])
    assert client.run(verb, fake, prompts, output) == 0
    assert client.outcome(output) == whole
    client.account(output, fake)


@pytest.mark.parametrize("verb", VERBS)
def test_killed_client(fake, prompts, tmp_path, expected, capsys, verb):
    whole, output = expected(verb), tmp_path / "run.jsonl"
    code, _ = _interrupt(fake, prompts, output, verb, signal.SIGKILL)
    assert code == -signal.SIGKILL
    with open(output, "ab") as file:
        file.write(b'{"kind":"request","key":"a#')
    assert client.run(verb, fake, prompts, output) == 0
    assert "cut off a torn last row of 27 bytes" in capsys.readouterr().err
    assert client.outcome(output) == whole
    client.account(output, fake)


def test_second_interrupt_abandons(fake, prompts, tmp_path, expected):
    whole, output = expected("sample"), tmp_path / "run.jsonl"
    fake.gate.clear()
    holder = []
    _signal_after(fake, holder, signal.SIGINT, 2)
    holder.append(client.start(client.arguments(
        "sample", fake, prompts, output, "--concurrency", "2")))
    assert "once more abandons" in holder[0].stderr.readline()
    holder[0].send_signal(signal.SIGINT)
    _, error = holder[0].communicate(timeout=60)
    assert holder[0].returncode == 130
    assert "at least 12 requests are left" in error
    assert client.rows(output) == []
    fake.after = None
    fake.gate.set()
    assert client.run("sample", fake, prompts, output) == 0
    assert client.outcome(output) == whole
    client.account(output, fake)


def test_interrupt_while_the_server_is_away(prompts, tmp_path, fake):
    fake.faults = dict.fromkeys(range(10000), "503")
    process = client.start(client.arguments(
        "sample", fake, prompts, tmp_path / "run.jsonl"))
    assert "retrying for up to" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


@pytest.mark.parametrize("verb, more", [
    ("sample", []), ("tree", []), ("beam", []),
    ("beam", ["--beam", "server"])])
def test_torn_anywhere(fake, prompts, tmp_path, expected, verb, more):
    """The manifest is cut at many places, as a crash could leave it."""
    whole = expected(verb, *more)
    data = (tmp_path / "whole.jsonl").read_bytes()
    output = tmp_path / "run.jsonl"
    for size in range(0, len(data), len(data) // 12):
        output.write_bytes(data[:size])
        assert client.run(verb, fake, prompts, output, *more) == 0
        assert client.outcome(output) == whole


def test_finished(fake, prompts, tmp_path, capsys):
    output = tmp_path / "run.jsonl"
    more = ["--logprobs", "2"]
    assert client.run("tree", fake, prompts, output, *more) == 3
    before = output.read_bytes()
    fake.received.clear()
    assert client.run("tree", fake, prompts, output, *more) == 3
    assert "finished already" in capsys.readouterr().err
    assert output.read_bytes() == before and fake.received == []


def test_other_values_are_refused(fake, prompts, tmp_path, capsys):
    output = tmp_path / "run.jsonl"
    assert client.run("sample", fake, prompts, output) == 0

    def refused(verb, *more):
        before = output.read_bytes()
        assert client.run(verb, fake, prompts, output, *more) == 2
        assert output.read_bytes() == before
        return capsys.readouterr().err

    assert "temperature (was 0.7, is 1.0)" in refused(
        "sample", "--temperature", "1")
    assert "n (was 4, is 5)" in refused("sample", "-n", "5")
    assert "model (was fake, is x)" in refused("sample", "--model", "x")
    assert "strategy (was sample, is tree)" in refused("tree")
    prompts.write_text(prompts.read_text().replace("hello", "hallo"))
    assert "other values: the prompts;" in refused("sample")
    # How it is done is no parameter.
    prompts.write_text(prompts.read_text().replace("hallo", "hello"))
    assert client.run("sample", fake, prompts, output, "--timeout", "9",
                      "--patience", "9", "--concurrency", "1") == 0


def test_model_of_the_server_changed(fake, prompts, tmp_path, capsys):
    output = tmp_path / "run.jsonl"
    client.run("sample", fake, prompts, output)
    lines = output.read_text().splitlines(keepends=True)
    output.write_text("".join(lines[:-3]))
    fake.models = ["new"]
    assert client.run("sample", fake, prompts, output) == 2
    assert "model (was fake, is new)" in capsys.readouterr().err


def test_second_client_is_refused(fake, prompts, tmp_path, capsys):
    from moetap_branch.manifest import Manifest
    output = tmp_path / "run.jsonl"
    with Manifest(str(output)):
        assert client.run("sample", fake, prompts, output) == 2
    assert "another moetap-branch is writing it" in capsys.readouterr().err
    assert fake.received == []


@pytest.mark.parametrize("text, said", [
    ("hello", "not a manifest"), ("hello\n", "line 1: not a row"),
    ('{"id": "a"}\n', "line 1: not a row"),
    ('{"kind":"end"}\n', "line 1: not a manifest"),
    ('{"kind":"run","schema_version":2}\n', "schema version 2"),
    ('{"kind":"run","schema_version":1}\nx\n', "line 2: not a row")])
def test_other_files_stay_as_they_are(fake, prompts, tmp_path, capsys, text,
                                      said):
    output = tmp_path / "run.jsonl"
    output.write_text(text)
    assert client.run("sample", fake, prompts, output) == 2
    assert said in capsys.readouterr().err
    assert output.read_text() == text


def test_rows_are_json_on_one_line(fake, prompts, tmp_path):
    output = tmp_path / "run.jsonl"
    client.run("tree", fake, prompts, output)
    lines = output.read_bytes().split(b"\n")
    assert lines[-1] == b""
    kinds = [json.loads(line)["kind"] for line in lines[:-1]]
    assert kinds[:2] == ["run", "session"] and kinds[-1] == "end"
    assert set(kinds[2:-1]) == {"request"}
