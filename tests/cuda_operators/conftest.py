"""The stand-in libraries and the engines' modules, once per run of pytest."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import sysconfig
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME",
                                    pathlib.Path.home() / ".cache")) / "moetap"
STANDIN = ROOT / "tests/cuda_standin"
LIBRARY = BUILD / "plugin/libmoetap.so"
LIMIT_S = 240  # of one run

sys.path.insert(0, str(STANDIN))
import standin  # noqa: E402


@pytest.fixture(scope="session")
def libraries(tmp_path_factory):
    """The folder of the stand-in libraries for this Python's torch."""
    out = tmp_path_factory.mktemp("standin")
    done = subprocess.run(
        [STANDIN / "build_for_wheels", sysconfig.get_paths()["purelib"],
         BUILD / "tests/cuda_standin", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def extract(folder, wheel, member):
    found = list((CACHE / "wheels").glob(wheel))
    if not found:
        pytest.exit(f"no {wheel} in {CACHE / 'wheels'}: "
                    "ci/setup_cuda_wheels gets it", returncode=2)
    with zipfile.ZipFile(found[0]) as archive:
        return archive.extract(member, folder)


@pytest.fixture(scope="session")
def modules(tmp_path_factory):
    """The engines' modules with router kernels: vLLM's and SGLang's."""
    folder = tmp_path_factory.mktemp("modules")
    return [extract(folder, "vllm-0.33.0-*.whl",
                    "vllm/_moe_C_stable_libtorch.abi3.so"),
            extract(folder, "sglang_kernel-0.4.10-*.whl",
                    "sgl_kernel/sm90/common_ops.abi3.so")]


@dataclasses.dataclass
class Run:
    calls: list    # see run_operators.py
    routers: list  # standin.Router, in the order of their execution
    capture: pathlib.Path  # what libmoetap.so wrote, if it was preloaded


@pytest.fixture(scope="session")
def operators(libraries, modules, tmp_path_factory):
    """Runs all cases in a mode, recorded or not, at its first use:
    operators(mode, recorded) -> Run."""
    done = {}

    def run(mode, recorded=False):
        if (mode, recorded) not in done:
            folder = tmp_path_factory.mktemp(mode)
            results, log = folder / "results", folder / "routers"
            capture = folder / "capture"
            environment = standin.environment(
                libraries, [LIBRARY] if recorded else [], router_log=log)
            environment["MOETAP_DIR"] = str(capture)
            process = subprocess.run(
                [sys.executable, ROOT / "tests/cuda_operators/run_operators.py",
                 mode, *modules, results], capture_output=True, text=True,
                timeout=LIMIT_S, env=environment)
            assert process.returncode == 0, process.stderr
            calls = [json.loads(line)
                     for line in results.read_text().splitlines()]
            (routers,) = standin.read_router_log(log).values()
            done[mode, recorded] = Run(calls, routers, capture)
        return done[mode, recorded]

    return run
