"""moetap repack: a smaller capture that reads the same, by any reader."""

import json
import os
import pathlib
import re
import shutil
import stat
import struct
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
MOETAP = BUILD / "analysis/moetap"
MAKE_CAPTURE = BUILD / "tests/tools/make_capture"
SCHEMA = ROOT / "schema/routing_log.fbs"

# What depends on how a block was packed; all else must stay.
PACKING = ("offset", "packed_size", "raw_size", "payload_checksum")


def moetap(*arguments):
    return subprocess.run([MOETAP, *arguments], text=True,
                          capture_output=True, check=False)


def dump(capture, *options):
    done = moetap("dump", "--json", capture, *options)
    assert done.returncode in (0, 3), done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        for key in PACKING:
            line.pop(key, None)
    return lines


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    """A capture, and the same repacked."""
    at = tmp_path_factory.mktemp("repack")
    subprocess.run([MAKE_CAPTURE, at / "run"], check=True)
    done = moetap("repack", at / "run", "-o", at / "small")
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return at / "run", at / "small"


def files(capture):
    return sorted(capture.glob("*.moetap.zst"))


def test_a_repacked_capture_reads_the_same_and_is_smaller(captures):
    run, small = captures
    assert dump(small) == dump(run)
    assert [f.name for f in files(small)] == [f.name for f in files(run)]
    assert sum(f.stat().st_size for f in files(small)) < sum(
        f.stat().st_size for f in files(run))
    assert moetap("verify", small).returncode == 0


def test_the_copy_is_as_private_as_a_capture(captures):
    _, small = captures
    assert stat.S_IMODE(small.stat().st_mode) == 0o700
    for path in small.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_repacking_again_and_at_a_low_level_changes_no_content(captures,
                                                              tmp_path):
    run, small = captures
    assert moetap("repack", small, "-o", tmp_path / "again", "--level",
                  "1").returncode == 0
    assert dump(tmp_path / "again") == dump(run)


def test_nothing_is_overwritten(captures):
    run, small = captures
    before = [f.read_bytes() for f in files(small)]
    done = moetap("repack", run, "-o", small)
    assert done.returncode == 1
    assert "File exists" in done.stderr
    assert [f.read_bytes() for f in files(small)] == before


@pytest.mark.parametrize("fault", ["damaged", "torn", "lost-block", "drops",
                                   "incompatible"])
def test_damage_is_still_there(fault, tmp_path):
    run, small = tmp_path / "run", tmp_path / "small"
    subprocess.run([MAKE_CAPTURE, run, "--fault", fault], check=True)
    done = moetap("repack", run, "-o", small)
    assert done.returncode == 3, done.stderr
    assert dump(small, "--blocks") == dump(run, "--blocks")
    found = [{rule["rule"]: (rule["level"], rule["count"])
              for rule in json.loads(moetap("verify", "--json",
                                            capture).stdout)["rules"]}
             for capture in (run, small)]
    assert any(count for _, count in found[0].values())
    assert found[0] == found[1]


def test_a_capture_with_records_in_a_ring_is_refused(tmp_path):
    subprocess.run([MAKE_CAPTURE, tmp_path / "run", "--fault", "ring"],
                   check=True)
    done = moetap("repack", tmp_path / "run", "-o", tmp_path / "small")
    assert done.returncode == 1
    assert "ring" in done.stderr
    assert not (tmp_path / "small").exists()


def documented_decoder():
    """`block_ids` of docs/log_format.md."""
    text = (ROOT / "docs/log_format.md").read_text()
    (code,) = [c for c in re.findall(r"```python\n(.*?)```", text, re.S)
               if "def block_ids" in c]
    names = {}
    exec(code, names)  # pylint: disable=exec-used
    return names["block_ids"]


@pytest.mark.skipif(not shutil.which("flatc") or not shutil.which("zstd"),
                    reason="needs flatc and zstd")
def test_the_documented_decoder_reads_what_dump_prints(captures, tmp_path):
    block_ids, layouts, compared = documented_decoder(), set(), 0
    for capture in captures:
        dumped = {(b["file"], b["sequence"]): b["content"]
                  for b in dump(capture) if b["kind"] == "block"}
        for path in files(capture):
            data = subprocess.run(["zstd", "-dcq", path], check=True,
                                  capture_output=True).stdout
            for number in range(1 << 20):
                if not data:
                    break
                size = 4 + struct.unpack_from("<I", data)[0]
                file = tmp_path / f"{number}.bin"
                file.write_bytes(data[:size])
                data = data[size:]
                subprocess.run(
                    ["flatc", "--json", "--strict-json", "--size-prefixed",
                     "--raw-binary", "-o", tmp_path, SCHEMA, "--", file],
                    check=True)
                block = json.loads(file.with_suffix(".json").read_text())
                if "ids" not in block:
                    continue
                layouts.add(block.get("layout", "SortedTokenMajor"))
                normal = dumped[path.name, number]
                assert block_ids(block) == block_ids(normal)
                compared += 1
    assert layouts == {"SortedTokenMajor", "RankedDifferences"}
    print(f"{compared} blocks decoded as documented")


def test_the_documented_decoder_reads_weighted_sets():
    """The bytes of the unit test, which the program writes and reads."""
    source = (ROOT / "tests/unit/schema/weighted_sets_test.cc").read_text()
    golden = re.search(r"TheBytesOnDiskAreThese.*?expected = \{(.*?)\};",
                       source, re.S).group(1)
    ids = [int(n) for n in re.findall(r"\d+", re.sub("//.*", "", golden))]
    block = {"layout": "WeightedSets", "id_bytes": 1, "ids": ids,
             "groups": [{"rows": 16, "k": 2, "layer_list": 0}],
             "layer_lists": [{"slots": [2, 4]}]}
    second = [1] * 10 + [2] * 4 + [3] * 2
    expected = [[0, second[row], (row * 2 + 1) % 3, 3] for row in range(16)]
    assert documented_decoder()(block) == sum(expected, [])
