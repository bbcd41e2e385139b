#!/usr/bin/env python3
"""Compares the studies' pair kernel with SimSIMD and numpy.

    pair_intersections_check.py [BINARY]

Runs pair_intersections, SimSIMD's cdist and numpy's bitwise_count in turn,
several times, on sets of 8 of 256 experts that fit the caches, one thread
each, and takes the least CPU time per pair of each.  Ends with 1 if a limit is
missed.  SimSIMD gives 1 - |A & B| / |A | B| as a double, the others |A & B|.

Needs the Python environment and the header of ci/setup_benchenv; BINARY is to
be built after that.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

from machine import cpu_name

try:
    import numpy
    import simsimd
except ImportError as error:
    sys.exit(f"{error}: run ci/setup_benchenv, then this with "
             "~/.cache/moetap/benchenv/bin/python")

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
EXPERTS, TOP, ROWS = 256, 8, 1024
LEFT = 64  # sets that are compared with all ROWS in one measurement
ROUNDS = 5
KERNEL = "SimsimdJaccard"
CDIST = "simsimd.cdist"
NUMPY = "numpy.bitwise_count"
# What a rival takes at least, in times of any path of ours.
LEAST = {KERNEL: 1, CDIST: 10}
# With vector popcounts (AVX512VPOPCNTDQ), in times of that path and in ns.
FAST_PATH = "Intersect/avx512"
FAST_LEAST = {**LEAST, NUMPY: 80}
FAST_NS = 0.30


def run_program(binary):
    """{benchmark: CPU ns per pair}"""
    done = subprocess.run(
        [str(binary), "--benchmark_format=json", "--benchmark_min_time=0.05",
         "--benchmark_enable_random_interleaving=true"],
        stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{binary} ended with {done.returncode}")
    return {one["name"]: 1e9 / one["items_per_second"]
            for one in json.loads(done.stdout)["benchmarks"]}


def random_sets():
    """Bits of the sets, [ROWS][bytes]."""
    random = numpy.random.default_rng(1)
    bits = numpy.zeros((ROWS, EXPERTS), numpy.uint8)
    for row in bits:
        row[random.choice(EXPERTS, TOP, replace=False)] = 1
    return numpy.packbits(bits, axis=1)


def by_cdist(sets):
    return simsimd.cdist(sets[:LEFT], sets, "jaccard", dtype="bin8", threads=1)


class ByNumpy:
    """Intersection sizes by numpy, word by word and into arrays that are kept:
    the fastest way we know."""

    def __init__(self, sets):
        self.words = numpy.ascontiguousarray(sets.view(numpy.uint64).T)
        self.common = numpy.empty_like(self.words)
        self.counts = numpy.empty(self.words.shape, numpy.uint8)
        self.sizes = numpy.empty((LEFT, ROWS), numpy.uint8)

    def __call__(self):
        for row in range(LEFT):
            numpy.bitwise_and(self.words, self.words[:, row:row + 1],
                              out=self.common)
            numpy.bitwise_count(self.common, out=self.counts)
            numpy.add.reduce(self.counts, axis=0, out=self.sizes[row])
        return self.sizes


def time_of(call):
    """Least CPU ns per pair of several calls."""
    least = float("inf")
    for _ in range(10):
        begin = time.process_time_ns()
        call()
        least = min(least, time.process_time_ns() - begin)
    return least / (LEFT * ROWS)


def check_rivals(sets, by_numpy):
    common = by_numpy().astype(float)
    distances = 1 - common / (2 * TOP - common)
    if not numpy.allclose(numpy.asarray(by_cdist(sets)), distances):
        sys.exit("SimSIMD and numpy disagree: what is compared is not the same")


def measure(binary):
    """{name: least CPU ns per pair}"""
    sets = random_sets()
    by_numpy = ByNumpy(sets)
    check_rivals(sets, by_numpy)
    times = {}
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
        found = run_program(binary)
        if KERNEL not in found:
            sys.exit(f"{binary} was built without SimSIMD's header: run "
                     "ci/setup_benchenv, then cmake and the build again")
        found[CDIST] = time_of(lambda: by_cdist(sets))
        found[NUMPY] = time_of(by_numpy)
        for name, one in found.items():
            times[name] = min(one, times.get(name, one))
    return times


def check(times):
    """Prints the verdicts and returns the limits missed."""
    missed = []

    def judge(what, value, holds, limit):
        print(f"{what:44} {value:10.2f}  {limit:14} "
              f"{'ok' if holds else 'MISSED'}")
        if not holds:
            missed.append(what)

    for path in (name for name in times if name.startswith("Intersect/")):
        limits = FAST_LEAST if path == FAST_PATH else LEAST
        for rival, limit in limits.items():
            ratio = times[rival] / times[path]
            judge(f"{rival} / {path}", ratio, ratio >= limit,
                  f"at least {limit}")
    if FAST_PATH in times:
        judge(f"{FAST_PATH}, ns", times[FAST_PATH],
              times[FAST_PATH] <= FAST_NS, f"at most {FAST_NS:.2f}")
    return missed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path, nargs="?",
                        default=BUILD / "bench" / "pair_intersections",
                        help="default: bench/pair_intersections of the build "
                        "tree that MOETAP_BUILD names, or of build/release")
    arguments = parser.parse_args()
    if not arguments.binary.is_file():
        parser.error(f"{arguments.binary} does not exist: build it first")
    times = measure(arguments.binary)
    print(f"{cpu_name()}, SimSIMD {simsimd.__version__}, "
          f"numpy {numpy.__version__}")
    for name, one in sorted(times.items()):
        print(f"{name:44} {one:10.3f} ns per pair")
    missed = check(times)
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
