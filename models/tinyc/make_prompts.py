"""Writes the held-out prompts, prompts.jsonl: one line for each task that the
corpus leaves out, with its labels.

    python models/tinyc/make_prompts.py > models/tinyc/prompts.jsonl
"""

import json
import random

import corpus


def main():
    for category in corpus.CATEGORIES:
        for number, task in enumerate(corpus.held_out(category), 1):
            name = f"{category}-{number:02}"
            print(json.dumps({
                "id": name,
                "prompt": corpus.head(task, random.Random(name)),
                "labels": {"category": category, "template": task.key}}))


if __name__ == "__main__":
    main()
