"""A recording stand-in for the C ABI, and the engine's data structures."""

import ctypes
import types

import numpy as np

from moetap_vllm import abi


def _array(pointer, dtype, count):
    if not count:
        return np.zeros(0, dtype)
    size = np.dtype(dtype).itemsize * count
    buffer = (ctypes.c_char * size).from_address(pointer)
    return np.frombuffer(buffer, dtype, count)


def chain_after(chain, tokens):
    """The stand-in's chain: any function of all tokens will do."""
    for token in tokens:
        chain = (chain * 1000003 + int(token) + 1) % (1 << 64)
    return chain


class RecordingAbi:
    """Keeps every call; writes back chains as the library does."""

    def __init__(self, stores_tokens=1):
        self.calls = []
        self.dispatches = 0
        self.shim_ns = 0
        self.paused = False
        self.stores_tokens = lambda: stores_tokens

    def of(self, name):
        return [call[1:] for call in self.calls if call[0] == name]

    def _keep(self, *call):
        self.calls.append(call)

    def set_facts(self, facts):
        for key, value in facts.items():
            if value is not None:
                self._keep("fact", key, str(value))

    def request(self, number, name, prompt_tokens, step):
        self._keep("request", number, name.decode(), prompt_tokens, step)

    def tokens(self, number, start, ids, count, chain):
        tokens = _array(ids, "i4", count).tolist()
        place = _array(chain, "u8", 1)
        place[0] = chain_after(int(place[0]), tokens)
        self._keep("tokens", number, start, tokens)

    def samples(self, samples, count):
        array = _array(samples, abi.SAMPLE, count)
        for one in array:
            one["chain"] = chain_after(int(one["chain"]), [one["token"]])
        self._keep("samples", [tuple(map(int, (
            one["request"], one["position"], one["token"], one["chain"])))
            for one in array])

    def kv(self, number, step, first, blocks, count):
        self._keep("kv", number, step, first,
                   _array(blocks, "i4", count).tolist())

    def step_begin(self, step, kind, spans, count):
        array = _array(spans, abi.SPAN, count)
        self._keep("step_begin", step, kind,
                   [tuple(map(int, span)) for span in array])

    def step_dispatches(self):
        return self.dispatches

    def device_dispatch(self, ids):
        (one,) = _array(ids, abi.DEVICE_IDS, 1)
        self._keep("device_dispatch", *map(int, one.tolist()))

    def step_end(self, step):
        self._keep("step_end", step)

    def shim_time(self, nanoseconds):
        self.shim_ns += nanoseconds

    def event(self, number, step, kind, value, text):
        self._keep("event", number, step, kind, value, text)

    def delivery(self, *arguments):
        self._keep("delivery", *[one.decode() if isinstance(one, bytes)
                                 else one for one in arguments])

    def vocabulary(self, first, lengths, count, text):
        sizes = _array(lengths, "u2", count)
        data = _array(text, "u1", int(sizes.sum())).tobytes()
        ends = np.cumsum(sizes)
        self._keep("vocabulary", first, [
            data[end - size:end] for end, size in zip(ends, sizes)])

    def status(self, code, text):
        self._keep("status", code.decode(), text.decode())


def new_request(name, prompt, blocks=(), features=(), embeds=None):
    return types.SimpleNamespace(
        req_id=name, prompt_token_ids=prompt, block_ids=(list(blocks),),
        mm_features=list(features), prompt_embeds=embeds)


def scheduled(new=(), cached=(), resumed=(), finished=(), preempted=None,
              **more):
    """A SchedulerOutput; `cached`: (request id, new blocks or None)."""
    return types.SimpleNamespace(
        scheduled_new_reqs=list(new), finished_req_ids=set(finished),
        preempted_req_ids=preempted,
        scheduled_cached_reqs=types.SimpleNamespace(
            req_ids=[name for name, _ in cached],
            new_block_ids=[None if blocks is None else (list(blocks),)
                           for _, blocks in cached],
            resumed_req_ids=set(resumed)),
        scheduled_spec_decode_tokens={}, **more)
