"""Calls each hooked operator of one build with known ids.

    python operator_calls.py LIBRARY RESULTS

Writes one JSON object per call, in order: operator, experts, k, the ids row
after row as the operator executes them, a hash of the output, and `error`,
the text of the exception the operator raised.  Where the operator returned,
its output was compared with a plain computation from the same ids, so the
ids are what was executed and not only what was asked for.
"""

import hashlib
import itertools
import json
import sys

import torch

HIDDEN = 64
INNER = 64
CHECKED_ROWS = 6  # of each output
TOLERANCE = 0.03  # relative; bfloat16 results differ by less than 0.01


def known_ids(generator, rows, k, experts, dtype):
    ids = torch.stack([torch.randperm(experts, generator=generator)[:k]
                       for _ in range(rows)])
    return ids.to(dtype)


def every_other_column(ids):
    """A non-contiguous view that shows `ids`, with other ids between."""
    wide = torch.stack([ids, ids.flip(1)], dim=2).flatten(1)
    view = wide[:, ::2]
    assert torch.equal(view, ids)
    return view


def packed(ids):
    """What an operator reads that takes ids for contiguous memory."""
    return torch.as_strided(ids, ids.shape, (ids.shape[1], 1))


def expected_output(x, w13, w2, weights, ids):
    result = torch.zeros(CHECKED_ROWS, w2.shape[1])[:len(x)]
    for row, rank in itertools.product(range(len(result)),
                                       range(ids.shape[1])):
        expert = int(ids[row, rank])
        both = w13[expert].float() @ x[row].float()
        inner = torch.nn.functional.silu(both[:INNER]) * both[INNER:]
        result[row] += weights[row, rank] * (w2[expert].float() @ inner)
    return result


class Caller:
    def __init__(self, results):
        self.results = results
        self.generator = torch.Generator().manual_seed(7)
        self.kept = []  # weights live on: an address is a layer's key

    def random(self, *shape):
        return torch.randn(*shape, generator=self.generator)

    def weights(self, experts, dtype=torch.bfloat16):
        """Both matrices, as views into one tensor of two layers."""
        w13 = self.random(2, experts, 2 * INNER, HIDDEN).to(dtype) * 0.1
        w2 = self.random(2, experts, HIDDEN, INNER).to(dtype) * 0.1
        return w13[1], w2[1]

    def keep(self, *tensors):
        self.kept += tensors
        return tensors

    def write(self, operator, experts, ids, output=None, error=None):
        digest = None
        if output is not None:
            data = output.contiguous().view(torch.uint8).numpy().tobytes()
            digest = hashlib.sha256(data).hexdigest()
        self.results.write(json.dumps(
            {"operator": operator, "experts": experts, "k": ids.shape[1],
             "ids": ids.tolist(), "output": digest, "error": error}) + "\n")

    def check(self, out, x, w13, w2, weights, ids):
        expected = expected_output(x, w13, w2, weights, ids)
        error = (out[:len(expected)].float() - expected).abs().max()
        assert error <= TOLERANCE * expected.abs().max(), float(error)

    def cpu_fused_moe(self, experts, k, rows, dtype=torch.bfloat16,
                      view=lambda ids: ids):
        ops = torch.ops._C
        w13, w2 = self.weights(experts, dtype)
        packed13, packed2 = self.keep(torch.empty_like(w13),
                                      torch.empty_like(w2))
        ops.prepack_moe_weight(w13, packed13, "vec")
        ops.prepack_moe_weight(w2, packed2, "vec")
        x = self.random(rows, HIDDEN).to(dtype)
        out = torch.empty_like(x)
        weights = torch.rand(rows, k, generator=self.generator)
        ids = view(known_ids(self.generator, rows, k, experts, torch.int32))
        ops.cpu_fused_moe(out, x, packed13, packed2, None, None, weights, ids,
                          False, "silu", "vec")
        self.check(out, x, w13, w2, weights, packed(ids))
        self.write("cpu_fused_moe", experts, packed(ids), out)

    def fused_experts_cpu(self, experts, k, rows, view=lambda ids: ids):
        ops = torch.ops._C
        w13, w2 = self.weights(experts)
        packed13, packed2 = self.keep(ops.convert_weight_packed(w13),
                                      ops.convert_weight_packed(w2))
        x = self.random(rows, HIDDEN).to(torch.bfloat16)
        out = torch.empty_like(x)
        weights = torch.rand(rows, k, generator=self.generator)
        ids = view(known_ids(self.generator, rows, k, experts, torch.int32))
        ops.fused_experts_cpu(out, x, packed13, packed2, weights, ids,
                              0,  # not quantized
                              None, None, None, None, None, None, None, None,
                              None, None, True)
        self.check(out, x, w13, w2, weights, packed(ids))
        self.write("fused_experts_cpu", experts, packed(ids), out)

    def dynamic_4bit(self, experts, k, rows, view=lambda ids: ids):
        """Runs on Arm only; elsewhere the operator raises when called."""
        group = 32
        w13, w2 = self.keep(self.four_bit(experts, 2 * INNER, HIDDEN, group),
                            self.four_bit(experts, HIDDEN, INNER, group))
        x = self.random(rows, HIDDEN)
        weights = torch.rand(rows, k, generator=self.generator)
        ids = view(known_ids(self.generator, rows, k, experts, torch.int64))
        try:
            out = torch.ops._C.dynamic_4bit_int_moe(
                x, ids, weights, w13, w2, HIDDEN, INNER, group, False, 0)
        except RuntimeError as error:
            self.write("dynamic_4bit_int_moe_cpu", experts, ids,
                       error=str(error).splitlines()[0])
        else:
            self.write("dynamic_4bit_int_moe_cpu", experts, ids, out)

    def four_bit(self, experts, outputs, inputs, group):
        pack = torch.ops.aten._dyn_quant_pack_4bit_weight
        return torch.stack([
            pack(torch.randint(0, 256, (outputs, inputs // 2),
                               dtype=torch.uint8, generator=self.generator),
                 torch.rand(outputs, inputs // group,
                            generator=self.generator) * 0.01,
                 None, group, inputs, outputs)
            for _ in range(experts)])


def main():
    library, results = sys.argv[1:]
    torch.ops.load_library(library)
    torch.set_num_threads(2)
    with open(results, "w") as file:
        caller = Caller(file)
        for experts, k in itertools.product((60, 64, 256), (1, 3, 8, 22, 32)):
            caller.cpu_fused_moe(experts, k, rows=5)
        for rows in (1, 70, 700):
            caller.cpu_fused_moe(64, 8, rows)
        caller.cpu_fused_moe(64, 8, 4, torch.float32)
        caller.cpu_fused_moe(64, 8, 9, view=every_other_column)
        caller.cpu_fused_moe(60, 1, 9, view=every_other_column)
        if hasattr(torch.ops._C, "fused_experts_cpu"):
            for experts, k in ((60, 1), (60, 3), (64, 8), (256, 22),
                               (256, 32)):
                caller.fused_experts_cpu(experts, k, rows=6)
            caller.fused_experts_cpu(64, 8, 5, view=every_other_column)
        for k in (1, 3, 8, 22, 32):
            caller.dynamic_4bit(64, k, rows=7)
        caller.dynamic_4bit(60, 8, rows=3, view=every_other_column)


if __name__ == "__main__":
    main()
