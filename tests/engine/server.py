"""An OpenAI-compatible vLLM server under `moetap record`, and its clients."""

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time

import harness
import models


def _free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server.  Any thread may send requests."""

    def __init__(self, process, port, log):
        self.process, self.port, self.log = process, port, log

    def _post(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=300)
        connection.request("POST", "/v1/completions", json.dumps(body),
                           {"Content-Type": "application/json"})
        return connection

    def complete(self, **body):
        """The decoded answer to one completion request."""
        connection = self._post({"return_token_ids": True, **body})
        with contextlib.closing(connection):
            answer = connection.getresponse()
            text = answer.read().decode()
        assert answer.status == 200, f"{answer.status}: {text}"
        return json.loads(text)

    def stream_and_leave(self, chunks, **body):
        """Closes the connection after `chunks` chunks of the stream; the
        token ids in them."""
        connection = self._post({"return_token_ids": True, "stream": True,
                                 **body})
        tokens, seen = [], 0
        with contextlib.closing(connection):
            for line in connection.getresponse():
                if not line.startswith(b"data: {"):
                    continue
                choice = json.loads(line[6:])["choices"][0]
                tokens += choice.get("token_ids") or []
                seen += 1
                if seen == chunks:
                    return tokens
        raise AssertionError("the stream ended before the client left")

    def leave_unanswered(self, tokens, **body):
        """Asks for a whole answer and goes when the server has generated
        `tokens` more tokens.  No other client may be served meanwhile."""
        enough = self.generated_tokens() + tokens
        connection = self._post(body)
        while self.generated_tokens() < enough:
            time.sleep(0.02)
        connection.close()

    def generated_tokens(self):
        """How many tokens the server has generated since its start."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        found = re.search(r"^vllm:generation_tokens_total\{.*\} (\S+)$", text,
                          re.MULTILINE)
        assert found, "the server does not count its tokens"
        return float(found.group(1))

    def is_healthy(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=10)
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/health")
                return connection.getresponse().status == 200
            except OSError:
                return False

    def wait(self):
        deadline = time.monotonic() + harness.ENGINE_TIMEOUT
        while not self.is_healthy():
            if self.process.poll() is not None:
                raise AssertionError("the server ended at its start:\n"
                                     + harness.tail(self.log))
            if time.monotonic() > deadline:
                raise AssertionError("the server does not become healthy:\n"
                                     + harness.tail(self.log))
            time.sleep(0.5)


@contextlib.contextmanager
def serve(folder, model, capture, environment, *flags):
    """A server under `moetap record -o capture`; stopped by an interrupt, as
    a user would.  `record` must then say what it found."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = _free_port(), folder / "server.log"
    command = [
        str(harness.MOETAP), "record", "-o", str(capture), "--tokens", "full",
        "--", sys.executable, "-m", "vllm.entrypoints.openai.api_server",
        "--model", str(models.checkpoint(model)), "--host", "127.0.0.1",
        "--port", str(port), "--seed", "1", *flags]
    with open(log, "w") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder,
                                   stdout=output, stderr=subprocess.STDOUT)
    server = Server(process, port, log)
    try:
        server.wait()
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
