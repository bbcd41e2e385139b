"""Row 14: places that a capture must not be written to, as they stand and
swapped in while the library makes its files.  As in scenarios.py, each
function returns a line of figures and fails by assertion."""

import os
import pathlib
import random
import shutil
import stat
import threading
import time

import faults
import scenarios


SECRET = b"a file of somebody else\n" * 1000
NOBODY = 65534


class Victim:
    """What links point to; nothing of it may ever change."""

    def __init__(self, folder):
        self.directory = folder / "elsewhere"
        self.directory.mkdir()
        self.file = folder / "file"
        self.file.write_bytes(SECRET)

    def assert_untouched(self, where=""):
        assert list(self.directory.iterdir()) == [], where
        assert self.file.read_bytes() == SECRET, where


def _link(path, victim):
    # Relative: the host may have another root.
    path.symlink_to(os.path.relpath(victim.directory, path.parent))


def _dangle(path, victim):
    missing = victim.directory / "missing"
    path.symlink_to(os.path.relpath(missing, path.parent))


def _hard_link(path, victim):
    os.link(victim.file, path)


def _fifo(path, _):
    os.mkfifo(path)


def _directory(path, _):
    path.mkdir(mode=0o700)


class Swapper(threading.Thread):
    """Puts other things in the place of a directory, and of the files that
    appear in it, until it is stopped."""

    def __init__(self, path, seed):
        super().__init__(daemon=True)
        self.path, self.trash = path, path.parent / "trash"
        self.trash.mkdir()
        self.victim = Victim(self.trash)
        self.chance = random.Random(seed)
        self.stopping = threading.Event()
        self.swaps = self.files = 0
        self.error = None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.swap()
        except Exception as error:  # handed to the test's thread
            self.error = error

    def stop(self):
        self.stopping.set()
        self.join()
        if self.error is not None:
            raise self.error
        self.victim.assert_untouched(self.path)

    def swap(self):
        make = self.chance.choice(
            (_link, _dangle, _hard_link, _fifo, None, *5 * (_directory,)))
        try:
            if make is not None:
                make(self.path, self.victim)
        except FileExistsError:  # the library's own directory
            make = _directory
        fifo = -1
        if make is _fifo:
            fifo = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        time.sleep(self.chance.uniform(0, 0.003))
        if make is _directory:
            self.swap_files()
        if fifo >= 0:
            # No writer came, or none is left; nothing was written.
            assert os.read(fifo, 1) == b""
            os.close(fifo)
        self.swaps += 1
        self.remove()

    def swap_files(self):
        for entry in os.scandir(self.path):
            path = pathlib.Path(entry.path)
            try:
                st = path.lstat()
                path.unlink()
            except FileNotFoundError:  # the library was faster
                continue
            self.chance.choice((_link, _dangle, _hard_link, _fifo))(
                path, self.victim)
            assert stat.S_ISREG(st.st_mode), path
            assert stat.S_IMODE(st.st_mode) == 0o600, path
            assert st.st_nlink == 1 and st.st_uid == os.geteuid(), path
            self.files += 1

    def remove(self):
        gone = self.trash / str(self.swaps)
        try:
            self.path.rename(gone)
        except FileNotFoundError:
            return
        if gone.is_dir() and not gone.is_symlink():
            shutil.rmtree(gone, ignore_errors=True)
        else:
            gone.unlink()


def _shared(mode):
    def make(path, _):
        path.mkdir()
        path.chmod(mode)
    return make


def _of_another(path, _):
    path.mkdir(mode=0o700)
    os.chown(path, NOBODY, NOBODY)


# name: (how it is made, what the one line says of it)
REFUSED = {
    "a link": (_link, "no directory of yours"),
    "a dangling link": (_dangle, "no directory of yours"),
    "a FIFO": (_fifo, "no directory of yours"),
    "a hard link": (_hard_link, "no directory of yours"),
    "for the world": (_shared(0o777), "chmod 700"),
    "for the world, sticky": (_shared(0o1777), "chmod 700"),
    "for the group": (_shared(0o770), "chmod 700"),
}
if os.geteuid() == 0:
    REFUSED["of another owner"] = (_of_another, "give another directory")
# Paths that no capture can be at.
NOWHERE = ["/proc/self/fd", "/proc/self/fd/0", "/sys", "/dev/null",
           "/dev/full", "/" + "a" * 4095, "/tmp/" + "b" * 300,
           "/tmp/missing\n\x1b[31m/capture", "/missing/../capture/.."]


def _assert_refused(done, alone, text, where):
    faults.assert_same_host(done, alone, where)
    lines = done.err.split("\n")
    assert len(lines) == 2 and lines[1] == "", (where, done.err)
    assert lines[0].startswith("moetap: off: "), (where, lines)
    assert text in lines[0] and lines[0].isprintable(), (where, lines)


def refused_places():
    """The host goes on, one line says why, and nothing is written."""
    alone = faults.untapped(scenarios.PLAIN)
    for name, (make, text) in REFUSED.items():
        with faults.Case() as case:
            victim = Victim(case.folder)
            make(case.capture, victim)
            before = case.capture.lstat()
            _assert_refused(case.run(scenarios.PLAIN), alone, text, name)
            # Before the victim is read here: its times are compared too.
            assert case.capture.lstat() == before, name
            victim.assert_untouched(name)
            if case.capture.is_dir():
                assert list(case.capture.iterdir()) == [], name
    for path in NOWHERE:
        with faults.Case() as case:
            case.variables["MOETAP_DIR"] = path
            _assert_refused(case.run(scenarios.PLAIN), alone, "", path[:40])
    return f"{len(REFUSED)} places, {len(NOWHERE)} paths"


def read_only():
    """A file system that is read-only, with and without a directory that
    would do."""
    alone = faults.untapped(scenarios.PLAIN)
    for prepare in ("true", "mkdir -m 700 {}/capture"):
        with faults.Case() as case:
            disk = case.folder / "disk"
            disk.mkdir()
            case.variables["MOETAP_DIR"] = str(disk / "capture")
            script = (f"mount -t tmpfs tmpfs {disk} && "
                      f"{prepare.format(disk)} && "
                      f'mount -o remount,ro {disk} && exec "$@"')
            done = case.run(scenarios.PLAIN,
                            prefix=["unshare", "-m", "sh", "-c", script, "sh"])
            if "unshare" in done.err or "mount" in done.err:
                return None
            _assert_refused(done, alone, "Read-only file system", prepare)
    return "the host went on"


# So that the rings' directory can be swapped, /dev/shm is the host's own.
OWN_SHM = ["unshare", "-m", "sh", "-c",
           'mount -t tmpfs tmpfs /dev/shm && exec "$@"', "sh"]


def swapped_paths(count, seed=1):
    """The directories of the capture and of the rings, and the files in them,
    become links, FIFOs and nothing while `count` processes start."""
    options = {"threads": 1, "forks": count, "rows": 4, "pause_us": 500}
    with faults.Case() as case:
        process = case.start(options, prefix=OWN_SHM)
        while process.poll() is None and not case.words()["ready"]:
            time.sleep(0.001)
        if process.poll() is not None:
            err = process.stderr.read()
            assert "unshare" in err or "mount" in err, err
            return None
        # Held open: it outlives the process whose file system it is of.
        shared = os.open(f"/proc/{process.pid}/root/dev/shm", os.O_PATH)
        rings = pathlib.Path(f"/proc/self/fd/{shared}/moetap-{os.geteuid()}")
        swappers = [
            Swapper(case.capture, seed),
            Swapper(rings, seed + 1)]
        for swapper in swappers:
            swapper.start()
        try:
            out, err = process.communicate(timeout=60 + count / 10)
        finally:
            process.kill()
            for swapper in swappers:
                swapper.stop()
        os.close(shared)
        words = case.words()
        assert process.returncode == 7, (process.returncode, out, err)
    assert words["late_children"] == 0 and words["errno_changed"] == 0, words
    lines = err.splitlines()
    assert all(line.startswith("moetap: ") for line in lines), err
    refused = sum(line.startswith("moetap: off: ") for line in lines)
    assert refused > count / 20 and swappers[0].files > count / 20, (
        refused, swappers[0].files, "most races were missed")
    return (f"{count} starts, {swappers[0].swaps + swappers[1].swaps} swaps: "
            f"{refused} refused, {swappers[0].files} files met in their place")
