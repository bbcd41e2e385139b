"""Worker processes: wraps the model runners of vLLM.

V1 is vllm.v1.worker.gpu_model_runner (also the CPU's), V2 is
vllm.v1.worker.gpu.model_runner.  Both get the scheduler's output through
execute_model, settle the order of rows in one method, run the model in
execute_model and hand out tokens from sample_tokens, at once or as an object
whose get_output() waits for them.
"""

import functools

from moetap_vllm import model
from moetap_vllm.guard import Guard, missing
from moetap_vllm.steps import Steps

_warming_up = False


class Runner:
    """What the shim keeps for one model runner."""

    def __init__(self, abi, runner, version):
        self.abi = abi
        self.version = version
        self.steps = Steps(abi)
        self.guard = Guard(abi, self.steps.end)
        self.in_dummy = False
        self.batch = None
        self._announced = False
        describe(abi, model.facts, runner, version)

    def announce(self, runner):
        """Before the first real step, when weights are where they stay."""
        self._announced = True
        describe(self.abi, model.expected_layers, runner.get_model(),
                 self.abi)
        describe(self.abi, model.cache_facts, runner)
        self.steps.requests.kv_group = model.kv_group(runner)
        if model.positions_on_device(runner):
            raise NotImplementedError(
                "with speculative decoding and asynchronous scheduling the "
                "positions of rows are known on the device only")

    def schedule(self, runner, output):
        if not self._announced:
            self.announce(runner)
        self.batch = None
        self.steps.schedule(output)

    def begin(self, names, starts, rows, output):
        self.batch = self.steps.begin(names, starts, rows,
                                      output.scheduled_spec_decode_tokens)

    def begin_v1(self, runner, output, counts):
        batch = runner.input_batch
        count = batch.num_reqs
        names = batch.req_ids[:count]
        self.begin(names, batch.num_computed_tokens_cpu[:count], counts,
                   output)

    def begin_v2(self, output, batch):
        self.begin(batch.req_ids, batch.num_computed_tokens_np,
                   batch.num_scheduled_tokens, output)


def describe(abi, facts, *arguments):
    """Reports facts(*arguments); without them identity is still right."""
    abi.set_facts(Guard(abi).run(facts, *arguments) or {})


def _state(abi, runner, version):
    state = runner.__dict__.get("_moetap")
    if state is None:
        state = runner._moetap = Runner(abi, runner, version)
    return state


def _wrap_dummy_run(abi, owner, version):
    dummy_run = owner._dummy_run

    @functools.wraps(dummy_run)
    def wrapper(self, *args, **kwargs):
        state = _state(abi, self, version)
        if state.in_dummy:
            return dummy_run(self, *args, **kwargs)
        state.in_dummy = True
        state.guard.run(state.steps.begin_dummy)
        try:
            return dummy_run(self, *args, **kwargs)
        finally:
            state.in_dummy = False
            state.guard.run(state.steps.end)

    owner._dummy_run = wrapper


def _wrap_execute_model(abi, owner, version):
    execute_model = owner.execute_model

    @functools.wraps(execute_model)
    def wrapper(self, scheduler_output, *args, **kwargs):
        state = _state(abi, self, version)
        if state.in_dummy:
            return execute_model(self, scheduler_output, *args, **kwargs)
        if _warming_up:
            state.guard.run(state.steps.begin_dummy)
        else:
            state.guard.run(state.schedule, self, scheduler_output)
        try:
            return execute_model(self, scheduler_output, *args, **kwargs)
        finally:
            state.guard.run(state.steps.end)

    owner.execute_model = wrapper


def _wrap_sample_tokens(abi, owner, version):
    sample_tokens = owner.sample_tokens

    @functools.wraps(sample_tokens)
    def wrapper(self, *args, **kwargs):
        output = sample_tokens(self, *args, **kwargs)
        state = _state(abi, self, version)
        batch, state.batch = state.batch, None
        if batch is not None:
            state.guard.run(_take_output, state, batch, output)
        return output

    owner.sample_tokens = wrapper


def _take_output(state, batch, output):
    if hasattr(output, "get_output"):
        _wrap_get_output(type(output))
        output._moetap = (state, batch)
    elif hasattr(output, "sampled_token_ids"):
        state.steps.sampled(batch, output.req_ids, output.sampled_token_ids)


def _wrap_get_output(owner):
    """Tokens of asynchronous scheduling, on whichever thread asks."""
    get_output = owner.get_output
    if hasattr(get_output, "_moetap"):
        return

    @functools.wraps(get_output)
    def wrapper(self, *args, **kwargs):
        output = get_output(self, *args, **kwargs)
        state, batch = self.__dict__.pop("_moetap", (None, None))
        if state is not None:
            state.guard.run(state.steps.sampled, batch, output.req_ids,
                            output.sampled_token_ids)
        return output

    wrapper._moetap = True
    owner.get_output = wrapper


def _wrap_drafter(abi, owner, version):
    """A drafter's MoE layers dispatch rows that are nobody's tokens yet."""
    propose = owner.propose_draft_token_ids

    @functools.wraps(propose)
    def wrapper(self, *args, **kwargs):
        state = _state(abi, self, version)
        state.guard.run(state.steps.begin_dummy)
        try:
            return propose(self, *args, **kwargs)
        finally:
            state.guard.run(state.steps.end)

    owner.propose_draft_token_ids = wrapper


def _wrap_prepare_v1(abi, owner):
    prepare = owner._prepare_inputs

    @functools.wraps(prepare)
    def wrapper(self, scheduler_output, num_scheduled_tokens, *args,
                **kwargs):
        prepared = prepare(self, scheduler_output, num_scheduled_tokens,
                           *args, **kwargs)
        state = _state(abi, self, "v1")
        if not (_warming_up or state.in_dummy):
            state.guard.run(state.begin_v1, self, scheduler_output,
                            num_scheduled_tokens)
        return prepared

    owner._prepare_inputs = wrapper


def _wrap_prepare_v2(abi, owner):
    prepare = owner.prepare_inputs

    @functools.wraps(prepare)
    def wrapper(self, scheduler_output, *args, **kwargs):
        batch = prepare(self, scheduler_output, *args, **kwargs)
        state = _state(abi, self, "v2")
        if not (_warming_up or state.in_dummy):
            state.guard.run(state.begin_v2, scheduler_output, batch)
        return batch

    owner.prepare_inputs = wrapper


def patch_v1(abi, module):
    owner = module.GPUModelRunner
    if missing(abi, owner, ["execute_model", "sample_tokens", "_dummy_run",
                            "_prepare_inputs", "propose_draft_token_ids",
                            "get_model"]):
        return
    _wrap_prepare_v1(abi, owner)
    _wrap_drafter(abi, owner, "v1")
    for wrap in (_wrap_dummy_run, _wrap_execute_model, _wrap_sample_tokens):
        wrap(abi, owner, "v1")


def patch_v2(abi, module):
    owner = module.GPUModelRunner
    if missing(abi, owner, ["execute_model", "sample_tokens", "_dummy_run",
                            "prepare_inputs", "get_model"]):
        return
    _wrap_prepare_v2(abi, owner)
    for wrap in (_wrap_dummy_run, _wrap_execute_model, _wrap_sample_tokens):
        wrap(abi, owner, "v2")


def patch_warm_up(abi, module):
    """The V2 runner warms up with made-up requests through execute_model."""
    owner = module.Worker
    if missing(abi, owner, ["compile_or_warm_up_model"]):
        return
    warm_up = owner.compile_or_warm_up_model

    @functools.wraps(warm_up)
    def wrapper(self, *args, **kwargs):
        global _warming_up
        _warming_up = True
        try:
            return warm_up(self, *args, **kwargs)
        finally:
            _warming_up = False

    owner.compile_or_warm_up_model = wrapper
