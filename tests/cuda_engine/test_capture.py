"""The capture of a run is what the stand-in's routers wrote."""

import cuda_harness
import pytest
import router_log

TOPK = "_ZN4vllm3moe10topkGatingI"
FALLBACK = "_ZN4vllm3moe7moeTopKI"
GROUPED = ("_ZN4vllm3moe44grouped_topk_fused_small_expert_count_kernelI")

# model -> its router's kernel, decoder layers with one.
MODELS = {
    "qwen3_64": (TOPK, list(range(8))),
    "qwen3_dense": (TOPK, [1, 2, 4, 5, 6, 7]),
    "olmoe": (TOPK, list(range(6))),
    "qwen3_moe": (FALLBACK, [1, 2, 4, 5, 6, 7]),
    "deepseek_v3": (GROUPED, [1, 2]),
}
STEPS = 5  # one prefill of both requests, four decodes


@pytest.fixture(scope="module", params=[
    (model, mode) for model in MODELS for mode in cuda_harness.MODES],
    ids=lambda pair: "-".join(pair))
def pair(request):
    return request.param


@pytest.fixture(scope="module")
def run(pair, recorded):
    return recorded(*pair)


def test_it_generates(run):
    (batch,) = run.results
    assert [len(one["outputs"][0]["tokens"]) for one in batch] == [5, 5]


def test_each_step_runs_the_router_of_each_layer(pair, run):
    """In order and no other; prefills are launched but for the default mode,
    decodes are replayed unless the mode is eager."""
    model, mode = pair
    kernel, layers = MODELS[model]
    assert run.layers() == layers
    assert {one.kernel[:len(kernel)] for one in run.executions} == {kernel}
    steps = run.steps()
    assert len(steps) == STEPS
    assert [len(step[0].sets) for step in steps] == [8, 2, 2, 2, 2]
    replayed = [{one.replayed for one in step} for step in steps]
    prefill = {mode == "default"}
    assert replayed == [prefill] + [{mode != "eager"}] * (STEPS - 1)


def test_rows_are_what_the_routers_wrote(run):
    executed = run.executed()
    assert len(executed) == 8 + 2 * 4
    assert router_log.differences(run.observed(), executed) == []
