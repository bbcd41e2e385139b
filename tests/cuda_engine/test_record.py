"""The engine as a user starts it: under moetap record, in its default mode, its
core in a process of its own."""

import sys

import cuda_harness
import cuda_models
import harness
import router_log


def test_the_default_engine_under_moetap_record(work, device):
    folder = work / "record"
    folder.mkdir()
    variables = cuda_harness.environment(
        device, STANDIN_ROUTER_LOG=str(folder / "routers"))
    # moetap comes behind what a user preloads, and must be in front of what
    # stands in for CUDA.
    standin = variables.pop("LD_PRELOAD")
    command = harness.job_command(
        folder, cuda_models.checkpoint("qwen3_64"), [cuda_harness.CROWD],
        dict(cuda_harness.SMALL))
    assert command[0] == sys.executable
    harness.run_job(folder, [
        str(harness.MOETAP), "record", "-o", str(folder / "capture"),
        "--tokens", "full", "--", "sh", "-c",
        f'LD_PRELOAD="$LD_PRELOAD:{standin}" exec "$@"', "sh", *command],
        variables)
    run = cuda_harness.read_run(folder)
    executed = run.executed()
    assert len(executed) > 100
    assert router_log.differences(run.observed(), executed) == []
    harness.run_moetap("verify", run.path, expect=(0, 3))
    # What it says in the end has no complaint.
    said = (folder / "engine.log").read_text()
    assert "worker): captured" in said and "identity missing" not in said
