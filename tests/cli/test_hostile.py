"""Hostile captures: damage of every kind, bombs, races, secrets.

The short form; ci/hostile_campaign runs the same with the full numbers.
"""

import json
import os
import pathlib
import random
import resource
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
MOETAP = BUILD / "analysis/moetap"
TOOLS = BUILD / "tests/tools"
# The long form sets these (ci/hostile_campaign).
STRIDE = int(os.environ.get("MOETAP_HOSTILE_STRIDE", "257"))
MUTATIONS = int(os.environ.get("MOETAP_HOSTILE_MUTATIONS", "2000"))
RACES = int(os.environ.get("MOETAP_HOSTILE_RACES", "60"))
ROOM = 64 << 10  # KiB over what a sound capture needs
BOMBS = ["claims-2-63", "header-claims-2-63", "packed-claims-2-63", "ratio",
         "ratio-unannounced", "unknown-size", "window-2-31", "window-2-41",
         "two-frames", "nested", "shared-spans", "shared-strings",
         "one-table", "many-structs", "huge-requests", "huge-steps",
         "self-reference", "overlapping"]


def run(*arguments):
    """Status, output and peak memory in KiB of moetap."""
    def limit():  # a guard against an endless loop, far above any run
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    with subprocess.Popen([MOETAP, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          preexec_fn=limit) as process:
        output = process.stdout.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, output, usage.ru_maxrss


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A capture file of over 1 MiB."""
    folder = tmp_path_factory.mktemp("large") / "capture"
    subprocess.run([TOOLS / "make_capture", folder, "--prompts", "70",
                    "--requests-per-prompt", "4", "--generated", "60",
                    "--layers", "1,2,4,5,6,7", "--experts", "64", "-k", "8",
                    "--steps-per-block", "40"], check=True)
    (file,) = folder.glob("1000-*.zst")
    assert file.stat().st_size >= 1 << 20
    return file


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A capture file of about 64 KiB."""
    folder = tmp_path_factory.mktemp("small") / "capture"
    subprocess.run([TOOLS / "make_capture", folder, "--prompts", "10",
                    "--requests-per-prompt", "2", "--generated", "20",
                    "--steps-per-block", "4"], check=True)
    (file,) = folder.glob("1000-*.zst")
    assert file.stat().st_size >= 32 << 10
    return file


@pytest.fixture(scope="module")
def bombs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    subprocess.run([TOOLS / "make_bombs", folder], check=True)
    assert sorted(BOMBS) == sorted(path.name for path in folder.iterdir())
    return folder


def hostile(file, *options):
    done = subprocess.run([TOOLS / "hostile_captures", file, *options],
                          text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return int(done.stdout.split(" reads")[0].split()[-1])


def test_truncation(large):
    reads = hostile(large, "--truncate", "--truncate-stride", str(STRIDE * 8))
    assert reads >= (1 << 20) // (STRIDE * 8)


def test_every_flipped_bit_costs_one_block(small):
    size = min(small.stat().st_size, 64 << 10)
    reads = hostile(small, "--flip", str(size), "--flip-stride", str(STRIDE))
    assert reads >= size * 8 // STRIDE


def test_mutations(small):
    assert hostile(small, "--mutations", str(MUTATIONS)) == MUTATIONS


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_stay_small_and_end(bombs, large, tmp_path, name):
    _, _, base = run("info", large)
    for verb in ("info", "verify", "dump", "recover"):
        more = ["-o", tmp_path / "out"] if verb == "recover" else []
        status, output, peak = run(verb, bombs / name, *more)
        # recover takes what is a block, whatever its numbers claim.
        assert status in ((0, 1, 3) if verb == "recover" else (1, 3)), output
        assert len(output) > 10
        assert peak < base + ROOM, (verb, peak, base)


def test_the_output_is_never_elsewhere_in_a_race(small, tmp_path):
    """The output's name becomes a symlink, a directory and nothing while
    recover runs: what it writes is in its own directory or nowhere."""
    victim = tmp_path / "victim"
    victim.mkdir()
    output = tmp_path / "out"
    done = threading.Event()

    def swap():
        while not done.is_set():
            for make in (lambda: output.symlink_to(victim), output.mkdir):
                try:
                    make()
                except FileExistsError:
                    pass
                try:
                    output.rename(tmp_path / "moved")
                    subprocess.run(["rm", "-rf", tmp_path / "moved"],
                                   check=True)
                except OSError:
                    pass
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(RACES):
            status, _, _ = run("recover", small, "-o", output)
            assert status in (0, 1)
            assert not list(victim.iterdir())
    finally:
        done.set()
        thread.join()


def test_a_file_that_shrinks_is_read_or_refused(large, tmp_path):
    """Cut short and whole again all the time: an end by SIGBUS would show in
    the status."""
    file = tmp_path / large.name
    whole = large.read_bytes()
    file.write_bytes(whole)
    chance = random.Random(RACES)
    done = threading.Event()

    def shrink():
        while not done.is_set():
            os.truncate(file, chance.randrange(len(whole)))
            with open(file, "r+b") as again:
                again.write(whole)
    thread = threading.Thread(target=shrink)
    thread.start()
    refused = 0
    try:
        for number in range(RACES // 4):
            for verb in ("info", "verify", "recover", "repack"):
                out = ["-o", tmp_path / f"out-{number}-{verb}"]
                status, output, _ = run(
                    verb, file, *(out if verb in ("recover", "repack")
                                  else []))
                assert status in (0, 1, 3), (verb, status, output)
                refused += "was cut short" in output
    finally:
        done.set()
        thread.join()
    print(f"{RACES // 4 * 4} reads, {refused} refused")
    assert run("verify", file)[0] in (0, 3)


def test_a_read_only_or_foreign_place_is_refused(small, tmp_path):
    for place in ("/proc/self/out", "/proc/self/fd/out", "/sys/out",
                  "/dev/full/out", "/dev/null", "/" + "a" * 4095,
                  str(tmp_path / ("b" * 300))):
        status, output, _ = run("recover", small, "-o", place)
        assert status == 1 and "-o" in output or "cannot" in output, place


def test_a_shared_directory_is_no_danger(small, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    status, _, _ = run("recover", small, "-o", shared / "out")
    assert status == 0
    assert (shared / "out").stat().st_mode & 0o7777 == 0o700


def test_hardlinked_input_is_not_changed(small, tmp_path):
    folder = tmp_path / "linked"
    folder.mkdir()
    os.link(small, folder / small.name)
    before = small.read_bytes()
    status, _, _ = run("recover", folder, "-o", tmp_path / "out")
    assert status == 0 and small.read_bytes() == before
    (copy,) = (tmp_path / "out").iterdir()
    assert copy.stat().st_ino != small.stat().st_ino
    assert copy.stat().st_nlink == 1


def test_recover_and_report_tell_no_secret(small, tmp_path):
    canary = "canary-6f1d"
    environment = {**os.environ, "SECRET": canary + "-env"}
    for verb, *more in (("recover", "-o", tmp_path / "out"),
                        ("report", "-o", tmp_path / "report.html")):
        done = subprocess.run([MOETAP, verb, small, *more],
                              env=environment, capture_output=True,
                              check=False)
        assert canary.encode() not in done.stdout + done.stderr
    for path in tmp_path.rglob("*"):
        if path.is_file():
            unpacked = subprocess.run(["zstd", "-dcqf", path],
                                      capture_output=True, check=False).stdout
            assert canary.encode() not in path.read_bytes() + unpacked


def test_a_recovered_bomb_beside_a_sound_file(bombs, small, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / small.name).write_bytes(small.read_bytes())
    for name in BOMBS:
        (file,) = (bombs / name).iterdir()
        (folder / f"{name}.moetap.zst").write_bytes(file.read_bytes())
    status, output, _ = run("recover", "--json", folder, "-o",
                            tmp_path / "out")
    assert status == 3
    names = [file["name"] for file in json.loads(output)["files"]]
    assert small.name in names
    assert (tmp_path / "out" / small.name).read_bytes() == small.read_bytes()
