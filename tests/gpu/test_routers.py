"""Captured ids against the ids that routers wrote.

On a GPU: ci/gpu_test.  On the stand-in, each of these programs runs with many
seeds, that is, with work in many orders that CUDA allows.
"""

import os

import pytest
from gpu_program import (ON_GPU, environment, read_capture, read_truth,
                         run_program, verify)

MODES = ["eager", "pdl", "graph", "streams", "threads", "devices", "destroy"]
# STANDIN_SEEDS=1000: the long form.
SEEDS = range(1 if ON_GPU else int(os.environ.get("STANDIN_SEEDS", "10")))
STEPS = 1000


def compare(tmp_path, mode, steps, **more):
    capture, truth = tmp_path / "capture", tmp_path / "truth"
    run_program(["run", mode, steps, truth],
                environment(capture, STANDIN_DEVICES=2, **more))
    wanted, got = read_truth(truth), read_capture(capture)
    different = [position for position in wanted
                 if got.get(position) != wanted[position]]
    assert not different, (
        f"{len(different)} of {len(wanted)} rows differ, the first one at "
        f"{different[0]}: captured {got.get(different[0])}, written "
        f"{wanted[different[0]]}")
    assert len(got) == len(wanted)
    status, text = verify(capture)
    assert status == 0, text


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", SEEDS)
def test_captured_ids_are_those_that_were_written(tmp_path, mode, seed):
    compare(tmp_path, mode, STEPS if ON_GPU else 40, STANDIN_SEED=seed)


@pytest.mark.parametrize("mode", MODES)
def test_with_a_thread_for_each_stream(tmp_path, mode):
    if ON_GPU:
        pytest.skip("a form of the stand-in")
    compare(tmp_path, mode, 100, STANDIN_THREADS=1)


def test_a_thousand_replays_with_changing_inputs(tmp_path):
    compare(tmp_path, "graph", STEPS)


@pytest.mark.parametrize("mode", MODES)
def test_the_program_says_the_same_without_the_library(tmp_path, mode):
    with_library, without = tmp_path / "with", tmp_path / "without"
    run_program(["run", mode, 50, with_library],
                environment(tmp_path / "capture"))
    run_program(["run", mode, 50, without], environment(None))
    assert with_library.read_bytes() == without.read_bytes()
