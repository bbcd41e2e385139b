"""The shim with the model runner V2: tests/shim/test_engine.py on CUDA.

The same cases and checks, in each of the engine's modes, with asynchronous
scheduling (V2's default) and without.  Left out is what reads log
probabilities, which the stand-in does not compute.
"""

import string

import cuda_harness
import cuda_models
import pytest
import standin
import test_engine
from test_engine import (  # noqa: F401: collected here
    account, results, test_a_cached_prefix_is_in_the_blocks_that_computed_it,
    test_a_stop_string_leaves_tokens_unreturned,
    test_chains_cover_all_tokens_of_a_request, test_deliveries,
    test_each_case_happened, test_every_position_is_executed_or_cached,
    test_expected_layers_come_before_the_first_real_step,
    test_kv_blocks_hold_every_row,
    test_no_block_belongs_to_two_computing_requests,
    test_nothing_was_degraded, test_preempted_requests_are_executed_again,
    test_prompts_and_tokens_are_those_of_the_engine,
    test_steps_are_numbered_and_closed,
    test_vocabulary_spells_what_the_tokenizer_decodes)

REAL, DUMMY = 1, 2
# Few different tokens are made up, so any letter has to do.
STOP = list(string.ascii_letters)
SYNCHRONOUS = "eager, synchronous"
CASES = {**cuda_harness.MODES,
         SYNCHRONOUS: {"enforce_eager": True, "async_scheduling": False}}


@pytest.fixture(scope="module", params=list(CASES))
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def run(mode, device, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shim")
    logs = folder / "log"
    logs.mkdir()
    variables = cuda_harness.environment(
        device, [standin.build(folder)], STANDIN_DIR=str(logs),
        STANDIN_ROUTER_LOG=str(folder / "routers"),
        PYTHONPATH=str(standin.SHIM))
    return test_engine.run_cases(
        folder, variables, cuda_models.checkpoint("qwen3_moe"),
        without=["logprobs", "beams"], stop=STOP,
        llm={"dtype": "bfloat16", "gpu_memory_utilization": 0.5,
             **CASES[mode]}), logs


def test_facts(mode, account):  # noqa: F811
    facts = account.worker.facts()
    expected = {
        "role": "worker", "engine": "vllm", "engine_version": "0.33.0",
        "runner": "v2", "architecture": "Qwen3MoeForCausalLM",
        "num_layers": "8", "moe_layers": "1,2,4,5,6,7", "num_experts": "60",
        "top_k": "8", "dtype": "bfloat16", "prefix_caching": "1",
        "async_scheduling": str(int(mode != SYNCHRONOUS)), "eplb": "0"}
    assert {key: facts.get(key) for key in expected} == expected
    assert account.frontend.facts()["role"] == "frontend"


def test_a_worker_starts_within_dummy_steps(account):  # noqa: F811
    """Memory profiling, and compilation with warm-up and graph capture, each
    forward pass of them; every later step is real."""
    kinds = [kind for _, kind, _ in account.worker.of("step_begin")]
    start = kinds.index(REAL)
    assert start > 2 and set(kinds[:start]) == {DUMMY}
    assert set(kinds[start:]) == {REAL}
