"""Checkpoints for the CUDA engine: those of tests/engine/models.py, and some
whose routers are kernels that the CPU engine does not have.

    python cuda_models.py NAME    prints the checkpoint's path; makes it first
"""

import pathlib
import sys

ENGINE = pathlib.Path(__file__).resolve().parent.parent / "engine"
sys.path.insert(0, str(ENGINE))

import models  # noqa: E402


def _qwen3(vocabulary, dense):
    from transformers import Qwen3MoeConfig
    return Qwen3MoeConfig(
        **models.COMMON, **vocabulary, num_hidden_layers=8, head_dim=32,
        intermediate_size=128, moe_intermediate_size=64, num_experts=64,
        num_experts_per_tok=8, norm_topk_prob=True, decoder_sparse_step=1,
        mlp_only_layers=dense)


def _qwen3_64(vocabulary):
    """Eight MoE layers, 64 experts, k = 8."""
    return _qwen3(vocabulary, [])


def _qwen3_dense(vocabulary):
    """As qwen3_64, layers 0 and 3 dense."""
    return _qwen3(vocabulary, [0, 3])


def _deepseek_v3(vocabulary):
    """A dense layer and two MoE layers: 64 experts in 8 groups, k = 8 out of
    4 groups; latent attention with the head sizes of the real model."""
    from transformers import DeepseekV3Config
    return DeepseekV3Config(
        **{**models.COMMON, "num_key_value_heads": 4}, **vocabulary,
        num_hidden_layers=3, first_k_dense_replace=1, intermediate_size=128,
        moe_intermediate_size=64, n_routed_experts=64, n_shared_experts=1,
        num_experts_per_tok=8, n_group=8, topk_group=4,
        scoring_func="sigmoid", topk_method="noaux_tc", q_lora_rank=64,
        kv_lora_rank=512, qk_rope_head_dim=64, qk_nope_head_dim=128,
        v_head_dim=128)


MAKERS = {"qwen3_64": _qwen3_64, "qwen3_dense": _qwen3_dense,
          "deepseek_v3": _deepseek_v3}


def checkpoint(name):
    """Path of the checkpoint `name`, made now if it does not exist."""
    if name not in MAKERS:
        return models.checkpoint(name)
    return models.kept(name, [__file__, models.__file__], MAKERS[name],
                       "bfloat16")


if __name__ == "__main__":
    print(checkpoint(sys.argv[1]))
