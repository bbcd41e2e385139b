"""Runs the CUDA engine on the stand-in for the tests of this folder."""

import dataclasses
import importlib.util
import json
import os
import pathlib
import subprocess
import sysconfig

import capture
import cuda_models
import harness
import router_log

STANDIN = harness.ROOT / "tests" / "cuda_standin"

# The engine's own modes: no graphs, whole decode steps as graphs, and its
# default, which compiles and captures pieces as well.
MODES = {
    "eager": {"enforce_eager": True},
    "full": {"compilation_config": {
        "mode": 0, "cudagraph_mode": "FULL_DECODE_ONLY",
        "cudagraph_capture_sizes": [1, 2, 4, 8]}},
    "default": {},
}

SMALL = {"dtype": "bfloat16", "max_model_len": 256, "max_num_seqs": 8,
         "max_num_batched_tokens": 256, "num_gpu_blocks_override": 64,
         "gpu_memory_utilization": 0.5, "seed": 0}

# The stand-in's sampler makes up token ids; there is nothing to read in them.
SAMPLING = {"max_tokens": 5, "temperature": 0.0, "ignore_eos": True,
            "detokenize": False}
PAIR = {"prompts": [[1, 2, 3, 4, 5], [9, 8, 7]], "sampling": SAMPLING}
CROWD = {"prompts": harness.random_prompts(11, 12, 4, 60),
         "sampling": {**SAMPLING, "max_tokens": 12}}


def build_standin(folder):
    """The stand-in's libraries for this Python environment; their folder."""
    subprocess.run([STANDIN / "build_for_wheels",
                    sysconfig.get_paths()["purelib"],
                    harness.BUILD / "tests/cuda_standin", folder], check=True)
    return folder


def _load_standin():
    # tests/shim has a module of that name too.
    spec = importlib.util.spec_from_file_location(
        "cuda_standin", STANDIN / "standin.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def environment(device, preload=(), **more):
    """Environment of an engine that sees the stand-in's device.

    preload: libraries to put in front of the stand-in's.
    """
    base = {name: value for name, value in os.environ.items()
            if not name.startswith("MOETAP_") and name != "VLLM_PLUGINS"}
    # Nothing computes logits: all would be equal.
    base.update(_load_standin().environment(device, preload=list(preload),
                                            logits="synthetic"))
    return {**base, "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1",
            "VLLM_USE_FLASHINFER_SAMPLER": "0", **more}


def run_offline(folder, model, batches, variables, **llm):
    """One offline engine run; its results, as offline.py describes them."""
    command = harness.job_command(folder, cuda_models.checkpoint(model),
                                  batches, {**SMALL, **llm})
    return harness.run_job(folder, command, variables)


@dataclasses.dataclass
class Run:
    """An offline run under libmoetap.so."""
    results: list     # as offline.py describes them
    executions: list  # what the stand-in's routers wrote, in order
    path: pathlib.Path  # the capture
    worker: dict      # tables of the one file with steps

    def layers(self):
        """Numbers of the MoE layers in forward order."""
        fact, = {one["value"] for one in self.worker["facts"]
                 if one["key"] == "moe_layers"}
        return [int(number) for number in fact.split(",")]

    def steps(self):
        """The executions of each real step."""
        return router_log.serving(self.worker["steps"], self.executions,
                                  len(self.layers()))

    def executed(self):
        """{(request id, position): {layer: set}} by the stand-in."""
        names = {one["request"]: one["id"] for one in self.worker["requests"]}
        return router_log.rows(self.worker["steps"], names, self.executions,
                               self.layers())

    def observed(self):
        """As executed(), by the capture."""
        return {(name, position): row.layers
                for name, rows in capture.read_dump(self.path).requests.items()
                for position, row in rows.items() if row.source == "observed"}


def _worker_tables(path):
    files = {}
    done = harness.run_moetap("dump", "--blocks", "--json", path,
                              expect=(0, 3))
    for line in done.stdout.splitlines():
        block = json.loads(line)
        tables = files.setdefault(block["file"], {})
        for name, entries in block["content"].items():
            if isinstance(entries, list):
                tables.setdefault(name, []).extend(entries)
    worker, = [tables for tables in files.values() if "steps" in tables]
    return worker


def record(folder, device, model, mode, in_process=True, batches=(PAIR,),
           library=harness.LIBRARY, **llm):
    """Runs `model` under libmoetap.so.  With the engine in the same process
    it does not depend on time which requests share a step."""
    folder.mkdir(exist_ok=True)
    run_offline(
        folder, model, list(batches),
        environment(device, [library],
                    MOETAP_DIR=str(folder / "capture"), MOETAP_TOKENS="full",
                    STANDIN_ROUTER_LOG=str(folder / "routers"),
                    VLLM_ENABLE_V1_MULTIPROCESSING=str(1 - in_process)),
        **MODES[mode], **llm)
    return read_run(folder)


def read_run(folder):
    """What a run in `folder` left there."""
    return Run(json.loads((folder / "results.json").read_text()),
               router_log.read(folder / "routers"), folder / "capture",
               _worker_tables(folder / "capture"))
