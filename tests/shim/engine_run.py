"""Runs the cases of test_engine.py through one engine.

    python engine_run.py CHECKPOINT RESULTS.json OPTIONS

OPTIONS, in JSON: {"llm": {arguments of LLM}, "stop": [stop string, ...],
"without": [cases left out]}.
The results: {case: [{"id", "prompt", "cached", "outputs": [{"tokens",
"finish", "text"}]}, ...]}.
"""

import json
import random
import sys

BLOCK = 32
BLOCKS = 12  # too few for what is asked, so that requests are preempted


def prompts(seed, count, shortest, longest):
    source = random.Random(seed)
    return [{"prompt_token_ids": [source.randrange(1, 500) for _ in range(
        source.randint(shortest, longest))]} for _ in range(count)]


def describe(output):
    return {"id": output.request_id, "prompt": list(output.prompt_token_ids),
            "cached": output.num_cached_tokens or 0,
            "outputs": [{"tokens": list(one.token_ids), "text": one.text,
                         "finish": one.finish_reason}
                        for one in output.outputs]}


def aborted(llm, kind):
    """One request, aborted after a few steps; what it returned."""
    from vllm import SamplingParams
    engine = llm.llm_engine
    prompt = prompts(7, 1, 40, 40)[0]
    engine.add_request(f"abort-{kind.name}", prompt, SamplingParams(
        max_tokens=30, ignore_eos=True, output_kind=kind))
    seen = []
    while len(seen) < 5:
        for output in engine.step():
            tokens = list(output.outputs[0].token_ids)
            seen = seen + tokens if kind.name == "DELTA" else tokens
            cached = output.num_cached_tokens
    engine.abort_request([f"abort-{kind.name}"])
    return {"id": f"abort-{kind.name}", "prompt": prompt["prompt_token_ids"],
            "cached": cached, "outputs": [{"tokens": seen, "text": "",
                                           "finish": "abort"}]}


def beams(llm):
    from vllm.sampling_params import BeamSearchParams
    found = llm.beam_search(prompts(8, 1, 30, 30),
                            BeamSearchParams(beam_width=3, max_tokens=4,
                                             ignore_eos=True))
    return [list(sequence.tokens) for sequence in found[0].sequences]


def main():
    from vllm import LLM, SamplingParams
    from vllm.sampling_params import RequestOutputKind
    options = json.loads(sys.argv[3])
    llm = LLM(model=sys.argv[1], max_model_len=192, seed=1, block_size=BLOCK,
              max_num_seqs=16, num_gpu_blocks_override=BLOCKS,
              max_num_batched_tokens=48, enable_prefix_caching=True,
              **options["llm"])
    results = {}

    def run(case, what, **sampling):
        if case in options["without"]:
            return
        sampling = {"temperature": 0.0, "ignore_eos": True, **sampling}
        outputs = llm.generate(what, SamplingParams(**sampling),
                               use_tqdm=False)
        results[case] = [describe(one) for one in outputs]

    run("crowd", prompts(1, 8, 20, 90), max_tokens=40)
    shared = prompts(2, 1, 100, 100)
    run("first", shared, max_tokens=3)
    run("cached", shared, max_tokens=3)
    run("samples", prompts(3, 1, 33, 33), n=4, temperature=1.0, max_tokens=12)
    run("stop", prompts(4, 4, 12, 20), max_tokens=60, temperature=1.0,
        stop=options["stop"])
    run("logprobs", prompts(5, 2, 60, 70), max_tokens=4, prompt_logprobs=2,
        logprobs=2)
    results["abort"] = [aborted(llm, RequestOutputKind.DELTA),
                        aborted(llm, RequestOutputKind.CUMULATIVE)]
    if "beams" not in options["without"]:
        results["beams"] = beams(llm)
    run("last", prompts(6, 1, 10, 10), max_tokens=2)
    with open(sys.argv[2], "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main()
