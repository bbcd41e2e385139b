"""The offline engine runs that tests share, by name."""

import dataclasses

import harness


@dataclasses.dataclass
class Run:
    model: str
    batches: list         # as offline.py takes them
    compiled: bool = False


# test_identity repeats this batch without the library.
GREEDY = {"prompts": harness.random_prompts(1, 32, 8, 40),
          "sampling": {"max_tokens": 40, "temperature": 0.0,
                       "ignore_eos": True}}

# Single requests with pauses: many small blocks.
PAUSES = {"prompts": harness.random_prompts(2, 1, 8, 8),
          "sampling": {"max_tokens": 2}, "repeat": 60, "pause": 0.4}


def _sampled(seed, requests):
    return {"prompts": harness.random_prompts(seed, requests, 16, 48),
            "sampling": {"max_tokens": 64, "temperature": 1.0,
                         "ignore_eos": True}}


RUNS = {"qwen3_moe": Run("qwen3_moe", [GREEDY, _sampled(3, 64)]),
        "qwen3_moe_k5": Run("qwen3_moe_k5", [_sampled(4, 64)]),
        "olmoe": Run("olmoe", [_sampled(5, 96)]),
        "mixtral": Run("mixtral", [_sampled(6, 96), PAUSES]),
        "qwen3_5_moe": Run("qwen3_5_moe", [_sampled(7, 48)]),
        "compiled": Run("qwen3_moe", [GREEDY], compiled=True)}
