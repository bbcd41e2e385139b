"""Reads the prompts file: JSONL, one prompt a line."""

import dataclasses
import hashlib
import json
from typing import List, Union

from moetap_branch.failure import Misuse

KNOWN = ("id", "prompt", "prompt_token_ids", "labels")


@dataclasses.dataclass(frozen=True)
class Prompt:
    """`content` is what is sent to the server: a text or token ids."""
    id: str
    content: Union[str, List[int]]
    labels: dict


def is_token_list(value):
    return (isinstance(value, list) and len(value) > 0 and
            all(type(token) is int and token >= 0 for token in value))


def _content(entry, where):
    given = [name for name in ("prompt", "prompt_token_ids") if name in entry]
    if len(given) != 1:
        raise Misuse(f"{where}: give \"prompt\" or \"prompt_token_ids\", one "
                     f"of the two")
    content = entry[given[0]]
    if given[0] == "prompt" and (not isinstance(content, str) or not content):
        raise Misuse(f"{where}: \"prompt\" must be a text that is not empty")
    if given[0] == "prompt_token_ids" and not is_token_list(content):
        raise Misuse(f"{where}: \"prompt_token_ids\" must be a list of token "
                     f"ids (integers from 0) that is not empty")
    return content


def _parse(line, where):
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise Misuse(f"{where}: not JSON ({error}); each line must be an "
                     f"object like {{\"id\": \"a\", \"prompt\": \"text\"}}"
                     ) from None
    if not isinstance(entry, dict):
        raise Misuse(f"{where}: not an object; write "
                     f"{{\"id\": \"a\", \"prompt\": \"text\"}}")
    unknown = sorted(set(entry) - set(KNOWN))
    if unknown:
        raise Misuse(f"{where}: unknown field \"{unknown[0]}\"; put it into "
                     f"\"labels\"")
    name = entry.get("id")
    if not isinstance(name, str) or not name:
        raise Misuse(f"{where}: \"id\" is missing; give each prompt a text "
                     f"of its own as id")
    labels = entry.get("labels", {})
    if not isinstance(labels, dict):
        raise Misuse(f"{where}: \"labels\" must be an object")
    return Prompt(name, _content(entry, where), labels)


def read(path):
    """The prompts of the file, in its order.  Empty lines are skipped."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().split("\n")
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}; --prompts names a JSONL "
                     f"file") from None
    except UnicodeDecodeError as error:
        raise Misuse(f"{path}: not UTF-8 ({error})") from None
    prompts, lines_of = [], {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        prompt = _parse(line, f"{path}: line {number}")
        if prompt.id in lines_of:
            raise Misuse(f"{path}: line {number}: id \"{prompt.id}\" is that "
                         f"of line {lines_of[prompt.id]} already; give each "
                         f"prompt its own")
        lines_of[prompt.id] = number
        prompts.append(prompt)
    if not prompts:
        raise Misuse(f"{path}: no prompt in it; each line must be an object "
                     f"like {{\"id\": \"a\", \"prompt\": \"text\"}}")
    return prompts


def digest(value):
    """SHA-256 of the canonical JSON of a value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(prompts):
    return digest([dataclasses.asdict(prompt) for prompt in prompts])
