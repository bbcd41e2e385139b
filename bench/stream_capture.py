#!/usr/bin/env python3
"""Prints how much memory moetap needs for captures of a given size.

    bench/stream_capture.py [--layers N] [--experts N] [-k N] TOKENS...

Writes a made-up capture of about so many tokens with big_capture, lets each
verb read it, and prints a line for each: token-layers, bytes of the capture,
wall time, the peak of the memory that only this process has (anonymous), and
the peak of mapped pages of files, which the kernel may take back at any time.
Both are looked at 50 times a second.  Temporary files, the capture among
them, go to $TMPDIR or /var/tmp and are removed.  Asserts nothing.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEAVES = 64
LENGTH = 400  # tokens of a request; its last one has no row


def resident(pid):
    """Anonymous and file-backed bytes of a process; zeros once it is gone."""
    found = {"RssAnon": 0, "RssFile": 0, "RssShmem": 0}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key in found:
            found[key] = int(value.split()[0]) * 1024
    return found["RssAnon"], found["RssFile"] + found["RssShmem"]


def watch(command):
    """Wall seconds and both peaks of one run."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    anonymous = mapped = 0
    while process.poll() is None:
        now = resident(process.pid)
        anonymous, mapped = max(anonymous, now[0]), max(mapped, now[1])
        time.sleep(0.02)
    if process.returncode not in (0, 3):  # 3: descriptive only
        raise SystemExit(f"{command} ended with {process.returncode}")
    return time.monotonic() - begin, anonymous, mapped


def measure(arguments, tokens, folder):
    trees = max(1, round(tokens / (LEAVES * (LENGTH - 1))))
    subprocess.run(
        [arguments.build / "bench/big_capture", folder, f"--trees={trees}",
         f"--leaves={LEAVES}", f"--length={LENGTH}",
         f"--layers={arguments.layers}", f"--experts={arguments.experts}",
         "-k", str(arguments.k)], check=True)
    size = sum(file.stat().st_size for file in pathlib.Path(folder).iterdir())
    rows = trees * LEAVES * (LENGTH - 1)
    for verb in arguments.verbs.split(","):
        seconds, anonymous, mapped = watch(
            [arguments.build / "analysis/moetap", verb, "--json", folder])
        print(f"{verb:9} {rows:10,} tokens {rows * arguments.layers:14,} "
              f"token-layers {size >> 20:6,} MiB {seconds:8.1f} s  "
              f"anonymous {anonymous >> 20:6,} MiB "
              f"({anonymous / rows:6.1f} B/token)  "
              f"mapped {mapped >> 20:6,} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0])
    parser.add_argument("tokens", nargs="+", type=int, metavar="TOKENS")
    parser.add_argument("--layers", type=int, default=40)
    parser.add_argument("--experts", type=int, default=256)
    parser.add_argument("-k", type=int, default=8)
    parser.add_argument("--verbs", default="tree,locality",
                        help="verbs to time, separated by commas")
    parser.add_argument("--build", type=pathlib.Path,
                        default=ROOT / "build/release")
    arguments = parser.parse_args()
    for tokens in arguments.tokens:
        with tempfile.TemporaryDirectory(
                dir=os.environ.get("TMPDIR") or "/var/tmp") as folder:
            measure(arguments, tokens, folder)


if __name__ == "__main__":
    main()
