"""Engine core: which cached positions of a request came from elsewhere.

Only the scheduler tells a hit in the local prefix cache from one in a KV
connector.  The workers get its output in the same process or pickled, so an
extra attribute of that object reaches them; it is set only when there is such
a hit.
"""

import functools

from moetap_vllm.guard import Guard, missing

ATTRIBUTE = "moetap_external_prefix"  # {request id: positions}


def external_prefixes(scheduler, output):
    """Positions that a KV connector supplied to the new requests."""
    found = {}
    for new in output.scheduled_new_reqs:
        stats = scheduler.requests[new.req_id].prefill_stats
        if stats is not None and stats.num_external_cached_tokens:
            found[new.req_id] = stats.num_external_cached_tokens
    if found:
        setattr(output, ATTRIBUTE, found)


def patch(abi, module):
    owner = module.Scheduler
    if missing(abi, owner, ["schedule"]):
        return
    schedule = owner.schedule
    guard = Guard(abi)

    @functools.wraps(schedule)
    def wrapper(self, *args, **kwargs):
        output = schedule(self, *args, **kwargs)
        if self.connector is not None and not abi.paused:
            guard.run(external_prefixes, self, output)
        return output

    owner.schedule = wrapper
