"""Dispatches through an engine's real operator on both sides of a fork.

    python fork_dispatch.py LIBRARY RESULTS exit|_exit

Writes one JSON object per process, with its pid and the ids of its rows in
the order they were dispatched.  The last argument is how the child ends:
as a program does, or at once, so that nothing of the library runs any more.
"""

import json
import os
import sys

import torch

HIDDEN = 64
EXPERTS = 60
ROWS = 5
K = 4


class Layer:
    def __init__(self, generator):
        ops = torch.ops._C
        self.generator = generator
        w13 = torch.randn(EXPERTS, 2 * HIDDEN, HIDDEN, dtype=torch.bfloat16)
        w2 = torch.randn(EXPERTS, HIDDEN, HIDDEN, dtype=torch.bfloat16)
        self.w13, self.w2 = torch.empty_like(w13), torch.empty_like(w2)
        ops.prepack_moe_weight(w13, self.w13, "vec")
        ops.prepack_moe_weight(w2, self.w2, "vec")

    def dispatch(self):
        ids = torch.stack([
            torch.randperm(EXPERTS, generator=self.generator)[:K]
            for _ in range(ROWS)]).to(torch.int32)
        x = torch.randn(ROWS, HIDDEN, dtype=torch.bfloat16)
        torch.ops._C.cpu_fused_moe(
            torch.empty_like(x), x, self.w13, self.w2, None, None,
            torch.rand(ROWS, K), ids, False, "silu", "vec")
        return ids.tolist()


def write(results, rows):
    with open(results, "a") as file:
        file.write(json.dumps({"pid": os.getpid(), "rows": rows}) + "\n")


def main():
    library, results, ending = sys.argv[1:]
    torch.ops.load_library(library)
    torch.set_num_threads(1)  # a pool of threads does not survive a fork
    layer = Layer(torch.Generator().manual_seed(3))
    rows = [row for _ in range(20) for row in layer.dispatch()]
    child = os.fork()
    if child == 0:
        layer.generator.manual_seed(4)
        write(results, [row for _ in range(30) for row in layer.dispatch()])
        if ending == "_exit":
            os._exit(0)
        sys.exit(0)
    rows += [row for _ in range(20) for row in layer.dispatch()]
    assert os.waitpid(child, 0)[1] == 0
    rows += [row for _ in range(20) for row in layer.dispatch()]
    write(results, rows)


if __name__ == "__main__":
    main()
