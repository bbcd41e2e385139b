"""models/tinyc on the path."""

import json
import pathlib
import sys

import pytest

TINYC = pathlib.Path(__file__).resolve().parents[2] / "models/tinyc"
sys.path.insert(0, str(TINYC))


@pytest.fixture(scope="session")
def prompts():
    with open(TINYC / "prompts.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
