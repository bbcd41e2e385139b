"""Routers that no hook sees are asked for their ids by the shim."""

import shutil

import cuda_harness
import harness
import pytest
import router_log

KNOWN = b"_ZN4vllm3moe10topkGating\0"
UNKNOWN = b"_ZN4vllm3moe10topkGatinX\0"


def blind_library(folder):
    """A libmoetap.so that does not know the router kernel topkGating."""
    data = harness.LIBRARY.read_bytes()
    assert data.count(KNOWN) == 1
    library = folder / "libmoetap.so"
    library.write_bytes(data.replace(KNOWN, UNKNOWN))
    shutil.copytree(harness.LIBRARY.parent / "python", folder / "python")
    return library


@pytest.mark.parametrize("mode", list(cuda_harness.MODES))
def test_rows_are_what_the_routers_wrote(mode, work, device):
    folder = work / f"asked-{mode}"
    folder.mkdir()
    run = cuda_harness.record(folder, device, "qwen3_64", mode,
                              library=blind_library(folder))
    executed = run.executed()
    assert len(executed) == 8 + 2 * 4
    assert router_log.differences(run.observed(), executed) == []
    facts = {one["key"]: one["value"] for one in run.worker["facts"]}
    assert facts["asked_layers"] == "8"
    assert {one["hook"] for one in run.worker["layers"]} == {
        "moetap_device_dispatch"}
    harness.run_moetap("verify", run.path)
