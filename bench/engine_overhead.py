#!/usr/bin/env python3
"""What libmoetap.so costs a whole engine, with intervals.

One vLLM process, on one CPU thread, serves blocks of requests; between blocks
a control word switches the library, a hook in Python, or nothing (the noise),
in ABBA order.  Prints the ratio of each to blocks without anything, and what
the capture accounts for.  Ends with 1 if the accounted bound is above
LIMIT_BOUND, or if the interval of all traffics' throughput lies wholly below
LIMIT_THROUGHPUT.  To be run by a Python that has vLLM.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import abba
from machine import cpu_name

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
sys.path.append(str(ROOT / "tests" / "engine"))
import models  # noqa: E402

LIMIT_BOUND = 0.005
LIMIT_THROUGHPUT = 0.98
GOAL_THROUGHPUT = 0.995
# Seconds of a block, and how many quads of each arm a traffic gets.
LONG = {"seconds": 2.0, "tested": {"hook": 20, "none": 5, "python": 5}}
SHORT = {"seconds": 1.0, "tested": {"hook": 3, "none": 1, "python": 1}}
MEASURES = {
    "throughput": lambda block: block["tokens"] / block["seconds"],
    "CPU time": lambda block: block["cpu_seconds"],
    "mean gap": lambda block: block["mean_gap"],
    "p99 gap": lambda block: block["p99_gap"],
    "instructions": lambda block: block.get("instructions"),
}
ALL = "all"  # traffics together


def moetap(*arguments):
    done = subprocess.run([BUILD / "analysis" / "moetap", *arguments],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"moetap {arguments[0]} ended with {done.returncode}:\n"
                 f"{done.stdout}")
    return done.stdout


def environment(capture):
    """One thread: on a machine that others use as well, two would wait for
    each other far longer than for the library."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("MOETAP_")}
    return dict(kept, LD_PRELOAD=str(BUILD / "plugin" / "libmoetap.so"),
                MOETAP_DIR=str(capture), OMP_NUM_THREADS="1",
                VLLM_CPU_OMP_THREADS_BIND="nobind", VLLM_CPU_KVCACHE_SPACE="1",
                HF_HUB_OFFLINE="1", VLLM_NO_USAGE_STATS="1",
                VLLM_LOGGING_LEVEL="ERROR")


def serve(folder, model, form):
    """Runs engine_blocks.py; its results, and the cost that its capture
    tells of, which `moetap verify` must pass."""
    capture, results = folder / "capture", folder / "results.json"
    job = folder / "job.json"
    job.write_text(json.dumps({"model": str(models.checkpoint(model)),
                               "moetap": str(BUILD / "analysis" / "moetap"),
                               "results": str(results), **form}))
    status = subprocess.run(
        [sys.executable, HERE / "engine_blocks.py", job],
        env=environment(capture), cwd=folder).returncode
    if status != 0:
        sys.exit(f"the engine ended with {status}")
    moetap("verify", capture)
    return json.loads(results.read_text()), json.loads(
        moetap("info", "--json", capture))["cost"]


def quad_ratios(quads, measure):
    """Log ratios of a series, or nothing if that is not measured."""
    values = [[measure(block) for block in quad["blocks"]] for quad in quads]
    if any(value is None for row in values for value in row):
        return []
    return [abba.log_ratio(row, quad["tested"])
            for row, quad in zip(values, quads)]


def ratios(series):
    """{(traffic, arm): {measure: Ratio}}, with ALL traffics at the end."""
    logs = {}
    for one in series:
        for name, measure in MEASURES.items():
            found = quad_ratios(one["quads"], measure)
            for traffic in (one["traffic"], ALL):
                logs.setdefault((traffic, one["arm"]), {}).setdefault(
                    name, []).extend(found)
    return {key: {name: abba.ratio(found) for name, found in row.items()
                  if found}
            for key, row in sorted(logs.items(),
                                   key=lambda item: item[0][0] == ALL)}


def accounted(results, cost):
    """Nanoseconds of the hooked blocks by part, and their sum's share of the
    blocks' time, by the wall and of their CPU.  Engine and shim are what the
    capture says since the warm-up; it has the writer's idle time during the
    pauses as well, so that the writer is what /proc says."""
    before, hooked = results["cost_before"], results["hooked"]
    parts = {name: cost[name] - before[name]
             for name in ("engine_ns", "shim_ns", "rows")}
    parts["writer_ns"] = round(hooked["writer_seconds"] * 1e9)
    total = (parts["engine_ns"] + parts["shim_ns"] + parts["writer_ns"]) / 1e9
    return {**parts, "writer_ns_with_pauses": cost["writer_ns"],
            "seconds": hooked["seconds"], "bound": total / hooked["seconds"],
            "bound_of_cpu": total / hooked["cpu_seconds"]}


def failures(table, account):
    """Sentences; none if all limits are kept."""
    found = []
    whole = table[ALL, "hook"]["throughput"]
    if whole.high < LIMIT_THROUGHPUT:
        found.append(f"throughput with the hook: {whole} is wholly below "
                     f"{LIMIT_THROUGHPUT}")
    if account["bound"] > LIMIT_BOUND:
        found.append(f"the accounted bound, {account['bound']:.2%}, is above "
                     f"{LIMIT_BOUND:.2%}")
    return found


def goal(ratio):
    """Whether the interval says that the goal is reached."""
    if ratio.low >= GOAL_THROUGHPUT:
        return "met"
    return "missed" if ratio.high < GOAL_THROUGHPUT else "not decided"


def print_report(report, table):
    machine, facts = report["machine"], report["facts"]
    print(f"\n{machine['cpus']} x {machine['cpu']}, {machine['kernel']}, load "
          f"{machine['load'][0]:.1f} before and {machine['load'][1]:.1f} "
          f"after\nvLLM {facts['vllm']}, torch {facts['torch']}, "
          f"{facts['threads']} thread; model {report['model']}")
    print(f"{report['blocks']} blocks of {report['shortest']:.1f} to "
          f"{report['longest']:.1f} s; ratios to blocks without, 95 % "
          "intervals\n")
    names = [name for name in MEASURES if name in next(iter(table.values()))]
    print(f"{'traffic':8} {'arm':7} {'quads':>5}" + "".join(
        f"  {name:25}" for name in names))
    for (traffic, arm), row in table.items():
        print(f"{traffic:8} {arm:7} {row['throughput'].quads:5}" + "".join(
            f"  {str(row[name]):25}" for name in names))
    if facts["not_counted"]:
        print(f"instructions not counted: {facts['not_counted']}")
    whole = table[ALL, "hook"]["throughput"]
    print(f"\nthroughput {whole}, goal {GOAL_THROUGHPUT}: {goal(whole)}")
    account = report["accounted"]
    print("accounted: engine {engine_ns} + shim {shim_ns} + writer {writer_ns}"
          " ns in {seconds:.1f} s".format(**account)
          + f" = {account['bound']:.3%} (limit {LIMIT_BOUND:.1%}); "
          f"{account['bound_of_cpu']:.3%} of the CPU time")
    print(f"{account['rows']} token-layers; the writer's whole life: "
          f"{account['writer_ns_with_pauses']} ns")


def summary(results, cost, model, load):
    """What is written as JSON, and the table of ratios."""
    table = ratios(results["series"])
    seconds = [block["seconds"] for one in results["series"]
               for quad in one["quads"] for block in quad["blocks"]]
    return {
        "machine": {"cpu": cpu_name(), "cpus": os.cpu_count(),
                    "kernel": f"Linux {platform.release()}", "load": load},
        "model": model, "facts": results["facts"],
        "traffics": results["traffics"], "blocks": len(seconds),
        "shortest": min(seconds), "longest": max(seconds),
        "ratios": [{"traffic": traffic, "arm": arm, "measure": name,
                    **vars(ratio)} for (traffic, arm), row in table.items()
                   for name, ratio in row.items()],
        "accounted": accounted(results, cost), "series": results["series"],
    }, table


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true",
                        help="60 blocks of a second instead of 360 of two")
    parser.add_argument("--model", default="granite",
                        choices=["tinyc", *models.MAKERS],
                        help="of tests/engine/models.py (default: granite)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="write everything there, each block too")
    arguments = parser.parse_args()
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as folder:
        results, cost = serve(pathlib.Path(folder), arguments.model,
                              SHORT if arguments.short else LONG)
    load.append(os.getloadavg()[0])
    report, table = summary(results, cost, arguments.model, load)
    report["failures"] = failures(table, report["accounted"])
    print_report(report, table)
    if arguments.json:
        text = json.dumps(report, indent=1, allow_nan=False)
        arguments.json.write_text(text + "\n")
    for sentence in report["failures"]:
        print(f"FAILED: {sentence}")
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
