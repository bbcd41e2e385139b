#!/usr/bin/env python3
"""What the capture adds to a step's time on the device.

Runs router_program with libmoetap.so and without, in turn, several times each,
and prints the medians: microseconds per step, and what was added per step and
per dispatch.  A step is six routers over one row and nothing else, so the ratio
is the worst there is; an engine's step has the attention and the experts too.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
LAYERS = 6


def step_time(mode, steps, variables):
    done = subprocess.run(
        [BUILD / "tests/gpu/router_program", "time", mode, str(steps)],
        env={**os.environ, **variables}, capture_output=True, text=True,
        check=True)
    return float(done.stdout)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000, metavar="N",
                        help="steps of a run (default: 2000)")
    parser.add_argument("--runs", type=int, default=7, metavar="N",
                        help="runs with and without (default: 7)")
    arguments = parser.parse_args()
    preload = os.environ.get("LD_PRELOAD", "")
    print("mode    without us  with us  added per step  per dispatch")
    for mode in ("eager", "pdl", "graph"):
        plain, recorded = [], []
        for _ in range(arguments.runs):
            plain.append(step_time(mode, arguments.steps, {}))
            with tempfile.TemporaryDirectory() as capture:
                library = str(BUILD / "plugin/libmoetap.so")
                recorded.append(step_time(mode, arguments.steps, {
                    "LD_PRELOAD": ":".join(filter(None, [library, preload])),
                    "MOETAP_DIR": capture}))
        base, ours = statistics.median(plain), statistics.median(recorded)
        print(f"{mode:7} {base:10.2f} {ours:8.2f} {ours - base:15.2f} "
              f"{(ours - base) / LAYERS:13.2f}")


if __name__ == "__main__":
    main()
