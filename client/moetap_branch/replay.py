"""Sends the sequences of a manifest once more: the noise floor of a study."""

import random

from moetap_branch.asker import need_ids
from moetap_branch.failure import Misuse
from moetap_branch.prompts import Prompt
from moetap_branch.request import Request


def paths_of(rows, path):
    """The distinct sequences of a manifest's requests in ascending order:
    [(tokens, the rows with these tokens in order of their keys), ...]."""
    found = {}
    for row in rows:
        if row["kind"] != "request":
            continue
        if row["prompt_token_ids"] is None or row["token_ids"] is None:
            raise Misuse(f"{path}: row \"{row['key']}\" has no token ids; "
                         f"only manifests of a server that returns them can "
                         f"be used")
        tokens = tuple(row["prompt_token_ids"] + row["token_ids"])
        found.setdefault(tokens, []).append(row)
    return [(list(tokens), sorted(found[tokens], key=lambda row: row["key"]))
            for tokens in sorted(found)]


def _request(number, tokens, rows, turn, salt):
    row = rows[0]
    content = tokens[:-1]  # the last one was sampled, never computed
    return Request(
        f"{row['prompt']}#pass{turn}.{number}",
        Prompt(row["prompt"], content, row["labels"]), content,
        {"temperature": 0, "max_tokens": 1, "cache_salt": salt},
        {"pass": turn}, root_tokens=min(row["root_tokens"], len(content)),
        replay_of=[row["key"] for row in rows])


def _study(choice, row):
    need_ids(choice, row, logprobs=False)


async def run(asker, paths, parameters):
    """Sends each path once a pass, batch after batch.

    The salt is new in each pass and each session: no prefix cache holds
    anything of it.
    """
    size = parameters["batch"]
    for turn in range(1, parameters["passes"] + 1):
        requests = [
            _request(number, tokens, rows, turn, f"{asker.session}-{turn}")
            for number, (tokens, rows) in enumerate(paths) if len(tokens) > 1]
        random.Random(f"{parameters['seed']}/{turn}").shuffle(requests)
        for start in range(0, len(requests), size):
            await asker.ask_all(requests[start:start + size], _study)
    return {}
