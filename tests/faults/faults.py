"""Runs the host of this folder with the library, under faults, and compares
what was captured with what it dispatched.

MOETAP_BUILD names the build tree, build/release by default.
"""

import collections
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(
    os.environ.get("MOETAP_BUILD", HERE.parent.parent / "build/release"))
LIBRARY = (BUILD / "plugin" / "libmoetap.so").resolve()
MOETAP = BUILD / "analysis" / "moetap"
PROGRAMS = BUILD / "tests" / "faults"
HOST = PROGRAMS / "fault_host"
SMALL_RING = 256 << 10
TIMEOUT = 120
STATE_WORDS = ("ready", "errno_changed", "late_children", "median_ns",
               "p999_ns", "max_ns", "resident_before", "resident_after",
               "handled")


def host_command(state, options):
    words = [HOST, state]
    for name, value in options.items():
        words += ["--" + name.replace("_", "-"), str(value)]
    return words


def clean_environment():
    return {name: value for name, value in os.environ.items()
            if not name.startswith("MOETAP_") and name != "LD_PRELOAD"}


class Case:
    """One host in one folder, which is removed at the end with its rings."""

    def __init__(self, ring=SMALL_RING, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="moetap-fault-"))
        self.capture = self.folder / "capture"
        self.state = self.folder / "state"
        self.variables = {"LD_PRELOAD": str(LIBRARY),
                          "MOETAP_DIR": str(self.capture),
                          "MOETAP_RING_BYTES": str(ring), **environment}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for ring in self.rings():
            ring.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def rings(self):
        """Those of this capture, wherever they are."""
        shared = pathlib.Path(f"/dev/shm/moetap-{os.geteuid()}")
        starts = {name.split("-")[1][:8] for name in self.file_names()}
        return [path for place in (shared, self.capture)
                for path in place.glob("*.ring")
                if path.name[:8] in starts or place == self.capture]

    def file_names(self):
        if not self.capture.is_dir():
            return []
        return [path.name for path in self.capture.glob("*.moetap.zst")]

    def start(self, options, strace=(), prefix=()):
        """Options of strace, for instance an injection; `prefix` is another
        program's command line."""
        command = [*map(str, prefix)]
        if strace:
            command += ["strace", "-f", "-qq", *strace]
            for name, value in self.variables.items():
                command += ["-E", f"{name}={value}"]
            environment = clean_environment()
        else:
            environment = {**clean_environment(), **self.variables}
        return subprocess.Popen(
            [*command, *host_command(self.state, options)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)

    def run(self, options, strace=(), prefix=(), timeout=TIMEOUT):
        process = self.start(options, strace, prefix)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"not done in {timeout} s") from late
        finally:
            process.kill()
        return Done(process.returncode, out, err)

    def words(self):
        """What the host says of itself."""
        size = 8 * len(STATE_WORDS)
        data = self.state.read_bytes()[:size] if self.state.exists() else b""
        return dict(zip(STATE_WORDS,
                        struct.unpack(f"={len(STATE_WORDS)}Q",
                                      data.ljust(size, b"\0"))))

    def dispatched(self):
        """Calls that have returned, of all writers."""
        if not self.state.exists():
            return 0
        words = memoryview(self.state.read_bytes()).cast("Q")
        return sum(words[len(STATE_WORDS) + 1:])

    def check(self):
        """What fault_check says; None if there is no capture at all."""
        if not self.file_names():
            return None
        done = subprocess.run(
            [PROGRAMS / "fault_check", self.capture, self.state], text=True,
            capture_output=True, timeout=TIMEOUT)
        assert done.returncode == 0, f"unreadable: {done.stderr}"
        return json.loads(done.stdout)


Done = collections.namedtuple("Done", "status out err")


def untapped(options, prefix=()):
    """The host without the library."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*prefix,
             *host_command(pathlib.Path(folder) / "state", options)],
            text=True, capture_output=True, timeout=TIMEOUT,
            env=clean_environment())
    assert done.returncode != 2, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def assert_same_host(done, alone, where=""):
    """The library may speak on stderr, and nothing else may differ."""
    assert (done.status, done.out) == (alone.status, alone.out), (
        f"{where}: {done}")
    for line in done.err.splitlines():
        assert line.startswith("moetap: "), f"{where}: {done.err}"


def assert_sound(result, where=""):
    """No row is torn, twice, out of order or in another process's file."""
    for name in ("damaged_sets", "disordered_sets", "mixed_files",
                 "missing_blocks", "damage"):
        assert not result[name], f"{where}: {name} in {result}"


def assert_complete(result, where=""):
    """All that was dispatched is there, and nothing is missing in between."""
    assert_sound(result, where)
    assert result["missing_dispatches"] == 0, f"{where}: {result}"
    assert result["dropped_rows"] == 0, f"{where}: {result}"


def assert_counted(result, where=""):
    """Every row is stored or counted."""
    assert_sound(result, where)
    total = result["stored_rows"] + result["dropped_rows"]
    assert total == result["produced_rows"], f"{where}: {result}"


def assert_placed(result, where=""):
    """... and the capture says between which steps they were lost."""
    assert_counted(result, where)
    assert result["placed_rows"] == result["dropped_rows"], (where, result)
    assert result["unplaced_dispatches"] == 0, (where, result)


MARK = re.compile(r"^kill\(0, 0\)")


def calls_of(options, **case):
    """{system call: (calls, calls before the marks)} of the thread that made
    most of them between the two marks of the host."""
    with Case(**case) as one:
        log = one.folder / "strace"
        done = one.run(options, strace=["-o", str(log)])
        assert done.status != 2, done.err
        lines = [line.split(None, 1) for line in
                 log.read_text(errors="replace").splitlines()]
    main, marks = lines[0][0], 0
    before, during = collections.Counter(), collections.defaultdict(
        collections.Counter)
    for thread, text in lines:
        if thread == main and MARK.match(text):
            marks += 1
        name = re.match(r"(\w+)\(", text)
        if name is None:
            continue
        if thread == main and marks == 0:
            before[name[1]] += 1
        elif marks < 2 or thread != main:
            during[name[1]][thread] += 1
    result = {}
    for name, threads in during.items():
        if name in ("kill", "exit", "exit_group", "execve"):
            continue
        writer = max((n for thread, n in threads.items() if thread != main),
                     default=0)
        result[name] = (before[name], before[name] + threads[main], writer)
    return result


def numbers_of(calls):
    """(name, N) that strace can count of these calls.  It counts in each
    thread of its own: what the main thread does before the marks is left out,
    and with it the same numbers of the writer."""
    for name, (begin, end, writer) in sorted(calls.items()):
        for n in range(begin + 1, max(end, writer) + 1):
            yield name, n
