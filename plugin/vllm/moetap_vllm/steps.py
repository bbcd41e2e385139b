"""The forward passes of a worker: what their rows are, what they sampled."""

import itertools

import numpy as np

from moetap_vllm import abi as abi_module
from moetap_vllm.abi import encode
from moetap_vllm.requests import Requests
from moetap_vllm.scheduler import ATTRIBUTE

# Both count from 1 over all engines of the process.
STEP_NUMBERS = itertools.count(1)
REQUEST_NUMBERS = itertools.count(1)


class Batch:
    """The rows of one real step, kept until its tokens are known."""

    __slots__ = ("names", "numbers", "slots", "first")

    def __init__(self, names, numbers, slots, first):
        self.names = names
        self.numbers = numbers
        self.slots = slots
        self.first = first  # position of the first token each may sample


class Steps:
    """Reports the steps of one model runner, on the thread that runs it;
    only `sampled` may be called on another one."""

    def __init__(self, abi, steps=STEP_NUMBERS, requests=REQUEST_NUMBERS):
        self.abi = abi
        self.requests = Requests(abi, requests)
        self._steps = steps
        self._next = None  # number of the step that is being prepared
        self._open = None  # number of the step whose forward pass runs
        self._names = None  # the batch that _numbers and _slots describe
        self._numbers = self._slots = None
        self._spans = np.zeros(64, abi_module.SPAN)

    def _prepare(self):
        if self._next is None:
            self._next = next(self._steps)
        return self._next

    def schedule(self, output):
        """What the scheduler decided for the coming step."""
        step = self._prepare()
        requests = self.requests
        for name in output.finished_req_ids:
            requests.finish(name, step)
        for name in output.preempted_req_ids or ():
            requests.preempt(name, step)
        for new in output.scheduled_new_reqs:
            requests.add(new, step)
        requests.update(output.scheduled_cached_reqs, step)
        for name, count in getattr(output, ATTRIBUTE, {}).items():
            requests.external(name, step, count)
        if (output.finished_req_ids or output.scheduled_new_reqs
                or output.preempted_req_ids):
            self._names = None  # an id may mean another request now

    def begin(self, names, starts, rows, drafts):
        """A real step: a request per entry, in row order.

        drafts: {request id: speculative tokens} of those that have some.
        Returns the Batch for `sampled`.
        """
        step, self._next = self._prepare(), None
        count = len(names)
        if names != self._names:
            self._look_up(names)
        if count > len(self._spans):
            self._spans = np.zeros(2 * count, abi_module.SPAN)
        spans = self._spans[:count]
        spans["request"] = self._numbers
        spans["start"] = starts
        spans["rows"] = rows
        spans["discard"] = discard = 0 if not drafts else np.array(
            [len(drafts.get(name, ())) for name in names])
        self.abi.step_begin(step, abi_module.REAL, abi_module.address(spans),
                            count)
        self._open = step
        return Batch(self._names, self._numbers, self._slots,
                     np.add(starts, rows, dtype=np.int64) - discard)

    def _look_up(self, names):
        found = [self.requests.by_id[name] for name in names]
        self._numbers = np.array([one.number for one in found], np.uint32)
        self._slots = np.array([one.slot for one in found], np.intp)
        self._names = list(names)

    def begin_dummy(self):
        """Rows that belong to no request."""
        step, self._next = self._prepare(), None
        self.abi.step_begin(step, abi_module.DUMMY, None, 0)
        self._open = step

    def end(self):
        """The forward pass has returned; does nothing if none was begun."""
        if self._open is not None:
            step, self._open = self._open, None
            self.abi.step_end(step)

    def sampled(self, batch, names, tokens):
        """`tokens`: of each request of `batch` the list it sampled."""
        if not tokens:
            return
        if names != batch.names or len(tokens) != len(batch.names):
            raise ValueError("sampled tokens do not belong to the batch")
        counts = np.fromiter(map(len, tokens), np.int64, len(tokens))
        for round_number in range(int(counts.max())):
            rows = np.flatnonzero(counts > round_number)
            ids = np.array([tokens[row][round_number] for row in rows],
                           np.int32)
            if not self.requests.sampled(
                    batch.numbers[rows], batch.slots[rows],
                    batch.first[rows] + round_number, ids):
                self.abi.status(b"shim-degraded", encode(
                    "sampled tokens are not where they were expected"))
