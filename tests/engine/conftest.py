"""Engine runs that several tests look at.  Each engine starts once."""

import dataclasses
import os
import pathlib

import pytest

import capture
import ground_truth
import harness
import models
import runs
import server
import tap_log
import traffic


def pytest_terminal_summary(terminalreporter):
    """Prints what passed tests printed: their counts are their result."""
    terminalreporter.section("counts")
    for report in terminalreporter.getreports("passed"):
        if report.capstdout.strip():
            name = report.nodeid.split("::")[-1]
            terminalreporter.write_line(f"{name}:")
            terminalreporter.write_line(report.capstdout.strip() + "\n")


@pytest.fixture(scope="session", autouse=True)
def build():
    for path in (harness.LIBRARY, harness.MOETAP):
        if not path.is_file():
            pytest.exit(f"{path} does not exist: build it, or set MOETAP_BUILD "
                        "to a build tree that has it", returncode=2)


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    chosen = os.environ.get("MOETAP_ENGINE_WORK")  # keeps what was captured
    if not chosen:
        return tmp_path_factory.mktemp("engine")
    path = pathlib.Path(chosen)
    path.mkdir(parents=True)
    return path


@dataclasses.dataclass
class Offline:
    """An offline run under the preloaded library."""
    model: str
    capture: pathlib.Path
    results: list  # see offline.py
    tap: pathlib.Path


@pytest.fixture(scope="session")
def offline(work):
    """Does a run of runs.py at its first use: offline(name) -> Offline."""
    done = {}

    def run(name):
        if name not in done:
            spec, folder = runs.RUNS[name], work / name
            # Its callback would be compiled away.
            tap = None if spec.compiled else folder / "tap"
            folder.mkdir()
            results = harness.run_offline(
                folder, spec.model, spec.batches,
                harness.engine_environment(folder / "capture", tap),
                enforce_eager=not spec.compiled)
            done[name] = Offline(spec.model, folder / "capture", results, tap)
        return done[name]

    return run


@dataclasses.dataclass
class Served:
    """A served run: what clients sent and got, what the engine's routers
    chose, and what the capture says."""
    sent: list
    workers: dict
    dump: capture.Dump
    capture: pathlib.Path
    log: str
    status: int


SMALL_CACHE = ["--dtype", "float32", "--enforce-eager", "--max-model-len",
               "256", "--max-num-seqs", "16", "--enable-chunked-prefill",
               "--max-num-batched-tokens", "64", "--block-size", "32",
               "--num-gpu-blocks-override", "14"]


def _served(folder, flags, **environment):
    folder.mkdir()
    with server.serve(
            folder, "qwen3_moe", folder / "capture",
            harness.engine_environment(tap=folder / "tap", **environment),
            *SMALL_CACHE, *flags) as running:
        sent = traffic.send_all(running)
    return Served(sent, tap_log.read(folder / "tap"),
                  capture.read_dump(folder / "capture"), folder / "capture",
                  (folder / "server.log").read_text(errors="replace"),
                  running.process.returncode)


@pytest.fixture(scope="session")
def cached(work):
    """Prefix caching on, one worker."""
    return _served(work / "cached", ["--enable-prefix-caching"])


@pytest.fixture(scope="session")
def uncached(work):
    """Prefix caching off, two tensor-parallel workers."""
    return _served(
        work / "uncached",
        ["--no-enable-prefix-caching", "--tensor-parallel-size", "2"],
        VLLM_CPU_OMP_THREADS_BIND="0|1")


@pytest.fixture(scope="session")
def truth():
    """Router logits of a model, read at first use: truth(name)."""
    read = {}

    def get(model):
        if model not in read:
            read[model] = ground_truth.Truth(models.checkpoint(model))
        return read[model]

    return get
