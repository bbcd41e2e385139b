"""Routers that no hook sees: the engine's own callback for expert ids.

vLLM calls it with the logical ids of each MoE layer, in the forward pass and
while a graph is captured, before expert-parallel load balancing.  It is put
into every layer for one forward pass before serving, to find out which layers
the library's hooks see by themselves, and stays in those that they do not.
An engine that uses the callback itself (enable_return_routed_experts) keeps
it.
"""

from moetap_vllm import abi as abi_module


class _Router:
    """An MoE layer that routes with a router of its own."""

    def __init__(self, module):
        self._router = module.router
        self.experts = module.router.global_num_experts

    def get(self):
        return self._router.capture_fn

    def set(self, function):
        self._router.set_capture_fn(function)


class _Monolithic:
    """One that routes inside the kernel that runs its experts."""

    def __init__(self, module, sink):
        self._layer = module.routed_experts
        self._sink = sink
        self._config = module._quant_method.moe_kernel.impl \
            .fused_experts.moe_config
        self.experts = self._config.num_experts

    def get(self):
        sink = self._layer.routing_sink
        return None if sink is None else sink.capture_fn

    def set(self, function):
        self._layer.routing_sink = (
            None if function is None else self._sink(self._config, function))


class _Source:
    """One that calls an attribute of its own."""

    def __init__(self, module):
        self._module = module
        self.experts = getattr(module, "num_logical_experts", 0)

    def get(self):
        return self._module.capture_fn

    def set(self, function):
        self._module.capture_fn = function


def layers(net):
    """The layers of `net` whose ids the engine would hand out, in forward
    order."""
    from vllm.model_executor.layers.fused_moe import layer
    from vllm.model_executor.layers.fused_moe import routed_experts_capturer
    from vllm.model_executor.layers.fused_moe.router.base_router import (
        BaseRouter)
    found = []
    for module in net.modules():
        if isinstance(module,
                      routed_experts_capturer.RoutedExpertsCaptureSource):
            found.append(_Source(module))
        elif not isinstance(module, layer.MoERunner):
            continue
        elif module._quant_method.is_monolithic:
            if _hands_out_ids(module._quant_method):
                found.append(_Monolithic(
                    module, routed_experts_capturer.RoutedExpertsSink))
        elif isinstance(module.router, BaseRouter):
            found.append(_Router(module))
    return found


def _hands_out_ids(method):
    kernel = getattr(getattr(method, "moe_kernel", None), "impl", None)
    supports = getattr(getattr(kernel, "fused_experts", None),
                       "supports_routing_replay_capture", None)
    return supports is not None and supports()


class Probe:
    """Watches one forward pass; `settle` afterwards.

    stream: function that returns the number of the current CUDA stream.
    """

    def __init__(self, abi, guard, found, stream):
        self._abi = abi
        self._guard = guard
        self._stream = stream
        self._dispatches = 0
        self._unseen = []
        # Whoever uses the callback keeps it.
        self._layers = [one for one in found if one.get() is None]
        for one in self._layers:
            one.set(lambda ids, one=one: guard.run(self._passed, one))

    def _passed(self, layer):
        dispatches = self._abi.step_dispatches()
        if dispatches == self._dispatches:
            self._unseen.append(layer)
        self._dispatches = dispatches

    def settle(self):
        """Takes the callback out of the layers that the hooks see; how many
        layers are left."""
        for one in self._layers:
            one.set(self._reporter(one) if one in self._unseen else None)
        return len(self._unseen)

    def _reporter(self, layer):
        ids = abi_module.Buffer(abi_module.DEVICE_IDS, 1)

        def report(matrix):
            if not matrix.is_contiguous():
                raise ValueError("expert ids are not packed")
            rows, k = matrix.shape
            ids.array[0] = (matrix.data_ptr(), self._stream(), rows, k,
                            layer.experts, matrix.element_size(),
                            matrix.dtype.is_signed)
            self._abi.device_dispatch(ids.address)

        return lambda matrix: self._guard.run(report, matrix)
