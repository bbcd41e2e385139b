"""The client under test, and a fake server for it."""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "client"), str(HERE)]

import fake_server  # noqa: E402
from moetap_branch import server  # noqa: E402


@pytest.fixture
def fake():
    served = fake_server.FakeServer()
    yield served
    served.gate.set()
    served.kill()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Retries at once, and no proxy between the client and the server."""
    monkeypatch.setattr(server, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(server, "LONGEST_WAIT", 0.05)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text(
        '{"id": "a", "prompt": "hello"}\n'
        '{"id": "b", "prompt_token_ids": [5, 6, 7], "labels": {"x": 1}}\n'
        '{"id": "c#1", "prompt": "world", "labels": {"y": [2]}}\n')
    return path
