"""The completions server: requests, retries, and when to give up."""

import asyncio
import email.utils
import json
import random
import secrets
import time

import httpx

from moetap_branch import answer
from moetap_branch.failure import Failure, Misuse, Refused, Stopped

FIRST_WAIT = 0.5      # seconds before the first retry; doubled for each more
LONGEST_WAIT = 30
CONNECT_SECONDS = 10
IDLE_SECONDS = 2      # below the 5 s after which servers drop a connection
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
TRY_AGAIN = (408, 409, 429)
NOT_RUN = (409, 429)  # refused before anything was computed


class _Lost(Exception):
    """An attempt failed in a way that may pass.

    ran: the server may have computed it.  wait: seconds it asked for.
    """

    def __init__(self, reason, ran, wait=0.0):
        super().__init__(reason)
        self.ran, self.wait = ran, wait


def _retry_after(response):
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
        return max(0.0, when.timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return 0.0


def _message(response):
    """What the server says about a refusal, on one line."""
    try:
        body = response.json()
        said = body.get("error", body) if isinstance(body, dict) else body
        if isinstance(said, dict):
            said = said.get("message") or said.get("detail") or said
    except ValueError:
        said = response.text
    return " ".join(str(said).split())[:500]


def _check_url(text):
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise Misuse(f"--url {text}: not the base of a server; it reads like "
                     f"http://127.0.0.1:8000/v1")


class Server:
    """An OpenAI-compatible completions server.

    Belongs to one event loop.  `stop` is an asyncio.Event: when it is set,
    nothing is sent any more; what is under way is finished.  `say` is called
    with lines for the user.  `prefix` is unguessable and begins the
    X-Request-Id of every attempt.
    """

    def __init__(self, url, patience, timeout, connections, secret, stop, say):
        _check_url(url)
        self.url = url.rstrip("/")
        self.prefix = "mb" + secrets.token_hex(8)
        self.retries = 0
        self._patience, self._timeout = patience, timeout
        self._stop, self._say = stop, say
        self._sequence = 0
        self._failing_since = None  # of the whole server, not of one request
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {secret}"} if secret else None,
            timeout=httpx.Timeout(timeout,
                                  connect=min(timeout, CONNECT_SECONDS)),
            limits=httpx.Limits(max_connections=connections,
                                keepalive_expiry=IDLE_SECONDS))

    async def close(self):
        await self._client.aclose()

    async def models(self):
        """The entries of GET /models; None if there is no such page."""
        try:
            body = await self._persist("GET", "/models", None, "models",
                                       lambda decoded, _: decoded)
        except Refused as error:
            if error.code == 404:
                return None
            raise
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, list):
            raise Misuse(f"{self.url}/models lists no models; --url is the "
                         f"base of a server and mostly ends in /v1")
        return [entry for entry in data if isinstance(entry, dict)]

    async def complete(self, body, what, single=True):
        """The Answer to one completion request, however many attempts it
        takes.  `what` names it in messages.  Raises Refused, Failure when
        patience ends, Stopped."""
        return await self._persist(
            "POST", "/completions", body, what,
            lambda decoded, abandoned: answer.parse(decoded, abandoned,
                                                    single))

    async def _persist(self, method, path, body, what, parse):
        self._sequence += 1
        name, attempt, abandoned = f"{self.prefix}-{self._sequence}", 0, []
        while True:
            if self._stop.is_set():
                raise Stopped()
            attempt += 1
            request_id = f"{name}-{attempt}"
            try:
                decoded = await self._attempt(method, path, body, what,
                                              request_id)
                result = parse(decoded, abandoned)
            except _Lost as lost:
                if lost.ran:
                    abandoned.append(request_id)
                await self._pause(attempt, lost)
            except answer.Incomplete as lost:
                abandoned.append(request_id)
                await self._pause(attempt, _Lost(str(lost), ran=True))
            else:
                self._answered()
                return result

    async def _attempt(self, method, path, body, what, request_id):
        """The decoded body of a successful answer."""
        try:
            response = await asyncio.wait_for(
                self._client.request(method, self.url + path, json=body,
                                     headers={"X-Request-Id": request_id}),
                self._timeout)
        except NOT_SENT as error:
            raise _Lost(_reason(error), ran=False) from None
        except (httpx.TransportError, httpx.DecodingError,
                asyncio.TimeoutError) as error:
            raise _Lost(_reason(error), ran=True) from None
        code = response.status_code
        if code in TRY_AGAIN or code >= 500:
            raise _Lost(f"{code} {_message(response)}", code not in NOT_RUN,
                        _retry_after(response))
        if code != 200:
            raise Refused(f"{what}: {self.url}{path} refused it with {code}: "
                          f"{_message(response)}", code)
        try:
            return json.loads(response.content)
        except ValueError:
            raise _Lost("an answer that is no JSON", ran=True) from None

    def _answered(self):
        if self._failing_since is not None:
            self._say("the server answers again")
        self._failing_since = None

    async def _pause(self, attempt, lost):
        """Waits before the next attempt.  Raises Failure if the server has
        answered nothing for longer than patience lasts."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            self._say(f"{self.url}: {lost}; retrying for up to "
                      f"{self._patience:g} s")
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt - 1, 10))
        wait = max(lost.wait, wait * random.uniform(0.5, 1))
        if now + wait - self._failing_since > self._patience:
            raise Failure(f"{self.url}: no answer within the "
                          f"{self._patience:g} s of --patience; last: {lost}"
                          + (f"; the server asks to wait {lost.wait:g} s"
                             if lost.wait else "")
                          + "; the same command resumes")
        self.retries += 1
        try:
            await asyncio.wait_for(self._stop.wait(), wait)
        except asyncio.TimeoutError:
            pass


def _reason(error):
    return f"{type(error).__name__}: {error}".rstrip(": ")
