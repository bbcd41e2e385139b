#!/usr/bin/env python3
"""Runs hook_overhead and compares its ratios with a recorded spread.

    hook_overhead_check.py [BINARY]            check
    hook_overhead_check.py [BINARY] --record   write this machine's spread

Times differ from machine to machine, ratios much less.  A ratio is CPU time
of a hooked dispatch by that of a plain narrowing copy of the same ids, and
for one row also by that of a hooked call with nobody listening.  A run takes
the least of several repetitions, and the check the median of several runs;
it ends with 1 if a ratio is more than FACTOR times the largest recorded one.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

from machine import cpu_name

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
SPREAD = pathlib.Path(__file__).with_name("hook_overhead.json")
ROWS = (1, 8, 64, 512, 4096, 8192)
PAIRS = [(f"HookedCall/{rows}", f"PlainCopy/{rows}") for rows in ROWS]
PAIRS.append(("HookedCall/1", "EmptyCall/1"))
REPETITIONS = 3
CHECK_RUNS = 3
RECORD_RUNS = 5
FACTOR = 2.0


def run_once(binary):
    """{benchmark: least CPU time in ns}, and what the benchmark says of the
    machine."""
    command = [str(binary), "--benchmark_format=json",
               "--benchmark_filter=^(HookedCall|PlainCopy|EmptyCall)/",
               f"--benchmark_repetitions={REPETITIONS}",
               "--benchmark_enable_random_interleaving=true",
               "--benchmark_min_time=0.003"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{binary} ended with {done.returncode}")
    result = json.loads(done.stdout)
    times = {}
    for one in result["benchmarks"]:
        if one.get("error_occurred"):
            sys.exit(f"{one['run_name']}: {one['error_message']}")
        if one["run_type"] == "iteration":
            name = one["run_name"]
            times[name] = min(one["cpu_time"], times.get(name, float("inf")))
    return times


def machine():
    return f"{os.cpu_count()} x {cpu_name()}, Linux {platform.release()}"


def measure(binary, runs):
    """{pair: ratios of the runs}; prints the times of the last."""
    ratios = {f"{top} / {bottom}": [] for top, bottom in PAIRS}
    times = {}
    for number in range(runs):
        print(f"run {number + 1} of {runs}", file=sys.stderr)
        times = run_once(binary)
        for top, bottom in PAIRS:
            ratios[f"{top} / {bottom}"].append(times[top] / times[bottom])
    for name, time in times.items():
        print(f"{name:20} {time:10.1f} ns")
    return ratios


def record(binary, path):
    ratios = measure(binary, RECORD_RUNS)
    spread = {pair: {"min": round(min(values), 3),
                     "median": round(statistics.median(values), 3),
                     "max": round(max(values), 3)}
              for pair, values in ratios.items()}
    path.write_text(json.dumps(
        {"machine": machine(), "runs": RECORD_RUNS, "ratios": spread},
        indent=2) + "\n")
    print(f"wrote {path}")


def check(binary, path):
    recorded = json.loads(path.read_text())
    ratios = measure(binary, CHECK_RUNS)
    print(f"this machine: {machine()}\nrecorded on:  {recorded['machine']}")
    slow = []
    for pair, values in ratios.items():
        ratio = statistics.median(values)
        spread = recorded["ratios"][pair]
        limit = spread["max"] * FACTOR
        verdict = "ok" if ratio <= limit else "FAR OUTSIDE"
        print(f"{pair:32} {ratio:8.2f}  recorded {spread['min']:.2f} to "
              f"{spread['max']:.2f}, limit {limit:.2f}  {verdict}")
        if ratio > limit:
            slow.append(pair)
    if slow:
        sys.exit(f"far outside the recorded spread: {', '.join(slow)}; if "
                 "that is meant, record it anew with --record")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path, nargs="?",
                        default=BUILD / "bench" / "hook_overhead",
                        help="default: bench/hook_overhead of the build tree "
                        "that MOETAP_BUILD names, or of build/release")
    parser.add_argument("--record", action="store_true",
                        help="write the spread instead of checking it")
    parser.add_argument("--spread", type=pathlib.Path, default=SPREAD,
                        metavar="FILE", help="recorded spread (default: "
                        "hook_overhead.json beside this script)")
    arguments = parser.parse_args()
    if not arguments.binary.is_file():
        parser.error(f"{arguments.binary} does not exist: build it first")
    action = record if arguments.record else check
    action(arguments.binary, arguments.spread)


if __name__ == "__main__":
    main()
