#!/usr/bin/env python3
"""What it costs to copy expert ids from Python, as a hook on a model's layers
would do: nanoseconds per call on top of the call itself.  Needs torch.

    python_hook.py [--calls N]
"""

import argparse
import collections
import time

import torch

TOP_K = 8
ROWS = (1, 8, 64, 512, 4096, 8192)
REPETITIONS = 5


def operator(hidden, topk_weights, topk_ids):
    """Stands for the engine's operator."""


def hooked(queue):
    """`operator` with a function in front that keeps a copy of the ids."""
    def wrapper(hidden, topk_weights, topk_ids):
        queue.append(topk_ids.to(torch.int16).numpy().tobytes())
        return operator(hidden, topk_weights, topk_ids)
    return wrapper


def least(function, ids, calls):
    """Least CPU time of a call, in nanoseconds, of several runs."""
    best = float("inf")
    for _ in range(REPETITIONS):
        began = time.thread_time_ns()
        for _ in range(calls):
            function(None, None, ids)
        best = min(best, (time.thread_time_ns() - began) / calls)
    return best


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000, metavar="N",
                        help="of each repetition (default: 5000)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for rows in ROWS:
        ids = torch.arange(rows * TOP_K, dtype=torch.int32).reshape(rows, TOP_K)
        queue = collections.deque(maxlen=64)  # a consumer would empty it
        plain = least(operator, ids, arguments.calls)
        cost = least(hooked(queue), ids, arguments.calls) - plain
        print(f"{rows:5} rows x {TOP_K} ids: {cost:9.0f} ns")


if __name__ == "__main__":
    main()
