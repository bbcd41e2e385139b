"""Runs router_program under libmoetap.so, on a GPU or on the stand-in, and
reads what it captured."""

import collections
import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
LIBRARY = BUILD / "plugin" / "libmoetap.so"
MOETAP = BUILD / "analysis" / "moetap"
PROGRAM = BUILD / "tests" / "gpu" / "router_program"
# MOETAP_GPU=1: a real device, the first one CUDA finds.
ON_GPU = os.environ.get("MOETAP_GPU") == "1"
STANDIN = BUILD / "tests" / "cuda_standin"
LIMIT_S = 300


def environment(capture, **more):
    """Of a program that is recorded into `capture`; not at all if None."""
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith("MOETAP_")}
    preload = []
    if capture is not None:
        preload.append(LIBRARY)
        variables.update(MOETAP_DIR=str(capture), MOETAP_TOKENS="full",
                         MOETAP_RING_BYTES=str(64 << 20))
    if not ON_GPU:
        preload += [STANDIN / "libcudart.so.13", STANDIN / "libcuda.so.1"]
        variables["LD_LIBRARY_PATH"] = str(STANDIN)
    variables["LD_PRELOAD"] = ":".join(map(str, preload))
    return {**variables, **{name: str(value) for name, value in more.items()}}


def run_program(arguments, variables):
    done = subprocess.run([PROGRAM, *map(str, arguments)], env=variables,
                          capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    return done


def record_and_kill(capture, arguments, size):
    """Under moetap record, which preloads the library by itself; the program
    is killed once its capture has `size` bytes."""
    variables = environment(None, STANDIN_THREADS=1)
    # The library comes behind what the user preloads, and must be in front of
    # what stands in for CUDA.
    standin = variables.pop("LD_PRELOAD")
    command = f'LD_PRELOAD="$LD_PRELOAD:{standin}" exec "$@"'
    recorder = subprocess.Popen(
        [MOETAP, "record", "-o", capture, "--tokens", "full", "--", "sh", "-c",
         command, "sh", PROGRAM, *map(str, arguments)], env=variables,
        stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + LIMIT_S
    while not any(file.stat().st_size >= size
                  for file in capture.glob("*.moetap.zst")):
        assert recorder.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    subprocess.run(["pkill", "-KILL", "-P", str(recorder.pid)], check=True)
    _, said = recorder.communicate(timeout=LIMIT_S)
    return said


def read_truth(path):
    """{position: {layer: set of ids}}; every set has six ids."""
    rows = collections.defaultdict(dict)
    for line in path.read_text().splitlines():
        position, layer, *ids = map(int, line.split())
        rows[position][layer] = frozenset(ids)
        assert len(rows[position][layer]) == 6, line
    return dict(rows)


def read_capture(path):
    """The same of what was observed; {} if there are no rows at all."""
    done = subprocess.run([MOETAP, "dump", path, "--json", "--rows"],
                          capture_output=True, text=True)
    if done.returncode == 1 and "no dispatch" in done.stderr:
        return {}
    assert done.returncode in (0, 3), done.stderr
    lines = map(json.loads, done.stdout.splitlines())
    return {line["position"]: {int(layer): frozenset(ids) for layer, ids
                               in line["layers"].items()}
            for line in lines if line["source"] == "observed"}


def verify(path):
    """Exit status and output of moetap verify."""
    done = subprocess.run([MOETAP, "verify", path], capture_output=True,
                          text=True)
    return done.returncode, done.stdout + done.stderr
