"""The cases of operator_calls.py, chosen so that every kernel of the registry
that operators of these wheels launch is among them, with every type of ids
and of logits."""

import torch

from operator_calls import (Shape, case, sglang_topk, vllm_grouped, vllm_hash,
                            vllm_topk)

F32, F16, BF16 = torch.float32, torch.float16, torch.bfloat16
I32, U32, I64 = torch.int32, torch.uint32, torch.int64

MOE = "_ZN4vllm3moe"
GATING = MOE + "10topkGatingI"
FALLBACK = MOE + "7moeTopKI"
SOFTPLUS = MOE + "22topkGatingSoftplusSqrtI"
HASH = MOE + "24dsv4HashTopkSoftplusSqrtI"
GROUPED_SMALL = MOE + "44grouped_topk_fused_small_expert_count_kernelI"
GROUPED = MOE + "25grouped_topk_fused_kernelI"
SINGLE_WARP = (MOE + "17single_group_topk6detail"
               "29single_group_topk_warp_kernelI")
SINGLE_BLOCK = (MOE + "17single_group_topk6detail"
                "30single_group_topk_block_kernelI")


def vllm_gating():
    for scoring in "softmax", "sigmoid":
        for shape in [Shape(8, k=2), Shape(64), Shape(128, logits=BF16),
                      Shape(128, ids=U32), Shape(192, logits=F16, ids=I64),
                      Shape(256, ids=I64, bias=True), Shape(320),
                      Shape(384, logits=BF16, padding=True),
                      Shape(512, ids=U32, padding=True, rows=17),
                      Shape(512, k=22, bias=True)]:
            yield case(f"topk_{scoring}", GATING, vllm_topk(scoring, shape),
                       shape)
        for shape in [Shape(60, k=4), Shape(72, ids=U32, logits=BF16),
                      Shape(160, k=6, ids=I64, bias=True),
                      Shape(60, padding=True)]:
            yield case(f"topk_{scoring}", FALLBACK, vllm_topk(scoring, shape),
                       shape)


def vllm_softplus():
    for shape in [Shape(256, k=6), Shape(384, ids=I64, bias=True),
                  Shape(256, logits=BF16, padding=True)]:
        yield case("topk_softplus_sqrt", SOFTPLUS,
                   vllm_topk("softplus_sqrt", shape), shape)
    for kernel, shape in [(HASH, Shape(256, k=6)),
                          (HASH, Shape(384, k=6, ids=I64)),
                          (SOFTPLUS, Shape(256, k=8)),
                          (SOFTPLUS, Shape(384, k=6, logits=BF16))]:
        for table in I32, I64:
            yield case("topk_softplus_sqrt", kernel, vllm_hash(table, shape),
                       shape, "hash", table)


def vllm_groups():
    for kernel, groups, kept, shape in [
            (GROUPED_SMALL, 8, 4, Shape(256)),
            (GROUPED_SMALL, 8, 4, Shape(256, logits=BF16, rows=1)),
            (GROUPED, 4, 2, Shape(256)),
            (GROUPED, 16, 4, Shape(512, logits=BF16)),
            (SINGLE_WARP, 1, 1, Shape(128)),
            (SINGLE_WARP, 1, 1, Shape(160, logits=BF16)),
            (SINGLE_WARP, 1, 1, Shape(384, rows=4096)),
            (SINGLE_BLOCK, 1, 1, Shape(384)),
            (SINGLE_BLOCK, 1, 1, Shape(512, k=22, logits=BF16))]:
        yield case("grouped_topk", kernel, vllm_grouped(groups, kept, shape),
                   shape, groups, shape.rows)


def vllm_cases():
    return [*vllm_gating(), *vllm_softplus(), *vllm_groups()]


def sglang_cases():
    result = []
    for scoring, kernel, fallback in [
            ("softmax", "_Z17topkGatingSoftmaxI", "_Z11moeTopKFastI"),
            ("sigmoid", "_Z17topkGatingSigmoidI", "_Z7moeTopKI")]:
        for shape in [Shape(64), Shape(128, logits=BF16),
                      Shape(256, logits=F16, bias=True)]:
            result.append(case(f"sglang_topk_{scoring}", kernel,
                               sglang_topk(scoring, shape), shape))
        for shape in [Shape(60, k=4), Shape(72, bias=True),
                      Shape(384, logits=BF16)]:
            result.append(case(f"sglang_topk_{scoring}", fallback,
                               sglang_topk(scoring, shape), shape))
    return result
