"""Deliveries, from the engine's own OutputProcessor."""

import types

import pytest
from fakes import RecordingAbi

from moetap_vllm import frontend

PROMPT = [1, 2, 3]


@pytest.fixture(scope="module")
def engine():
    """The module, as new: patched copies of the class are made per test."""
    from vllm.v1.engine import output_processor
    return output_processor


@pytest.fixture
def processor(engine):
    owner = type("OutputProcessor", (engine.OutputProcessor,), {})
    abi = RecordingAbi()
    frontend.patch(abi, types.SimpleNamespace(OutputProcessor=owner))
    made = owner(None, log_stats=False)
    made.abi = abi
    return made


def add(processor, name, kind, parent=None, index=0, queue=True):
    from vllm.sampling_params import RequestOutputKind, SamplingParams
    from vllm.v1.engine import EngineCoreRequest
    from vllm.v1.engine.output_processor import RequestOutputCollector
    kind = RequestOutputKind[kind]
    request = EngineCoreRequest(
        request_id=name, external_req_id=name.split("-")[0],
        prompt_token_ids=PROMPT, mm_features=None,
        sampling_params=SamplingParams(max_tokens=9, output_kind=kind),
        pooling_params=None, arrival_time=0.0, lora_request=None,
        cache_salt=None, data_parallel_rank=None)
    collector = RequestOutputCollector(kind, name) if queue else None
    processor.add_request(request, None, parent, index, collector)
    return collector


def step(processor, name, tokens, finish=None):
    from vllm.v1.engine import EngineCoreOutput, FinishReason
    processor.process_outputs([EngineCoreOutput(
        request_id=name, new_token_ids=tokens,
        finish_reason=finish and FinishReason[finish])])


def deliveries(processor):
    return processor.abi.of("delivery")


@pytest.mark.parametrize("kind", ["DELTA", "CUMULATIVE", "FINAL_ONLY"])
def test_a_finished_request(processor, kind):
    add(processor, "x-1", kind)
    step(processor, "x-1", [5])
    step(processor, "x-1", [6, 7])
    assert not deliveries(processor)
    step(processor, "x-1", [8], "LENGTH")
    assert deliveries(processor) == [("x-1", "x", None, 3, 4, "length")]


def test_a_pause_delivers_nothing(processor):
    processor.abi.paused = True
    for name in ("x-1", "y-1"):
        add(processor, name, "DELTA")
        step(processor, name, [5])
    step(processor, "x-1", [6], "LENGTH")
    processor.abort_requests(["y-1"], internal=True)
    assert not deliveries(processor)


def test_tokens_a_gone_client_never_fetched(processor):
    queue = add(processor, "x-1", "DELTA")
    step(processor, "x-1", [5, 6])
    assert queue.get_nowait() is not None
    step(processor, "x-1", [7])
    processor.abort_requests(["x-1"], internal=True)
    assert deliveries(processor) == [("x-1", "x", None, 3, 2, "abort")]


def test_a_gone_client_that_wanted_one_answer_got_none(processor):
    add(processor, "x-1", "FINAL_ONLY")
    step(processor, "x-1", [5, 6])
    processor.abort_requests(["x-1"], internal=True)
    assert deliveries(processor) == [("x-1", "x", None, 3, 0, "abort")]


def test_an_abort_on_request_returns_what_there_is(processor):
    add(processor, "x-1", "FINAL_ONLY")
    step(processor, "x-1", [5, 6])
    processor.abort_requests(["x"], internal=False)
    assert deliveries(processor) == [("x-1", "x", None, 3, 2, "abort")]


def test_without_a_queue_an_abort_makes_no_output(processor):
    add(processor, "x-1", "FINAL_ONLY", queue=False)
    step(processor, "x-1", [5, 6])
    processor.abort_requests(["x"], internal=False)
    assert deliveries(processor) == [("x-1", "x", None, 3, 0, "abort")]


def test_samples_name_their_parent_and_are_aborted_once(processor):
    from vllm.sampling_params import RequestOutputKind, SamplingParams
    from vllm.v1.engine.parallel_sampling import ParentRequest
    parent = ParentRequest(types.SimpleNamespace(
        request_id="x-1", external_req_id="x",
        params=SamplingParams(n=2, output_kind=RequestOutputKind.DELTA)))
    for index in range(2):
        name, _ = parent.get_child_info(index)
        add(processor, name, "DELTA", parent, index)
    step(processor, "0_x-1", [5], "STOP")
    step(processor, "1_x-1", [6])
    processor.abort_requests(["x-1"], internal=True)
    assert deliveries(processor) == [
        ("0_x-1", "x", "x-1", 3, 1, "stop"),
        ("1_x-1", "x", "x-1", 3, 0, "abort")]


def test_unknown_requests_are_ignored(processor):
    processor.abort_requests(["nobody"], internal=True)
    step(processor, "nobody", [5], "STOP")
    assert not deliveries(processor) and not processor.abi.of("status")


def test_facts_and_no_vocabulary_without_a_tokenizer(processor):
    assert ("role", "frontend") in processor.abi.of("fact")
    assert not processor.abi.of("vocabulary")


def test_an_engine_in_the_same_process_makes_it_a_worker(engine,
                                                         monkeypatch):
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    owner = type("OutputProcessor", (engine.OutputProcessor,), {})
    abi = RecordingAbi()
    frontend.patch(abi, types.SimpleNamespace(OutputProcessor=owner))
    owner(None, log_stats=False)
    assert not abi.of("fact")


@pytest.mark.parametrize("stores, runs", [(1, 1), (0, 0)])
def test_vocabulary_only_where_tokens_are_stored(engine, monkeypatch, stores,
                                                 runs):
    owner = type("OutputProcessor", (engine.OutputProcessor,), {})
    abi = RecordingAbi(stores)
    monkeypatch.setattr(frontend.vocabulary, "token_bytes", lambda _: [b"a"])
    frontend.patch(abi, types.SimpleNamespace(OutputProcessor=owner))
    owner(object(), log_stats=False)
    assert len(abi.of("vocabulary")) == runs


def test_a_changed_engine_degrades():
    class OutputProcessor:
        def abort_requests(self):
            return []
    abi = RecordingAbi()
    frontend.patch(abi, types.SimpleNamespace(
        OutputProcessor=OutputProcessor))
    (code, text), = abi.of("status")
    assert code == "shim-degraded" and "_update_stats_from_finished" in text
