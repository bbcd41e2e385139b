"""One engine process that serves blocks of requests in turn, for
engine_overhead.py.

    LD_PRELOAD=libmoetap.so python bench/engine_blocks.py JOB.json

The job: {"model": path, "seconds": least length of a block, "tested": {arm:
quads per traffic}, "moetap": path, "results": path}.  Arms: "hook" is
libmoetap.so at work, "python" a function that the engine's own routers call,
"none" nothing.  All other blocks have nothing either: library and shim are
paused.
"""

import collections
import dataclasses
import gc
import itertools
import json
import math
import os
import pathlib
import random
import resource
import subprocess
import sys
import time

os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # one process

import instructions  # noqa: E402
from abba import order  # noqa: E402

CONCURRENT = 8  # sequences that the engine runs at once
MARGIN = 1.1  # blocks are made longer than asked: none may be shorter
SETTLE = 1.0  # seconds after which the writer has closed its block, and rests
VOCABULARY = 500  # a prompt's tokens are 1..499, which every model here has


@dataclasses.dataclass(frozen=True)
class Traffic:
    """A block is so many waves of requests that run at once."""
    name: str
    wave: int  # requests
    prompt: int  # tokens
    output: int  # tokens of each choice
    choices: int = 1
    waves: int = 1


TRAFFICS = (Traffic("prefill", wave=2, prompt=480, output=2),
            Traffic("decode", wave=CONCURRENT, prompt=4, output=24),
            Traffic("n=8", wave=1, prompt=96, output=16, choices=8))


class PythonHook:
    """What a hook in Python does at the least: copies each layer's ids."""

    def __init__(self, llm):
        from vllm.model_executor.layers.fused_moe.runner.moe_runner import (
            MoERunner)
        model, = llm.collective_rpc(
            lambda worker: worker.model_runner.get_model())
        self._routers = [(layer.layer_id, layer.router)
                         for layer in model.modules()
                         if isinstance(layer, MoERunner)]
        self.rows = []

    def switch(self, on):
        self.rows.clear()
        for number, router in self._routers:
            router.set_capture_fn(self._copier(number) if on else None)

    def _copier(self, number):
        return lambda ids: self.rows.append((number, ids.numpy().tobytes()))


class Engine:
    """The engine, what is switched between blocks, and their clocks."""

    def __init__(self, model):
        from moetap_vllm import install
        self._pause = install.pause
        install.install()  # as vLLM will; it must be there to be paused
        if not self._pause(True):
            sys.exit("the preloaded library cannot be paused")
        self._counter = instructions.Counter()  # of all threads from now on
        from vllm import LLM
        self._llm = LLM(model=model, dtype="bfloat16", max_model_len=768,
                        max_num_seqs=CONCURRENT, seed=1, enforce_eager=True)
        self._hook = PythonHook(self._llm)
        self._numbers = itertools.count()
        self.hooked = collections.Counter()  # clocks of all hooked blocks

    def block(self, traffic, arm):
        """What serving the traffic took, with the arm switched on."""
        requests = self._requests(traffic)
        self._llm.reset_prefix_cache()
        gc.collect()
        self._hook.switch(arm == "python")
        if not self._pause(arm != "hook"):
            sys.exit("the library was not switched")
        before = self._clocks()
        gaps, steps = self._serve(requests)
        after = self._clocks()
        taken = {name: after[name] - before[name] for name in before
                 if before[name] is not None}
        copied = len(self._hook.rows)
        self._hook.switch(False)
        self._pause(True)
        if arm == "hook":
            time.sleep(SETTLE)
            taken["writer_seconds"] = (writer_seconds()
                                       - before["writer_seconds"])
            self.hooked.update(taken)
        output = len(requests) * traffic.choices * traffic.output
        if len(gaps) != output - len(requests) * traffic.choices:
            sys.exit("a step gave a request more or less than one token")
        if (copied > 0) != (arm == "python"):
            sys.exit("the hook in Python was not switched")
        gaps.sort()
        tokens = len(requests) * traffic.prompt + output
        return {"arm": arm, "tokens": tokens, "steps": steps,
                "mean_gap": sum(gaps) / len(gaps),
                "p99_gap": gaps[int(0.99 * len(gaps))], **taken}

    def _requests(self, traffic):
        """Of every block the same ones."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind
        source = random.Random(traffic.name)
        sampling = SamplingParams(
            n=traffic.choices, max_tokens=traffic.output, ignore_eos=True,
            temperature=0.0 if traffic.choices == 1 else 1.0,
            output_kind=RequestOutputKind.DELTA)
        return [({"prompt_token_ids": [source.randrange(1, VOCABULARY)
                                       for _ in range(traffic.prompt)]},
                 sampling) for _ in range(traffic.wave * traffic.waves)]

    def _serve(self, requests):
        """Seconds between the tokens of each choice, and the steps."""
        engine = self._llm.llm_engine
        for prompt, sampling in requests:
            engine.add_request(f"block-{next(self._numbers)}", prompt,
                               sampling)
        last, gaps, steps = {}, [], 0
        while engine.has_unfinished_requests():
            outputs = engine.step()
            now = time.perf_counter()
            steps += 1
            for output in outputs:
                for choice in output.outputs:
                    if not choice.token_ids:
                        continue
                    key = output.request_id, choice.index
                    if key in last:
                        gaps.append(now - last[key])
                    last[key] = now
        return gaps, steps

    def _clocks(self):
        return {"seconds": time.perf_counter(),
                "cpu_seconds": time.process_time(),
                "writer_seconds": writer_seconds(),
                "instructions": self._counter.read()}

    def facts(self):
        import torch
        import vllm
        return {"vllm": vllm.__version__, "torch": torch.__version__,
                "python": sys.version.split()[0],
                "not_counted": self._counter.problem,
                "threads": torch.get_num_threads(),
                "peak_memory_bytes":
                    1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}


def writer_seconds():
    """CPU time of libmoetap's writer thread, 0 before it has started."""
    for task in pathlib.Path("/proc/self/task").iterdir():
        if (task / "comm").read_text() == "moetap\n":
            return int((task / "schedstat").read_text().split()[0]) / 1e9
    return 0.0


def cost_so_far(job):
    """What the capture of this process tells of its cost."""
    variables = {name: value for name, value in os.environ.items()
                 if name != "LD_PRELOAD"}
    done = subprocess.run(
        [job["moetap"], "info", "--json", os.environ["MOETAP_DIR"]],
        env=variables, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["cost"]


def sized(engine, traffic, seconds):
    """The traffic with as many waves as a block needs; warms up.

    CPU time is the least that a wave takes, whatever else the machine does.
    """
    for arm in ("none", "hook", "python"):
        engine.block(traffic, arm)
    least = min(engine.block(traffic, "none")["cpu_seconds"]
                for _ in range(2))
    return dataclasses.replace(traffic,
                               waves=math.ceil(seconds * MARGIN / least))


def plan(traffics, tested):
    """[(traffic, arm, number of the quad in its series)], mixed, so that each
    series meets the same load of the machine."""
    quads = [(traffic, arm, number) for traffic in traffics
             for arm, count in tested.items() for number in range(count)]
    random.Random(1).shuffle(quads)
    return quads


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    engine = Engine(job["model"])
    begin = time.perf_counter()
    traffics = [sized(engine, one, job["seconds"]) for one in TRAFFICS]
    print(f"warm after {time.perf_counter() - begin:.0f} s: " + ", ".join(
        f"{one.name} {one.waves} waves" for one in traffics), flush=True)
    before = cost_so_far(job)
    engine.hooked.clear()
    quads = plan(traffics, job["tested"])
    series = collections.defaultdict(list)
    for done, (traffic, arm, number) in enumerate(quads, 1):
        tested = order(number)
        series[traffic.name, arm].append({"tested": tested, "blocks": [
            engine.block(traffic, arm if is_tested else "none")
            for is_tested in tested]})
        print(f"quad {done} of {len(quads)}: {traffic.name}, {arm}",
              flush=True)
    with open(job["results"], "w") as file:
        json.dump({"facts": engine.facts(), "hooked": engine.hooked,
                   "cost_before": before,
                   "traffics": [dataclasses.asdict(one) for one in traffics],
                   "series": [{"traffic": traffic, "arm": arm, "quads": found}
                              for (traffic, arm), found in series.items()]},
                  file)


if __name__ == "__main__":
    main()
