"""Worker processes: wraps the model runners of vLLM.

V1 is vllm.v1.worker.gpu_model_runner (also the CPU's), V2 is
vllm.v1.worker.gpu.model_runner.  Both get the scheduler's output through
execute_model, settle the order of rows in one method, run the model in
execute_model and hand out tokens from sample_tokens, at once or as an object
whose get_output() waits for them.
"""

import contextlib
import functools

from moetap_vllm import model
from moetap_vllm.guard import CannotReport, Guard, missing
from moetap_vllm.steps import Steps


class Runner:
    """What the shim keeps for one model runner."""

    def __init__(self, abi, runner, version):
        self.abi = abi
        self.steps = Steps(abi)
        self.guard = Guard(abi, self.steps.end)
        self.in_dummy = False
        self.batch = None
        self._announced = False
        self._expected = False
        self._probe = None  # of the forward pass under way
        self._probed = False
        describe(abi, model.facts, runner, version)

    def announce(self, runner):
        """Before the first real step, when weights are where they stay."""
        self._announced = True
        self._expect(runner.get_model())
        describe(self.abi, model.cache_facts, runner)
        self.steps.requests.kv_group = model.kv_group(runner)
        if model.positions_on_device(runner):
            raise CannotReport("shim-degraded", (
                "with speculative decoding and asynchronous scheduling the "
                "positions of rows are known on the device only"))
        moved = model.moved_rows(runner)
        if moved:
            raise CannotReport("split-rows", (
                "routers do not see the rows of a step in their order: "
                + ", ".join(moved)))

    def _expect(self, net):
        self._expected = True
        describe(self.abi, model.expected_layers, net, self.abi)

    @contextlib.contextmanager
    def dummy(self, runner):
        """What the engine runs within is for no request: a dummy step, and
        another one for each forward pass, because on a GPU the place among
        the launches of its step is what tells a layer."""
        if self.in_dummy or self.abi.paused:
            yield
            return
        self.in_dummy = True
        self.guard.run(self.steps.begin_dummy)
        watch = self.guard.run(self._watch, runner)
        try:
            yield
        finally:
            if watch is not None:
                watch.remove()
            self.guard.run(self._settle)
            self.in_dummy = False
            self.guard.run(self.steps.end)

    def _watch(self, runner):
        """A handle to remove, or None if passes cannot be seen: a module
        that torch compiled as a whole would compile the hook as well."""
        if getattr(runner, "model", None) is None:
            return None
        net = runner.get_model()
        if getattr(net, "_compiled_call_impl", None) is not None:
            return None
        if not self._expected:
            self._expect(net)
        return net.register_forward_pre_hook(self._forward)

    def _forward(self, net, _):
        self.guard.run(self._next_dummy, net)

    def _next_dummy(self, net):
        self._settle()
        self.steps.end()
        self.steps.begin_dummy()
        if not self._probed:
            self._probed = True
            self._probe = model.probe(net, self.abi, self.guard)

    def _settle(self):
        probe, self._probe = self._probe, None
        if probe is not None:
            self.abi.set_facts({"asked_layers": probe.settle()})

    def schedule(self, runner, output):
        if not self._announced:
            self.announce(runner)
        self.batch = None
        self.steps.schedule(output)

    def rest(self, output):
        """A step during a pause: the scheduler tells of the last requests
        before it now."""
        if self.steps.requests.by_id:
            self.guard.run(self.steps.finish, output)

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


def _state(abi, runner):
    state = runner.__dict__.get("_moetap")
    if state is None:
        state = runner._moetap = Runner(abi, runner, runner._moetap_version)
    return state


def _wrap_dummy(abi, owner, name):
    """owner.name runs the model for no request."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def wrapper(self, *args, **kwargs):
        with _state(abi, self).dummy(self):
            return method(self, *args, **kwargs)

    setattr(owner, name, wrapper)


def _wrap_execute_model(abi, owner):
    execute_model = owner.execute_model

    @functools.wraps(execute_model)
    def wrapper(self, scheduler_output, *args, **kwargs):
        state = _state(abi, self)
        if state.in_dummy:
            return execute_model(self, scheduler_output, *args, **kwargs)
        if abi.paused:
            state.rest(scheduler_output)
            return execute_model(self, scheduler_output, *args, **kwargs)
        state.guard.run(state.schedule, self, scheduler_output)
        try:
            return execute_model(self, scheduler_output, *args, **kwargs)
        finally:
            state.guard.run(state.steps.end)

    owner.execute_model = wrapper


def _wrap_sample_tokens(abi, owner):
    """V2 drafts in here: the drafter's MoE layers dispatch rows that are
    nobody's tokens yet."""
    sample_tokens = owner.sample_tokens

    @functools.wraps(sample_tokens)
    def wrapper(self, *args, **kwargs):
        state = _state(abi, self)
        drafts = getattr(self, "speculator", None) is not None
        with state.dummy(self) if drafts else contextlib.nullcontext():
            output = sample_tokens(self, *args, **kwargs)
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


def _wrap_prepare_v1(abi, owner):
    prepare = owner._prepare_inputs

    @functools.wraps(prepare)
    def wrapper(self, scheduler_output, num_scheduled_tokens, *args,
                **kwargs):
        prepared = prepare(self, scheduler_output, num_scheduled_tokens,
                           *args, **kwargs)
        state = _state(abi, self)
        if not (state.in_dummy or abi.paused):
            state.guard.run(state.begin_v1, self, scheduler_output,
                            num_scheduled_tokens)
        return prepared

    owner._prepare_inputs = wrapper


def _wrap_prepare_v2(abi, owner):
    prepare = owner.prepare_inputs

    @functools.wraps(prepare)
    def wrapper(self, scheduler_output, *args, **kwargs):
        batch = prepare(self, scheduler_output, *args, **kwargs)
        state = _state(abi, self)
        if not (state.in_dummy or abi.paused):
            state.guard.run(state.begin_v2, scheduler_output, batch)
        return batch

    owner.prepare_inputs = wrapper


def _patch(abi, owner, version, dummies):
    owner._moetap_version = version
    for name in dummies:
        _wrap_dummy(abi, owner, name)
    _wrap_execute_model(abi, owner)
    _wrap_sample_tokens(abi, owner)


def patch_v1(abi, module):
    owner = module.GPUModelRunner
    dummies = ["_dummy_run", "propose_draft_token_ids"]
    if missing(abi, owner, ["execute_model", "sample_tokens",
                            "_prepare_inputs", "get_model", *dummies]):
        return
    _wrap_prepare_v1(abi, owner)
    _patch(abi, owner, "v1", dummies)


def patch_v2(abi, module):
    owner = module.GPUModelRunner
    dummies = ["_dummy_run"]
    if missing(abi, owner, ["execute_model", "sample_tokens",
                            "prepare_inputs", "get_model", *dummies]):
        return
    _wrap_prepare_v2(abi, owner)
    _patch(abi, owner, "v2", dummies)


def patch_worker(abi, module):
    """Before it serves, a worker runs the model for nobody: to measure
    memory, to compile, to capture graphs and, with made-up requests through
    execute_model, to warm up."""
    owner = module.Worker
    phases = ["determine_available_memory", "compile_or_warm_up_model"]
    if not missing(abi, owner, phases):
        for name in phases:
            _wrap_phase(abi, owner, name)


def _wrap_phase(abi, owner, name):
    phase = getattr(owner, name)

    @functools.wraps(phase)
    def wrapper(self, *args, **kwargs):
        if not hasattr(self.model_runner, "_moetap_version"):
            return phase(self, *args, **kwargs)
        with _state(abi, self.model_runner).dummy(self.model_runner):
            return phase(self, *args, **kwargs)

    setattr(owner, name, wrapper)
