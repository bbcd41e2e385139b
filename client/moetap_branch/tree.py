"""Top-P branching: every token of the nucleus that was not sampled.

Level by level over all prompts, so that the outcome depends on the answers
and never on their order.
"""

import dataclasses

from moetap_branch.asker import need_ids
from moetap_branch.nucleus import end_tokens, forks
from moetap_branch.request import Request


@dataclasses.dataclass(frozen=True)
class _Candidate:
    """A child that could be asked for.  `logprob` is that of all tokens from
    the end of the root prompt to `token`."""
    parent: dict
    position: int
    token: int
    child_logprob: float
    logprob: float

    def order(self):
        return (-self.logprob, self.position, self.token, self.parent["key"])


class _Tree:
    """The branches of one prompt."""

    def __init__(self, prompt, parameters):
        self._prompt, self._parameters = prompt, parameters
        self._budget = parameters["leaves"]
        self._reached = {}  # key of a row: log-probability of its path before
        self.ended = 0

    def _sent(self, max_tokens):
        return {"temperature": self._parameters["temperature"],
                "top_p": self._parameters["top_p"],
                "max_tokens": max_tokens,
                "logprobs": self._parameters["logprobs"]}

    def root(self):
        key = f"{self._prompt.id}#root"
        self._reached[key] = 0.0
        self._budget -= 1
        return Request(key, self._prompt, self._prompt.content,
                       self._sent(self._parameters["max_tokens"]))

    def children(self, rows, ends):
        """The requests of the next level; `rows` are those of this one."""
        candidates = [candidate for row in rows
                      for candidate in self._candidates(row, ends)]
        chosen = sorted(candidates, key=_Candidate.order)[:self._budget]
        self._budget -= len(chosen)
        return [self._request(candidate) for candidate in chosen]

    def _candidates(self, row, ends):
        start = len(row["prompt_token_ids"])
        room = row["root_tokens"] + self._parameters["max_tokens"] - 1
        before = [self._reached[row["key"]]]
        for logprob in row["token_logprobs"]:
            before.append(before[-1] + logprob)
        for fork in row["forks"]:
            at = fork["position"] - start
            if fork["position"] >= room:
                continue
            for token, logprob in fork["children"]:
                if token == row["token_ids"][at]:
                    continue
                if token in ends:
                    self.ended += 1
                    continue
                yield _Candidate(row, fork["position"], token, logprob,
                                 before[at] + logprob)

    def _request(self, candidate):
        row, position = candidate.parent, candidate.position
        path = row["prompt_token_ids"] + row["token_ids"]
        step = f"{position}:{candidate.token}"
        key = (f"{self._prompt.id}#{step}" if row["parent"] is None else
               f"{row['key']},{step}")
        self._reached[key] = candidate.logprob
        used = position + 1 - row["root_tokens"]
        return Request(
            key, self._prompt, path[:position] + [candidate.token],
            self._sent(self._parameters["max_tokens"] - used),
            root_tokens=row["root_tokens"], parent=row["key"],
            fork_position=position,
            child={"token": candidate.token,
                   "logprob": candidate.child_logprob})


def _study(parameters):
    def study(choice, row):
        need_ids(choice, row, logprobs=True)
        row["forks"], row["outside_p"] = forks(
            len(row["prompt_token_ids"]), choice.token_ids, choice.top or [],
            parameters["logprobs"], parameters["top_p"])
    return study


async def run(asker, prompts, parameters):
    """Grows the trees of all prompts.  Returns what the end row counts."""
    trees = {prompt.id: _Tree(prompt, parameters) for prompt in prompts}
    level = [tree.root() for tree in trees.values()]
    every, ends, study = [], set(), _study(parameters)
    for depth in range(parameters["depth"] + 1):
        rows = await asker.ask_each(level, study)
        every += rows
        ends |= end_tokens(rows)
        if depth == parameters["depth"]:
            break
        rows_of = {name: [] for name in trees}
        for row in rows:
            rows_of[row["prompt"]].append(row)
        level = [request for name, tree in trees.items()
                 for request in tree.children(rows_of[name], ends)]
    return {"leaves": len(every),
            "uncovered_forks": sum(not fork["reached"] for row in every
                                   for fork in row["forks"]),
            "outside_p": sum(len(row["outside_p"]) for row in every),
            "ended_children": sum(tree.ended for tree in trees.values())}
