"""The engine generates the same tokens with the library as without it."""

import cuda_harness
import pytest


def tokens(results):
    return [one["outputs"][0]["tokens"] for batch in results for one in batch]


@pytest.mark.parametrize("mode", list(cuda_harness.MODES))
def test_tokens(mode, work, device):
    """Two runs without the library agree, and the one with it too."""
    variables = cuda_harness.environment(
        device, VLLM_ENABLE_V1_MULTIPROCESSING="0")
    llm = dict(cuda_harness.MODES[mode])
    first, again = (tokens(cuda_harness.run_offline(
        work / f"plain-{mode}-{number}", "qwen3_64", [cuda_harness.CROWD],
        variables, **llm)) for number in (1, 2))
    if first != again:
        pytest.fail("two runs without the library differ: this engine cannot "
                    "show whether the library changes anything")
    run = cuda_harness.record(work / f"recorded-{mode}", device, "qwen3_64",
                              mode, batches=[cuda_harness.CROWD])
    distinct = len(set(map(tuple, first)))
    print(f"\n{mode}: {len(first)} requests, {distinct} distinct answers, "
          "equal in all three runs")
    assert distinct > len(first) / 2
    assert tokens(run.results) == first
