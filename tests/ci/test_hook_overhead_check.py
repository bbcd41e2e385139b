import json
import os
import subprocess
import sys

import pytest

from conftest import ROOT

CHECK = ROOT / "bench" / "hook_overhead_check.py"
SPREAD = ROOT / "bench" / "hook_overhead.json"


@pytest.fixture
def binary(tmp_path):
    """A benchmark that reports made-up times: binary(hooked_ns) -> path."""

    def make(hooked_ns, **fields):
        names = {name for pair in json.loads(SPREAD.read_text())["ratios"]
                 for name in pair.split(" / ")}
        runs = [{"run_name": name, "run_type": "iteration",
                 "cpu_time": hooked_ns if name.startswith("Hooked") else 1.0,
                 **fields} for name in sorted(names)]
        output = tmp_path / "output.json"
        output.write_text(json.dumps({"benchmarks": runs}))
        path = tmp_path / "benchmark"
        path.write_text(f"#!/bin/sh\ncat '{output}'\n")
        os.chmod(path, 0o755)
        return path

    return make


def run(*arguments):
    done = subprocess.run([sys.executable, str(CHECK),
                           *map(str, arguments)],
                          capture_output=True, text=True)
    return done.stdout + done.stderr, done.returncode


def test_as_recorded(binary):
    text, status = run(binary(1.0))
    assert status == 0, text


def test_far_slower(binary):
    text, status = run(binary(1000.0))
    assert status == 1
    assert "far outside the recorded spread: HookedCall/1" in text


def test_benchmark_that_says_it_failed(binary):
    text, status = run(binary(1.0, error_occurred=True,
                              error_message="not all recorded"))
    assert status == 1
    assert "not all recorded" in text


def test_record_then_check(binary, tmp_path):
    spread = tmp_path / "spread.json"
    text, status = run(binary(3.0), "--record", "--spread", spread)
    assert status == 0, text
    text, status = run(binary(5.9), "--spread", spread)
    assert status == 0, text
    text, status = run(binary(6.1), "--spread", spread)
    assert status == 1, text


def test_no_binary(tmp_path):
    text, status = run(tmp_path / "missing")
    assert status != 0
    assert "missing" in text


def test_help():
    text, status = run("--help")
    assert status == 0 and "usage" in text
