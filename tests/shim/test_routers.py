"""Which layers are asked for their ids, on layers made by hand; the last test
holds the names against the installed engine."""

import types

import pytest
import torch
from fakes import RecordingAbi

from moetap_vllm import routers
from moetap_vllm.guard import Guard


class Layer:
    experts = 60

    def __init__(self, function=None):
        self.function = function

    def get(self):
        return self.function

    def set(self, function):
        self.function = function


@pytest.fixture
def abi():
    return RecordingAbi()


def start(abi, layers):
    return routers.Probe(abi, Guard(abi), layers, lambda: 77)


def run(abi, layers, hooked, ids=None):
    """One forward pass; the hooks see the layers in `hooked`."""
    for number, layer in enumerate(layers):
        abi.dispatches += number in hooked
        if layer.function is not None:
            layer.function(ids)


def test_layers_that_hooks_see_are_left_alone(abi):
    layers = [Layer() for _ in range(4)]
    probe = start(abi, layers)
    run(abi, layers, {0, 1, 2, 3})
    assert probe.settle() == 0
    assert [layer.function for layer in layers] == [None] * 4
    assert not abi.of("device_dispatch") and not abi.of("status")


@pytest.mark.parametrize("hooked", [set(), {0, 2}, {3}])
def test_the_others_report_their_ids(abi, hooked):
    layers = [Layer() for _ in range(4)]
    probe = start(abi, layers)
    run(abi, layers, hooked)
    assert not abi.of("device_dispatch"), "nothing before it is settled"
    assert probe.settle() == 4 - len(hooked)
    ids = torch.arange(10, dtype=torch.int16).reshape(5, 2)
    run(abi, layers, hooked, ids)
    assert abi.of("device_dispatch") == [
        (ids.data_ptr(), 77, 5, 2, 60, 2, 1)] * (4 - len(hooked))


def test_a_callback_of_the_engine_stays(abi):
    kept = []
    layers = [Layer(kept.append), Layer()]
    probe = start(abi, layers)
    run(abi, layers, set(), "ids")
    assert probe.settle() == 1
    assert kept == ["ids"] and layers[0].function == kept.append


def test_ids_that_are_not_packed_are_refused(abi):
    layers = [Layer()]
    probe = start(abi, layers)
    run(abi, layers, set())
    probe.settle()
    run(abi, layers, set(), torch.zeros((4, 8), dtype=torch.int32)[:, :2])
    assert not abi.of("device_dispatch")
    assert abi.of("status")[0][0] == "shim-degraded"


def test_unsigned_and_wide_ids(abi):
    layers = [Layer()]
    probe = start(abi, layers)
    run(abi, layers, set())
    probe.settle()
    for dtype, size, signed in ((torch.int64, 8, 1), (torch.uint32, 4, 0)):
        run(abi, layers, set(), torch.zeros((1, 2), dtype=dtype))
        assert abi.of("device_dispatch")[-1][-2:] == (size, signed)


def test_the_engine_has_what_is_used():
    """In a release where it is not, no layer is asked and it is said."""
    capturer = pytest.importorskip(
        "vllm.model_executor.layers.fused_moe.routed_experts_capturer")
    from vllm.model_executor.layers.fused_moe import layer
    from vllm.model_executor.layers.fused_moe.router import base_router
    if not hasattr(capturer, "RoutedExpertsSink"):
        pytest.skip("a release before 0.33")
    assert hasattr(base_router.BaseRouter, "set_capture_fn")
    assert hasattr(capturer, "RoutedExpertsCaptureSource")
    assert hasattr(layer, "MoERunner")
    assert routers.layers(types.SimpleNamespace(modules=lambda: [])) == []
