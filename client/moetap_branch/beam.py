"""Beam search: the server's own, or one made of one-token requests."""

import dataclasses
from typing import List

from moetap_branch.asker import need_ids
from moetap_branch.failure import Failure, Refused
from moetap_branch.nucleus import end_tokens
from moetap_branch.request import Request

DECISION = "#beam"  # key of the note that under "auto" the client searches


@dataclasses.dataclass(frozen=True)
class _Beam:
    """A path behind the root prompt.

    sums: log-probability of the path up to and with each of its tokens.
    steps: keys of the rows that chose its tokens, one for each.
    """
    tokens: List[int]
    sums: List[float]
    steps: List[str]
    finish_reason: str = "length"

    def logprob(self):
        return self.sums[-1] if self.sums else 0.0

    def score(self):
        return self.logprob() / max(1, len(self.tokens))

    def cut_at(self, ends):
        """Itself, or the finished beam up to its first end token."""
        for at, token in enumerate(self.tokens, 1):
            if token in ends:
                return _Beam(self.tokens[:at], self.sums[:at],
                             self.steps[:at], "stop")
        return self


class _Search:
    """The search of one prompt: beams that go on, and finished ones."""

    def __init__(self, prompt, parameters):
        self.prompt, self._width = prompt, parameters["width"]
        self._sent = {"temperature": 0, "max_tokens": 1,
                      "logprobs": parameters["logprobs"]}
        self._root = None
        self._live, self._finished = [_Beam([], [], [])], []

    def requests(self, step):
        """The next step of each beam; none when the search is over."""
        if len(self._finished) >= self._width:
            return []
        return [self._request(f"{self.prompt.id}#step{step}.{rank}", beam)
                for rank, beam in enumerate(self._live)]

    def _request(self, key, beam):
        noted = {"beam": "client"}
        if not beam.tokens:
            return Request(key, self.prompt, self.prompt.content, self._sent,
                           noted)
        before = beam.sums[-2] if len(beam.sums) > 1 else 0.0
        return Request(
            key, self.prompt, self._root + beam.tokens, self._sent, noted,
            root_tokens=len(self._root), parent=beam.steps[-1],
            fork_position=len(self._root) + len(beam.tokens) - 1,
            child={"token": beam.tokens[-1],
                   "logprob": beam.sums[-1] - before})

    def advance(self, rows, ends):
        """Takes the answers to `requests` and keeps the best beams."""
        if self._root is None:
            self._root = rows[0]["prompt_token_ids"]
        candidates = [
            _Beam(beam.tokens + [token], beam.sums + [beam.logprob() + logprob],
                  beam.steps + [row["key"]])
            for beam, row in zip(self._live, rows)
            for token, logprob in row["alternatives"]]
        candidates.sort(key=lambda beam: (-beam.logprob(), beam.tokens))
        self._live = []
        for candidate in candidates:
            if len(self._live) == self._width:
                break
            self._keep(candidate.cut_at(ends))

    def _keep(self, beam):
        if beam.finish_reason == "length":
            self._live.append(beam)
        elif all(beam.tokens != other.tokens for other in self._finished):
            self._finished.append(beam)

    def hypotheses(self, ends):
        """The best `width` beams; unfinished ones fill up."""
        live, self._live = self._live, []
        for beam in live:
            self._keep(beam.cut_at(ends))
        found = list(self._finished)
        if len(found) < self._width:
            found += self._live
        found.sort(key=lambda beam: (-beam.score(), beam.tokens))
        return found[:self._width]


def _record(asker, search, ends):
    rows = []
    for number, beam in enumerate(search.hypotheses(ends)):
        key = f"{search.prompt.id}#hypothesis{number}"
        if key not in asker.manifest.rows:
            rows.append({
                "kind": "hypothesis", "key": key, "prompt": search.prompt.id,
                "strategy": "beam", "token_ids": beam.tokens,
                "logprob": beam.logprob(), "score": beam.score(),
                "finish_reason": beam.finish_reason, "steps": beam.steps,
                "text": None, "labels": search.prompt.labels})
    if rows:
        asker.manifest.append(*rows)


def _study(width):
    def study(choice, row):
        need_ids(choice, row, logprobs=True)
        if not choice.top or len(choice.top[0]) < 2 * width:
            raise Failure(f"the server returns {len((choice.top or [[]])[0])} "
                          f"alternatives a token, --width {width} needs "
                          f"{2 * width}; let it return more or choose a "
                          f"smaller --width")
        row["alternatives"] = choice.top[0][:2 * width]
    return study


async def _search_here(asker, prompts, parameters):
    searches = [_Search(prompt, parameters) for prompt in prompts]
    study, ends = _study(parameters["width"]), set()
    for step in range(parameters["max_tokens"]):
        asked = [(search, search.requests(step)) for search in searches]
        rows = await asker.ask_each(
            [request for _, requests in asked for request in requests], study)
        if not rows:
            break
        ends |= end_tokens(rows)
        answers = iter(rows)
        for search, requests in asked:
            if requests:
                search.advance([next(answers) for _ in requests], ends)
    for search in searches:
        _record(asker, search, ends)


async def _search_there(asker, prompts, parameters):
    sent = {"temperature": 0, "max_tokens": parameters["max_tokens"],
            "use_beam_search": True}
    requests = [Request(f"{prompt.id}#beams", prompt, prompt.content, sent,
                        {"beam": "server"}, choices=parameters["width"])
                for prompt in prompts]
    # The first alone: under "auto" it tells whether the server can do this.
    for part in (requests[:1], requests[1:]):
        await asker.ask_all(
            part, lambda choice, row: need_ids(choice, row, logprobs=False))


def _decided(asker, parameters):
    """Who searches, as far as that is settled: maybe still "auto"."""
    if parameters["beam"] != "auto":
        return parameters["beam"]
    if DECISION in asker.manifest.rows:
        return "client"
    if asker.manifest.requests():
        return "server"
    return "auto" if asker.owner == "vllm" else "client"


async def run(asker, prompts, parameters):
    """Searches the beams of all prompts.  Returns what the end row counts."""
    where = _decided(asker, parameters)
    if where != "client":
        try:
            await _search_there(asker, prompts, parameters)
        except Refused:
            if where == "server" or asker.manifest.requests():
                raise
            where = "client"
    if where == "client":
        if parameters["beam"] == "auto" and not asker.manifest.requests():
            asker.manifest.append({"kind": "note", "key": DECISION,
                                   "beam": "client"})
        await _search_here(asker, prompts, parameters)
    rows = asker.manifest.rows.values()
    return {"hypotheses": sum(row["kind"] == "hypothesis" for row in rows)}
