"""Steps and requests, with the engine's data structures made by hand."""

import itertools

import numpy as np
import pytest
from fakes import RecordingAbi, chain_after, new_request, scheduled

from moetap_vllm import scheduler, steps
from moetap_vllm.abi import DUMMY, REAL


def make(stores_tokens=1):
    abi = RecordingAbi(stores_tokens)
    made = steps.Steps(abi, itertools.count(1), itertools.count(1))
    made.requests.kv_group = 0
    return abi, made


def run(made, output, names, starts, rows, tokens, drafts=None):
    """One step, from the scheduler's output to its tokens."""
    made.schedule(output)
    batch = made.begin(names, np.array(starts), np.array(rows), drafts or {})
    made.end()
    made.sampled(batch, names, tokens)
    return batch


def last_chain(abi):
    return abi.of("samples")[-1][0][-1][3]


def test_chunked_prefill_and_decode():
    abi, made = make()
    prompt = list(range(10, 17))
    run(made, scheduled([new_request("a", prompt, [3, 4])]), ["a"], [0], [4],
        [[]])
    run(made, scheduled(cached=[("a", [9])]), ["a"], [4], [3], [[70]])
    run(made, scheduled(cached=[("a", None)]), ["a"], [7], [1], [[71]])
    assert abi.of("request") == [(1, "a", 7, 1)]
    assert abi.of("tokens") == [(1, 0, prompt)]
    assert abi.of("kv") == [(1, 1, 0, [3, 4]), (1, 2, 2, [9])]
    assert abi.of("step_begin") == [
        (1, REAL, [(1, 0, 4, 0)]), (2, REAL, [(1, 4, 3, 0)]),
        (3, REAL, [(1, 7, 1, 0)])]
    assert [one[:3] for call in abi.of("samples") for one in call[0]] == [
        (1, 7, 70), (1, 8, 71)]
    assert last_chain(abi) == chain_after(0, prompt + [70, 71])


def test_reports_come_before_the_step_that_needs_them():
    abi, made = make()
    run(made, scheduled([new_request("a", [1], [3])]), ["a"], [0], [1], [[5]])
    assert [call[0] for call in abi.calls] == [
        "request", "tokens", "kv", "step_begin", "step_end", "samples"]


def test_rows_follow_the_batch_not_the_scheduler():
    abi, made = make()
    run(made, scheduled([new_request("a", [1, 2]), new_request("b", [3])]),
        ["b", "a"], [0, 0], [1, 2], [[7], [8]])
    assert abi.of("step_begin")[0][2] == [(2, 0, 1, 0), (1, 0, 2, 0)]
    assert [one[:3] for one in abi.of("samples")[0][0]] == [
        (2, 1, 7), (1, 2, 8)]


def test_preemption_and_resumption():
    abi, made = make()
    run(made, scheduled([new_request("a", [1, 2], [5])]), ["a"], [0], [2],
        [[7]])
    made.schedule(scheduled(preempted={"a"}))
    run(made, scheduled(cached=[("a", [8, 9])], resumed=["a"]), ["a"], [0],
        [3], [[6]])
    assert abi.of("event") == [(1, 2, 0, 0, None)]
    assert abi.of("kv") == [(1, 1, 0, [5]), (1, 2, 0, [8, 9])]
    assert abi.of("request") == [(1, "a", 2, 1)]
    assert last_chain(abi) == chain_after(0, [1, 2, 7, 6])


def test_resumption_as_a_new_request():
    """How the V2 runner gets a preempted request back."""
    abi, made = make()
    first = new_request("a", [1, 2], [5])
    run(made, scheduled([first]), ["a"], [0], [2], [[7]])
    again = new_request("a", [1, 2], [8])
    run(made, scheduled([again], preempted={"a"}), ["a"], [0], [3], [[6]])
    assert len(abi.of("request")) == 1
    assert len(abi.of("event")) == 1
    assert abi.of("kv")[-1] == (1, 2, 0, [8])


def test_an_id_used_again_is_another_request():
    abi, made = make()
    run(made, scheduled([new_request("a", [1])]), ["a"], [0], [1], [[7]])
    run(made, scheduled([new_request("a", [2])], finished=["a"]), ["a"], [0],
        [1], [[8]])
    assert [call[0] for call in abi.of("request")] == [1, 2]
    assert abi.of("event") == [(1, 2, 1, 0, None)]
    assert abi.of("step_begin")[1][2] == [(2, 0, 1, 0)]
    assert last_chain(abi) == chain_after(0, [2, 8])


def test_output_that_arrives_after_the_request_ended():
    abi, made = make()
    made.schedule(scheduled([new_request("a", [1])]))
    batch = made.begin(["a"], np.array([0]), np.array([1]), {})
    made.end()
    made.schedule(scheduled([new_request("b", [2])], finished=["a"]))
    made.sampled(batch, ["a"], [[9]])
    assert abi.of("samples")[0][0][0][:3] == (1, 1, 9)
    later = made.begin(["b"], np.array([0]), np.array([1]), {})
    made.sampled(later, ["b"], [[9]])
    assert last_chain(abi) == chain_after(0, [2, 9])


def test_a_position_sampled_again_replaces_its_token():
    abi, made = make()
    batch = run(made, scheduled([new_request("a", [1])]), ["a"], [0], [1],
                [[9]])
    made.sampled(batch, ["a"], [[4]])
    assert last_chain(abi) == chain_after(0, [1, 4])


def test_a_gap_ends_the_tokens_of_that_request_only():
    abi, made = make()
    run(made, scheduled([new_request("a", [1]), new_request("b", [1])]),
        ["a", "b"], [0, 0], [1, 1], [[9], [9]])
    run(made, scheduled(), ["a", "b"], [3, 1], [1, 1], [[8], [8]])
    assert [one[:3] for one in abi.of("samples")[-1][0]] == [(2, 2, 8)]
    assert abi.of("status")[0][0] == "shim-degraded"


def test_speculative_rows_are_discarded_and_accepted_tokens_placed():
    abi, made = make()
    run(made, scheduled([new_request("a", [1])]), ["a"], [0], [1], [[2]])
    run(made, scheduled(), ["a"], [1], [4], [[3, 4]], {"a": [3, 9, 9]})
    run(made, scheduled(), ["a"], [3], [1], [[5]])
    assert abi.of("step_begin")[1][2] == [(1, 1, 4, 3)]
    assert [one[:3] for call in abi.of("samples") for one in call[0]] == [
        (1, 1, 2), (1, 2, 3), (1, 3, 4), (1, 4, 5)]
    assert last_chain(abi) == chain_after(0, [1, 2, 3, 4, 5])


@pytest.mark.parametrize("new", [
    new_request("a", [1, 2], features=["an image"]),
    new_request("a", None, embeds=[[0.5], [0.5]])])
def test_placeholder_tokens_are_not_reported(new):
    abi, made = make()
    run(made, scheduled([new]), ["a"], [0], [2], [[7]])
    assert abi.of("request") == [(1, "a", 2, 1)]
    assert abi.of("step_begin")[0][2] == [(1, 0, 2, 0)]
    assert not abi.of("tokens") and not abi.of("samples")
    assert not abi.of("status")


def test_streamed_input_is_a_new_request_of_that_id():
    abi, made = make()
    run(made, scheduled([new_request("a", [1])]), ["a"], [0], [1], [[7]])
    run(made, scheduled([new_request("a", [1, 7, 3])]), ["a"], [2], [1],
        [[8]])
    assert abi.of("request") == [(1, "a", 1, 1), (2, "a", 3, 2)]
    assert abi.of("step_begin")[1][2] == [(2, 2, 1, 0)]


def test_external_prefix():
    abi, made = make()
    more = {scheduler.ATTRIBUTE: {"a": 32}}
    made.schedule(scheduled([new_request("a", [1])], **more))
    assert abi.of("event") == [(1, 1, 2, 32, None)]


def test_dummy_steps_count_and_end_once():
    abi, made = make()
    made.begin_dummy()
    made.end()
    made.end()
    run(made, scheduled([new_request("a", [1])]), ["a"], [0], [1], [[7]])
    assert abi.of("step_begin") == [(1, DUMMY, []),
                                    (2, REAL, [(1, 0, 1, 0)])]
    assert abi.of("step_end") == [(1,), (2,)]
    assert abi.of("request") == [(1, "a", 1, 2)]


def test_many_requests_outgrow_the_arrays():
    abi, made = make()
    names = [f"r{index}" for index in range(300)]
    run(made, scheduled([new_request(name, [index])
                         for index, name in enumerate(names)]),
        names, [0] * 300, [1] * 300, [[index] for index in range(300)])
    run(made, scheduled(), names, [1] * 300, [1] * 300, [[5]] * 300)
    chains = [one[3] for one in abi.of("samples")[-1][0]]
    assert chains == [chain_after(0, [index, index, 5])
                      for index in range(300)]


def test_places_of_finished_requests_are_used_again():
    abi, made = make()
    for index in range(500):
        name = f"r{index}"
        run(made, scheduled([new_request(name, [index])],
                            finished=[f"r{index - 1}"]),
            [name], [0], [1], [[3]])
        assert last_chain(abi) == chain_after(0, [index, 3])
    assert len(made.requests._chain) <= 128


def test_tokens_of_another_batch_are_refused():
    abi, made = make()
    batch = run(made, scheduled([new_request("a", [1])]), ["a"], [0], [1],
                [[9]])
    with pytest.raises(ValueError):
        made.sampled(batch, ["b"], [[9]])
