"""Engine runs that several tests look at.  Each engine starts once."""

import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "shim"),
                str(HERE.parent / "engine")]
pytest.register_assert_rewrite("test_engine")

import cuda_harness  # noqa: E402


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    chosen = os.environ.get("MOETAP_ENGINE_WORK")  # keeps logs and captures
    if not chosen:
        return tmp_path_factory.mktemp("cuda_engine")
    path = pathlib.Path(chosen)
    path.mkdir(parents=True)
    return path


@pytest.fixture(scope="session")
def device(work):
    """Folder of the stand-in's libraries, built for this environment."""
    return cuda_harness.build_standin(work / "standin")


@pytest.fixture(scope="session")
def recorded(work, device):
    """Runs a model in a mode under libmoetap.so, at the first use:
    recorded(model, mode) -> cuda_harness.Run."""
    done = {}

    def run(model, mode):
        if (model, mode) not in done:
            done[model, mode] = cuda_harness.record(
                work / f"{model}-{mode}", device, model, mode)
        return done[model, mode]

    return run
