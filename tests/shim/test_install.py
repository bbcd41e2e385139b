"""The plugin in a process of its own, with a stand-in engine module."""

import subprocess
import sys

import pytest
import standin

PACKAGES = ["vllm", "vllm/v1", "vllm/v1/engine"]
MODULE = """
class OutputProcessor:
    def __init__(self):
        self.tokenizer = None
    def abort_requests(self, request_ids, internal):
        return []
    def _update_stats_from_finished(self, state, reason, statistics):
        return None
"""
FIND = "from importlib.metadata import entry_points\n" + (
    "plugin, = entry_points(group='vllm.general_plugins', name='moetap')\n"
    "register = plugin.load()\n")
USE = ("from vllm.v1.engine.output_processor import OutputProcessor\n"
       "OutputProcessor()\n")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return standin.build(tmp_path_factory.mktemp("library"))


@pytest.fixture
def run(library, tmp_path):
    engine = tmp_path / "engine"
    for package in PACKAGES:
        (engine / package).mkdir(parents=True)
        (engine / package / "__init__.py").write_text("")
    module = engine / PACKAGES[-1] / "output_processor.py"
    module.write_text(MODULE)
    logs = tmp_path / "log"
    logs.mkdir()

    def start(program, **more):
        environment = standin.environment(library, logs)
        environment["PYTHONPATH"] += f":{engine}"
        environment.update(PYTHONDONTWRITEBYTECODE="1", **more)
        done = subprocess.run([sys.executable, "-c", program],
                              env=environment, capture_output=True,
                              text=True)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout, [
            line for path in logs.iterdir() for line in open(path)]

    start.module = module
    return start


ROLE = '["fact", "role", "frontend"]\n'


@pytest.mark.parametrize("program", [
    FIND + "register()\n" + USE,
    FIND + USE.replace("OutputProcessor()\n", "register()\n" + USE),
    FIND + "register()\nregister()\n" + USE + "register()\n"],
    ids=["before", "after", "repeatedly"])
def test_modules_are_patched_once(run, program):
    _, calls = run(program)
    assert calls.count(ROLE) == 1


PAUSE = ("from moetap_vllm import install\n"
         "print(install.pause(True), install._abi and install._abi.paused)\n"
         "print(install.pause(False), install._abi and install._abi.paused)\n")


def test_a_pause_reaches_library_and_shim(run):
    output, calls = run(FIND + "register()\n" + PAUSE)
    assert output == "True True\nTrue False\n"
    assert calls == ['["pause", 1]\n', '["pause", 0]\n']


def test_without_the_library_nothing_is_paused(run):
    output, _ = run(FIND + "register()\n" + PAUSE, LD_PRELOAD="")
    assert output == "False None\nFalse None\n"


def test_kill_switch(run):
    _, calls = run(FIND + "register()\n" + USE, MOETAP_DISABLE="1")
    assert calls == []


def test_without_the_library(run):
    output, calls = run(FIND + "register()\n" + USE +
                        "print(hasattr(OutputProcessor.__init__, "
                        "'__wrapped__'))", LD_PRELOAD="")
    assert (output, calls) == ("False\n", [])


def test_an_engine_module_that_has_moved(run):
    run.module.write_text("class OutputProcessor:\n    pass\n")
    _, calls = run(FIND + "register()\n" + USE)
    assert len(calls) == 1 and "shim-degraded" in calls[0]
    assert "abort_requests" in calls[0]


def test_an_engine_module_without_the_class(run):
    run.module.write_text("")
    _, calls = run(FIND + "register()\nimport "
                          "vllm.v1.engine.output_processor\n")
    assert len(calls) == 1 and "shim-degraded" in calls[0]


def test_loading_the_plugin_imports_nothing_of_the_engine(run):
    output, _ = run(FIND + "register()\nimport sys\n"
                    "print(sorted(m for m in sys.modules if "
                    "m.split('.')[0] in ('vllm', 'torch')))")
    assert output == "[]\n"


def test_a_module_keeps_its_source(run):
    output, _ = run(
        FIND + "register()\n" + USE + "import inspect\n"
        "import vllm.v1.engine.output_processor as module\n"
        "print('class OutputProcessor' in inspect.getsource(module))")
    assert output == "True\n"
