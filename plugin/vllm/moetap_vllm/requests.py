"""The requests of a worker: their numbers, prefix hashes and KV blocks.

Sampled tokens may be reported by another thread than the one that runs the
model (asynchronous scheduling); the arrays of running hashes are shared with
it under a lock.
"""

import collections
import itertools
import threading

import numpy as np

from moetap_vllm import abi as abi_module
from moetap_vllm.abi import encode

# Steps after which no output of a finished request can still arrive, so that
# its place in the arrays may be given away.
REUSE_AFTER = 64


class Request:
    """One request.  `slot` is its place in the arrays of `Requests`."""

    __slots__ = ("number", "slot", "prompt_tokens", "blocks", "preempted")

    def __init__(self, number, slot, prompt_tokens):
        self.number = number
        self.slot = slot
        self.prompt_tokens = prompt_tokens
        self.blocks = 0  # KV blocks reported so far
        self.preempted = False


class Requests:
    """Reports requests, their tokens and their KV blocks.

    kv_group: index of the KV cache group whose blocks are reported, or None.
    numbers: iterator over request numbers, shared by the whole process.
    """

    def __init__(self, abi, numbers=None):
        self.abi = abi
        self.kv_group = None
        self.by_id = {}
        self._numbers = numbers or itertools.count(1)
        self._lock = threading.Lock()
        self._slots = 0
        self._free = collections.deque()  # (step of the end, slot)
        # Per slot: hash of the tokens so far, the hash before the last of
        # them, and the next position; -1 = the tokens are not known.
        self._chain = np.zeros(64, np.uint64)
        self._before = np.zeros(64, np.uint64)
        self._next = np.full(64, -1, np.int64)
        self._samples = abi_module.Buffer(abi_module.SAMPLE)
        self._ids = abi_module.Buffer(np.int32)

    def add(self, new, step):
        """`new` (NewRequestData) is scheduled for the first time in `step`,
        again after a preemption, or with a prompt that has grown."""
        length = prompt_length(new)
        request = self.by_id.get(new.req_id)
        if request is not None and request.prompt_tokens == length:
            self._resume(request, new.block_ids, step)
            return
        if request is not None:  # streamed input: a new request of that id
            self.finish(new.req_id, step)
        request = Request(next(self._numbers), self._take_slot(step), length)
        self.by_id[new.req_id] = request
        self.abi.request(request.number, encode(new.req_id), length, step)
        self._add_prompt(request, new)
        self._add_blocks(request, new.block_ids, step)

    def _add_prompt(self, request, new):
        # Of an image or an embedding the token ids are placeholders, which
        # would make different prompts look the same.
        known = new.prompt_token_ids is not None and not new.mm_features
        chain = np.zeros(1, np.uint64)
        if known:
            ids = np.array(new.prompt_token_ids, np.int32)
            self.abi.tokens(request.number, 0, abi_module.address(ids),
                            len(ids), abi_module.address(chain))
        with self._lock:
            self._chain[request.slot] = chain[0]
            self._next[request.slot] = request.prompt_tokens if known else -1

    def update(self, cached, step):
        """`cached` (CachedRequestData): more blocks, and resumptions."""
        for index, blocks in enumerate(cached.new_block_ids):
            if blocks is None:
                continue
            name = cached.req_ids[index]
            request = self.by_id[name]
            if name in cached.resumed_req_ids:
                self._resume(request, blocks, step)
            else:
                self._add_blocks(request, blocks, step)

    def _resume(self, request, blocks, step):
        self._preempted(request, step)
        request.preempted = False
        request.blocks = 0
        self._add_blocks(request, blocks, step)

    def _preempted(self, request, step):
        if not request.preempted:
            request.preempted = True
            self.abi.event(request.number, step, abi_module.PREEMPTED, 0,
                           None)

    def _add_blocks(self, request, blocks, step):
        if self.kv_group is None:
            return
        ids = blocks[self.kv_group]
        count = len(ids)
        if count:
            self._ids.reserve(count)
            self._ids.array[:count] = ids
            self.abi.kv(request.number, step, request.blocks,
                        self._ids.address, count)
            request.blocks += count

    def preempt(self, name, step):
        request = self.by_id.get(name)
        if request is not None:
            self._preempted(request, step)

    def external(self, name, step, positions):
        self.abi.event(self.by_id[name].number, step,
                       abi_module.EXTERNAL_PREFIX, positions, None)

    def finish(self, name, step):
        """The request left the engine.  Unknown ids are ignored: a request
        that was aborted before it was ever scheduled."""
        request = self.by_id.pop(name, None)
        if request is not None:
            self.abi.event(request.number, step, abi_module.FINISHED, 0, None)
            self._free.append((step, request.slot))

    def _take_slot(self, step):
        if self._free and self._free[0][0] + REUSE_AFTER <= step:
            return self._free.popleft()[1]
        slot = self._slots
        self._slots += 1
        if slot == len(self._chain):
            with self._lock:
                more = np.zeros(slot, np.uint64)
                self._chain = np.concatenate([self._chain, more])
                self._before = np.concatenate([self._before, more])
                self._next = np.concatenate(
                    [self._next, np.full(slot, -1, np.int64)])
        return slot

    def sampled(self, numbers, slots, positions, tokens):
        """At most one token of each request; arrays of equal length.

        True if all of them continue what was reported before.
        """
        with self._lock:
            if not (self._next[slots] == positions).all():
                return self._sampled_again(numbers, slots, positions, tokens)
            self._report(numbers, slots, positions, tokens,
                         self._chain[slots])
        return True

    def _sampled_again(self, numbers, slots, positions, tokens):
        # A request whose tokens are unknown is left out.  After a forced
        # preemption the engine may sample its last position once more.
        expected = self._next[slots]
        again = positions == expected - 1
        keep = (positions == expected) | again
        chains = np.where(again, self._before[slots], self._chain[slots])
        if keep.any():
            self._report(numbers[keep], slots[keep], positions[keep],
                         tokens[keep], chains[keep])
        lost = ~keep & (expected >= 0)
        self._next[slots[lost]] = -1
        return not lost.any()

    def _report(self, numbers, slots, positions, tokens, chains):
        count = len(slots)
        self._samples.reserve(count)
        fields = self._samples.fields
        fields["request"][:count] = numbers
        fields["position"][:count] = positions
        fields["token"][:count] = tokens
        fields["chain"][:count] = chains
        self.abi.samples(self._samples.address, count)
        self._before[slots] = chains
        self._chain[slots] = fields["chain"][:count]
        self._next[slots] = positions + 1


def prompt_length(new):
    if new.prompt_token_ids is not None:
        return len(new.prompt_token_ids)
    return 0 if new.prompt_embeds is None else len(new.prompt_embeds)
