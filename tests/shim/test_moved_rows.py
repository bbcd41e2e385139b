"""Configurations whose routers do not see the rows of a step in order."""

import types

import pytest

from moetap_vllm import model

PLAIN = dict(use_ubatching=False, use_sequence_parallel_moe=False,
             prefill_context_parallel_size=1, data_parallel_size=1)


def runner(modules=(), fast_prefill=False, **parallel):
    return types.SimpleNamespace(
        vllm_config=types.SimpleNamespace(
            parallel_config=types.SimpleNamespace(**{**PLAIN, **parallel}),
            cache_config=types.SimpleNamespace(
                kv_sharing_fast_prefill=fast_prefill)),
        get_model=lambda: types.SimpleNamespace(modules=lambda: modules))


def layer(**properties):
    return types.SimpleNamespace(**properties)


def test_plain_configurations_keep_their_rows():
    assert model.moved_rows(runner()) == []
    routed = layer(do_naive_dispatch_combine=False, is_monolithic=False)
    assert model.moved_rows(runner([routed], data_parallel_size=2)) == []
    # One rank has nobody to gather from.
    assert model.moved_rows(runner([layer(is_monolithic=True)])) == []


@pytest.mark.parametrize("parallel, word", [
    (dict(use_ubatching=True), "micro-batches"),
    (dict(use_sequence_parallel_moe=True), "sequence-parallel"),
    (dict(prefill_context_parallel_size=2), "context"),
    (dict(fast_prefill=True), "fast prefill")])
def test_each_option_is_named(parallel, word):
    (reason,) = model.moved_rows(runner(**parallel))
    assert word in reason


@pytest.mark.parametrize("properties", [
    dict(do_naive_dispatch_combine=True, is_monolithic=False),
    dict(do_naive_dispatch_combine=False, is_monolithic=True)])
def test_a_layer_that_gathers_before_it_routes(properties):
    (reason,) = model.moved_rows(runner(
        [layer(), layer(**properties)], data_parallel_size=2))
    assert "gathered" in reason


def test_the_installed_engine_has_these_options():
    from vllm.config import CacheConfig, ParallelConfig
    from vllm.model_executor.layers.fused_moe.runner import moe_runner
    parallel = ParallelConfig()
    assert {name: getattr(parallel, name) for name in PLAIN} == PLAIN
    assert parallel.enable_eplb is False
    assert CacheConfig.__dataclass_fields__["kv_sharing_fast_prefill"]
    assert isinstance(moe_runner.MoERunner.do_naive_dispatch_combine, property)
    assert isinstance(moe_runner.MoERunner.is_monolithic, property)
