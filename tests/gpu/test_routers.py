"""Captured ids against the ids that routers wrote on a GPU, or on what
STANDIN_LIBRARIES, a folder with the stand-in's libraries, offers as one.

Run it with ci/gpu_test on a machine with a GPU; ci/test runs it on the
stand-in.
"""

import collections
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
LIBRARY = BUILD / "plugin" / "libmoetap.so"
MOETAP = BUILD / "analysis" / "moetap"
PROGRAM = BUILD / "tests" / "gpu" / "router_program"
STANDIN = os.environ.get("STANDIN_LIBRARIES")
SEEDS = range(20) if STANDIN else range(1)
STEPS = 1000


def environment(capture, seed=0, **more):
    """Of a program that is recorded into `capture`; not at all if None."""
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith("MOETAP_")}
    preload = [] if capture is None else [str(LIBRARY)]
    if STANDIN:
        preload += [f"{STANDIN}/libcudart.so.13", f"{STANDIN}/libcuda.so.1"]
        variables.update(LD_LIBRARY_PATH=STANDIN, STANDIN_SEED=str(seed))
    if capture is not None:
        variables.update(MOETAP_DIR=str(capture), MOETAP_TOKENS="full",
                         MOETAP_RING_BYTES=str(64 << 20))
    variables.update(LD_PRELOAD=":".join(preload), **more)
    return variables


def run_program(arguments, variables):
    done = subprocess.run([PROGRAM, *map(str, arguments)], env=variables,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done


def read_truth(path):
    """{position: {layer: set of ids}}; every set has six ids."""
    rows = collections.defaultdict(dict)
    for line in path.read_text().splitlines():
        position, layer, *ids = map(int, line.split())
        rows[position][layer] = frozenset(ids)
        assert len(rows[position][layer]) == 6, line
    return rows


def read_capture(path):
    """The same of what was captured; all of it must have been observed."""
    done = subprocess.run([MOETAP, "dump", path, "--json"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = {}
    for text in done.stdout.splitlines():
        line = json.loads(text)
        if line["kind"] == "block":
            continue
        if line["source"] == "missing":
            continue
        rows[line["position"]] = {int(layer): frozenset(ids) for layer, ids
                                  in line["layers"].items()}
    return rows


def compare(tmp_path, mode, steps, seed=0, **more):
    capture, truth = tmp_path / f"capture-{seed}", tmp_path / f"truth-{seed}"
    done = run_program(["run", mode, steps, truth],
                       environment(capture, seed, **more))
    wanted = read_truth(truth)
    got = read_capture(capture)
    different = [position for position in wanted
                 if got.get(position) != wanted[position]]
    assert not different, (
        f"{len(different)} of {len(wanted)} rows differ, the first one at "
        f"{different[0]}: captured {got.get(different[0])}, written "
        f"{wanted[different[0]]}")
    assert len(got) == len(wanted)
    verify = subprocess.run([MOETAP, "verify", capture], capture_output=True,
                            text=True)
    assert verify.returncode == 0, verify.stdout + verify.stderr
    return done


@pytest.mark.parametrize("mode", ["eager", "graph", "streams", "pdl"])
@pytest.mark.parametrize("seed", SEEDS)
def test_captured_ids_are_those_that_were_written(tmp_path, mode, seed):
    compare(tmp_path, mode, 60 if STANDIN else STEPS, seed)


def test_a_thousand_replays_with_changing_inputs(tmp_path):
    compare(tmp_path, "graph", STEPS)


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_the_program_says_the_same_without_the_library(tmp_path, mode):
    with_library, without = tmp_path / "with", tmp_path / "without"
    run_program(["run", mode, 50, with_library],
                environment(tmp_path / "capture"))
    run_program(["run", mode, 50, without], environment(None))
    assert with_library.read_bytes() == without.read_bytes()


def test_block_is_refused(tmp_path):
    done = run_program(["run", "eager", 5, tmp_path / "truth"],
                       environment(tmp_path / "capture",
                                   MOETAP_ON_FULL="block"))
    assert "--on-full block is refused" in done.stderr
    assert read_capture_status(tmp_path / "capture") == 1


def read_capture_status(capture):
    return subprocess.run([MOETAP, "verify", capture],
                          capture_output=True).returncode
