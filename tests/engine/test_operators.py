"""Each registry row through the real operator, in each build of the engine.

operator_calls.py calls the operators with known ids, once alone and once with
the library preloaded.  Both runs must write the same, hashes of the outputs
included, and the capture must hold the ids that were executed.
"""

import collections
import importlib.util
import json
import pathlib
import platform
import re
import signal
import subprocess
import sys

import pytest

import harness

BUILDS = ("_C", "_C_AVX512", "_C_AVX2")
CALLS = pathlib.Path(__file__).parent / "operator_calls.py"


def package_folder():
    """Where the engine's extension modules are."""
    spec = importlib.util.find_spec("vllm")
    if spec is None:
        pytest.skip("vllm is not installed in this Python environment")
    return pathlib.Path(spec.submodule_search_locations[0])


def library_of(build):
    library = package_folder() / f"{build}.abi3.so"
    if not library.exists():
        pytest.skip(f"{library} is not in this wheel")
    return library


def run_calls(build, results, environment):
    command = [sys.executable, str(CALLS), str(library_of(build)),
               str(results)]
    return subprocess.run(command, env=environment, capture_output=True,
                          text=True, timeout=harness.ENGINE_TIMEOUT)


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def captured_layers(blocks):
    """For each layer slot, in the order they were first seen: the base name
    of its hook, its expert count and its rows, each a sorted tuple of ids."""
    layers = {}
    rows = collections.defaultdict(list)
    for block in blocks:
        content = block["content"]
        for layer in content.get("layers", []):
            layers[layer.get("slot", 0)] = layer
        read_groups(content, rows)
    ordered = sorted(layers.items(), key=lambda item: item[1].get("number", 0))
    return [(base_name(layer["hook"]), layer["experts"], rows[slot])
            for slot, layer in ordered]


def base_name(symbol):
    length = re.match(r"_Z(\d+)", symbol)
    return symbol[length.end():][:int(length[1])]


def read_groups(content, rows):
    width = content.get("id_bytes", 0)
    data = bytes(content.get("ids", []))
    at = 0
    for group in content.get("groups", []):
        slots = content["layer_lists"][group["layer_list"]]["slots"]
        for _ in range(group["rows"]):
            for slot in slots:
                end = at + group["k"] * width
                ids = tuple(int.from_bytes(data[i:i + width], "little")
                            for i in range(at, end, width))
                rows[slot].append(ids)
                at = end
    assert at == len(data), "groups and ids of a block disagree"


@pytest.mark.parametrize("build", BUILDS)
def test_ids_are_captured_as_executed(build, tmp_path):
    alone = tmp_path / "alone.jsonl"
    control = run_calls(build, alone, harness.engine_environment())
    if control.returncode == -signal.SIGILL:
        reason = f"{build}: this CPU ({platform.processor()}) cannot run it"
        print(f"SKIPPED {reason}")
        pytest.skip(reason)
    assert control.returncode == 0, control.stderr

    folder = tmp_path / "capture"
    preloaded = tmp_path / "preloaded.jsonl"
    done = run_calls(build, preloaded, harness.engine_environment(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout == control.stdout
    calls = read_lines(preloaded)
    assert calls == read_lines(alone)

    dump = harness.run_moetap("dump", folder, "--blocks", "--json")
    found = captured_layers(map(json.loads, dump.stdout.splitlines()))
    assert [(hook, experts) for hook, experts, _ in found] == [
        (call["operator"], call["experts"]) for call in calls]
    for call, (_, _, rows) in zip(calls, found):
        assert rows == [tuple(sorted(ids)) for ids in call["ids"]], call
    summary = collections.Counter(
        (call["operator"], "raised" if call["error"] else "ran")
        for call in calls)
    for (operator, outcome), count in sorted(summary.items()):
        print(f"{build}: {operator} {outcome} {count} times")


@pytest.mark.parametrize("build", BUILDS)
def test_operators_are_reached_by_address_alone(build):
    """An operator that called another one through the loader would be two
    dispatches for one: each name is relocated for its address and no more."""
    registry = (harness.ROOT / "hooks" / "registry.h").read_text()
    names = re.findall(r'base_name = "(\w+)"', registry)
    assert names
    done = subprocess.run(
        ["readelf", "--relocs", "--wide", str(library_of(build))],
        capture_output=True, text=True, check=True)
    found = collections.defaultdict(set)
    for line in done.stdout.splitlines():
        fields = line.split()
        if len(fields) < 5:
            continue
        for name in names:
            if fields[4].startswith(f"_Z{len(name)}{name}"):
                found[name].add(fields[2])
    assert "cpu_fused_moe" in found
    address_only = {"R_X86_64_GLOB_DAT", "R_AARCH64_GLOB_DA",
                    "R_AARCH64_GLOB_DAT"}
    for name, kinds in found.items():
        assert kinds <= address_only, f"{name}: {kinds}"
