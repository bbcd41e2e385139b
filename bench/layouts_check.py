#!/usr/bin/env python3
"""Prints what each layout of expert sets takes, beside the bounds and goals.

    bench/layouts_check.py [--program build/release/bench/layouts]
                           [--capture DIR] [--levels 1 3 19]

Fails if a figure is worse than the limit that was reached when it was written
down (bench/README.md); goals that are missed are printed, with the figure.
"""

import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
VLLM_BITS, SGLANG_BITS = 85, 341  # per 8-of-256 set: base64 of uint8, int32
WAYS = ("sorted", "ranked", "weighted", "referenced")
SETS_PER_SECOND = 10_000 * 48


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], check=True,
                          text=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def checks(r):
    """(what, figure, goal, limit) of one traffic at one level."""
    sorted_, chosen = r["sorted"], r["chosen"]
    if r["traffic"] == "uniform":
        yield "bits of uniform sets", chosen["bits"], 50, 48.8
    elif r["traffic"].startswith("skew"):
        yield ("bits by order-0 bound", chosen["bits"] / r["order0"], 1.03,
               1.02)
    else:
        yield ("bits by sorted", chosen["bits"] / sorted_["bits"], 0.75, 0.75)
    best = min(sorted_["bits"], r["ranked"]["bits"])
    yield "bits by best simple layout", chosen["bits"] / best, 1.01, 1.01
    if r["level"] == 1:
        for name, goal in ("ranked", 2), ("weighted", 5), ("referenced", 5):
            cost = (r["sort_ns"] + r[name]["encode_ns"] +
                    r[name]["pack_ns"]) * SETS_PER_SECOND / 1e7
            yield f"% of a core, {name}", cost, goal, None
    for name in WAYS[1:]:
        yield (f"ns to unpack and decode a set, {name}",
               r[name]["unpack_ns"] + r[name]["decode_ns"], 10, None)


def print_table(results):
    print("| traffic | level | log2 C(n,k) | order 0 | "
          f"{' | '.join(WAYS)} | chosen | vLLM | SGLang |")
    print("|---" * (len(WAYS) + 7) + "|")
    for r in results:
        bits = [f"{r[way]['bits']:.2f}" for way in (*WAYS, "chosen")]
        print(f"| {r['traffic']} | {r['level']} | {r['uniform']} | "
              f"{r['order0']} | {' | '.join(bits)} | {VLLM_BITS} | "
              f"{SGLANG_BITS} |")
    print(f"\nsorting: {results[0]['sort_ns']:.1f} ns per set\n")
    print("| traffic | level | way | arrange | zstd | unzstd | decode |")
    print("|---|---|---|---|---|---|---|")
    for r in results:
        for way in WAYS:
            ns = [f"{r[way][part]:.1f} ns" for part in
                  ("encode_ns", "pack_ns", "unpack_ns", "decode_ns")]
            print(f"| {r['traffic']} | {r['level']} | {way} | "
                  f"{' | '.join(ns)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path,
                        default=ROOT / "build/release/bench/layouts")
    parser.add_argument("--capture")
    parser.add_argument("--levels", type=int, nargs="+", default=[1, 3, 19])
    parser.add_argument("--blocks", type=int, default=8)
    options = parser.parse_args()
    results = []
    for level in options.levels:
        common = ["--level", level, "--blocks", options.blocks]
        results += run(options.program, *common)
        if options.capture:
            results += run(options.program, options.capture, *common)
    print_table(results)
    bad = 0
    for r in results:
        for what, figure, goal, limit in checks(r):
            if figure > goal:
                print(f"{r['traffic']}, level {r['level']}: {what} is "
                      f"{figure:.3f}, goal {goal}")
            if limit is not None and figure > limit:
                bad += 1
                print(f"  and above its limit {limit}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
