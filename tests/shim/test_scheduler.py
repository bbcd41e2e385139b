"""What the scheduler knows about KV connectors reaches the workers."""

import pickle
import types

import pytest
from fakes import RecordingAbi

from moetap_vllm import scheduler


def make(connector, external):
    """A scheduler of the engine's types, with one new request."""
    from vllm.v1.core.sched.output import NewRequestData, SchedulerOutput
    from vllm.v1.metrics.stats import PrefillStats

    class Scheduler:
        def __init__(self):
            self.connector = connector
            stats = PrefillStats()
            stats.set(num_prompt_tokens=100, num_local_cached_tokens=16,
                      num_external_cached_tokens=external)
            self.requests = {"a": types.SimpleNamespace(prefill_stats=stats)}

        def schedule(self):
            output = SchedulerOutput.make_empty()
            output.scheduled_new_reqs = [NewRequestData(
                req_id="a", prompt_token_ids=[1], mm_features=[],
                sampling_params=None, pooling_params=None, block_ids=([],),
                num_computed_tokens=16 + external, lora_request=None)]
            return output

    abi = RecordingAbi()
    scheduler.patch(abi, types.SimpleNamespace(Scheduler=Scheduler))
    return abi, Scheduler()


def test_external_positions_travel_with_the_output():
    abi, made = make(object(), 48)
    output = pickle.loads(pickle.dumps(made.schedule()))
    assert getattr(output, scheduler.ATTRIBUTE) == {"a": 48}
    assert not abi.of("status")


@pytest.mark.parametrize("connector, external", [(None, 48), (object(), 0)])
def test_otherwise_the_output_is_left_alone(connector, external):
    _, made = make(connector, external)
    assert not hasattr(made.schedule(), scheduler.ATTRIBUTE)


def test_a_pause_leaves_the_output_alone():
    abi, made = make(object(), 48)
    abi.paused = True
    assert not hasattr(made.schedule(), scheduler.ATTRIBUTE)


def test_a_changed_scheduler_degrades_and_schedules():
    abi, made = make(object(), 48)
    del made.requests["a"].prefill_stats
    assert made.schedule().scheduled_new_reqs
    (code, text), = abi.of("status")
    assert code == "shim-degraded" and "prefill_stats" in text


def test_names_in_the_installed_engine():
    from vllm.v1.core.sched.scheduler import Scheduler
    from vllm.v1.request import Request
    assert hasattr(Scheduler, "schedule")
    assert "prefill_stats" in Request.__init__.__code__.co_names
    assert "connector" in Scheduler.__init__.__code__.co_names
