#!/usr/bin/env python3
"""Prints how a preloaded libmoetap.so changes vLLM's throughput.

Runs vLLM offline with and without the library in turn (ABAB...), each run a
process of its own that warms up, then generates the same tokens several
times.  Prints tokens per second of every run, the ratio with / without of
each pair, and the median and spread of these.  Asserts nothing.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

WORKLOAD = """
import json, random, sys, time
from vllm import LLM, SamplingParams
model, prompts, tokens, rounds, results = sys.argv[1:]
llm = LLM(model=model, max_model_len=512, max_num_seqs=int(prompts), seed=1)
source = random.Random(1)
batch = [{"prompt_token_ids": [source.randrange(1, 500) for _ in range(64)]}
         for _ in range(int(prompts))]
sampling = SamplingParams(temperature=0, max_tokens=int(tokens),
                          ignore_eos=True)
llm.generate(batch, sampling, use_tqdm=False)
rates = []
for _ in range(int(rounds)):
    begin = time.monotonic()
    done = llm.generate(batch, sampling, use_tqdm=False)
    count = sum(len(one.outputs[0].token_ids) for one in done)
    rates.append(count / (time.monotonic() - begin))
with open(results, "w") as file:
    json.dump(rates, file)
"""


def environment(library, capture):
    variables = dict(os.environ, VLLM_NO_USAGE_STATS="1")
    variables.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    if library is not None:
        variables.update(LD_PRELOAD=str(library), MOETAP_DIR=str(capture))
    return variables


def run_engine(arguments, folder, library):
    """Tokens per second: the median of one process's rounds."""
    results = folder / "rates.json"
    capture = folder / "capture"
    command = [arguments.python, "-c", WORKLOAD, arguments.model,
               str(arguments.prompts), str(arguments.tokens),
               str(arguments.rounds), str(results)]
    done = subprocess.run(command, env=environment(library, capture),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode != 0:
        sys.exit(f"the engine ended with {done.returncode}:\n"
                 f"{done.stdout[-4000:]}")
    if library is not None:
        if not list(capture.glob("*.moetap.zst")):
            sys.exit("the library captured nothing: no file in its folder")
        shutil.rmtree(capture)
    return statistics.median(json.loads(results.read_text()))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="checkpoint of an MoE model")
    parser.add_argument("--python", default=sys.executable,
                        help="interpreter that has vLLM (default: this one)")
    parser.add_argument("--library", type=pathlib.Path,
                        default=ROOT / "build/release/plugin/libmoetap.so")
    parser.add_argument("--pairs", type=int, default=5,
                        help="how often with and without (default: 5)")
    parser.add_argument("--rounds", type=int, default=5,
                        help="timed batches per process (default: 5)")
    parser.add_argument("--prompts", type=int, default=16,
                        help="requests per batch (default: 16)")
    parser.add_argument("--tokens", type=int, default=128,
                        help="tokens per request (default: 128)")
    arguments = parser.parse_args()
    library = arguments.library.resolve()
    if not library.is_file():
        parser.error(f"{library} does not exist: build it first")
    ratios = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for pair in range(1, arguments.pairs + 1):
            without = run_engine(arguments, folder, None)
            with_it = run_engine(arguments, folder, library)
            ratios.append(with_it / without)
            print(f"pair {pair}: without {without:.1f} tokens/s, with "
                  f"{with_it:.1f} tokens/s, ratio {ratios[-1]:.4f}",
                  flush=True)
    print(f"throughput with / without: median {statistics.median(ratios):.4f}"
          f", from {min(ratios):.4f} to {max(ratios):.4f} in {len(ratios)} "
          "pairs")


if __name__ == "__main__":
    main()
