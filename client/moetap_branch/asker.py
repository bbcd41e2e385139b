"""Asks each request once: from the manifest, else from the server."""

import asyncio

from moetap_branch.failure import Failure, Refused, Stopped
from moetap_branch.request import rows_of


class Asker:
    """What a strategy asks its requests of.

    `left` is the number of requests that were planned and have no answer,
    `in_flight` how many of them are under way.  `session` is unguessable and
    new at each start, `owner` who owns the model in the server's words.
    Belongs to one event loop.
    """

    def __init__(self, manifest, server, strategy, model, owner, concurrency,
                 progress):
        self.manifest, self.strategy, self.owner = manifest, strategy, owner
        self.session = server.prefix
        self.left = self.in_flight = self.sent = 0
        self._server, self._model = server, model
        self._concurrency, self._progress = concurrency, progress
        self._failed = False
        self._ids = True  # whether to ask for token ids

    def recorded(self, request):
        """The rows of an earlier answer, or None."""
        first = self.manifest.rows.get(request.keys(1)[0])
        if first is None:
            return None
        return [self.manifest.rows[key]
                for key in request.keys(first["choices"] or 1)]

    async def ask_all(self, requests, study=None):
        """The rows of each request, in their order.

        study(answer's choice, row) may complete a row before it is recorded,
        and raises Failure if the answer lacks what the strategy needs.  When
        one request fails, or the server sends no more because the user
        stopped, those under way are finished and recorded first.
        """
        results = [self.recorded(request) for request in requests]
        missing = [at for at, rows in enumerate(results) if rows is None]
        self.left, self._failed = len(missing), False
        self._progress.plan(len(missing))
        queue = iter(missing)
        workers = [
            asyncio.ensure_future(self._work(queue, requests, results, study))
            for _ in range(min(self._concurrency, len(missing)))]
        ends = await asyncio.gather(*workers, return_exceptions=True)
        for error in ends:
            if isinstance(error, BaseException) and \
                    not isinstance(error, Stopped):
                raise error
        if self.left:
            raise Stopped()
        return results

    async def ask_each(self, requests, study=None):
        """The same for requests of one row each: a list of rows."""
        answers = await self.ask_all(requests, study)
        return [row for row, in answers]

    async def _work(self, queue, requests, results, study):
        while not self._failed:
            at = next(queue, None)
            if at is None:
                return
            self.in_flight += 1
            try:
                results[at] = await self._send(requests[at], study)
            except Exception:
                self._failed = True
                raise
            finally:
                self.in_flight -= 1
            self.left -= 1

    async def _send(self, request, study):
        answer = await self._answer(request)
        rows = rows_of(request, self.strategy, answer)
        self._check_prompt(request, rows[0])
        if study:
            for choice, row in zip(answer.choices, rows):
                study(choice, row)
        self.manifest.append(*rows)
        self.sent += 1
        self._progress.step()
        return rows

    async def _answer(self, request):
        """A strict server refuses what it does not know.  `sample` can do
        without token ids, so it asks such a server without them."""
        def complete(ids):
            return self._server.complete(
                request.body(self._model, ids), request.what(),
                request.choices == 1)
        ids = self._ids
        try:
            return await complete(ids)
        except Refused as error:
            if (not ids or self.strategy != "sample" or
                    error.code not in (400, 422)):
                raise
        self._ids = False
        return await complete(False)

    def _check_prompt(self, request, row):
        if isinstance(request.content, list) and \
                row["prompt_token_ids"] != request.content:
            raise Failure(f"{request.what()}: the server changed the token "
                          f"ids of the prompt; its sequences would not be "
                          f"those of the manifest")


def tokens_of(row):
    """How many tokens were generated for a row, as far as is known."""
    if row["token_ids"] is not None:
        return len(row["token_ids"])
    return (row["usage"] or {}).get("completion_tokens") or 0


def _has_logprobs(choice):
    count = len(choice.token_ids or choice.top or [])
    return count == len(choice.top or []) == len(choice.token_logprobs or [])


def need_ids(choice, row, logprobs):
    """Raises Failure if the answer lacks what branching needs."""
    lacking = [name for name in ("prompt_token_ids", "token_ids")
               if getattr(choice, name) is None]
    if logprobs and (not _has_logprobs(choice) or
                     (choice.top is None and choice.token_ids != [])):
        lacking.append("top_logprobs named token_id:N")
    if lacking:
        raise Failure(f"the server returns no {', '.join(lacking)} (asked "
                      f"for with return_token_ids and "
                      f"return_tokens_as_token_ids), which {row['strategy']} "
                      f"needs; `moetap-branch sample` works with this server")
