"""The body of a completions answer, decoded."""

import dataclasses
import re
from typing import Any, List, Optional

from moetap_branch.failure import Failure

TOKEN = re.compile(r"token_id:(\d+)")


class Incomplete(Exception):
    """The answer has to be asked for again: it is cut off or was aborted."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """One sequence.  What the server does not return is None.

    top: for each sampled token the alternatives [token, log-probability]
    that the server returned at its position, most probable first.
    """
    text: Optional[str]
    finish_reason: Optional[str]
    prompt_token_ids: Optional[List[int]]
    token_ids: Optional[List[int]]
    token_logprobs: Optional[List[float]]
    top: Optional[List[list]]


@dataclasses.dataclass(frozen=True)
class Answer:
    """`abandoned`: ids of earlier attempts that the server may have run."""
    request_id: Optional[str]
    choices: List[Choice]
    usage: Any
    abandoned: List[str]


def _alternatives(step):
    """[[token, logprob], ...], or None if the names are no token ids."""
    found = []
    for name, logprob in step.items():
        match = TOKEN.fullmatch(name)
        if not match:
            return None
        found.append([int(match.group(1)), logprob])
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _logprobs(choice):
    """(log-probabilities of the sampled tokens, alternatives)."""
    logprobs = choice.get("logprobs") or {}
    steps = logprobs.get("top_logprobs")
    if not steps or None in steps:
        return logprobs.get("token_logprobs"), None
    top = [_alternatives(step) for step in steps]
    return logprobs.get("token_logprobs"), None if None in top else top


def _choice(entry):
    if entry.get("finish_reason") in ("abort", "error"):
        raise Incomplete(f"the server ended it ({entry['finish_reason']})")
    token_logprobs, top = _logprobs(entry)
    return Choice(entry.get("text"), entry.get("finish_reason"),
                  entry.get("prompt_token_ids"), entry.get("token_ids"),
                  token_logprobs, top)


def parse(body, abandoned, single):
    """The answer in a decoded body; exactly one choice if `single`.

    Raises Incomplete if it must be asked for again, Failure if this is no
    answer of a completions server.
    """
    try:
        entries = sorted(body["choices"],
                         key=lambda entry: entry.get("index", 0))
        choices = [_choice(entry) for entry in entries]
        request_id, usage = body.get("id"), body.get("usage")
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Failure("the server's answer has no choices of a completion; "
                      "is --url the base of an OpenAI-compatible server, "
                      "ending in /v1?") from None
    if not choices or (single and len(choices) != 1):
        raise Failure(f"the server returned {len(choices)} choices to a "
                      f"request for one")
    return Answer(request_id, choices, usage, abandoned)
