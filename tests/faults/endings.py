"""Rows 8 and 9: how hosts, threads and libraries end.  As in scenarios.py."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import faults


def endings():
    """Rows 8 and 9: the ways a host ends; its handlers still run."""
    options = {"threads": 2, "dispatches": 2000, "rows": 4}
    for ending in ("exit", "_exit", "quick_exit", "abort", "segv", "term"):
        alone = faults.untapped({**options, "ending": ending})
        with faults.Case(ring=1 << 20) as case:
            done = case.run({**options, "ending": ending})
            faults.assert_same_host(done, alone, ending)
            if ending in ("abort", "segv", "term"):
                assert "handler ran" in done.out, ending
            faults.assert_complete(case.check(), ending)
    return "6 endings"


# Runs a host that may leave a core behind, in a folder; says how it ended.
LEAVE_CORE = """
import os, resource, sys
limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
os.chdir(sys.argv[1])
child = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
status = os.waitpid(child, 0)[1]
print("signal", os.WTERMSIG(status), "core", os.WCOREDUMP(status))
"""


def core_dumps():
    """Row 8: a host that crashes leaves its core, without the ring and the
    writer's memory."""
    sizes = []
    for ending in ("abort", "segv"):
        options = {"threads": 2, "dispatches": 2000, "rows": 4,
                   "ending": ending}
        with tempfile.TemporaryDirectory() as folder, \
                faults.Case(ring=64 << 20) as case:
            prefix = [sys.executable, "-c", LEAVE_CORE]
            alone = faults.untapped(options, [*prefix, folder])
            done = case.run(options, prefix=[*prefix, case.folder])
            faults.assert_same_host(done, alone, ending)
            faults.assert_complete(case.check(), ending)
            cores = [[path.stat().st_size for path in pathlib.Path(
                where).glob("core*")] for where in (folder, case.folder)]
        # The kernel may have another place for them, or none.
        assert len(cores[0]) == len(cores[1]), cores
        assert all(tapped - bare < 16 << 20
                   for bare, tapped in zip(*cores)), cores
        sizes.append(f"{ending} {cores[0]} and {cores[1]} bytes")
    return f"{done.out.splitlines()[-1]}; without and with: {sizes}"


def static_destructors():
    """Row 9: what the host's static objects dispatch is captured; an engine
    that dispatches when the loader ends it is served as without."""
    options = {"threads": 1, "dispatches": 2000, "rows": 4,
               "ending": "statics"}
    alone = faults.untapped(options)
    with faults.Case(ring=1 << 20) as case:
        faults.assert_same_host(case.run(options), alone)
        result = case.check()
    faults.assert_sound(result)
    assert result["last_dispatch"] == 2001 and result["calls"] == 2002, result
    assert result["missing_dispatches"] <= 1, result
    return f"{result['calls']} calls, {result['missing_dispatches']} too late"


# Closes the library as often as it was opened, and calls into it again.
CLOSE_AND_CALL = """
import _ctypes, ctypes, sys
library = ctypes.CDLL(sys.argv[1])
request = library.moetap_request
for number in 1, 2:
    request(number, b"request-%d" % number, 1, ctypes.c_uint64(1))
    if number == 1:
        _ctypes.dlclose(library._handle)
assert sys.argv[1] in open("/proc/self/maps").read()
"""


def closed_library():
    """Row 9: dlclose() of the library leaves it where it is."""
    with faults.Case() as case:
        environment = {**faults.clean_environment(), **case.variables}
        del environment["LD_PRELOAD"]
        done = subprocess.run(
            [sys.executable, "-c", CLOSE_AND_CALL, faults.LIBRARY], text=True,
            capture_output=True, timeout=faults.TIMEOUT, env=environment)
        assert (done.returncode, done.stderr) == (0, "")
        dump = subprocess.run(
            [faults.MOETAP, "dump", "--blocks", "--json", case.capture],
            text=True, capture_output=True, timeout=faults.TIMEOUT)
        assert not case.rings()
    requests = [entry["id"] for line in dump.stdout.splitlines()
                for entry in json.loads(line)["content"].get("requests", [])]
    assert requests == ["request-1", "request-2"], dump
    return "called after it was closed"


def killed_threads(count):
    """Row 9: of a host, threads are killed wherever they are, until one dies
    between reserving and publishing.  Neither the host nor a reader waits for
    its record; what is published is read, and the rest is counted."""
    options = {"threads": 1, "die": count, "rows": 4000, "pause_us": 200}
    with faults.Case(ring=64 << 20) as case:  # room for most of the records
        done = case.run(options, timeout=30 + count // 10)
        assert done.status == 7, done
        began = time.monotonic()
        result = case.check()
        took = time.monotonic() - began
    faults.assert_sound(result)
    assert result["torn_tails"], f"none of {count} died amid a record"
    total = result["stored_rows"] + result["dropped_rows"]
    # The last call of each killed thread may be in either number.
    late = total - result["produced_rows"]
    assert 0 <= late <= count * options["rows"], result
    return (f"{count} threads, {result['stored_rows']} rows stored, "
            f"{result['dropped_rows']} counted as lost, read in {took:.1f} s")


def cancelled_threads(count):
    """Row 9: threads that are cancelled while they dispatch, the first amid
    the start."""
    options = {"threads": 1, "cancel": count, "rows": 4, "pause_us": 100}
    with faults.Case() as case:
        done = case.run(options, timeout=60 + count // 100)
        assert done.status == 7, done
        result = case.check()
    faults.assert_sound(result)
    return f"{count} threads, {result['stored_rows']} rows"


def thread_churn(count):
    """Row 9: threads that come, dispatch once and go; no memory stays."""
    with faults.Case() as case:
        done = case.run({"churn": count, "rows": 4})
        assert done.status == 7, done
        words = case.words()
        result = case.check()
    faults.assert_counted(result)
    grown = words["resident_after"] - words["resident_before"]
    # The ring's and the writer's memory, the trials of layouts among it, is
    # touched when it is first needed: pages, not a slope.
    assert grown < min(512, count // 30), f"{grown} pages more"
    return f"{count} threads, {grown} pages more after the first quarter"
