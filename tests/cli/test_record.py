"""moetap record and moetap env, with commands that need no engine."""

import os
import pathlib
import pty
import re
import signal
import stat
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
MOETAP = BUILD / "analysis/moetap"
OWN = ("LD_PRELOAD", "VLLM_PLUGINS", "MOETAP_DISABLE", "MOETAP_LIBRARY")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in OWN:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def record(*command, options=(), **variables):
    return subprocess.run(
        [MOETAP, "record", *options, "--", *command], text=True,
        capture_output=True, env={**os.environ, **variables}, check=False)


def python(code, *arguments):
    return (sys.executable, "-c", code, *arguments)


@pytest.mark.parametrize("status", [2, 7, 255])
def test_the_commands_status_is_ours(status):
    assert record("sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("name", ["KILL", "SEGV", "TERM"])
def test_death_by_signal_is_128_and_the_signal(name):
    result = record("sh", "-c", f"kill -{name} $$")
    assert result.returncode == 128 + getattr(signal, "SIG" + name)


def test_success_without_a_dispatch_is_a_failure_with_a_remedy():
    result = record("true")
    assert result.returncode == 1
    assert "no dispatch seen" in result.stderr
    assert result.stdout == ""


def test_output_and_arguments_pass_unchanged():
    result = record("printf", "%s|", "a b", "--", "--tokens", "-o")
    assert result.stdout == "a b|--|--tokens|-o|"


def test_input_reaches_the_command():
    result = subprocess.run([MOETAP, "record", "--", "cat"], input="hello",
                            text=True, capture_output=True, check=False)
    assert result.stdout == "hello"


def test_a_command_that_is_not_there_is_127():
    result = record("no-such-command", options=("-o", "out"))
    assert result.returncode == 127
    assert "cannot run 'no-such-command'" in result.stderr
    assert not pathlib.Path("out").exists()


def test_a_command_that_is_no_program_is_126(folder):
    (folder / "text").write_text("no program")
    assert record("./text").returncode == 126


def test_no_command_is_wrong_usage():
    assert subprocess.run([MOETAP, "record"], capture_output=True,
                          check=False).returncode == 2


def test_the_users_preload_comes_first():
    theirs = str(BUILD / "plugin/libmoetap.so").replace("plugin", "./plugin")
    result = record("sh", "-c", "echo $LD_PRELOAD", LD_PRELOAD=theirs)
    first, _, last = result.stdout.strip().partition(":")
    assert first == theirs
    assert last.endswith("/plugin/libmoetap.so")


def test_restricted_plugins_get_the_shim_and_the_user_is_told():
    result = record("sh", "-c", "echo $VLLM_PLUGINS", VLLM_PLUGINS="theirs")
    assert result.stdout == "theirs,moetap\n"
    assert "VLLM_PLUGINS is 'theirs'" in result.stderr


def test_options_reach_the_library():
    result = record("env", options=("-o", "out", "--tokens", "full",
                                    "--on-full", "block", "--max-bytes", "1M"))
    values = dict(line.split("=", 1) for line in result.stdout.splitlines()
                  if line.startswith("MOETAP_"))
    key = values.pop("MOETAP_KEY")
    for ours in ("MOETAP_BUILD", "MOETAP_CUDA_HOME"):  # of ci/
        values.pop(ours, None)
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert values == {
        "MOETAP_DIR": str(pathlib.Path("out").resolve()),
        "MOETAP_TOKENS": "full", "MOETAP_ON_FULL": "block",
        "MOETAP_MAX_BYTES": "1048576"}


def test_the_default_directory_is_named_after_the_command_and_private(folder):
    record("/bin/true")
    (made,) = folder.iterdir()
    assert re.fullmatch(r"moetap-true-\d{8}-\d{6}", made.name)
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_directory_with_files_is_refused(folder):
    (folder / "notes").write_text("mine")
    result = record("touch", "ran", options=("-o", "."))
    assert result.returncode == 1
    assert "choose a new one with -o" in result.stderr
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("arguments", [
    ("--tokens", "some"), ("--on-full", "wait"), ("--max-bytes", "much")])
def test_wrong_options_are_wrong_usage(arguments):
    assert record("true", options=arguments).returncode == 2


def test_the_kill_switch_is_refused():
    result = record("true", MOETAP_DISABLE="1")
    assert result.returncode == 1
    assert "unset it" in result.stderr


def test_a_library_that_does_not_load_is_refused(folder):
    (folder / "libmoetap.so").write_text("no library")
    result = record("touch", "ran", options=("-o", "out"),
                    MOETAP_LIBRARY=str(folder / "libmoetap.so"))
    assert result.returncode == 1
    assert "cannot be preloaded" in result.stderr
    assert not (folder / "ran").exists()
    assert not (folder / "out").exists()


def test_a_process_that_drops_the_library_is_named():
    code = "import os, sys; os.execve(sys.executable, sys.argv, {})"
    sleep = "import time; time.sleep(3)"
    result = record(sys.executable, "-c", code, "-c", sleep)
    assert re.search(r"python[\d.]* \(pid \d+\): not loaded", result.stderr)


def start(*command):
    return subprocess.Popen([MOETAP, "record", "--", *command], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "USR1"])
def test_signals_are_passed_on(name):
    process = start("sh", "-c", f"trap 'echo got; exit 5' {name}; echo ready; "
                                "while :; do sleep 0.05; done")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, "SIG" + name))
    output, _ = process.communicate()
    assert (output, process.returncode) == ("got\n", 5)


COUNT_INTERRUPTS = """
import signal, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(1))
print("ready", flush=True)
while not seen:
    time.sleep(0.01)
time.sleep(0.5)
print("interrupts:", len(seen), flush=True)
"""


def test_control_c_reaches_the_command_once():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(MOETAP, [MOETAP, "record", "--", *python(COUNT_INTERRUPTS)])
    output = b""
    while b"ready" not in output:
        output += os.read(terminal, 4096)
    os.write(terminal, b"\x03")
    try:
        while chunk := os.read(terminal, 4096):
            output += chunk
    except OSError:
        pass  # how a terminal says that its last user has gone
    os.waitpid(pid, 0)
    assert b"interrupts: 1\r\n" in output


def test_background_processes_do_not_keep_us():
    result = record("sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!")
    os.kill(int(result.stdout), signal.SIGKILL)
    assert result.returncode == 1


ADOPTED = """
import os, subprocess, sys, time
pid = int(subprocess.run(["sh", "-c", "sleep 0.2 >&- & echo $!"],
                         stdout=subprocess.PIPE).stdout)
stat = lambda: open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
assert int(stat()[1]) == os.getppid(), "not adopted by moetap"
for _ in range(3000):
    if not os.path.exists(f"/proc/{pid}"):
        sys.exit(9)
    time.sleep(0.01)
sys.exit("a zombie is left: " + " ".join(stat()[:2]))
"""


def test_orphans_are_adopted_and_buried():
    result = record(*python(ADOPTED))
    assert result.returncode == 9, result.stderr


REPORT_AND_DIE = """
import ctypes, os, signal, sys
library = ctypes.PyDLL(None)
library.moetap_request(1, b"request", 3, ctypes.c_uint64(1))
library.moetap_status(b"test", b"the last word")
if sys.argv[1] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("end", ["kill", "exit"])
def test_what_a_process_reported_is_in_its_file_however_it_ends(end):
    result = record(*python(REPORT_AND_DIE, end),
                    options=("-o", "out", "--tokens", "full"))
    assert result.returncode == {"kill": 137, "exit": 1}[end]
    assert "test: the last word" in result.stderr
    (file,) = pathlib.Path("out").glob("*")
    assert file.name.endswith(".moetap.zst")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rings = pathlib.Path(f"/dev/shm/moetap-{os.geteuid()}")
    mine = str(pathlib.Path("out").resolve()).encode()
    assert not [r for r in rings.glob("*.ring") if mine in r.read_bytes()]


def environment_of(*arguments):
    return subprocess.run([MOETAP, "env", *arguments], text=True, check=True,
                          stdout=subprocess.PIPE).stdout


def test_env_can_be_evaluated_by_a_shell(folder):
    script = environment_of("-o", "it's here") + "env"
    result = subprocess.run(
        ["sh", "-c", script], text=True, check=True, stdout=subprocess.PIPE,
        env={**os.environ, "LD_PRELOAD": "libc.so.6", "VLLM_PLUGINS": "a"})
    values = dict(line.partition("=")[::2]
                  for line in result.stdout.splitlines())
    assert values["MOETAP_DIR"] == str(folder / "it's here")
    assert values["LD_PRELOAD"].startswith("libc.so.6:/")
    assert values["LD_PRELOAD"].endswith("/plugin/libmoetap.so")
    assert values["VLLM_PLUGINS"] == "a,moetap"
    assert not (folder / "it's here").exists()


def test_env_speaks_systemd():
    lines = environment_of("--format", "systemd", "-o", "/a/50%").splitlines()
    assert "[Service]" in lines
    assert 'Environment="MOETAP_DIR=/a/50%%"' in lines


def test_env_speaks_kubernetes_and_docker():
    yaml = environment_of("--format", "kubernetes", "-o", "/a")
    assert "- name: MOETAP_DIR\n  value: '/a'\n" in yaml
    assert "- name: LD_PRELOAD\n" in yaml
    assert "\nMOETAP_DIR=/a\n" in environment_of("--format", "docker",
                                                 "-o", "/a")
