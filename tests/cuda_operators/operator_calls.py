"""Every router operator of vLLM and SGLang that can be called, as a case with
known ids.  Needs torch and the engines' modules, on a CUDA device that may be
the stand-in.

    load_vllm(path); load_sglang(path)
    for case in cases():
        prepared = case.prepare()  # inputs and outputs, on the device
        ids = prepared.call()      # launches; the ids' tensor, on the device
        assert as_rows(ids) == prepared.expected

A prepared call may be made again, captured into a graph, or made on another
stream: it allocates nothing but what the operator itself allocates.
"""

import ctypes
import dataclasses
import os
import typing

import torch

NO_EXPERT = -1  # in a padded row


def load_vllm(path):
    """The module _moe_C_stable_libtorch.abi3.so."""
    torch.ops.load_library(str(path))


def load_sglang(path):
    """The module sm90/common_ops.abi3.so, lazily: torch 2.13 lacks a symbol
    that only its error paths use."""
    libc = ctypes.CDLL(None)
    libc.dlopen.restype = ctypes.c_void_p
    libc.dlerror.restype = ctypes.c_char_p
    if not libc.dlopen(os.fsencode(path), os.RTLD_LAZY):
        raise OSError(libc.dlerror().decode())


def as_rows(ids):
    """Ids of any integer type, from any device, as lists."""
    signed = torch.int64 if ids.element_size() == 8 else torch.int32
    return ids.cpu().view(signed).tolist()


@dataclasses.dataclass
class Prepared:
    call: typing.Callable  # () -> tensor of ids
    expected: list         # rows of ids


@dataclasses.dataclass
class Case:
    name: str
    kernel: str  # how the mangled name of the kernel begins
    make: typing.Callable  # torch.Generator -> Prepared

    def prepare(self, seed=0):
        return self.make(torch.Generator().manual_seed(seed))


def distinct_logits(generator, rows, experts):
    """No two of a row are equal; all are exact in bfloat16 up to 512
    experts."""
    order = torch.stack([torch.randperm(experts, generator=generator)
                         for _ in range(rows)])
    return (order - experts // 2) / 64


def random_bias(generator, experts):
    """Of three values that move an expert past all others without it.  They
    add to logits without making them equal."""
    level = torch.randint(0, 3, (experts,), generator=generator)
    return level * (0.5 + 1 / 256)


def best(choice, k):
    """The ids of the k largest of each row; the lower of equals first."""
    return choice.sort(dim=1, descending=True, stable=True).indices[:, :k]


def sqrt_softplus(logits):
    return torch.nn.functional.softplus(logits).sqrt()


SCORES = {"softmax": lambda logits: logits.softmax(dim=1),
          "sigmoid": torch.sigmoid,
          "softplus_sqrt": sqrt_softplus}


@dataclasses.dataclass
class Shape:
    """What a case routes."""
    experts: int
    k: int = 8
    rows: int = 5
    logits: torch.dtype = torch.float32
    ids: torch.dtype = torch.int32
    bias: bool = False
    padding: bool = False

    def __str__(self):
        kinds = [str(kind).removeprefix("torch.")
                 for kind in (self.logits, self.ids)]
        flags = [flag for flag in ("bias", "padding") if getattr(self, flag)]
        return "-".join([str(self.experts), str(self.k), *kinds, *flags])

    def outputs(self):
        """Weights, ids, and the rows that they came from."""
        return [torch.empty(self.rows, self.k, dtype=kind, device="cuda")
                for kind in (torch.float32, self.ids, torch.int32)]

    def random_padding(self):
        """The last two rows, as engines pad."""
        if not self.padding:
            return None
        return torch.arange(self.rows) >= self.rows - 2


def on_device(tensor):
    return None if tensor is None else tensor.to("cuda")


def expected_rows(choice, shape, padding):
    ids = best(choice.float(), shape.k)
    if padding is not None:
        ids[padding] = NO_EXPERT
    return ids.tolist()


def vllm_topk(scoring, shape):
    """topk_softmax, topk_sigmoid, or topk_softplus_sqrt without a table."""
    def make(generator):
        logits = distinct_logits(generator, shape.rows, shape.experts)
        bias = random_bias(generator, shape.experts) if shape.bias else None
        padding = shape.random_padding()
        choice = SCORES[scoring](logits)
        if bias is not None:
            choice = choice + bias
        weights, ids, source = shape.outputs()
        arguments = [on_device(logits.to(shape.logits)), True]
        gpu_bias, gpu_padding = on_device(bias), on_device(padding)
        more = {"softmax": [gpu_bias, gpu_padding],
                "sigmoid": [gpu_bias, 1.5, gpu_padding],
                "softplus_sqrt": [1.5, gpu_bias, None, None, gpu_padding]}
        operator = getattr(torch.ops._moe_C, f"topk_{scoring}")

        def call():
            operator(weights, ids, source, *arguments, *more[scoring])
            return ids

        return Prepared(call, expected_rows(choice, shape, padding))
    return make


def vllm_hash(table_type, shape):
    """topk_softplus_sqrt with a table of the experts of each token."""
    def make(generator):
        logits = distinct_logits(generator, shape.rows, shape.experts)
        table = torch.stack([
            torch.randperm(shape.experts, generator=generator)[:shape.k]
            for _ in range(50)])
        tokens = torch.randint(0, 50, (shape.rows,), generator=generator)
        weights, ids, source = shape.outputs()
        arguments = [on_device(logits.to(shape.logits)), True, 1.5, None,
                     on_device(tokens.to(table_type)),
                     on_device(table.to(table_type)), None]

        def call():
            torch.ops._moe_C.topk_softplus_sqrt(weights, ids, source,
                                                *arguments)
            return ids

        return Prepared(call, table[tokens].tolist())
    return make


def keep_best_groups(choice, groups, kept):
    """-inf in place of the experts of other groups; a group is worth the sum
    of its best two."""
    members = choice.view(len(choice), groups, -1)
    value = members.topk(2, dim=2).values.sum(dim=2)
    keep = torch.zeros_like(value, dtype=torch.bool)
    keep.scatter_(1, best(value, kept), True)
    return members.masked_fill(~keep[:, :, None], -torch.inf).flatten(1)


def vllm_grouped(groups, kept, shape):
    """grouped_topk, whose ids are always int32."""
    def make(generator):
        logits = distinct_logits(generator, shape.rows, shape.experts)
        bias = random_bias(generator, shape.experts)
        choice = keep_best_groups(logits.sigmoid() + bias, groups, kept)
        arguments = [on_device(logits.to(shape.logits)), groups, kept,
                     shape.k, True, 2.5, on_device(bias), 1]

        def call():
            return torch.ops._moe_C.grouped_topk(*arguments)[1]

        return Prepared(call, expected_rows(choice, shape, None))
    return make


def sglang_topk(scoring, shape):
    """topk_softmax or topk_sigmoid, whose ids are always int32."""
    def make(generator):
        logits = distinct_logits(generator, shape.rows, shape.experts)
        bias = random_bias(generator, shape.experts) if shape.bias else None
        more = 0 if bias is None else bias
        # The softmax is of the sum, and keeps its order.
        choice = (logits + more if scoring == "softmax"
                  else logits.sigmoid() + more)
        weights, ids, _ = shape.outputs()
        arguments = [on_device(logits.to(shape.logits)), True,
                     *([0.0] if scoring == "softmax" else []),
                     on_device(bias)]
        operator = getattr(torch.ops.sgl_kernel, f"topk_{scoring}")

        def call():
            operator(weights, ids, *arguments)
            return ids

        return Prepared(call, expected_rows(choice, shape, None))
    return make


def case(operator, kernel, make, shape, *more):
    name = "-".join(map(str, [operator, *more, shape]))
    return Case(name, kernel, make)
