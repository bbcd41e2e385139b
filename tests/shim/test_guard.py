"""The guard around the shim's reports."""

import types

import fakes
from moetap_vllm import guard


def clock(monkeypatch, *readings):
    monkeypatch.setattr(guard, "time", types.SimpleNamespace(
        perf_counter_ns=iter(readings).__next__))


def test_the_time_of_reports_is_reported(monkeypatch):
    abi = fakes.RecordingAbi()
    clock(monkeypatch, 100, 130, 200, 207)
    one = guard.Guard(abi)
    assert one.run(lambda: 3) == 3
    assert one.run(lambda: 4) == 4
    assert abi.shim_ns == 37


def test_the_time_of_the_report_that_fails_is_reported(monkeypatch):
    abi = fakes.RecordingAbi()
    clock(monkeypatch, 100, 130)
    one = guard.Guard(abi)
    assert one.run(lambda: 1 / 0) is None
    assert one.run(lambda: 3) is None  # the clock has no further readings
    assert abi.shim_ns == 30
