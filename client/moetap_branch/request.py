"""A completion request before it is sent, and its row afterwards."""

import dataclasses
from typing import Any, List, Optional, Union

from moetap_branch.prompts import Prompt

IDS = {"return_token_ids": True, "return_tokens_as_token_ids": True}


@dataclasses.dataclass(frozen=True)
class Request:
    """One request.  Its row, or rows, are found again by `key`.

    content: what is sent as prompt, a text or token ids.
    sent: parameters for the server.  noted: parameters only recorded.
    root_tokens: None means that the content is the root prompt.
    choices: more than one only where the server itself searches beams.
    """
    key: str
    prompt: Prompt
    content: Union[str, List[int]]
    sent: dict
    noted: dict = dataclasses.field(default_factory=dict)
    root_tokens: Optional[int] = None
    parent: Optional[str] = None
    fork_position: Optional[int] = None
    child: Optional[dict] = None
    replay_of: Optional[List[str]] = None
    choices: int = 1

    def body(self, model, ids):
        """What is sent; `ids`: ask for token ids, which is no part of the
        OpenAI interface."""
        return {"model": model, "prompt": self.content, "n": self.choices,
                **self.sent, **(IDS if ids else {})}

    def what(self):
        return f"prompt \"{self.prompt.id}\""

    def keys(self, choices):
        """The keys of the rows of an answer with that many choices."""
        if self.choices == 1:
            return [self.key]
        return [f"{self.key}.{choice}" for choice in range(choices)]


def _row(request, strategy, answer, index, key):
    choice: Any = answer.choices[index]
    several = request.choices > 1
    sent = request.content if isinstance(request.content, list) else None
    prompt = choice.prompt_token_ids or sent
    root = request.root_tokens
    return {
        "kind": "request", "key": key, "prompt": request.prompt.id,
        "strategy": strategy,
        "parameters": {**request.sent, **request.noted},
        "request_id": answer.request_id, "abandoned": answer.abandoned,
        "parent": request.parent, "fork_position": request.fork_position,
        "child": request.child, "prompt_token_ids": prompt,
        "token_ids": choice.token_ids,
        "root_tokens": len(prompt) if root is None and prompt else root,
        "text": choice.text, "finish_reason": choice.finish_reason,
        "usage": answer.usage, "labels": request.prompt.labels,
        "token_logprobs": choice.token_logprobs, "forks": None,
        "outside_p": None, "alternatives": None,
        "choice": index if several else None,
        "choices": len(answer.choices) if several else None,
        "replay_of": request.replay_of}


def rows_of(request, strategy, answer):
    """The rows of an answer, one for each choice."""
    keys = request.keys(len(answer.choices))
    return [_row(request, strategy, answer, index, key)
            for index, key in enumerate(keys)]
