"""The engine generates the same tokens with the library as without it."""

import pytest

import harness
import runs


def tokens(batch):
    return [one["outputs"][0]["tokens"] for one in batch]


def without_library(folder, compiled):
    results = harness.run_offline(
        folder, "qwen3_moe", [runs.GREEDY], harness.engine_environment(),
        enforce_eager=not compiled)
    return tokens(results[0])


def check(mode, work, compiled, captured):
    """Two runs without the library agree, and the one with it too."""
    first, again = (without_library(work / f"{mode}-{number}", compiled)
                    for number in (1, 2))
    if first != again:
        pytest.fail("two runs without the library differ: this engine cannot "
                    "show whether the library changes anything")
    distinct = len(set(map(tuple, first)))
    print(f"\n{mode}: {len(first)} requests, {sum(map(len, first))} tokens, "
          f"{distinct} distinct answers, equal in all three runs")
    assert distinct > len(first) / 2
    assert tokens(captured.results[0]) == first
    # 3: the engine kills its worker in the end, so a ring is left over.
    harness.run_moetap("verify", captured.capture, expect=(0, 3))


def test_eager(offline, work):
    check("eager", work, False, offline("qwen3_moe"))


def test_compiled(offline, work):
    check("compiled", work, True, offline("compiled"))
