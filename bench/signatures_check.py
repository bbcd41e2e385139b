#!/usr/bin/env python3
"""Compares the streamed pass over signatures with numpy.

    signatures_check.py [BINARY]

Both add up the signatures of 5,000 prompts of 16 tokens, 48 layers, 8 of 256
experts, from the same ids in memory, on one thread, in turn and several times;
the least CPU time of each counts.  Before that it makes sure that the sums
agree.  Then the pass is run alone over 100,000 prompts, with the memory it
takes, and the null models draw 8,000 rows of 16 layers, 8 of 64.  Ends with 1
if numpy is not slower than the pass.

Needs numpy, as in the Python environment of ci/setup_benchenv.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from machine import cpu_name

try:
    import numpy
except ImportError as error:
    sys.exit(f"{error}: run ci/setup_benchenv, then this with "
             "~/.cache/moetap/benchenv/bin/python")

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
PROMPTS, TOKENS, LAYERS, EXPERTS, TOP = 5000, 16, 48, 256, 8
FEATURES = LAYERS * EXPERTS
MANY = 100_000
ROUNDS = 5
BATCHES = (1, 4, 20)  # prompts that numpy counts at once; divide PROMPTS


def run_program(binary, *options):
    done = subprocess.run([str(binary), *map(str, options)],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{binary} ended with {done.returncode}")
    return json.loads(done.stdout)


class ByNumpy:
    """The sum of all signatures by numpy.bincount, the fastest way we know: of
    some prompts at once, into arrays that are kept."""

    def __init__(self, ids, batch):
        self.ids = ids.reshape(PROMPTS, TOKENS, LAYERS, TOP)
        self.batch = batch
        self.offsets = (
            numpy.arange(batch).reshape(-1, 1, 1, 1) * FEATURES
            + numpy.arange(LAYERS).reshape(1, 1, -1, 1) * EXPERTS)
        self.places = numpy.empty((batch, TOKENS, LAYERS, TOP), numpy.intp)
        self.signatures = numpy.empty((batch, FEATURES))

    def __call__(self):
        total = numpy.zeros(FEATURES)
        flat = self.places.reshape(-1)
        for begin in range(0, PROMPTS, self.batch):
            part = self.ids[begin:begin + self.batch]
            numpy.add(part, self.offsets, out=self.places)
            counts = numpy.bincount(flat, minlength=self.batch * FEATURES)
            numpy.multiply(counts.reshape(self.batch, FEATURES),
                           1 / (TOKENS * TOP), out=self.signatures)
            for signature in self.signatures:
                total += signature
        return total


def time_of(call):
    begin = time.process_time()
    call()
    return time.process_time() - begin


def read_ids(binary):
    """The ids, and the sum of signatures by our program."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "ids"
        total = run_program(binary, "--prompts", PROMPTS, "--ids", path)["sum"]
        return numpy.fromfile(path, numpy.uint16), numpy.array(total)


def measure(binary):
    """[{name: CPU seconds}] by round."""
    ids, total = read_ids(binary)
    rivals = {f"numpy, {batch} at once": ByNumpy(ids, batch)
              for batch in BATCHES}
    for name, rival in rivals.items():
        if not numpy.allclose(rival(), total, rtol=1e-12):
            sys.exit(f"{name} disagrees: what is compared is not the same")
    rounds = []
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
        found = {"moetap": run_program(binary, "--prompts", PROMPTS,
                                       "--repeats", 3)["cpu_s"]}
        for name, rival in rivals.items():
            found[name] = min(time_of(rival) for _ in range(3))
        rounds.append(found)
    return rounds


def print_rounds(rounds):
    """Prints the ratios; returns the least one."""
    for found in rounds:
        ours = found["moetap"]
        print("  ".join(f"{name} {1e6 * one / PROMPTS:.1f} us per prompt"
                        + ("" if name == "moetap" else f" ({one / ours:.2f} x)")
                        for name, one in found.items()))
    ratios = sorted(min(one for name, one in found.items() if name != "moetap")
                    / found["moetap"] for found in rounds)
    print(f"numpy at its best / moetap: {ratios[0]:.2f} to {ratios[-1]:.2f}, "
          f"median {ratios[len(ratios) // 2]:.2f}")
    return ratios[0]


def print_many(binary):
    for threads in (1, 2):
        found = run_program(binary, "--prompts", MANY, "--threads", threads)
        print(f"{MANY} prompts, {threads} thread(s): {found['wall_s']:.2f} s "
              f"({found['cpu_s']:.2f} s of CPU); "
              f"{found['anonymous_mib']:.0f} MiB of anonymous memory, "
              f"{found['peak_mib']:.0f} MiB with mapped pages at the peak; "
              f"the matrix would take {MANY * FEATURES * 8 / 2**20:.0f} MiB")
    nulls = run_program(binary, "--nulls", "--prompts", 100, "--tokens", 80,
                        "--layers", 16, "--experts", 64, "--repeats", 20)
    for name in ("uniform", "popularity", "permuted"):
        print(f"null model {name}: {nulls[name]:.1f} ms of CPU per draw")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path, nargs="?",
                        default=BUILD / "bench" / "signatures",
                        help="default: bench/signatures of the build tree that "
                        "MOETAP_BUILD names, or of build/release")
    arguments = parser.parse_args()
    if not arguments.binary.is_file():
        parser.error(f"{arguments.binary} does not exist: build it first")
    print(f"{cpu_name()}, numpy {numpy.__version__}")
    ratio = print_rounds(measure(arguments.binary))
    print_many(arguments.binary)
    if ratio <= 1:
        sys.exit("missed: numpy is not slower")


if __name__ == "__main__":
    main()
