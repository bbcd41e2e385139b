"""Runs the engine and moetap for the tests of this folder."""

import json
import os
import pathlib
import random
import subprocess
import sys

import models

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# A CMake build tree with both the plugin and the analysis in it.
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
LIBRARY = BUILD / "plugin" / "libmoetap.so"
MOETAP = BUILD / "analysis" / "moetap"
ENGINE_TIMEOUT = 600  # seconds; a hung engine ends the test, not the suite


def engine_environment(capture=None, tap=None, **more):
    """Environment of an engine process.

    capture: folder for a capture taken with LD_PRELOAD alone, or None.
    tap: folder for the records of router_tap, or None.
    """
    environment = dict(os.environ, VLLM_CPU_KVCACHE_SPACE="1",
                       HF_HUB_OFFLINE="1", VLLM_NO_USAGE_STATS="1")
    for name in [name for name in environment if name.startswith("MOETAP_")]:
        del environment[name]
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:  # engines of two test processes would bind to the same core
        environment["VLLM_CPU_OMP_THREADS_BIND"] = str(
            int(worker.removeprefix("gw")) % os.cpu_count())
    if capture is not None:
        environment.update(LD_PRELOAD=str(LIBRARY), MOETAP_DIR=str(capture),
                           MOETAP_TOKENS="full")
    if tap is not None:
        pathlib.Path(tap).mkdir(exist_ok=True)
        environment.update(PYTHONPATH=str(HERE / "router_tap"),
                           ROUTER_TAP_DIR=str(tap))
    environment.update(more)
    return environment


def tail(path, lines=40):
    text = pathlib.Path(path).read_text(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def job_command(folder, model, batches, llm):
    """Writes the job file of offline.py for the checkpoint at `model`;
    returns the command to run it."""
    folder.mkdir(parents=True, exist_ok=True)
    job = {"model": str(model), "batches": batches,
           "results": str(folder / "results.json"), "llm": llm}
    (folder / "job.json").write_text(json.dumps(job))
    return [sys.executable, str(HERE / "offline.py"),
            str(folder / "job.json")]


def run_job(folder, command, environment):
    """Runs what job_command returned; its results."""
    log = folder / "engine.log"
    with open(log, "w") as output:
        status = subprocess.run(
            command, env=environment, cwd=folder, stdout=output,
            stderr=subprocess.STDOUT, timeout=ENGINE_TIMEOUT).returncode
    if status != 0:
        raise AssertionError(
            f"the engine ended with {status}; end of its log:\n{tail(log)}")
    return json.loads((folder / "results.json").read_text())


def offline_command(folder, model, batches, **llm):
    """job_command() for the checkpoint named `model`."""
    dtype = "bfloat16" if model in models.BFLOAT16_ONLY else "float32"
    return job_command(folder, models.checkpoint(model), batches,
                       {"dtype": dtype, "max_model_len": 512,
                        "max_num_seqs": 32, "seed": 1, **llm})


def run_offline(folder, model, batches, environment, **llm):
    """One offline engine run; its results, as offline.py describes them."""
    return run_job(folder, offline_command(folder, model, batches, **llm),
                   environment)


def run_moetap(*arguments, expect=(0,)):
    """Runs a verb of moetap; fails unless it ends with an expected status."""
    command = [str(MOETAP), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True,
                          timeout=ENGINE_TIMEOUT)
    if done.returncode not in expect:
        raise AssertionError(
            f"{' '.join(command)} ended with {done.returncode}, not "
            f"{expect}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done


def random_prompts(seed, count, shortest, longest):
    """Prompts of random token ids; none of them is the end of text, 0."""
    source = random.Random(seed)
    return [[source.randrange(1, models.VOCABULARY)
             for _ in range(source.randint(shortest, longest))]
            for _ in range(count)]
