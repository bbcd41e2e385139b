"""Front-end processes: what each request gave to its client.

Wraps vllm.v1.engine.output_processor.OutputProcessor, which turns the
engine's tokens into outputs in the API server or in LLM().
"""

import functools
import os

from moetap_vllm import vocabulary
from moetap_vllm.abi import encode
from moetap_vllm.guard import Guard, missing


def deliver(abi, state, returned, reason):
    """Reports the end of a request (vLLM's RequestState)."""
    parent = state.parent_req
    external = state.external_req_id if parent is None \
        else parent.external_req_id
    abi.delivery(encode(state.request_id), encode(external),
                 encode(parent.request_id) if parent else None,
                 state.prompt_len, returned, encode(reason))


def output_tokens(state):
    """Tokens put into outputs; those behind a stop string are dropped."""
    detokenizer = state.detokenizer
    return 0 if detokenizer is None else detokenizer.num_output_tokens()


def aborted_tokens(state, client_gone):
    """Tokens of an aborted request that its client can have seen.

    The queue of a streaming client holds what it has not fetched yet.
    """
    final_only = state.output_kind.name == "FINAL_ONLY"
    if final_only and (client_gone or state.queue is None):
        return 0
    returned = output_tokens(state)
    if state.output_kind.name == "DELTA" and client_gone and state.queue:
        waiting = getattr(state.queue.output, "outputs", None) or ()
        returned -= sum(len(one.token_ids) for one in waiting
                        if one.index == state.request_index)
    return returned


def _finished(abi, state, reason):
    deliver(abi, state, output_tokens(state), str(reason))


def _aborted(abi, states, ended, client_gone):
    for name in ended:
        # Of a parent the children were reported by the inner call.
        state = states.get(name)
        if state is not None and not hasattr(state, "_moetap_delivered"):
            state._moetap_delivered = True
            deliver(abi, state, aborted_tokens(state, client_gone), "abort")


def _start(abi, processor):
    # Else the engine runs in this process too, which then is a worker.
    if os.environ.get("VLLM_ENABLE_V1_MULTIPROCESSING", "1") != "0":
        abi.set_facts({"role": "frontend", "engine": "vllm"})
    if processor.tokenizer is not None and abi.stores_tokens() == 1:
        vocabulary.report(abi, processor.tokenizer)


def _wrap_init(owner, abi, guard):
    init = owner.__init__

    @functools.wraps(init)
    def wrapper(self, *args, **kwargs):
        init(self, *args, **kwargs)
        guard.run(_start, abi, self)

    owner.__init__ = wrapper


def _wrap_finish(owner, abi, guard):
    """_update_stats_from_finished gets each finished request, with its
    reason, after the last output was made."""
    finish = owner._update_stats_from_finished

    @functools.wraps(finish)
    def wrapper(self, req_state, finish_reason, *args, **kwargs):
        if not abi.paused:
            guard.run(_finished, abi, req_state, finish_reason)
        return finish(self, req_state, finish_reason, *args, **kwargs)

    owner._update_stats_from_finished = wrapper


def _wrap_abort(owner, abi, guard):
    abort = owner.abort_requests

    @functools.wraps(abort)
    def wrapper(self, request_ids, internal, *args, **kwargs):
        states = dict(self.request_states)
        ended = abort(self, request_ids, internal, *args, **kwargs)
        if not abi.paused:
            # The engine aborts by its own id when the client went away.
            guard.run(_aborted, abi, states, ended, internal)
        return ended

    owner.abort_requests = wrapper


def patch(abi, module):
    owner = module.OutputProcessor
    if missing(abi, owner, ["_update_stats_from_finished", "abort_requests"]):
        return
    guard = Guard(abi)
    for wrap in (_wrap_init, _wrap_finish, _wrap_abort):
        wrap(owner, abi, guard)
