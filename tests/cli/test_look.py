"""moetap info, verify, dump and export on made-up captures."""

import collections
import csv
import json
import os
import pathlib
import shutil
import struct
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
MOETAP = BUILD / "analysis/moetap"
MAKE_CAPTURE = BUILD / "tests/tools/make_capture"
SCHEMA = ROOT / "schema/routing_log.fbs"

# What moetap verify must say of each planted fault: exit status, rules.
FAULTS = {
    "zeros": (1, {"all-zero"}),
    "out-of-range": (1, {"id-out-of-range"}),
    "repeated": (1, {"repeated-id"}),
    "constant": (1, {"constant-layer"}),
    "missing-layer": (1, {"missing-layer", "missing-dispatch",
                          "unexplained-missing"}),
    "extra-dispatch": (1, {"layer-unknown"}),
    "orphan": (1, {"orphan-rows"}),
    "drops": (3, {"dropped", "lost-rows"}),
    "lost-block": (1, {"lost-block"}),
    "damaged": (1, {"damaged-block", "lost-block"}),
    "torn": (3, {"torn-tail"}),
    "incompatible": (1, {"incompatible"}),
    "ring": (3, {"leftover-ring"}),
    "unhooked": (1, {"unhooked", "no-dispatch"}),
    "no-shim": (3, {"no-trace", "unannounced-rows"}),
}
COLUMNS = ["request_id", "position", "token_id", "phase", "source", "layer",
           "experts"]


def moetap(*arguments):
    return subprocess.run([MOETAP, *arguments], text=True,
                          capture_output=True, check=False)


def make_capture(path, *options):
    subprocess.run([MAKE_CAPTURE, path, *options], check=True)
    return path


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return make_capture(tmp_path_factory.mktemp("clean") / "capture")


@pytest.fixture(scope="module")
def many_blocks(tmp_path_factory):
    return make_capture(tmp_path_factory.mktemp("many") / "capture",
                        "--prompts", "12", "--steps-per-block", "1")


def found_rules(path):
    done = moetap("verify", "--json", path)
    result = json.loads(done.stdout)
    found = {rule["rule"] for rule in result["rules"]
             if rule["count"] and rule["level"] != "info"}
    return done.returncode, result, found


def json_lines(*arguments):
    done = moetap("dump", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def exported(path, output):
    done = moetap("export", path, "--format", "csv", "-o", output)
    assert done.returncode == 0, done.stderr
    with open(output, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_verify_passes_a_clean_capture(clean):
    status, result, found = found_rules(clean)
    assert (status, found) == (0, set())
    assert result["status"] == "ok"
    text = moetap("verify", clean)
    assert text.returncode == 0
    assert "0 rules with errors, 0 with warnings" in text.stdout


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_verify_finds(fault, tmp_path):
    capture = make_capture(tmp_path / "capture", "--fault", fault)
    status, result, found = found_rules(capture)
    expected_status, rules = FAULTS[fault]
    assert status == expected_status
    assert rules <= found
    for rule in result["rules"]:
        if rule["rule"] in rules:
            assert rule["place"]
    text = moetap("verify", capture)
    assert text.returncode == expected_status
    assert "FOUND" in text.stdout


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_other_verbs_work_on_a_capture_with(fault, tmp_path):
    capture = make_capture(tmp_path / "capture", "--fault", fault)
    info = moetap("info", "--json", capture)
    assert info.returncode in (0, 3), info.stderr
    assert json.loads(info.stdout)["files"]
    dump = moetap("dump", "--json", "--blocks", capture)
    assert dump.returncode in (0, 3), dump.stderr
    export = moetap("export", capture, "-o", tmp_path / "rows.csv")
    if fault in ("no-shim", "unhooked", "incompatible"):
        assert export.returncode == 1
        assert "verify" in export.stderr
    else:
        assert export.returncode in (0, 3), export.stderr


def test_info_says_what_the_capture_holds(clean):
    done = moetap("info", "--json", clean)
    assert done.returncode == 0, done.stderr
    info = json.loads(done.stdout)
    trace = info["trace"]
    assert trace["model"] == "synthetic-moe"
    assert trace["requests"] == 12
    assert trace["generated_tokens"] == 12 * 12
    assert [layer["layer"] for layer in trace["layers"]] == [1, 2, 4]
    assert {(layer["experts"], layer["k"]) for layer in trace["layers"]} == {
        (16, 4)}
    assert trace["observed"] + trace["inherited"] == (
        trace["prompt_tokens"] + trace["generated_tokens"] - 12)
    for count in ("inherited", "replays", "unreturned", "discarded",
                  "dummy_rows", "padding_rows"):
        assert trace[count] > 0, count
    assert info["counters"]["dropped_rows"] == 0
    assert info["bytes"] == sum(
        file.stat().st_size for file in clean.iterdir())
    text = moetap("info", clean)
    assert "synthetic-moe" in text.stdout


def test_info_says_what_the_capture_cost(clean):
    info = json.loads(moetap("info", "--json", clean).stdout)
    cost, counters = info["cost"], info["counters"]
    assert cost["rows"] == counters["rows"] > 0
    assert cost["bytes"] == info["bytes"]
    assert cost["engine_ns"] == 50 * counters["dispatches"]
    assert cost["shim_ns"] == cost["stalls"] == cost["dropped_rows"] == 0
    assert cost["writer_ns"] > 0
    for what in ("engine_ns", "shim_ns", "writer_ns"):
        assert cost[what + "_per_row"] == cost[what] / cost["rows"]
        assert cost[what] == sum(
            file["cost"][what] for file in info["files"])
    text = moetap("info", clean).stdout
    assert f"{cost['engine_ns'] / 1e6:.3f} ms in hooks" in text
    assert f"{cost['writer_ns_per_row']:.1f} ns per token-layer" in text


def test_export_has_exactly_the_columns_and_one_line_per_row_and_layer(
        clean, tmp_path):
    header, *lines = exported(clean, tmp_path / "rows.csv")
    assert header == COLUMNS
    keys = [(line[0], int(line[1]), int(line[5])) for line in lines]
    assert len(keys) == len(set(keys))
    trace = json.loads(moetap("info", "--json", clean).stdout)["trace"]
    assert len(lines) == 3 * (trace["observed"] + trace["inherited"] +
                              trace["missing"])
    positions = collections.defaultdict(set)
    for request, position, token, phase, source, layer, experts in lines:
        ids = [int(text) for text in experts.split(" ")]
        assert ids == sorted(set(ids)) and len(ids) == 4
        assert phase in ("prompt", "generated")
        assert source in ("observed", "inherited")
        assert 0 <= int(token) < 500 and int(layer) in (1, 2, 4)
        positions[request].add(int(position))
    for found in positions.values():
        assert found == set(range(len(found)))


def test_export_of_a_missing_row_has_empty_experts(tmp_path):
    capture = make_capture(tmp_path / "capture", "--fault", "drops")
    output = tmp_path / "rows.csv"
    assert moetap("export", capture, "-o", output).returncode == 3
    with open(output, newline="", encoding="utf-8") as file:
        missing = [line for line in csv.DictReader(file)
                   if line["source"] == "missing"]
    assert missing and {line["experts"] for line in missing} == {""}
    assert {line["layer"] for line in missing} == {"1", "2", "4"}


def test_export_without_token_ids_leaves_the_column_empty(tmp_path):
    capture = make_capture(tmp_path / "capture", "--hashes")
    _, *lines = exported(capture, tmp_path / "rows.csv")
    assert {line[2] for line in lines} == {""}
    rows = json_lines("--rows", capture)
    assert all(row["token_id"] is None for row in rows)
    assert all(len(row["prefix_hash"]) == 16 for row in rows)


def test_dumped_rows_equal_the_export(clean, tmp_path):
    _, *lines = exported(clean, tmp_path / "rows.csv")
    from_csv = {(line[0], int(line[1]), line[5]): line[6] for line in lines}
    rows = json_lines("--rows", clean)
    from_dump = {
        (row["request_id"], row["position"], layer): " ".join(map(str, ids))
        for row in rows for layer, ids in row["layers"].items()}
    assert from_dump == from_csv
    names = {row["request_id"] for row in rows}
    for row in rows:
        assert (row["source"] == "inherited") == (row["from"] is not None)
        assert row["from"] is None or row["from"] in names
        assert row["reason"] is None
    assert any(row["unreturned"] for row in rows)


def split(data):
    """The size-prefixed FlatBuffers of an unpacked capture file."""
    while data:
        (size,) = struct.unpack_from("<I", data)
        yield data[:4 + size]
        data = data[4 + size:]


@pytest.mark.skipif(not shutil.which("flatc") or not shutil.which("zstd"),
                    reason="needs flatc and zstd")
def test_dumped_blocks_are_what_flatc_prints(many_blocks, tmp_path):
    blocks = json_lines("--blocks", many_blocks)
    assert len(blocks) >= 50
    assert {block["kind"] for block in blocks} == {"block"}
    compared = 0
    for path in sorted(many_blocks.iterdir()):
        data = subprocess.run(["zstd", "-dcq", path], check=True,
                              capture_output=True).stdout
        files = []
        for number, block in enumerate(split(data)):
            files.append(tmp_path / f"{path.name[:4]}-{number}.bin")
            files[-1].write_bytes(block)
        subprocess.run(["flatc", "--json", "--strict-json",
                        "--size-prefixed", "-o", tmp_path, SCHEMA, "--",
                        *files], check=True)
        dumped = [b for b in blocks if b["file"] == path.name]
        assert [b["sequence"] for b in dumped] == list(range(len(files)))
        for file, block in zip(files, dumped):
            printed = json.loads(file.with_suffix(".json").read_text())
            assert block["content"] == printed
            compared += 1
    assert compared == len(blocks)
    print(f"{compared} blocks equal to flatc's")


def test_errors_name_the_file_and_the_remedy(tmp_path):
    for verb in ("info", "verify", "dump"):
        done = moetap(verb, tmp_path / "none")
        assert done.returncode == 1
        assert str(tmp_path / "none") in done.stderr
    empty = moetap("info", tmp_path)
    assert empty.returncode == 1
    assert "moetap record" in empty.stderr
    unwritable = moetap("export", tmp_path, "-o", tmp_path / "no" / "file")
    assert unwritable.returncode == 1


def test_wrong_usage_is_status_2(clean):
    assert moetap("export", clean).returncode == 2
    assert moetap("export", clean, "--format", "xml", "-o",
                  "-").returncode == 2
    assert moetap("dump", "--rows", "--blocks", clean).returncode == 2


@pytest.mark.parametrize("verb", ["info", "verify", "dump", "export"])
def test_help_has_an_example(verb):
    done = moetap(verb, "--help")
    assert done.returncode == 0
    assert f"Example: moetap {verb}" in done.stdout


def test_a_full_disk_is_an_error(clean):
    done = moetap("export", clean, "-o", "/dev/full")
    assert done.returncode == 1
    assert "/dev/full" in done.stderr
