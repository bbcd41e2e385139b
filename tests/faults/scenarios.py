"""Faults, in sizes that a test or a campaign chooses.  Each function returns a
line of figures, and fails by assertion."""

import itertools
import os
import pathlib
import random
import stat
import time

import faults

# So many rows that blocks are written while the host runs.
PLAIN = {"threads": 0, "dispatches": 300, "rows": 40, "pause_us": 500}
STEPPED = {"threads": 0, "dispatches": 400, "rows": 400, "steps": 1,
           "pause_us": 500}


def every(items, step, seed=0):
    """Every step-th of the items, from a place that the seed chooses."""
    return itertools.islice(items, seed % step, None, step)


def kill_at_calls(step=1, seed=0):
    """Row 1: SIGKILL at every system call of the host and of the writer."""
    killed = runs = 0
    calls = faults.calls_of(PLAIN, MOETAP_ON_FULL="block")
    for name, n in every(faults.numbers_of(calls), step, seed):
        with faults.Case(MOETAP_ON_FULL="block") as case:
            done = case.run(PLAIN, strace=[
                "-o", "/dev/null", "-e", f"trace={name}", "-e",
                f"inject={name}:signal=KILL:when={n}"])
            runs += 1
            killed += done.status != 7
            check_killed(case, f"{name} {n}")
    assert killed > 0
    return f"{runs} calls of {len(calls)} kinds, {killed} hosts killed"


def check_killed(case, where):
    result = case.check()
    if result is None:
        assert case.dispatched() == 0, f"{where}: no capture"
        return 0
    faults.assert_complete(result, where)
    assert result["unreturned_dispatches"] <= 16, where
    return result["stored_rows"]


def random_kills(count, seed=1, threads=16):
    """Row 1: SIGKILL at a random time, 1 to 16 threads."""
    chance = random.Random(seed)
    rows = running = 0
    for i in range(count):
        options = {"threads": chance.randint(1, threads), "rows": 6}
        with faults.Case(MOETAP_ON_FULL="block") as case:
            process = case.start(options)
            time.sleep(chance.uniform(0.002, 0.06))
            process.kill()
            process.communicate()
            stored = check_killed(case, f"kill {i} of seed {seed}")
            rows += stored
            running += stored > 0
    assert running > count / 4, "most were killed before they dispatched"
    return f"{count} kills, {running} amid dispatches, {rows} rows, 0 lost"


def disk_errors(errors, step=1, seed=0):
    """Rows 4 and 5: every write, cut and question to the disk fails once, or
    from then on for a while."""
    names = ("pwrite64", "ftruncate", "fstatfs")
    calls = faults.calls_of(STEPPED)
    alone = faults.untapped(STEPPED)
    runs = lost = 0
    ways = [(name, error, n, length)
            for name in names if name in calls for error in errors
            for n in range(1, calls[name][2] + 1) for length in (0, 3)]
    for name, error, n, length in every(ways, step, seed):
        where = f"{name} {error} {n}..{n + length}"
        injection = (f"{name}:error={error}:when="
                     + (f"{n}..{n + length}" if length else str(n)))
        with faults.Case() as case:
            done = case.run(STEPPED, strace=[
                "-o", "/dev/null", "-e", f"trace={name}",
                "-e", f"inject={injection}"])
            faults.assert_same_host(done, alone, where)
            result = case.check()
            if result is None:  # the start asked the disk, and was refused
                assert done.err.startswith("moetap: off: "), where
                continue
            if result["rings"]:
                faults.assert_counted(result, where)  # no block tells where
            else:
                faults.assert_placed(result, where)
            assert case.words()["errno_changed"] == 0, where
            lost += result["dropped_rows"]
        runs += 1
    return f"{runs} runs, {lost} rows lost and counted"


def short_writes():
    """Row 5: every write does only a part."""
    alone = faults.untapped(STEPPED)
    with faults.Case(MOETAP_ON_FULL="block") as case:
        case.variables["LD_PRELOAD"] = (
            f"{faults.PROGRAMS / 'short_writes.so'}:{faults.LIBRARY}")
        faults.assert_same_host(case.run(STEPPED), alone)
        result = case.check()
        faults.assert_complete(result)
    return f"{result['stored_rows']} rows"


def full_disk(size, seed=1):
    """Row 4: a file system of so many bytes that is full, and then is not."""
    options = {"threads": 0, "dispatches": 300, "rows": 3000, "steps": 1,
               "pause_us": 3000, "settle_ms": 400}
    alone = faults.untapped(options)
    # What is lost is the disk's doing, on a busy machine too.
    with faults.Case(ring=1 << 20, MOETAP_ON_FULL="block") as case:
        disk = case.folder / "disk"
        disk.mkdir()
        case.variables["MOETAP_DIR"] = str(disk / "capture")
        filler = size - min(size // 4, 256 << 10)
        # The mount is gone with its last process: copy what it held.
        script = (f"mount -t tmpfs -o size={size} tmpfs {disk} && "
                  f"head -c {filler} /dev/urandom > {disk}/filler && "
                  f'"$@"; status=$?; cp -r {disk}/capture {case.folder}; '
                  "exit $status")
        done = case.run({**options, "unlink": disk / "filler"},
                        prefix=["unshare", "-m", "sh", "-c", script, "sh"])
        if "unshare" in done.err or "mount" in done.err:
            return None
        faults.assert_same_host(done, alone)
        result = case.check()
    faults.assert_placed(result)
    assert result["status"].get("disk") == 1, result
    return result


def size_limit():
    """Row 4: RLIMIT_FSIZE (SIGXFSZ, EFBIG), lifted after a while."""
    options = {"threads": 0, "dispatches": 600, "rows": 1000, "steps": 1,
               "pause_us": 2000, "settle_ms": 400, "fsize": 600_000}
    alone = faults.untapped(options)
    # What is lost is the limit's doing, on a busy machine too.
    with faults.Case(ring=512 << 10, MOETAP_ON_FULL="block") as case:
        done = case.run(options)
        faults.assert_same_host(done, alone)
        result = case.check()
    faults.assert_placed(result)
    assert result["dropped_rows"] > 0 and result["status"] == {"disk": 1}
    assert result["last_dispatch"] == 600, "the capture did not go on"
    return f"{result['dropped_rows']} rows of {result['produced_rows']} lost"


def not_a_directory():
    """Row 4: /dev/full for a directory."""
    alone = faults.untapped(PLAIN)
    with faults.Case() as case:
        case.variables["MOETAP_DIR"] = "/dev/full"
        done = case.run(PLAIN)
    faults.assert_same_host(done, alone)
    assert len(done.err.splitlines()) == 1, done.err
    return done.err.strip()


def hung_disk(seconds):
    """Row 6: every write hangs for five seconds."""
    options = {"threads": 0, "dispatches": int(seconds * 5000), "rows": 4,
               "pause_us": 100}
    figures = []
    for strace in (["-o", "/dev/null", "-e", "trace=pwrite64"],
                   ["-o", "/dev/null", "-e", "trace=pwrite64", "-e",
                    "inject=pwrite64:delay_enter=5000000:when=1+"]):
        with faults.Case() as case:
            done = case.run(options, strace=strace)
            assert done.status == 7, done
            result = case.check()
            faults.assert_counted(result)
            words = case.words()
            figures.append(
                f"median {words['median_ns']} ns, p99.9 {words['p999_ns']} ns,"
                f" worst {words['max_ns'] / 1e6:.2f} ms,"
                f" {result['dropped_rows']} of {result['produced_rows']} rows"
                " lost")
    assert result["dropped_rows"] > 0, "the disk was not slow enough"
    return f"healthy: {figures[0]}; hung: {figures[1]}"


def failing_start(step=1, seed=0):
    """Row 10: every system call that starting needs fails."""
    errors = {"mmap": "ENOMEM", "madvise": "ENOMEM", "openat": "EMFILE",
              "clone3": "EAGAIN", "mkdir": "EACCES", "fallocate": "ENOSPC",
              "fstatfs": "EIO", "fstat": "EIO", "newfstatat": "EIO",
              "getrandom": "ENOSYS", "readlink": "EACCES", "read": "EIO",
              "prlimit64": "EPERM", "mprotect": "ENOMEM", "munmap": "ENOMEM",
              "rt_sigprocmask": "EINVAL", "close": "EIO", "brk": "ENOMEM",
              "sched_setaffinity": "EPERM", "sched_setscheduler": "EPERM",
              "setpriority": "EACCES", "prctl": "EPERM"}
    alone = faults.untapped(PLAIN)
    calls = faults.calls_of(PLAIN)
    ways = [(name, n) for name, n in faults.numbers_of(calls)
            if name in errors]
    off = runs = 0
    for name, n in every(ways, step, seed):
        where = f"{name} {errors[name]} {n}"
        with faults.Case() as case:
            done = case.run(PLAIN, strace=[
                "-o", "/dev/null", "-e", f"trace={name}",
                "-e", f"inject={name}:error={errors[name]}:when={n}"])
            faults.assert_same_host(done, alone, where)
            result = case.check()
            lines = done.err.splitlines()
            assert len(lines) <= 1, f"{where}: {done.err}"
            if result is None:
                assert lines[0].startswith("moetap: off: "), where
                assert not case.rings(), where
                off += 1
            else:
                faults.assert_counted(result, where)
        runs += 1
    return f"{runs} faults of {len(ways)}, {off} of which switched it off"


def fork_children(count):
    """Row 7: fork, clone, vfork and posix_spawn amid dispatches."""
    options = {"threads": 4, "forks": count, "rows": 4, "pause_us": 200}
    with faults.Case() as case:
        began = time.monotonic()
        done = case.run(options, timeout=60 + count / 10)
        took = time.monotonic() - began
        assert done.status == 7, done
        words = case.words()
        assert words["late_children"] == 0, words
        assert words["errno_changed"] == 0, words
        result = case.check()
    faults.assert_counted(result)
    assert result["files"] == count + 1, result
    assert result["writers"] == count + 4, result
    return (f"{count} children in {took:.0f} s, {result['stored_rows']} rows, "
            f"{result['dropped_rows']} counted as lost, none twice or mixed")


def signals(seconds):
    """Row 8: handlers of SIGPROF (1 kHz) and SIGUSR1 that dispatch."""
    options = {"threads": 2, "timer": 1, "signals": int(seconds * 5000),
               "rows": 4, "pause_us": 50}
    with faults.Case() as case:
        done = case.run(options)
        assert done.status == 7, done
        words = case.words()
        assert words["handled"] > seconds * 500, words
        assert words["errno_changed"] == 0, words
        result = case.check()
    faults.assert_counted(result)
    return f"{words['handled']} signals, {result['stored_rows']} rows stored"


def start_amid_signals(count):
    """Row 8: the first dispatch comes while handlers dispatch."""
    options = {"threads": 0, "timer": 1, "dispatches": 20000, "rows": 4}
    for i in range(count):
        with faults.Case(ring=16 << 20) as case:
            done = case.run(options, timeout=30)
            assert done.status == 7, done
            faults.assert_counted(case.check(), i)
    return f"{count} starts"


def equivalence():
    """Row 18: what a guest could change of its host."""
    options = {"threads": 2, "dispatches": 3000, "rows": 4, "report": 1,
               "settle_ms": 200}  # the writer has begun
    alone = faults.untapped(options)
    with faults.Case() as case:
        done = case.run(options)
    hidden = ("environment LD_PRELOAD=", "environment MOETAP_", "writer ")
    lines = [line for line in done.out.splitlines()
             if not line.startswith(hidden)]
    before = alone.out.splitlines()
    extra = [line for line in lines if line not in before]
    missing = [line for line in before if line not in lines]
    descriptors = [line for line in extra if line.startswith("descriptor ")]
    assert len(descriptors) <= 2, extra
    assert [line for line in extra if line not in descriptors] == [
        "threads: 2"] and missing == ["threads: 1"], (extra, missing)
    assert done.status == alone.status and done.err == alone.err == ""
    writer = [line for line in done.out.splitlines()
              if line.startswith("writer ")]
    blocked = int(writer[0].split()[-1], 16)
    # All but SIGKILL, SIGSTOP and glibc's own two.
    assert ~blocked & (1 << 64) - 1 == 1 << 8 | 1 << 18 | 3 << 31, writer
    return f"{len(descriptors)} descriptor more, one thread more"


def permissions(umask):
    """Row 15: private files, whatever the umask."""
    with faults.Case() as case:
        old = os.umask(umask)
        try:
            done = case.run({**PLAIN, "ending": "_exit"})
        finally:
            os.umask(old)
        assert done.status == 5, done
        paths = [case.capture, *case.capture.iterdir(), *case.rings()]
        assert len(paths) == 3, paths
        for path in paths:
            st = path.lstat()
            wanted = 0o700 if stat.S_ISDIR(st.st_mode) else 0o600
            assert stat.S_IMODE(st.st_mode) == wanted, path
            assert st.st_uid == os.geteuid(), path
    return f"umask {umask:03o}"


def linked_ring_directory():
    """Row 15: a link in the place of the rings' directory is not followed."""
    alone = faults.untapped(PLAIN)
    with faults.Case() as case:
        target = case.folder / "elsewhere"
        target.mkdir()
        script = ("mount -t tmpfs tmpfs /dev/shm && ln -s "
                  f'{target} /dev/shm/moetap-{os.geteuid()} && exec "$@"')
        done = case.run(PLAIN, prefix=["unshare", "-m", "sh", "-c", script,
                                       "sh"])
        if "unshare" in done.err or "mount" in done.err:
            return None
        faults.assert_same_host(done, alone)
        assert list(target.iterdir()) == []
        faults.assert_complete(case.check())
    return pathlib.Path(done.err.strip()).name
