"""The statistics of bench/engine_overhead.py, without an engine."""

import json
import math
import sys

import numpy as np
import pytest
from scipy import stats

from conftest import ROOT

sys.path[:0] = [str(ROOT / "bench")]
import abba  # noqa: E402
import engine_overhead  # noqa: E402


def test_the_interval_is_that_of_a_t_test():
    sample = np.random.default_rng(3).normal(-0.003, 0.02, 20)
    found = abba.ratio(sample.tolist())
    low, high = stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    assert math.isclose(found.mean, stats.gmean(np.exp(sample)))
    assert np.allclose([found.low, found.high], np.exp([low, high]))
    assert found.quads == 20


def test_the_interval_holds_the_truth_as_often_as_it_says():
    source = np.random.default_rng(4)
    held = 0
    for _ in range(2000):
        found = abba.ratio(source.normal(math.log(0.99), 0.05, 5).tolist())
        held += found.low <= 0.99 <= found.high
    assert 0.93 < held / 2000 < 0.97


def test_one_quad_has_no_interval():
    found = abba.ratio([math.log(0.5)])
    assert math.isclose(found.mean, 0.5)
    assert found.low is None and found.high is None


@pytest.mark.parametrize("number", [0, 1])
def test_what_drifts_evenly_cancels(number):
    tested = abba.order(number)
    assert sum(tested) == 2
    values = [math.exp(0.1 * place) * (0.97 if is_tested else 1)
              for place, is_tested in enumerate(tested)]
    assert math.isclose(abba.log_ratio(values, tested), math.log(0.97))


def test_quads_alternate():
    assert abba.order(0) == (False, True, True, False)
    assert abba.order(1) == (True, False, False, True)


TRAFFICS = ("prefill", "decode", "n=8")


def made_up(slower, noise=0.01, quads=20, instructions=None):
    """Results of engine_blocks.py where the hook makes blocks slower."""
    source = np.random.default_rng(5)
    series = []
    for traffic in TRAFFICS:
        for arm, factor in (("hook", slower), ("none", 1.0)):
            found = []
            for number in range(quads):
                blocks = []
                for is_tested in abba.order(number):
                    seconds = 2 * math.exp(source.normal(0, noise))
                    seconds *= factor if is_tested else 1
                    blocks.append({
                        "arm": arm if is_tested else "none", "tokens": 1000,
                        "seconds": seconds, "cpu_seconds": seconds,
                        "mean_gap": seconds / 100, "p99_gap": seconds / 50,
                        **({} if instructions is None
                           else {"instructions": instructions})})
                found.append({"tested": abba.order(number), "blocks": blocks})
            series.append({"traffic": traffic, "arm": arm, "quads": found})
    facts = {"vllm": "0", "torch": "0", "threads": 1, "not_counted":
             "no" if instructions is None else None}
    return {"series": series, "facts": facts, "traffics": [],
            "cost_before": cost(engine=1e9, shim=1e9),
            "hooked": {"seconds": 100.0, "cpu_seconds": 50.0,
                       "writer_seconds": 0.2}}


def cost(engine=1e9, shim=1e9):
    return {"rows": 7, "engine_ns": engine, "shim_ns": shim,
            "writer_ns": 5e9}


def outcome(results, cost):
    table = engine_overhead.ratios(results["series"])
    return engine_overhead.failures(
        table, engine_overhead.accounted(results, cost))


def test_ratios_of_a_slower_arm():
    table = engine_overhead.ratios(made_up(1.01)["series"])
    assert list(table)[-2:] == [("all", "hook"), ("all", "none")]
    whole = table["all", "hook"]
    assert whole["throughput"].quads == 60
    assert whole["throughput"].low < 1 / 1.01 < whole["throughput"].high
    for name in ("CPU time", "mean gap", "p99 gap"):
        assert whole[name].low < 1.01 < whole[name].high
    none = table["all", "none"]["throughput"]
    assert none.low < 1 < none.high
    assert "instructions" not in whole


def test_instructions_where_they_are_counted():
    table = engine_overhead.ratios(made_up(1.01, instructions=5)["series"])
    assert table["decode", "hook"]["instructions"].mean == 1


def test_nothing_fails_that_is_cheap():
    assert outcome(made_up(1.002), cost(1.1e9, 1.1e9)) == []


def test_noise_alone_does_not_fail():
    assert outcome(made_up(1.0, noise=0.5, quads=3), cost()) == []


def test_a_slow_hook_fails():
    sentence, = outcome(made_up(1.05), cost())
    assert "wholly below 0.98" in sentence


def test_a_dear_capture_fails():
    sentence, = outcome(made_up(1.0), cost(1.2e9, 1.2e9))
    assert "0.60%" in sentence and "0.50%" in sentence


@pytest.mark.parametrize("low, high, verdict", [
    (0.996, 1.01, "met"), (0.99, 1.0, "not decided"), (0.9, 0.99, "missed")])
def test_the_goal(low, high, verdict):
    assert engine_overhead.goal(abba.Ratio(1, low, high, 9)) == verdict


def test_the_report(capsys):
    report, table = engine_overhead.summary(
        made_up(1.01), cost(1.1e9, 1.1e9), "granite", [1.0, 2.0])
    engine_overhead.print_report(report, table)
    text = capsys.readouterr().out
    assert "instructions not counted: no" in text
    assert "0.400% (limit 0.5%); 0.800% of the CPU time" in text
    assert json.loads(json.dumps(report))["blocks"] == 480
    hook, = [one for one in report["ratios"] if (
        one["traffic"], one["arm"], one["measure"]) == (
            "all", "hook", "throughput")]
    assert hook["low"] < hook["mean"] < hook["high"]
