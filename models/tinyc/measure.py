"""Measures a checkpoint: does it write C, is it varied, is it alive as an MoE?

    python models/tinyc/measure.py [MODEL] [--samples N] [--json FILE]

Samples every held-out code prompt with vLLM, compiles what comes, groups it by
assembly; counts, with stock transformers, which experts each layer uses; and
tells how far the routing of the prompts separates the four categories.  All
prompts are printed.  Exit status 1 if a target of README.md is missed.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys

import compiled
import routing

HERE = pathlib.Path(__file__).resolve().parent
TEMPERATURE = 0.7
MAX_TOKENS = 400
TARGETS = {"compiled share >= 0.90": lambda m: m["compiled"] >= 0.90,
           "0.20 <= median top-3 share <= 0.80":
               lambda m: 0.20 <= m["median_top3"] <= 0.80,
           "three prompts with a top-3 share above 0.30":
               lambda m: m["prompts_above_30"] >= 3,
           "dead experts < 5 % in every layer":
               lambda m: m["most_dead"] < 0.05}


def read_prompts():
    with open(HERE / "prompts.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sample(model, prompts, samples):
    """{prompt id: [completion]} from a stock vLLM."""
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    import vllm
    engine = vllm.LLM(model=str(model), enforce_eager=True, block_size=32,
                      max_model_len=768, seed=1, disable_log_stats=True)
    answers = engine.generate(
        [prompt["prompt"] for prompt in prompts],
        vllm.SamplingParams(n=samples, temperature=TEMPERATURE,
                            max_tokens=MAX_TOKENS))
    return {prompt["id"]: [output.text for output in answer.outputs]
            for prompt, answer in zip(prompts, answers)}


def measure_code(model, prompts, samples):
    print(f"{samples} samples at temperature {TEMPERATURE} of each prompt\n"
          f"{'prompt':<14} {'task':<28} {'compiled':>8} {'texts':>5} "
          f"{'groups':>6} {'top 1':>6} {'top 3':>6}")
    shares, compiled_codes = [], 0
    completions = sample(model, prompts, samples)
    for prompt in prompts:
        groups = compiled.Groups(prompt["prompt"], completions[prompt["id"]])
        compiled_codes += groups.compiled
        shares.append(groups.top(3))
        print(f"{prompt['id']:<14} {prompt['labels']['template']:<28} "
              f"{groups.compiled:>8} {groups.texts:>5} "
              f"{len(groups.sizes):>6} {groups.top(1):>6.2f} "
              f"{groups.top(3):>6.2f}", flush=True)
    return {"samples": samples, "prompts": len(prompts),
            "compiled": compiled_codes / (samples * len(prompts)),
            "median_top3": statistics.median(shares),
            "least_top3": min(shares), "most_top3": max(shares),
            "prompts_above_30": sum(share > 0.30 for share in shares)}


def print_usage(usage):
    print(f"\n{'layer':>5} {'entropy':>8} {'dead':>5} {'busiest/mean':>13}")
    for layer in usage["layers"]:
        print(f"{layer['layer']:>5} {layer['entropy']:>8.4f} "
              f"{layer['dead']:>5} {layer['busiest']:>13.2f}")
    print(f"{usage['tokens']} tokens of held-back documents; entropy as a "
          "share of log(experts)")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", nargs="?", default=HERE / "tinyc-7m",
                        type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    prompts = read_prompts()
    code = [p for p in prompts if p["labels"]["category"] != "prose"]
    metrics = measure_code(arguments.model, code, arguments.samples)
    router = routing.Router(arguments.model)
    usage = routing.usage(router)
    print_usage(usage)
    metrics["usage"] = usage
    metrics["most_dead"] = max(
        layer["dead"] / usage["experts"] for layer in usage["layers"])
    metrics["signatures"] = routing.separation(router, prompts)
    print("\nsignatures of the prompts' routing, four categories:")
    for name, value in metrics["signatures"].items():
        print(f"  {name:<24} {value:.4f}")
    print(f"\ncompiled {metrics['compiled']:.4f}, median top-3 share "
          f"{metrics['median_top3']:.2f}")
    missed = [text for text, met in TARGETS.items() if not met(metrics)]
    for text in TARGETS:
        print(f"{'MISSED' if text in missed else 'met   '}  {text}")
    if arguments.json:
        arguments.json.write_text(json.dumps(metrics, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
