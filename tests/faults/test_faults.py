"""Nothing lost, nothing harmed: the short form of ci/fault_campaign.

    python -m pytest tests/faults

scenarios.py says what each fault is and what must hold; the campaign runs the
same with more of everything.
"""

import datetime
import subprocess

import pytest

import canaries
import endings
import faults
import places
import scenarios

# Another part of the samples every day.
DAY = datetime.date.today().toordinal()


def test_killed_at_a_system_call(strace):
    print(scenarios.kill_at_calls(step=16, seed=DAY))


def test_killed_at_any_time():
    print(scenarios.random_kills(60, seed=DAY))


@pytest.mark.parametrize("error", ("EIO", "ENOSPC"))
def test_the_disk_fails(strace, error):
    print(scenarios.disk_errors([error], step=12, seed=DAY))


def test_the_disk_fails_in_passing(strace):
    print(scenarios.disk_errors(["EINTR", "EAGAIN", "EDQUOT", "EFBIG"],
                                step=40, seed=DAY))


def test_writes_are_short():
    print(scenarios.short_writes())


def test_the_disk_is_full_and_then_is_not():
    result = scenarios.full_disk(1 << 20)
    if result is None:
        pytest.skip("nothing can be mounted here")
    assert result["dropped_rows"] > 0
    assert result["last_dispatch"] > 150, "the capture did not go on"


def test_the_file_may_grow_no_more_and_then_may():
    print(scenarios.size_limit())


def test_the_directory_is_a_device():
    assert "no directory of yours" in scenarios.not_a_directory()


def test_writes_hang(strace):
    print(scenarios.hung_disk(0.6))


def test_a_start_that_fails_switches_it_off(strace):
    print(scenarios.failing_start())


def test_children():
    print(scenarios.fork_children(200))


def test_signal_handlers_that_dispatch():
    print(scenarios.signals(1))


def test_signals_amid_the_start():
    print(scenarios.start_amid_signals(5))


def test_the_ways_to_end():
    print(endings.endings())


def test_a_crash_leaves_its_core():
    print(endings.core_dumps())


def test_dispatches_of_static_destructors():
    print(endings.static_destructors())


def test_the_library_is_closed():
    print(endings.closed_library())


def test_threads_killed_amid_a_record():
    print(endings.killed_threads(150))


def test_cancelled_threads():
    print(endings.cancelled_threads(400))


def test_threads_that_come_and_go():
    print(endings.thread_churn(20000))


def test_the_host_is_as_without():
    print(scenarios.equivalence())


@pytest.mark.parametrize("umask", (0, 0o77))
def test_files_are_private(umask):
    print(scenarios.permissions(umask))


def test_a_link_for_the_rings_is_not_followed():
    if scenarios.linked_ring_directory() is None:
        pytest.skip("nothing can be mounted here")


def test_places_that_are_refused():
    print(places.refused_places())


def test_a_read_only_file_system():
    result = places.read_only()
    if result is None:
        pytest.skip("nothing can be mounted here")
    print(result)


def test_paths_swapped_at_the_start():
    result = places.swapped_paths(400, seed=DAY)
    if result is None:
        pytest.skip("nothing can be mounted here")
    print(result)


def test_no_secret_is_written_or_printed():
    print(canaries.none_is_found())


@pytest.mark.parametrize("producers", (1, 4, 64))
def test_the_ring_under_load(producers):
    done = subprocess.run(
        [faults.PROGRAMS / "ring_stress", str(producers), "4000000"],
        text=True, capture_output=True, timeout=faults.TIMEOUT)
    assert done.returncode == 0, done.stdout
    print(done.stdout)
