"""Calls every case of operator_cases.py and writes what came out.

    python run_operators.py MODE VLLM_MODULE SGLANG_MODULE RESULTS

MODE is `eager`; or `graph`: each case is captured into a CUDA graph, which is
launched twice; or `streams`: each case is called on two streams in turn, three
times each, before anything waits.  RESULTS gets one JSON object per call that
wrote ids: case, kernel, stream, expected and ids, both as rows.
"""

import json
import sys

import torch

import operator_calls
import operator_cases


def eager(case):
    prepared = case.prepare()
    return [(prepared, prepared.call())]


def graph(case):
    prepared = case.prepare()
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        ids = prepared.call()
    for _ in range(2):
        ids.zero_()
        captured.replay()
    return [(prepared, ids)]


def streams(case):
    sides = [(torch.cuda.Stream(), case.prepare(seed)) for seed in (1, 2)]
    torch.cuda.synchronize()
    done = []
    for _ in range(3):
        for stream, prepared in sides:
            with torch.cuda.stream(stream):
                done.append((prepared, prepared.call()))
    return done


MODES = {"eager": eager, "graph": graph, "streams": streams}


def main():
    mode, vllm, sglang, results = sys.argv[1:]
    operator_calls.load_vllm(vllm)
    operator_calls.load_sglang(sglang)
    with open(results, "w") as out:
        for case in (*operator_cases.vllm_cases(),
                     *operator_cases.sglang_cases()):
            calls = MODES[mode](case)
            torch.cuda.synchronize()
            for number, (prepared, ids) in enumerate(calls):
                out.write(json.dumps(
                    {"case": case.name, "kernel": case.kernel, "call": number,
                     "expected": prepared.expected,
                     "ids": operator_calls.as_rows(ids)}) + "\n")


if __name__ == "__main__":
    main()
