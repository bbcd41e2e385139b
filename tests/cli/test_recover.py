"""moetap recover on made-up captures, damaged in every way we know."""

import json
import os
import pathlib
import re
import stat
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
MOETAP = BUILD / "analysis/moetap"
MAKE_CAPTURE = BUILD / "tests/tools/make_capture"
SYNC = b"MOETAP\r\n\x1a\n\xf3\x9c\xb1\x57\xe8\x42"


def moetap(*arguments, **options):
    return subprocess.run([MOETAP, *arguments], text=True,
                          capture_output=True, check=False, **options)


def make_capture(path, *options):
    subprocess.run([MAKE_CAPTURE, path, *options], check=True)
    return path


def recover(capture, output):
    done = moetap("recover", "--json", capture, "-o", output)
    return done.returncode, json.loads(done.stdout)


def rows(capture):
    done = moetap("dump", "--json", "--rows", capture)
    assert done.returncode in (0, 3), done.stderr
    return done.stdout


def content(path):
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def verify(path):
    done = moetap("verify", "--json", path)
    return {rule["rule"] for rule in json.loads(done.stdout)["rules"]
            if rule["count"] and rule["level"] != "info"}


def offsets(data):
    """Where each block of a capture file begins."""
    return [match.start() - 8 for match in re.finditer(re.escape(SYNC), data)]


def worker(capture):
    """The file that has most blocks."""
    return max(capture.glob("*.zst"),
               key=lambda file: len(offsets(file.read_bytes())))


def flip(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


@pytest.fixture
def capture(tmp_path):
    return make_capture(tmp_path / "capture", "--steps-per-block", "2")


def test_a_whole_capture_is_copied(capture, tmp_path):
    before = content(capture)
    status, result = recover(capture, tmp_path / "out")
    assert (status, result["status"], result["losses"]) == (0, "whole", [])
    assert content(tmp_path / "out") == before == content(capture)
    assert moetap("verify", tmp_path / "out").returncode == 0


def test_files_and_directory_are_private(capture, tmp_path):
    for umask in (0, 0o077, 0o777):
        output = tmp_path / f"out{umask}"
        done = moetap("recover", capture, "-o", output, umask=umask)
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE(output.stat().st_mode) == 0o700
        for file in output.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_damage_costs_the_block_it_touches(capture, tmp_path):
    file = worker(capture)
    at = offsets(file.read_bytes())
    flip(file, at[1] + 200)
    before = content(capture)
    status, result = recover(capture, tmp_path / "out")
    assert status == 3 and content(capture) == before
    assert [(loss["file"], loss["begin"], loss["end"])
            for loss in result["losses"]] == [(file.name, at[1], at[2])]
    entry = next(f for f in result["files"] if f["name"] == file.name)
    assert entry["missing"] == [[1, 1]]
    assert entry["blocks"] == len(at) - 1
    assert entry["lost_rows"] > 0
    # The gap stays visible, and what is there is what the damaged one gave.
    assert "lost-block" in verify(tmp_path / "out")
    assert "damaged-block" not in verify(tmp_path / "out")
    recovered = (tmp_path / "out" / file.name).read_bytes()
    data = file.read_bytes()
    assert recovered.startswith(data[:at[1]] + data[at[2]:])
    again, second = recover(tmp_path / "out", tmp_path / "again")
    assert again == 3 and second["losses"] == []
    text = moetap("recover", capture, "-o", tmp_path / "text")
    assert f"lost: {file.name}, bytes {at[1]} to {at[2]}" in text.stdout


@pytest.mark.parametrize("cut", [1, 100, 170])
def test_a_torn_tail_is_listed_and_stays_visible(capture, tmp_path, cut):
    file = worker(capture)
    data = file.read_bytes()
    at = offsets(data)
    last = at[-1] + (len(data) - at[-1]) * cut // 200
    file.write_bytes(data[:last])
    status, result = recover(capture, tmp_path / "out")
    assert status == 3
    assert [loss["begin"] for loss in result["losses"]] == [at[-1]]
    entry = next(f for f in result["files"] if f["name"] == file.name)
    assert entry["missing"] == [[len(at) - 1, len(at) - 1]]
    assert "lost-block" in verify(tmp_path / "out")
    # What ran last is said to be dropped, not to have never run.
    for line in map(json.loads, rows(tmp_path / "out").splitlines()):
        assert line["reason"] != "not-executed"


def test_a_lost_middle_is_a_listed_gap(tmp_path):
    capture = make_capture(tmp_path / "capture", "--fault", "lost-block")
    status, result = recover(capture, tmp_path / "out")
    assert status == 3 and result["losses"] == []
    assert any(file["missing"] for file in result["files"])
    assert rows(tmp_path / "out") == rows(capture)


def test_a_ring_is_written_down(tmp_path):
    capture = make_capture(tmp_path / "capture", "--fault", "ring")
    status, result = recover(capture, tmp_path / "out")
    assert status == 0, result
    assert sum(file["ring_blocks"] for file in result["files"]) > 0
    assert not list((tmp_path / "out").glob("*.ring"))
    assert rows(tmp_path / "out") == rows(capture)
    assert "leftover-ring" not in verify(tmp_path / "out")


def test_a_block_lost_before_the_ring_is_a_gap(tmp_path):
    capture = make_capture(tmp_path / "capture", "--fault", "ring")
    (ring,) = capture.glob("*.ring")
    (file,) = [f for f in capture.glob("*.zst") if ring.name[:8] in f.name]
    data = file.read_bytes()
    at = offsets(data)
    file.write_bytes(data[:at[-1]])
    # The reader must not take this for a whole capture either.
    assert "damaged-block" in verify(capture)
    status, result = recover(capture, tmp_path / "out")
    assert status == 3
    assert [loss["of"] for loss in result["losses"]] == ["ring"]
    entry = next(f for f in result["files"] if f["name"] == file.name)
    assert entry["missing"] == [[len(at) - 1, len(at) - 1]]
    assert "lost-block" in verify(tmp_path / "out")


def test_a_block_torn_while_the_ring_has_it_is_no_loss(tmp_path):
    capture = make_capture(tmp_path / "capture", "--fault", "ring")
    (ring,) = capture.glob("*.ring")
    (file,) = [f for f in capture.glob("*.zst") if ring.name[:8] in f.name]
    whole = rows(capture)
    with file.open("ab") as out:
        out.write(file.read_bytes()[:100])
    status, result = recover(capture, tmp_path / "out")
    assert (status, result["losses"]) == (0, [])
    assert rows(tmp_path / "out") == whole


def test_nothing_to_recover_is_status_1_and_leaves_nothing(tmp_path):
    capture = tmp_path / "capture"
    capture.mkdir()
    (capture / "1-00000000.moetap.zst").write_bytes(b"no block" * 100)
    status, result = recover(capture, tmp_path / "out")
    assert (status, result["status"]) == (1, "nothing")
    assert len(result["losses"]) == 1
    assert not (tmp_path / "out").exists()
    assert moetap("recover", tmp_path / "none", "-o",
                  tmp_path / "out").returncode == 1
    assert moetap("recover", capture).returncode == 2


def test_an_unreadable_file_costs_itself_only(capture, tmp_path):
    os.mkfifo(capture / "fifo.moetap.zst")
    (capture / "gone.moetap.zst").symlink_to(tmp_path / "nowhere")
    status, result = recover(capture, tmp_path / "out")
    assert status == 3
    assert {loss["file"] for loss in result["losses"]} == {
        "fifo.moetap.zst", "gone.moetap.zst"}
    assert rows(tmp_path / "out")


def test_the_output_is_never_written_through_what_exists(capture, tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    link = tmp_path / "link"
    link.symlink_to(victim)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "fifo")
    for output in (victim, link, dangling, tmp_path / "file",
                   tmp_path / "fifo", capture / "inside",
                   tmp_path / "victim" / ".." / "capture" / "in"):
        done = moetap("recover", capture, "-o", output)
        assert done.returncode == 1, output
        assert done.stderr.count("\n") == 1
    assert not list(victim.iterdir())
    assert not (tmp_path / "nowhere").exists()
    assert (tmp_path / "file").read_text() == "mine"
    assert not (capture / "inside").exists()


def test_a_full_disk_leaves_nothing_behind(capture, tmp_path):
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 1; trap "" XFSZ; exec "$@"', "sh",
         MOETAP, "recover", capture, "-o", tmp_path / "out"],
        capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert not (tmp_path / "out").exists()


def test_hostile_names_are_escaped(tmp_path):
    capture = make_capture(tmp_path / "cap\n\x1b[31mture")
    file = worker(capture)
    file.rename(file.with_name("a\n\x1b]0;x\x07\xc2\x9b.moetap.zst"))
    flip(capture / "a\n\x1b]0;x\x07\xc2\x9b.moetap.zst", 20)
    for number, verb in enumerate(("info", "verify", "dump", "recover")):
        more = ["-o", tmp_path / f"out{number}"] if verb == "recover" else []
        done = moetap(verb, capture, *more)
        for text in (done.stdout, done.stderr):
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), text
            assert "cap\n" not in text and not re.search(r"\ba\n", text)
    # Names of inputs that the library would not give are not taken over.
    names = [file.name for file in (tmp_path / "out3").iterdir()]
    assert all(re.fullmatch(r"(recovered-[0-9a-f]{32}|\d+-[0-9a-f]{8})"
                            r"\.moetap\.zst", name) for name in names)
    missing = moetap("info", tmp_path / "no\x1b[31m")
    assert "\x1b" not in missing.stderr


def test_two_processes_in_one_file_become_two(capture, tmp_path):
    files = sorted(capture.glob("*.zst"))
    one = tmp_path / "all.moetap.zst"
    one.write_bytes(b"".join(file.read_bytes() for file in files))
    status, result = recover(one, tmp_path / "out")
    assert status == 0
    assert len(result["files"]) == len(files)
    assert sorted(file.read_bytes() for file in (tmp_path / "out").iterdir(
    )) == sorted(file.read_bytes() for file in files)


def test_repeated_blocks_are_written_once(capture, tmp_path):
    file = worker(capture)
    whole = file.read_bytes()
    at = offsets(whole)
    file.write_bytes(whole + whole[at[1]:at[2]])
    status, result = recover(capture, tmp_path / "out")
    assert (status, result["losses"]) == (0, [])
    assert (tmp_path / "out" / file.name).read_bytes() == whole


def test_help_has_an_example():
    assert "Example: moetap recover" in moetap("recover", "--help").stdout
