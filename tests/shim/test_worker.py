"""The wrappers of both model runners, around runners made by hand.

The V1 runner also serves whole engines in test_engine.py; for V2, which needs
a GPU, the last test holds the names the shim uses against the real class.
"""

import inspect
import threading
import types

import numpy as np
import pytest
from fakes import RecordingAbi, new_request, scheduled

from moetap_vllm import model, worker
from moetap_vllm.abi import DUMMY, REAL


@pytest.fixture(autouse=True)
def no_model(monkeypatch):
    """The runners below have neither a model nor a configuration."""
    monkeypatch.setattr(model, "facts", lambda *_: {"role": "worker"})
    monkeypatch.setattr(model, "cache_facts", lambda *_: {})
    monkeypatch.setattr(model, "expected_layers",
                        lambda _, abi: abi.calls.append(("expect",)))
    monkeypatch.setattr(model, "positions_on_device", lambda _: False)
    monkeypatch.setattr(model, "moved_rows", lambda _: [])
    monkeypatch.setattr(model, "kv_group", lambda _: 0)


class Model:
    """As much of torch.nn.Module as the shim uses."""

    def __init__(self):
        self.hooks = []
        self._compiled_call_impl = None

    def __call__(self):
        for hook in self.hooks:
            hook(self, ())

    def parameters(self):
        return iter(())

    def register_forward_pre_hook(self, hook):
        self.hooks.append(hook)
        return types.SimpleNamespace(remove=lambda: self.hooks.remove(hook))


class AsyncOutput:
    def __init__(self, names, tokens):
        self._late = types.SimpleNamespace(req_ids=names,
                                           sampled_token_ids=tokens)

    def get_output(self):
        return self._late


def make_v1(asynchronous=False):
    class GPUModelRunner:
        fail = False

        def get_model(self):
            return None

        def execute_model(self, scheduler_output, tensors=None):
            self.output = scheduler_output
            names = list(scheduler_output.num_scheduled_tokens)
            self.input_batch = types.SimpleNamespace(
                num_reqs=len(names), req_ids=names,
                num_computed_tokens_cpu=np.zeros(99, np.int32))
            self._prepare_inputs(scheduler_output, np.array(
                [scheduler_output.num_scheduled_tokens[name]
                 for name in names]))
            if self.fail:
                raise RuntimeError("out of memory")

        def _prepare_inputs(self, scheduler_output, num_scheduled_tokens):
            return "prepared"

        def sample_tokens(self, grammar):
            names = list(self.output.num_scheduled_tokens)
            tokens = [[7] for _ in names]
            if asynchronous:
                return AsyncOutput(names, tokens)
            return types.SimpleNamespace(req_ids=names,
                                         sampled_token_ids=tokens)

        def _dummy_run(self, count):
            return count

        def propose_draft_token_ids(self):
            return "drafts"

    return GPUModelRunner


def make_v2():
    class GPUModelRunner:
        def get_model(self):
            return None

        def execute_model(self, scheduler_output, tensors=None,
                          dummy_run=False):
            if not dummy_run:
                self.batch = self.prepare_inputs(scheduler_output, None, None,
                                                 0)

        def prepare_inputs(self, scheduler_output, state, batch, loras):
            names = sorted(scheduler_output.num_scheduled_tokens)
            return types.SimpleNamespace(
                req_ids=names,
                num_scheduled_tokens=np.array(
                    [scheduler_output.num_scheduled_tokens[name]
                     for name in names]),
                num_computed_tokens_np=np.zeros(len(names), np.int32))

        def sample_tokens(self, grammar):
            return AsyncOutput(self.batch.req_ids,
                               [[7] for _ in self.batch.req_ids])

        def _dummy_run(self, count):
            self.execute_model(None, dummy_run=True)
            return count

    return GPUModelRunner


def patched(owner, patch):
    abi = RecordingAbi()
    patch(abi, types.SimpleNamespace(GPUModelRunner=owner))
    return abi, owner()


def two_requests():
    return scheduled([new_request("b", [1, 2]), new_request("a", [3])],
                     num_scheduled_tokens={"b": 2, "a": 1})


def test_v1_step():
    abi, runner = patched(make_v1(), worker.patch_v1)
    runner.execute_model(two_requests())
    output = runner.sample_tokens(None)
    assert output.sampled_token_ids == [[7], [7]]
    assert abi.of("step_begin")[0][1:] == (REAL, [(
        abi.of("request")[0][0], 0, 2, 0), (abi.of("request")[1][0], 0, 1,
                                            0)])
    names = [call[0] for call in abi.calls]
    assert names.index("expect") < names.index("step_begin")
    assert names.index("step_end") < names.index("samples")
    assert [one[1:3] for one in abi.of("samples")[0][0]] == [(2, 7), (1, 7)]


@pytest.mark.parametrize("make, patch", [
    (lambda: make_v1(asynchronous=True), worker.patch_v1),
    (make_v2, worker.patch_v2)])
def test_asynchronous_tokens_come_from_get_output(make, patch):
    abi, runner = patched(make(), patch)
    runner.execute_model(two_requests())
    late = runner.sample_tokens(None)
    assert not abi.of("samples")
    thread = threading.Thread(target=late.get_output)
    thread.start()
    thread.join()
    late.get_output()
    assert len(abi.of("samples")) == 1
    assert len(abi.of("samples")[0][0]) == 2


def test_v2_rows_are_those_of_the_input_batch():
    abi, runner = patched(make_v2(), worker.patch_v2)
    runner.execute_model(two_requests())
    numbers = {name: number for number, name, *_ in abi.of("request")}
    assert abi.of("step_begin")[0][2] == [(numbers["a"], 0, 1, 0),
                                          (numbers["b"], 0, 2, 0)]


@pytest.mark.parametrize("make, patch", [(make_v1, worker.patch_v1),
                                         (make_v2, worker.patch_v2)])
def test_dummy_run_is_marked(make, patch):
    abi, runner = patched(make(), patch)
    assert runner._dummy_run(3) == 3
    (_, kind, spans), = abi.of("step_begin")
    assert (kind, spans) == (DUMMY, [])
    assert len(abi.of("step_end")) == 1


def test_drafter_is_marked():
    abi, runner = patched(make_v1(), worker.patch_v1)
    assert runner.propose_draft_token_ids() == "drafts"
    assert [call[1] for call in abi.of("step_begin")] == [DUMMY]


def test_v2_drafter_is_marked():
    abi, runner = patched(make_v2(), worker.patch_v2)
    runner.execute_model(two_requests())
    runner.speculator = "drafts within sample_tokens"
    runner.sample_tokens(None).get_output()
    assert [call[1] for call in abi.of("step_begin")] == [REAL, DUMMY]
    assert [call[0] for call in abi.calls][-2:] == ["step_end", "samples"]


class Serving:
    """A worker that does not serve yet."""

    def __init__(self, runner):
        self.model_runner = runner

    def determine_available_memory(self):
        self.model_runner._dummy_run(3)
        return "bytes"

    def compile_or_warm_up_model(self):
        self.model_runner.execute_model(two_requests())
        self.model_runner.sample_tokens(None).get_output()


@pytest.fixture
def serving():
    abi, runner = patched(make_v2(), worker.patch_v2)
    owner = type("Worker", (Serving,), {})
    worker.patch_worker(abi, types.SimpleNamespace(Worker=owner))
    return abi, owner(runner)


def test_warm_up_requests_are_no_requests(serving):
    abi, started = serving
    started.compile_or_warm_up_model()
    assert [call[1] for call in abi.of("step_begin")] == [DUMMY]
    assert not abi.of("request") and not abi.of("samples")
    started.model_runner.execute_model(two_requests())
    assert [call[1] for call in abi.of("step_begin")] == [DUMMY, REAL]
    assert not abi.of("status")


def test_a_phase_before_serving_is_one_dummy_step(serving):
    abi, started = serving
    assert started.determine_available_memory() == "bytes"
    assert [call[1] for call in abi.of("step_begin")] == [DUMMY]
    assert [call[0] for call in abi.calls][-1] == "step_end"


def test_each_forward_pass_of_a_phase_is_a_step(serving):
    abi, started = serving
    runner = started.model_runner
    runner.model = Model()
    runner.get_model = lambda: runner.model
    runner._dummy_run = lambda _: [runner.model() for _ in range(3)]
    started.determine_available_memory()
    begun = abi.of("step_begin")
    assert [call[1] for call in begun] == [DUMMY] * 4
    assert [call[0] for call in begun] == [call[0] for call in
                                           abi.of("step_end")]
    # The layers are known before the first pass, and the model is left as it
    # was found.
    names = [call[0] for call in abi.calls]
    assert names.index("expect") < names.index("step_end")
    assert not runner.model.hooks and not abi.of("status")


def test_the_first_pass_is_probed_and_no_other(serving, monkeypatch):
    abi, started = serving
    runner = started.model_runner
    runner.model = Model()
    runner.get_model = lambda: runner.model
    runner._dummy_run = lambda _: [runner.model() for _ in range(3)]
    probes = []

    def probe(net, *_):
        probes.append(net)
        return types.SimpleNamespace(
            settle=lambda: len(abi.of("step_begin")))

    monkeypatch.setattr(model, "probe", probe)
    started.determine_available_memory()
    started.determine_available_memory()
    assert probes == [runner.model]
    # Settled when the second pass begins, before its step: two had begun.
    assert [value for key, value in abi.of("fact")
            if key == "asked_layers"] == ["2"]


def test_a_module_compiled_as_a_whole_is_left_alone(serving):
    abi, started = serving
    runner = started.model_runner
    runner.model = Model()
    runner.model._compiled_call_impl = lambda: None
    runner.get_model = lambda: runner.model
    started.determine_available_memory()
    assert [call[1] for call in abi.of("step_begin")] == [DUMMY]
    assert not runner.model.hooks and not abi.of("status")


def test_a_worker_without_a_known_runner_is_left_alone(serving):
    abi, started = serving
    started.model_runner = types.SimpleNamespace(_dummy_run=lambda _: None)
    assert started.determine_available_memory() == "bytes"
    assert not abi.of("step_begin") and not abi.of("status")


def test_an_engine_error_passes_and_ends_the_step():
    abi, runner = patched(make_v1(), worker.patch_v1)
    runner.fail = True
    with pytest.raises(RuntimeError, match="out of memory"):
        runner.execute_model(two_requests())
    assert len(abi.of("step_begin")) == len(abi.of("step_end")) == 1


def test_a_changed_engine_degrades_once_and_keeps_running():
    abi, runner = patched(make_v1(), worker.patch_v1)
    for _ in range(3):
        output = two_requests()
        del output.scheduled_cached_reqs
        runner.execute_model(output)
        assert runner.sample_tokens(None).sampled_token_ids == [[7], [7]]
    (code, text), = abi.of("status")
    assert code == "shim-degraded" and "scheduled_cached_reqs" in text
    assert not abi.of("step_begin")


def test_a_missing_method_is_named():
    owner = make_v1()
    del owner._prepare_inputs
    abi, runner = patched(owner, worker.patch_v1)
    (code, text), = abi.of("status")
    assert code == "shim-degraded" and "_prepare_inputs" in text
    assert not hasattr(owner.execute_model, "__wrapped__")


@pytest.mark.parametrize("make, patch", [
    (make_v1, worker.patch_v1),
    (lambda: make_v1(asynchronous=True), worker.patch_v1),
    (make_v2, worker.patch_v2)])
def test_a_pause_reports_nothing_and_leaves_no_trace(make, patch):
    abi, runner = patched(make(), patch)
    serve(runner)
    abi.paused, before = True, len(abi.calls)
    serve(runner, finished=["a", "b"])
    serve(runner, finished=["a", "b"])
    runner._dummy_run(3)
    assert [call[0] for call in abi.calls[before:]] == ["event", "event"]
    numbers = [call[0] for call in abi.of("request")]
    assert sorted(call[0] for call in abi.of("event")) == numbers
    abi.paused, before = False, len(abi.calls)
    serve(runner, finished=["a", "b"])
    assert [call[0] for call in abi.calls[before:]] == [
        "request", "tokens", "kv", "request", "tokens", "kv", "step_begin",
        "step_end", "samples"]
    assert len({call[0] for call in abi.of("request")}) == 4
    assert not abi.of("status")


def serve(runner, finished=()):
    """A step of two requests; then their only tokens are known."""
    runner.execute_model(scheduled(
        [new_request("b", [1, 2], [5]), new_request("a", [3], [6])],
        finished=finished, num_scheduled_tokens={"b": 2, "a": 1}))
    output = runner.sample_tokens(None)
    if isinstance(output, AsyncOutput):
        output.get_output()


def test_facts_that_have_moved_do_not_end_identity(monkeypatch):
    def facts(*_):
        raise AttributeError("no hf_text_config")
    monkeypatch.setattr(model, "facts", facts)
    abi, runner = patched(make_v1(), worker.patch_v1)
    runner.execute_model(two_requests())
    (code, text), = abi.of("status")
    assert code == "shim-degraded" and "hf_text_config" in text
    assert abi.of("step_begin")[0][1] == REAL


def test_positions_that_only_the_device_knows_are_not_reported(monkeypatch):
    monkeypatch.setattr(model, "positions_on_device", lambda _: True)
    abi, runner = patched(make_v1(), worker.patch_v1)
    for _ in range(2):
        runner.execute_model(two_requests())
    assert len(abi.of("status")) == 1 and not abi.of("step_begin")


def test_moved_rows_are_said_and_not_attributed(monkeypatch):
    monkeypatch.setattr(model, "moved_rows", lambda _: ["one", "another"])
    abi, runner = patched(make_v2(), worker.patch_v2)
    for _ in range(2):
        runner.execute_model(two_requests())
        runner.sample_tokens(None).get_output()
    (code, text), = abi.of("status")
    assert code == "split-rows" and text.endswith("one, another")
    assert not abi.of("step_begin") and not abi.of("samples")


def test_layer_numbers():
    assert model.layer_number("model.layers.12.mlp.experts") == 12
    assert model.layer_number("transformer.h.3.moe") == 3
    assert model.layer_number("language_model.model.layers.0.mlp") == 0
    with pytest.raises(ValueError):
        model.layer_number("model.experts")


def test_model_names_hide_paths(tmp_path):
    assert model.model_name(str(tmp_path / "olmoe") + "/") == "olmoe"
    assert model.model_name("Qwen/Qwen3-30B-A3B") == "Qwen/Qwen3-30B-A3B"


def test_v2_runner_of_the_installed_engine():
    from vllm.v1.worker.gpu import async_utils, input_batch, model_runner
    owner = model_runner.GPUModelRunner
    arguments = list(inspect.signature(owner.prepare_inputs).parameters)
    assert arguments[:2] == ["self", "scheduler_output"]
    assert list(inspect.signature(owner.execute_model).parameters)[1] == (
        "scheduler_output")
    fields = input_batch.InputBatch.__dataclass_fields__
    assert {"req_ids", "num_scheduled_tokens",
            "num_computed_tokens_np"} <= set(fields)
    assert hasattr(async_utils.AsyncOutput, "get_output")
    abi = RecordingAbi()
    assert not worker.missing(abi, owner, [
        "execute_model", "sample_tokens", "_dummy_run", "prepare_inputs",
        "get_model"])
    assert "self.speculator.propose(" in inspect.getsource(
        owner.sample_tokens)
