"""The ids that real operators write on the stand-in are those of a reference
in torch on the CPU, and the stand-in's log has them."""

import pytest

MODES = ["eager", "graph", "streams"]


@pytest.mark.parametrize("mode", MODES)
def test_ids_equal_the_reference(operators, mode):
    calls = operators(mode).calls
    wrong = [call["case"] for call in calls if call["ids"] != call["expected"]]
    print(f"{mode}: {len(calls)} calls, {len(wrong)} wrong")
    assert calls and not wrong


def test_every_case_launches_its_kernel_once(operators):
    run = operators("eager")
    assert len(run.routers) == len(run.calls)
    wrong = [(call["case"], router.kernel)
             for call, router in zip(run.calls, run.routers)
             if not router.kernel.startswith(call["kernel"])]
    assert not wrong


def test_the_log_has_the_ids_in_the_order_of_calls(operators):
    run = operators("eager")
    assert [router.ids for router in run.routers] == [
        call["ids"] for call in run.calls]
    assert not any(router.replay for router in run.routers)


def test_each_launch_of_a_graph_is_a_replay(operators):
    run = operators("graph")
    assert len(run.routers) == 2 * len(run.calls)
    assert all(router.replay and router.graph for router in run.routers)
    twice = [call["ids"] for call in run.calls for _ in range(2)]
    assert [router.ids for router in run.routers] == twice


def test_the_log_tells_streams_apart(operators):
    run = operators("streams")
    by_case = [run.routers[at:at + 6] for at in range(0, len(run.routers), 6)]
    assert len(run.routers) == len(run.calls)
    for routers in by_case:
        streams = {router.stream for router in routers}
        assert len(streams) == 2
        for stream in streams:
            ids = [router.ids for router in routers
                   if router.stream == stream]
            assert len(ids) == 3 and ids[0] == ids[1] == ids[2]
