"""What the shim costs per decode step, in microseconds.

    python bench/shim_step_cost.py [--library LIBRARY] [--steps N]

Replays decode steps with vLLM's own scheduler types and the arrays that the
V1 model runner keeps, through a runner that computes nothing.  The cost is
the median step with the shim's wrappers less the median step without.  A
request takes a new KV block every 16 steps.  Reports go to LIBRARY, by
default one whose functions return at once: then what is timed is the shim
alone.  To be run by a Python that has vLLM.
"""

import argparse
import ctypes
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import types

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "plugin" / "vllm"))
BATCHES = (1, 8, 64, 256)
PROMPT = 32
BLOCK = 16

from moetap_vllm import abi as abi_module  # noqa: E402
from moetap_vllm import model, worker  # noqa: E402


def empty_library(folder):
    """Functions of the ABI that return at once."""
    names = [*abi_module._SIGNATURES, "pause", "step_dispatches",
             "stores_tokens"]
    source = "\n".join(f"int moetap_{name}() {{ return 0; }}"
                       for name in names)
    library = pathlib.Path(folder) / "libempty.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-x", "c", "-", "-o",
                    library], input=source.encode(), check=True)
    return library


class Runner:
    """The data of GPUModelRunner that a step touches, without a model."""

    def __init__(self, names):
        self.names = names
        self.input_batch = types.SimpleNamespace(
            num_reqs=len(names), req_ids=names,
            num_computed_tokens_cpu=np.zeros(len(names), np.int32))
        self.output = types.SimpleNamespace(
            req_ids=list(names),
            sampled_token_ids=[[index + 7] for index in range(len(names))])

    def get_model(self):
        return None

    def execute_model(self, scheduler_output):
        counts = np.array([scheduler_output.num_scheduled_tokens[name]
                           for name in self.names], np.int32)
        self._prepare_inputs(scheduler_output, counts)
        self.counts = counts

    def _prepare_inputs(self, scheduler_output, num_scheduled_tokens):
        pass

    def sample_tokens(self, grammar_output):
        self.input_batch.num_computed_tokens_cpu += self.counts
        return self.output

    def _dummy_run(self):
        pass

    def propose_draft_token_ids(self):
        pass


def first_step(names):
    from vllm.v1.core.sched.output import NewRequestData, SchedulerOutput
    output = SchedulerOutput.make_empty()
    blocks = -(-PROMPT // BLOCK)
    output.scheduled_new_reqs = [NewRequestData(
        req_id=name, prompt_token_ids=list(range(PROMPT)), mm_features=[],
        sampling_params=None, pooling_params=None,
        block_ids=(list(range(blocks)),), num_computed_tokens=0,
        lora_request=None) for name in names]
    output.num_scheduled_tokens = dict.fromkeys(names, PROMPT)
    return output


def decode_step(names, number):
    from vllm.v1.core.sched.output import CachedRequestData, SchedulerOutput
    output = SchedulerOutput.make_empty()
    output.scheduled_cached_reqs = CachedRequestData(
        req_ids=names, resumed_req_ids=set(), new_token_ids=[],
        all_token_ids={}, new_block_ids=[
            ([number],) if (number + index) % BLOCK == 0 else None
            for index in range(len(names))],
        num_computed_tokens=[PROMPT + number] * len(names),
        num_output_tokens=[number] * len(names))
    output.num_scheduled_tokens = dict.fromkeys(names, 1)
    return output


def median_step(owner, batch, steps):
    """Median of `steps` decode steps, in microseconds."""
    names = [f"cmpl-{index:032d}-0-{index:08x}" for index in range(batch)]
    runner = owner(names)
    runner.execute_model(first_step(names))
    runner.sample_tokens(None)
    times = []
    for number in range(steps):
        output = decode_step(names, number)
        begin = time.perf_counter_ns()
        runner.execute_model(output)
        runner.sample_tokens(None)
        times.append(time.perf_counter_ns() - begin)
    return statistics.median(times) / 1000


def patched(abi):
    """A Runner with the shim's wrappers; the model is not looked at."""
    owner = type("GPUModelRunner", (Runner,), {})
    model.facts = model.cache_facts = lambda *_: {}
    model.expected_layers = lambda *_: {}
    model.positions_on_device = lambda _: False
    model.moved_rows = lambda _: []
    model.kv_group = lambda _: 0
    worker.patch_v1(abi, types.SimpleNamespace(GPUModelRunner=owner))
    return owner


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--library", help="reports go here")
    parser.add_argument("--steps", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = arguments.library or empty_library(folder)
        owner = patched(abi_module.Abi(ctypes.PyDLL(str(library))))
        print(f"{'batch':>6} {'without':>9} {'with':>9} {'shim':>9}  us/step")
        for batch in BATCHES:
            plain = median_step(Runner, batch, arguments.steps)
            with_shim = median_step(owner, batch, arguments.steps)
            print(f"{batch:6d} {plain:9.1f} {with_shim:9.1f} "
                  f"{with_shim - plain:9.1f}", flush=True)


if __name__ == "__main__":
    main()
