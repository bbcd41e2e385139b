"""Arguments, bad input, and exit status."""

import subprocess
import sys

import client
import pytest
from moetap_branch import cli

VERBS = ["sample", "tree", "beam", "replay", "paths"]


def _usage(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    return ended.value.code, capsys.readouterr()


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example(verb, capsys):
    code, said = _usage([verb, "--help"], capsys)
    assert code == 0 and f"example: moetap-branch {verb}" in said.out


@pytest.mark.parametrize("more", [
    ["-n", "0"], ["-n", "x"], ["--temperature", "-1"], ["--patience", "0"],
    ["--timeout", "nan"], ["--max-tokens", "0"], ["--concurrency", "0"],
    ["--top-p", "0.5"], ["--temp", "1"]])
def test_wrong_arguments(fake, prompts, tmp_path, capsys, more):
    argv = client.arguments("sample", fake, prompts, tmp_path / "r", *more)
    code, said = _usage(argv, capsys)
    assert code == 2 and more[0] in said.err


@pytest.mark.parametrize("argv", [[], ["grow"], ["paths"], ["sample"]])
def test_missing_arguments(argv, capsys):
    assert _usage(argv, capsys)[0] == 2


GOOD = '{"id": "a", "prompt": "x"}\n'


@pytest.mark.parametrize("text, said", [
    ("", "no prompt in it"), (GOOD + "{\n", "line 2: not JSON"),
    ("[1]\n", "line 1: not an object"),
    ('{"prompt": "x"}\n', 'line 1: "id" is missing'),
    ('{"id": 7, "prompt": "x"}\n', 'line 1: "id" is missing'),
    ('{"id": "a"}\n', 'line 1: give "prompt" or "prompt_token_ids"'),
    ('{"id": "a", "prompt": "x", "prompt_token_ids": [1]}\n', "one of"),
    ('{"id": "a", "prompt": ""}\n', 'line 1: "prompt" must be'),
    ('{"id": "a", "prompt_token_ids": []}\n', "not empty"),
    ('{"id": "a", "prompt_token_ids": [true]}\n', "integers from 0"),
    ('{"id": "a", "prompt": "x", "labels": 1}\n', '"labels" must be'),
    ('{"id": "a", "prompt": "x", "label": {}}\n', 'unknown field "label"'),
    (GOOD + "\n" + GOOD, 'line 3: id "a" is that of line 1'),
    (b"\xff\xfe", "not UTF-8")])
def test_bad_prompts(fake, prompts, tmp_path, capsys, text, said):
    prompts.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert client.run("sample", fake, prompts, tmp_path / "run.jsonl") == 2
    error = capsys.readouterr().err
    assert f"{prompts}: " in error and said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run.jsonl").exists()


def test_missing_files(fake, prompts, tmp_path, capsys):
    for argv in (client.arguments("sample", fake, tmp_path / "no", "o"),
                 ["paths", str(tmp_path / "no")],
                 ["replay", str(tmp_path / "no"), "--url", fake.url, "-o",
                  str(tmp_path / "o")],
                 client.arguments("sample", fake, prompts,
                                  tmp_path / "no" / "run.jsonl")):
        assert cli.main(argv) == 2
        error = capsys.readouterr().err
        assert "No such file" in error and error.count("\n") == 1


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host/v1",
                                 "http://", "nothing", "http://[::1"])
def test_bad_url(fake, prompts, tmp_path, capsys, url):
    argv = client.arguments("sample", fake, prompts, tmp_path / "r", "--url",
                            url)
    assert cli.main(argv) == 2
    assert "not the base of a server" in capsys.readouterr().err


def test_url_without_v1(fake, prompts, tmp_path, capsys):
    argv = client.arguments("sample", fake, prompts, tmp_path / "r", "--url",
                            fake.url[:-3])
    assert cli.main(argv) == 2
    assert "no /models there" in capsys.readouterr().err


def test_models(fake, prompts, tmp_path, capsys):
    output = tmp_path / "run.jsonl"
    more = ["--model", "other"]
    assert client.run("sample", fake, prompts, output, *more) == 2
    assert "does not serve the model other; it serves: fake" in \
        capsys.readouterr().err
    fake.models = ["fake", "other"]
    assert client.run("sample", fake, prompts, output) == 2
    assert "choose one with --model" in capsys.readouterr().err
    assert client.run("sample", fake, prompts, output, *more) == 0
    assert {body["model"] for _, body in fake.received} == {"other"}


def test_key_is_sent_and_not_stored(fake, prompts, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    output = tmp_path / "run.jsonl"
    assert client.run("sample", fake, prompts, output) == 0
    assert fake.authorization == "Bearer sesame"
    assert "sesame" not in output.read_text()


def test_request_ids(fake, prompts, tmp_path):
    client.run("sample", fake, prompts, tmp_path / "run.jsonl")
    names = [name for name, _ in fake.received]
    assert len(set(names)) == 12
    assert all(name.replace("-", "").isalnum() and name.isascii()
               for name in names)
    assert {row["request_id"] for row in client.rows(tmp_path / "run.jsonl")
            } == {f"cmpl-{name}" for name in names}


def test_beam_needs_alternatives(fake, prompts, tmp_path, capsys):
    assert client.run("beam", fake, prompts, tmp_path / "r",
                      "--width", "11") == 2
    assert "--logprobs 22" in capsys.readouterr().err


def test_as_a_module():
    done = subprocess.run([sys.executable, "-m", "moetap_branch", "--help"],
                          cwd=client.CLIENT, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0 and "paths" in done.stdout
