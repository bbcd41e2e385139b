"""What the model and the engine are: facts, MoE layers, KV cache groups."""

import os
import re

import numpy as np

from moetap_vllm import abi as abi_module
from moetap_vllm import routers

_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks|layer)\.(\d+)(?:\.|$)")


def facts(runner, version):
    """Facts that do not depend on weights or KV cache."""
    import vllm
    from vllm.distributed import parallel_state
    config = runner.vllm_config
    model, parallel = config.model_config, config.parallel_config
    text = model.hf_text_config
    tensor = parallel_state.get_tp_group()
    pipeline = parallel_state.get_pp_group()
    return {
        "role": "worker", "engine": "vllm",
        "engine_version": vllm.__version__, "runner": version,
        "model": model_name(model.model),
        "architecture": model.architecture,
        "num_layers": getattr(text, "num_hidden_layers", None),
        "vocab_size": getattr(text, "vocab_size", None),
        "hidden_size": getattr(text, "hidden_size", None),
        "moe_intermediate_size":
            getattr(text, "moe_intermediate_size",
                    getattr(text, "intermediate_size", None)),
        "dtype": str(model.dtype).replace("torch.", ""),
        "quantization": model.quantization or "none",
        "async_scheduling": int(bool(config.scheduler_config
                                     .async_scheduling)),
        "tp_rank": tensor.rank_in_group, "tp_size": tensor.world_size,
        "pp_rank": pipeline.rank_in_group, "pp_size": pipeline.world_size,
        "dp_rank": parallel.data_parallel_rank,
        "dp_size": parallel.data_parallel_size,
        "eplb": int(bool(parallel.enable_eplb)),
    }


def cache_facts(runner):
    """Facts that are settled once the KV cache exists."""
    config = runner.vllm_config.cache_config
    group = kv_group(runner)
    size = config.block_size
    if group is not None:
        size = runner.kv_cache_config.kv_cache_groups[
            group].kv_cache_spec.block_size
    return {"kv_block_size": size,
            "prefix_caching": int(bool(config.enable_prefix_caching))}


def model_name(name):
    """Hub id, or the last part of a path."""
    if os.path.exists(name) or os.path.isabs(name):
        return os.path.basename(os.path.normpath(name))
    return name


def layer_number(name):
    """Decoder layer of a module, from its name."""
    found = _LAYER.search(name)
    if found is None:
        raise ValueError(f"no layer number in {name}")
    return int(found.group(1))


def moe_layers(model):
    """(weight address, decoder layer, experts, k), in forward order."""
    layers = []
    for name, module in model.named_modules():
        if hasattr(module, "top_k") and hasattr(module, "global_num_experts"):
            weight = getattr(module, "w13_weight", None)
            layers.append((0 if weight is None else weight.data_ptr(),
                           layer_number(getattr(module, "layer_name", name)),
                           module.global_num_experts, module.top_k, 0))
    return layers


def expected_layers(model, abi):
    """Announces the MoE layers that each real step must dispatch; their
    facts."""
    layers = moe_layers(model)
    array = np.array(layers, abi_module.LAYER)
    abi.expect(abi_module.address(array), len(array))
    if not layers:
        return {}
    return {"moe_layers": ",".join(str(layer[1]) for layer in layers),
            "num_experts": max(layer[2] for layer in layers),
            "top_k": max(layer[3] for layer in layers)}


def probe(net, abi, guard):
    """Begins to find out which layers of a model on a GPU no hook sees; None
    for any other model, and in a release that hands out no ids."""
    first = next(net.parameters(), None)
    if first is None or first.device.type != "cuda":
        return None
    import torch
    try:
        found = routers.layers(net)
    except (ImportError, AttributeError):
        return None
    return routers.Probe(abi, guard, found,
                         lambda: torch.cuda.current_stream().cuda_stream)


def positions_on_device(runner):
    """True if the host counts rejected drafts as accepted until later."""
    config = runner.vllm_config
    return bool(config.speculative_config
                and config.scheduler_config.async_scheduling)


def moved_rows(runner):
    """Why a router sees other rows than those of the step in their order: a
    share of them, or those of other ranks too.  Empty if it does not."""
    config = runner.vllm_config
    parallel = config.parallel_config
    reasons = {
        "micro-batches (DBO)": parallel.use_ubatching,
        "sequence-parallel MoE": parallel.use_sequence_parallel_moe,
        "prefill context parallelism":
            parallel.prefill_context_parallel_size > 1,
        "fast prefill with shared KV":
            config.cache_config.kv_sharing_fast_prefill,
        "routing of gathered data-parallel rows":
            parallel.data_parallel_size > 1
            and any(map(routes_gathered, runner.get_model().modules())),
    }
    return [reason for reason, holds in reasons.items() if holds]


def routes_gathered(module):
    """True for an MoE layer that, with data parallelism, gathers the rows of
    all ranks before it routes."""
    return bool(getattr(module, "do_naive_dispatch_combine", False)
                or getattr(module, "is_monolithic", False))


def kv_group(runner):
    """Index of the first KV cache group with full attention, or None."""
    config = getattr(runner, "kv_cache_config", None)
    for index, group in enumerate(config.kv_cache_groups if config else ()):
        spec = group.kv_cache_spec
        specs = getattr(spec, "kv_cache_specs", None)
        if specs:  # layers of one type under one specification
            spec = next(iter(specs.values()))
        if any(base.__name__ == "FullAttentionSpec"
               for base in type(spec).__mro__):
            return index
    return None
