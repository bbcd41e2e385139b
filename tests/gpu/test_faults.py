"""Whatever fails of the calls that libmoetap.so makes: the program sees none of
it, no wrong id is captured, and what is missing is said."""

import pytest
from gpu_program import (ON_GPU, environment, read_capture, read_truth,
                         record_and_kill, run_program, verify)

NO_MEMORY, NOT_FOUND, ILLEGAL = 2, 500, 700

# An entry point, its how-many-th call, the code that it fails with.  The first
# two launches of a context are its warm-up.
AT_START = [
    ("cuCtxGetCurrent", 1, 201), ("cuCtxGetDevice", 1, 201),
    ("cuDeviceGetAttribute", 1, 1), ("cuModuleLoadData", 1, 218),
    ("cuModuleGetFunction", 1, NOT_FOUND), ("cuModuleGetFunction", 2, 500),
    ("cuMemHostRegister_v2", 1, NO_MEMORY), ("cuMemAlloc_v2", 1, NO_MEMORY),
    ("cuMemHostGetDevicePointer_v2", 1, 1), ("cuStreamCreate", 1, NO_MEMORY),
    ("cuMemsetD8Async", 1, 1), ("cuLaunchKernelEx", 1, ILLEGAL),
    ("cuLaunchKernelEx", 2, ILLEGAL), ("cuStreamSynchronize", 1, ILLEGAL),
    ("cuThreadExchangeStreamCaptureMode", 1, 1)]
LATER = [
    ("cuLaunchKernelEx", 3, NO_MEMORY), ("cuLaunchKernelEx", 20, NO_MEMORY),
    ("cuLaunchKernelEx", 60, ILLEGAL), ("cuStreamGetCaptureInfo_v2", 1, 1),
    ("cuStreamGetCaptureInfo_v2", 40, 1), ("cuCtxGetCurrent", 30, 201)]

pytestmark = pytest.mark.skipif(ON_GPU, reason="a GPU fails by itself only")


def run(tmp_path, mode, **more):
    """Exit status and text of verify, rows written, rows captured, stderr."""
    plain, truth, capture = (tmp_path / name for name in
                             ("plain", "truth", "capture"))
    run_program(["run", mode, 60, plain], environment(None))
    done = run_program(["run", mode, 60, truth], environment(capture, **more))
    assert truth.read_bytes() == plain.read_bytes()
    status, text = verify(capture)
    return status, text, read_truth(truth), read_capture(capture), done.stderr


def wrong(got, wanted):
    return [position for position in got if got[position] != wanted[position]]


def fail(name, n, code):
    return {"STANDIN_FAIL": f"{name}:{n}:{code}",
            "STANDIN_FAIL_CALLER": "libmoetap"}


@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("call", AT_START, ids=lambda c: f"{c[0]}-{c[1]}")
def test_a_failure_at_the_first_launch(tmp_path, mode, call):
    status, text, wanted, got, said = run(tmp_path, mode, **fail(*call))
    assert not wrong(got, wanted)
    if len(got) < len(wanted):
        assert status != 0, text
        assert "moetap" in said


@pytest.mark.parametrize("mode", ["eager", "graph", "destroy"])
@pytest.mark.parametrize("call", LATER, ids=lambda c: f"{c[0]}-{c[1]}")
def test_a_failure_later(tmp_path, mode, call):
    status, text, wanted, got, said = run(tmp_path, mode, **fail(*call))
    assert not wrong(got, wanted)
    assert len(got) < len(wanted), "nothing failed"
    assert status != 0, text
    assert "moetap" in said


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_full_ring_drops_rows_and_counts_them(tmp_path, mode):
    status, text, wanted, got, _ = run(
        tmp_path, mode, MOETAP_RING_BYTES=256 << 10)
    if len(got) == len(wanted):
        pytest.skip("the writer kept up")
    assert not wrong(got, wanted)
    assert status == 3, text
    assert "dropped" in text


def test_a_killed_program_loses_its_last_moment(tmp_path):
    capture = tmp_path / "capture"
    # The tokens of its one request, written first, take 450 kB of the file.
    said = record_and_kill(
        capture, ["run", "graph", 20000, tmp_path / "truth"], 700000)
    assert "ended abruptly" in said
    got = read_capture(capture)
    assert len(got) > 100
    # Rows come in order of steps, so nothing is missing before the last.
    assert sorted(got) == list(range(len(got)))
    status, text = verify(capture)
    assert status in (0, 3), text


def test_block_is_refused(tmp_path):
    status, text, wanted, got, said = run(tmp_path, "eager",
                                          MOETAP_ON_FULL="block")
    assert "--on-full block is refused" in said
    assert status == 1 and "unhooked" in text
    assert wanted and not got
