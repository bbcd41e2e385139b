"""The ids that libmoetap.so captures from real operators are those that the
operators wrote, and nothing else is captured."""

import collections
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
MOETAP = BUILD / "analysis/moetap"
NO_ROUTE = 0xFFFF


def dispatches(capture):
    """What each captured launch holds, in order of capture: a tuple of rows,
    each a sorted tuple of ids."""
    done = subprocess.run([MOETAP, "dump", capture, "--json", "--blocks"],
                          capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stderr
    found = []
    for line in done.stdout.splitlines():
        block = json.loads(line)
        for first, rows in parts(block["content"]):
            if first == 0:
                found.append(rows)
            else:  # of a launch with more rows than a slot holds
                assert len(found[-1]) == first
                found[-1] += rows
    return found


def parts(content):
    width = content.get("id_bytes", 1)
    data = bytes(content.get("ids", []))
    ids = [int.from_bytes(data[at:at + width], "little")
           for at in range(0, len(data), width)]
    at = 0
    for group in content.get("groups", []):
        # Nobody announced steps: each launch is a pass of one unknown layer.
        k, rows = group["k"], group["rows"]
        (_,) = content["layer_lists"][group.get("layer_list", 0)]["slots"]
        assert group.get("step", 0) == 0
        yield group.get("first_row", 0), tuple(
            tuple(ids[at + row * k:at + (row + 1) * k])
            for row in range(rows))
        at += rows * k
    assert at == len(ids)


def written(routers):
    """The same of what the routers wrote."""
    return [tuple(tuple(sorted(NO_ROUTE if value < 0 else value
                               for value in row)) for row in router.ids)
            for router in routers]


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_captured_ids_are_those_written(operators, mode):
    run = operators(mode, recorded=True)
    got, wanted = dispatches(run.capture), written(run.routers)
    different = [router.kernel for router, one, two
                 in zip(run.routers, got, wanted) if one != two]
    print(f"{mode}: {len(wanted)} launches, {len(different)} differ")
    assert not different
    assert len(got) == len(wanted)


def test_two_streams_at_once(operators):
    run = operators("streams", recorded=True)
    got, wanted = dispatches(run.capture), written(run.routers)
    assert collections.Counter(got) == collections.Counter(wanted)


@pytest.mark.parametrize("mode", ["eager", "graph", "streams"])
def test_results_are_those_without_the_library(operators, mode):
    plain, recorded = operators(mode), operators(mode, recorded=True)
    assert plain.calls == recorded.calls
