"""Builds the stand-in library and reads what it logged."""

import dataclasses
import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHIM = ROOT / "plugin" / "vllm"


def build(folder):
    """The preloadable stand-in; its path."""
    library = pathlib.Path(folder) / "libstandin.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", f"-I{ROOT}", "-o",
                    library, HERE / "standin.c"], check=True)
    return library


def environment(library, folder):
    """Environment of an engine that loads the shim and the stand-in."""
    base = {name: value for name, value in os.environ.items()
            if not name.startswith("MOETAP_") and name != "VLLM_PLUGINS"}
    return dict(base, LD_PRELOAD=str(library), STANDIN_DIR=str(folder),
                PYTHONPATH=str(SHIM), VLLM_CPU_KVCACHE_SPACE="1",
                HF_HUB_OFFLINE="1", VLLM_NO_USAGE_STATS="1")


@dataclasses.dataclass
class Log:
    """The calls of one process, in order: [name, argument, ...]."""
    calls: list

    def of(self, name):
        return [call[1:] for call in self.calls if call[0] == name]

    def facts(self):
        facts = {}
        for key, value in self.of("fact"):
            facts.setdefault(key, value)
        return facts


def read(folder):
    """(workers, front ends): logs of the processes of each kind."""
    workers, frontends = [], []
    for path in sorted(pathlib.Path(folder).glob("*.jsonl")):
        log = Log([json.loads(line) for line in open(path)])
        if any(call[0] == "step_begin" for call in log.calls):
            workers.append(log)
        elif log.facts().get("role") == "frontend":
            frontends.append(log)
    return workers, frontends
