"""Runs batches through vLLM's offline LLM class, as a job file says.

    python offline.py JOB.json

The job: {"model": path, "llm": {arguments of LLM}, "results": path,
          "batches": [{"prompts": [[token id, ...] or text, ...],
                       "sampling": {arguments of SamplingParams},
                       "repeat": how often (1), "pause": seconds after (0)}]}
A line `batch N` is printed before each batch.  The results file gets one list
per batch run, in order: of each request its id, the prompt's and each
output's token ids, finish reasons and the number of cached prompt tokens.
"""

import json
import sys
import time


def describe(output):
    return {"request_id": output.request_id,
            "prompt": list(output.prompt_token_ids),
            "cached": output.num_cached_tokens or 0,
            "outputs": [{"tokens": list(one.token_ids),
                         "finish_reason": one.finish_reason}
                        for one in output.outputs]}


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    from vllm import LLM, SamplingParams
    llm = LLM(model=job["model"], **job["llm"])
    results = []
    for number, batch in enumerate(job["batches"]):
        print(f"batch {number}", flush=True)
        prompts = [one if isinstance(one, str) else {"prompt_token_ids": one}
                   for one in batch["prompts"]]
        sampling = SamplingParams(**batch["sampling"])
        for _ in range(batch.get("repeat", 1)):
            outputs = llm.generate(prompts, sampling, use_tqdm=False)
            results.append([describe(one) for one in outputs])
            time.sleep(batch.get("pause", 0))
    with open(job["results"], "w") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main()
