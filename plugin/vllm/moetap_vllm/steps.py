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
        self._spans = abi_module.Buffer(abi_module.SPAN)

    def _prepare(self):
        if self._next is None:
            self._next = next(self._steps)
        return self._next

    def finish(self, output):
        """The requests of which the scheduler says that they have left."""
        step = self._prepare()
        for name in output.finished_req_ids:
            self.requests.finish(name, step)

    def schedule(self, output):
        """What the scheduler decided for the coming step."""
        self.finish(output)
        step = self._prepare()
        requests = self.requests
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
        discard = 0 if not drafts else np.array(
            [len(drafts.get(name, ())) for name in names])
        self._spans.reserve(count)
        fields = self._spans.fields
        fields["request"][:count] = self._numbers
        fields["start"][:count] = starts
        fields["rows"][:count] = rows
        fields["discard"][:count] = discard
        self.abi.step_begin(step, abi_module.REAL, self._spans.address, count)
        self._open = step
        return Batch(self._names, self._numbers, self._slots,
                     starts.astype(np.int64) + rows - discard)

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
        flat = list(itertools.chain.from_iterable(tokens))
        if len(flat) == len(tokens) and [] not in tokens:
            self._sampled(batch.numbers, batch.slots, batch.first, flat)
            return
        # Prefills that are not complete sampled nothing, speculation several.
        counts = np.fromiter(map(len, tokens), np.int64, len(tokens))
        for index in range(int(counts.max())):
            rows = np.flatnonzero(counts > index)
            self._sampled(batch.numbers[rows], batch.slots[rows],
                          batch.first[rows] + index,
                          [tokens[row][index] for row in rows])

    def _sampled(self, numbers, slots, positions, tokens):
        if not self.requests.sampled(numbers, slots, positions,
                                     np.array(tokens, np.int32)):
            self.abi.status(b"shim-degraded", encode(
                "sampled tokens are not where they were expected"))
