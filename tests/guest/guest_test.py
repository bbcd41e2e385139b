"""The library is a guest: programs without an engine do not notice it.

    python -m pytest tests/guest

MOETAP_BUILD names the build tree, build/release by default.  The fork test
needs a Python with torch and vLLM's operators, and is skipped without.
"""

import collections
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(
    os.environ.get("MOETAP_BUILD", HERE.parent.parent / "build/release"))
LIBRARY = (BUILD / "plugin" / "libmoetap.so").resolve()
MOETAP = BUILD / "analysis" / "moetap"
BUILDS = ("_C", "_C_AVX512", "_C_AVX2")  # of vLLM's CPU operators
TIMEOUT = 300

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 3; }\n'
COMMANDS = {
    "bash": ["bash", "-c", "echo $(ls /proc/self/task | wc -l) thread; "
             "ls /proc/$$/task | wc -l; echo oops >&2; (exit 5); exit 6"],
    "gcc": ["bash", "-c", "gcc -O1 -o hello hello.c && cksum < hello; "
            "rm hello; gcc -c missing.c"],
    "git": ["bash", "-c", "git init -q repository && cd repository && "
            "git add -A ../repository && git status --short --branch && "
            "git hash-object ../hello.c && git log"],
    "python": [sys.executable, "-c",
               "import os, sys, subprocess\n"
               "print(len(os.listdir('/proc/self/task')), 'thread')\n"
               "subprocess.run(['echo', 'from a child'])\n"
               "print(sum(range(10**6)), file=sys.stderr)\n"
               "sys.exit(9)"],
    "spawner": ["./spawner"],
}


@pytest.fixture(scope="session", autouse=True)
def library():
    if not LIBRARY.is_file():
        pytest.exit(f"{LIBRARY} does not exist: build it, or set MOETAP_BUILD "
                    "to a build tree that has it", returncode=2)


@pytest.fixture
def work(tmp_path):
    (tmp_path / "hello.c").write_text(HELLO)
    subprocess.run(["gcc", "-O1", "-o", tmp_path / "spawner",
                    HERE / "spawner.c"], check=True)
    return tmp_path


def environment(capture=None):
    result = {name: value for name, value in os.environ.items()
              if not name.startswith("MOETAP_")}
    result["PYTHONDONTWRITEBYTECODE"] = "1"
    result["TMPDIR"] = "/tmp"
    if capture is not None:
        result.update(LD_PRELOAD=str(LIBRARY), MOETAP_DIR=str(capture))
    return result


def run(command, folder, capture=None):
    """What a command shows of itself: status, stdout, stderr."""
    shutil.rmtree(folder / "repository", ignore_errors=True)
    done = subprocess.run(command, cwd=folder, env=environment(capture),
                          capture_output=True, timeout=TIMEOUT)
    return done.returncode, done.stdout, done.stderr


def rings(capture):
    """Ring files of the processes that wrote to `capture`."""
    starts = {path.name.split("-")[1][:8] for path in capture.iterdir()}
    shared = pathlib.Path(f"/dev/shm/moetap-{os.geteuid()}")
    return [path for path in shared.glob("*.ring") if path.name[:8] in starts]


def files(folder):
    return {path for path in folder.rglob("*")
            if "repository" not in path.parts}


@pytest.mark.parametrize("name", COMMANDS)
def test_output_and_status_are_the_same(name, work):
    alone = run(COMMANDS[name], work)
    before = files(work)
    preloaded = run(COMMANDS[name], work, capture=work / "capture")
    assert preloaded == alone
    assert files(work) == before, "the library made files"
    assert not (work / "capture").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_no_thread_and_no_file_of_its_own(name, work):
    """Every thread made and every file opened for writing, with and without
    the library."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    alone = traced(COMMANDS[name], work)
    preloaded = traced(COMMANDS[name], work, capture=work / "capture")
    assert preloaded["thread"] == alone["thread"]
    assert preloaded["write"] == alone["write"]


def traced(command, folder, capture=None):
    """How many threads were made, and files opened to be written."""
    log = folder / "trace"
    calls = "clone,clone3,open,openat,creat,mkdir,mkdirat"
    shutil.rmtree(folder / "repository", ignore_errors=True)
    preload = [] if capture is None else ["-E", f"LD_PRELOAD={LIBRARY}",
                                          "-E", f"MOETAP_DIR={capture}"]
    done = subprocess.run(
        ["strace", "-f", "-o", log, "-e", f"trace={calls}", *preload,
         *command], cwd=folder, env=environment(), capture_output=True,
        text=True, timeout=TIMEOUT)
    if "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")
    count = collections.Counter()
    for line in log.read_text(errors="replace").splitlines():
        count["thread"] += "CLONE_THREAD" in line
        count["write"] += bool(re.search(
            r"O_WRONLY|O_RDWR|O_CREAT|mkdir|creat\(", line))
    log.unlink()
    return count


def test_kill_switch(work):
    """Nothing at all is done for a Python that asks for it."""
    code = "import os; print(os.environ.get('PYTHONPATH'))"
    off = dict(environment(capture=work / "capture"), MOETAP_DISABLE="1")
    off.pop("PYTHONPATH", None)
    done = subprocess.run([sys.executable, "-c", code], env=off, text=True,
                          capture_output=True, timeout=TIMEOUT)
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_python_is_offered_the_shim_once(work):
    library = work / "lib" / LIBRARY.name
    (library.parent / "python").mkdir(parents=True)
    shutil.copy(LIBRARY, library)
    code = ("import os, subprocess, sys\n"
            "print(os.environ['PYTHONPATH'], flush=True)\n"
            "if len(sys.argv) == 1:\n"
            "    subprocess.run([sys.executable, '-c',\n"
            "                    open('/proc/self/cmdline').read()\n"
            "                    .split('\\0')[2], 'again'])\n")
    with_own = dict(environment(capture=work / "capture"),
                    LD_PRELOAD=str(library), PYTHONPATH="/own/folder")
    done = subprocess.run([sys.executable, "-c", code], env=with_own,
                          text=True, capture_output=True, timeout=TIMEOUT)
    shim = f"{library.parent / 'python'}"
    assert done.stdout == f"{shim}:/own/folder\n" * 2, done.stderr
    bash = subprocess.run(["bash", "-c", "echo $PYTHONPATH"], env=with_own,
                          text=True, capture_output=True, timeout=TIMEOUT)
    assert bash.stdout == "/own/folder\n"


def operators():
    """The builds of vLLM's operators that are installed here."""
    for module in ("torch", "vllm"):
        if importlib.util.find_spec(module) is None:
            return []
    spec = importlib.util.find_spec("vllm")
    folder = pathlib.Path(spec.submodule_search_locations[0])
    return [path for path in (folder / f"{name}.abi3.so" for name in BUILDS)
            if path.exists()]


def run_fork(folder, ending):
    """The processes of fork_dispatch.py, with a build this CPU can run."""
    found = operators()
    if not found:
        pytest.skip("torch or vllm cannot be imported by this Python")
    for library in found:
        capture = folder / f"capture-{library.name}"
        results = folder / f"{library.name}.jsonl"
        done = subprocess.run(
            [sys.executable, HERE / "fork_dispatch.py", library, results,
             ending], env=environment(capture), text=True,
            capture_output=True, timeout=TIMEOUT)
        if done.returncode == -signal.SIGILL:
            print(f"{library.name}: this CPU cannot run it")
            continue
        assert done.returncode == 0, done.stderr
        lines = results.read_text().splitlines()
        return capture, [json.loads(line) for line in lines]
    pytest.skip("this CPU can run none of the installed operators")


def captured_rows(capture):
    """{pid: rows}: the sets that `moetap dump` shows of each process."""
    done = subprocess.run([MOETAP, "dump", capture, "--blocks", "--json"],
                          text=True, capture_output=True, timeout=TIMEOUT)
    assert done.returncode in (0, 3), done.stderr
    rows = collections.defaultdict(list)
    for text in done.stdout.splitlines():
        line = json.loads(text)
        if line["kind"] == "block":
            pid = int(pathlib.Path(line["file"]).name.split("-")[0])
            rows[pid] += rows_of(line["content"])
    return rows


def rows_of(content):
    width = content.get("id_bytes", 0)
    data = bytes(content.get("ids", []))
    at = 0
    for group in content.get("groups", []):
        slots = content["layer_lists"][group["layer_list"]]["slots"]
        assert slots == [0]
        for _ in range(group["rows"]):
            end = at + group["k"] * width
            yield tuple(int.from_bytes(data[i:i + width], "little")
                        for i in range(at, end, width))
            at = end
    assert at == len(data)


@pytest.mark.parametrize("ending", ("exit", "_exit"))
def test_both_sides_of_a_fork_are_captured(ending, tmp_path):
    if not MOETAP.is_file():
        pytest.skip(f"{MOETAP} is not built")
    capture, processes = run_fork(tmp_path, ending)
    assert len(processes) == 2
    assert len(list(capture.glob("*.moetap.zst"))) == 2
    found = captured_rows(capture)
    left = rings(capture)
    for ring in left:
        ring.unlink()
    assert len(left) == (ending == "_exit"), "rings of processes that ended"
    expected = {process["pid"]: [tuple(sorted(row))
                                 for row in process["rows"]]
                for process in processes}
    assert found == expected
    print(f"{ending}: " + ", ".join(
        f"{len(rows)} rows in {pid}" for pid, rows in expected.items()))
