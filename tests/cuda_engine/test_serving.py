"""The engine in a process of its own, with more requests than fit a batch."""

import collections

import cuda_harness
import harness
import pytest
import router_log


@pytest.fixture(scope="module", params=list(cuda_harness.MODES))
def run(request, work, device):
    """A cache too small for the batch, so that requests are preempted."""
    return cuda_harness.record(
        work / f"serving-{request.param}", device, "qwen3_64", request.param,
        in_process=False, batches=[cuda_harness.CROWD] * 2,
        max_num_batched_tokens=48, block_size=16, num_gpu_blocks_override=14,
        max_model_len=192)


def test_rows_are_what_the_routers_wrote(run):
    executed = run.executed()
    observed = run.observed()
    print(f"\n{len(run.steps())} steps, {len(executed)} places executed, "
          f"{len(observed)} observed")
    assert router_log.differences(observed, executed) == []


def test_each_case_happened(run):
    kinds = collections.Counter(one["kind"] for one in run.worker["events"])
    rows = [span["rows"] for step in run.worker["steps"]
            for span in step.get("spans", [])]
    print(f"\n{dict(kinds)}, spans of up to {max(rows)} rows")
    assert kinds["Preempted"] > 0
    assert kinds["Finished"] > 0
    assert any(one["cached"] > 0 for one in run.results[1])


def test_the_capture_verifies(run):
    # 3: the engine kills its worker in the end, so a ring is left over.
    harness.run_moetap("verify", run.path, expect=(0, 3))
