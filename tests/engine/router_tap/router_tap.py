"""A vLLM plugin that writes down what the engine's own routers chose.

For tests only: an account of routing that shares no code with moetap.  Found
by vLLM when this folder is on PYTHONPATH; does nothing unless ROUTER_TAP_DIR
names a folder.  Each worker writes PID-rank-R.jsonl there, unbuffered:

    {"step": [[request id, position of the first row, rows], ...],
     "preempted": [request id, ...]}
    {"layer": decoder layer, "ids": [[expert, ...] of each row, ...]}
    {"end": true}                        the forward pass has returned

The ids come from BaseRouter.set_capture_fn, which is called before the expert
kernel.  Passes that serve no request (warm-up, profiling) are left out.
"""

import functools
import json
import os


class Tap:
    def __init__(self, folder, rank):
        path = os.path.join(folder, f"{os.getpid()}-rank-{rank}.jsonl")
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.in_step = False

    def write(self, record):
        os.write(self.file, json.dumps(record).encode() + b"\n")

    def routed(self, layer, ids):
        if self.in_step:
            self.write({"layer": layer, "ids": ids.tolist()})

    def begin(self, runner, scheduler_output):
        batch = runner.input_batch
        scheduled = scheduler_output.num_scheduled_tokens
        rows = [[name, int(batch.num_computed_tokens_cpu[index]),
                 scheduled[name]] for index, name in enumerate(batch.req_ids)]
        preempted = sorted(scheduler_output.preempted_req_ids or ())
        self.in_step = True
        self.write({"step": rows, "preempted": preempted})

    def end(self):
        if self.in_step:
            self.in_step = False
            self.write({"end": True})


def bind(model, tap):
    from vllm.model_executor.layers.fused_moe.runner.moe_runner import (
        MoERunner)
    layers = [module for module in model.modules()
              if isinstance(module, MoERunner)]
    if not layers:
        raise RuntimeError("router_tap: the model has no MoE layer")
    for layer in layers:
        layer.router.set_capture_fn(
            functools.partial(tap.routed, layer.layer_id))


def attach(runner, tap):
    load, prepare, execute = (runner.load_model, runner._prepare_inputs,
                              runner.execute_model)

    def load_model(*args, **kwargs):
        result = load(*args, **kwargs)
        bind(runner.model, tap)
        return result

    def prepare_inputs(scheduler_output, *args, **kwargs):
        tap.begin(runner, scheduler_output)
        return prepare(scheduler_output, *args, **kwargs)

    def execute_model(*args, **kwargs):
        try:
            return execute(*args, **kwargs)
        finally:
            tap.end()

    runner.load_model = load_model
    runner._prepare_inputs = prepare_inputs
    runner.execute_model = execute_model


def register():
    folder = os.environ.get("ROUTER_TAP_DIR")
    if not folder:
        return
    from vllm.v1.worker.worker_base import WorkerWrapperBase
    if getattr(WorkerWrapperBase, "router_tap", False):
        return
    WorkerWrapperBase.router_tap = True
    init_device = WorkerWrapperBase.init_device

    def with_tap(self):
        init_device(self)
        attach(self.worker.model_runner, Tap(folder, self.worker.rank))

    WorkerWrapperBase.init_device = with_tap
