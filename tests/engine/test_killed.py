"""A worker killed in the middle of a step loses nothing that was published."""

import os
import signal
import subprocess
import time

import capture
import ground_truth
import harness
import tap_log

LEAST_STEPS = 40
# Four samples of each of four prompts, so that the studies have forks.
BATCH = {"prompts": 4 * harness.random_prompts(21, 4, 20, 40),
         "sampling": {"max_tokens": 400, "temperature": 1.0,
                      "ignore_eos": True}}


def stopped_in_mid_step(tap):
    """Pid of the worker, stopped (SIGSTOP) while a pass is under way."""
    deadline = time.monotonic() + harness.ENGINE_TIMEOUT
    while time.monotonic() < deadline:
        time.sleep(0.01)
        for path in tap.glob("*.jsonl"):
            if path.read_text().count('"end"') < LEAST_STEPS:
                continue
            pid = int(path.name.split("-")[0])
            os.kill(pid, signal.SIGSTOP)
            if '"layer"' in path.read_text().splitlines()[-1]:
                return pid
            os.kill(pid, signal.SIGCONT)
    raise AssertionError("the engine did not come as far as a step")


def kill_worker(folder):
    """Runs the engine, kills its worker; folders of capture and tap."""
    folder.mkdir()
    capture_folder, tap = folder / "capture", folder / "tap"
    command = harness.offline_command(folder, "qwen3_moe", [BATCH],
                                      enforce_eager=True)
    environment = harness.engine_environment(capture_folder, tap)
    with open(folder / "engine.log", "w") as log:
        engine = subprocess.Popen(command, env=environment, cwd=folder,
                                  stdout=log, stderr=subprocess.STDOUT,
                                  start_new_session=True)
    try:
        os.kill(stopped_in_mid_step(tap), signal.SIGKILL)
        engine.wait(timeout=120)
    finally:
        if engine.poll() is None:
            os.killpg(engine.pid, signal.SIGKILL)
            engine.wait()
    return capture_folder, tap


def check_rows(folder, tap, truth):
    """All that the killed worker computed before its last pass is there."""
    worker, = tap_log.read(tap).values()
    assert worker.torn, "the worker was not killed in mid-step"
    dump = capture.read_dump(folder)
    found = {(name, position): row.layers
             for name, rows in dump.requests.items()
             for position, row in rows.items() if row.source == "observed"}
    executed = {place: layers for place, layers in worker.rows().items()
                if place not in worker.last_pass}
    lost = [place for place in executed if place not in found]
    print(f"\n{worker.steps} steps, {len(executed)} rows before the last "
          f"pass, {len(found)} rows read, {len(lost)} lost")
    assert not lost, lost[:10]
    assert all(found[place] == executed[place] for place in executed)
    one = truth("qwen3_moe")
    counts = ground_truth.Counts()
    names = sorted(dump.requests)
    for name, logits in zip(names, one.logits(
            [[row.token for _, row in sorted(dump.requests[name].items())]
             for name in names])):
        counts.add(ground_truth.compare(
            logits, one.k, one.layers,
            {position: row.layers
             for position, row in dump.requests[name].items()
             if row.source == "observed"}))
    assert counts.mismatches == 0, counts.examples[:10]


def test_every_tool_reads_what_was_published(work, tmp_path, truth):
    folder, tap = kill_worker(work / "killed")
    check_rows(folder, tap, truth)
    for arguments in (["info", folder], ["info", folder, "--json"],
                      ["dump", folder], ["tree", folder],
                      ["locality", folder],
                      ["export", folder, "--format", "csv",
                       "-o", tmp_path / "rows.csv"],
                      ["report", folder, "-o", tmp_path / "report.html"]):
        done = harness.run_moetap(*arguments, expect=(0, 3))
        print(f"{arguments[0]}: exit status {done.returncode}")
    assert (tmp_path / "rows.csv").stat().st_size > 0
    assert (tmp_path / "report.html").stat().st_size > 0
    verdict = harness.run_moetap("verify", folder, expect=(3,))
    assert "leftover-ring" in verdict.stdout
    print(verdict.stdout)
