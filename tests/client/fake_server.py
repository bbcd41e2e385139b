"""A completions server in a thread, which answers as vLLM does and fails as
it is told to."""

import contextlib
import http.server
import json
import socket
import threading

import model


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        fake = self.server.fake
        if self.path != "/v1/models":
            return self._answer(404, {"error": {"message": "no such page"}})
        entries = [{"id": name, "owned_by": fake.owner}
                   for name in fake.models]
        return self._answer(200, {"object": "list", "data": entries})

    def do_POST(self):
        fake = self.server.fake
        size = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(size))
        request_id = self.headers["X-Request-Id"]
        fake.authorization = self.headers["Authorization"]
        with fake.under_way(request_id, body):
            fault = fake.next_fault(request_id)
            if fault == "drop before":
                return self._drop()
            if fault in ("500", "503", "408", "409"):
                return self._answer(int(fault), {"error": {
                    "message": "try again"}})
            if fault == "429":
                return self._answer(429, {"error": {"message": "busy"}},
                                    {"Retry-After": fake.retry_after})
            status, answer = fake.compute(request_id, body, fault)
            fake.wait(fault)
        if fault == "drop after":
            return self._drop()
        return self._answer(status, answer, half=fault)

    def _drop(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status, body, headers=None, half=None):
        data = json.dumps(body).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            sent = data[:len(data) // 2] if half in ("half", "no JSON") \
                else data
            length = len(sent) if half == "no JSON" else len(data)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(sent)
        if half == "half":
            self._drop()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, fake):
        self.fake, self.open = fake, set()
        super().__init__(address, _Handler)

    def process_request(self, request, address):
        self.open.add(request)
        super().process_request(request, address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, *_):
        pass


class FakeServer:
    """Serves the model of model.py on a port of its own.

    owner, models: what /models says.  ids: whether token ids are returned;
    strict: being asked for them is refused, as by OpenAI itself.
    beams: whether the server searches beams.  most: alternatives returned at
    most.  faults: {number of a completion request as it arrives, from 0:
    fault}.  retry_after: sent with 429.  gate: answers wait for this event.
    after: called with the number of requests computed so far.

    received: (X-Request-Id, body) of all requests.  computed: {X-Request-Id:
    (prompt, choices)}.  order: ("begin" or "end", X-Request-Id) as it was.
    """

    def __init__(self, port=0):
        self.owner, self.models, self.ids = "vllm", ["fake"], True
        self.beams, self.most, self.faults = True, 20, {}
        self.strict = False
        self.after = None
        self.retry_after, self.authorization = "0", None
        self.gate = threading.Event()
        self.gate.set()
        self.lock = threading.Lock()
        self.received, self.computed, self.order = [], {}, []
        self.port = port
        self.start()

    def start(self):
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever,
                                        kwargs={"poll_interval": 0.01})
        self._thread.start()

    def kill(self):
        """Closes everything at once, as a killed process would."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    @contextlib.contextmanager
    def under_way(self, request_id, body):
        with self.lock:
            self.received.append((request_id, body))
            self.order.append(("begin", request_id))
        yield
        with self.lock:
            self.order.append(("end", request_id))

    def next_fault(self, request_id):
        with self.lock:
            number = [name for name, _ in self.received].index(request_id)
        return self.faults.get(number)

    def wait(self, fault):
        if fault == "slow":
            threading.Event().wait(1.5)
        self.gate.wait(30)

    def compute(self, request_id, body, fault):
        prompt = body["prompt"]
        if isinstance(prompt, str):
            prompt = model.tokens_of(prompt)
        if body.get("use_beam_search") and not self.beams:
            return 400, {"error": {"message": "no beam search here"}}
        if self.strict and "return_token_ids" in body:
            return 400, {"error": {"message": "unknown argument"}}
        if 29 in prompt[:1]:
            return 400, {"error": {"message": "token 29 comes first"}}
        if body.get("use_beam_search"):
            found = [(prompt[:1] * (rank + 1), "length")
                     for rank in range(body["n"])]
        else:
            found = [model.complete(prompt, body["max_tokens"],
                                    body["temperature"],
                                    body.get("top_p", 1.0))]
        if fault == "abort":
            found = [(tokens[:1], "abort") for tokens, _ in found]
        with self.lock:
            self.computed[request_id] = (
                prompt, [tokens for tokens, _ in found])
            count = len(self.computed)
        if self.after:
            self.after(count)
        return 200, self._body(request_id, body, prompt, found)

    def _body(self, request_id, body, prompt, found):
        choices = [self._choice(index, body, prompt, tokens, finish)
                   for index, (tokens, finish) in enumerate(found)]
        size = sum(len(tokens) for tokens, _ in found)
        return {"id": f"cmpl-{request_id}", "choices": choices,
                "usage": {"prompt_tokens": len(prompt),
                          "completion_tokens": size,
                          "total_tokens": len(prompt) + size}}

    def _choice(self, index, body, prompt, tokens, finish):
        choice = {"index": index, "text": f"<{tokens}>",
                  "finish_reason": finish, "logprobs": None}
        if self.ids:
            choice.update(prompt_token_ids=prompt, token_ids=tokens)
        if body.get("logprobs"):
            choice["logprobs"] = self._logprobs(body, prompt, tokens)
        return choice

    def _logprobs(self, body, prompt, tokens):
        """As vLLM: the sampled token first, then the most probable ones."""
        name = "token_id:{}" if self.ids else "<{}>"
        own, top = [], []
        for at, token in enumerate(tokens):
            before = prompt + tokens[:at]
            every = dict(model.logprobs(before, model.VOCABULARY))
            shown = {token: every[token]}
            shown.update(model.logprobs(before,
                                        min(body["logprobs"], self.most)))
            own.append(every[token])
            top.append({name.format(key): value
                        for key, value in shown.items()})
        return {"tokens": [name.format(token) for token in tokens],
                "token_logprobs": own, "top_logprobs": top,
                "text_offset": [0] * len(tokens)}
