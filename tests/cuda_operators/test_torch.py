"""The tensors that torch itself fills, counts up and indexes on the stand-in
are right."""

import json
import subprocess
import sys

import pytest

from conftest import LIMIT_S, ROOT, standin


@pytest.fixture(scope="module")
def calls(libraries):
    done = subprocess.run(
        [sys.executable, ROOT / "tests/cuda_operators/torch_calls.py"],
        capture_output=True, text=True, timeout=LIMIT_S,
        env=standin.environment(libraries))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_results_are_right(calls):
    wrong = [call for call in calls if call[1] != call[2]]
    print(f"{len(calls)} calls, {len(wrong)} wrong")
    assert calls and not wrong
