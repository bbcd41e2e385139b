"""What an engine is told stays out of a capture that was not asked for it."""

import struct
import subprocess

import harness

PROMPT = "int canary_4f7a9(void) { return 31337; } // keep this secret"
VARIABLE = "canary-61ac-variable"
ARGUMENT = "canary-0c3e-argument"
WINDOW = 6  # ids in a row that are no coincidence


def token_forms(ids):
    """Each stretch of the ids as it could be stored or printed."""
    for at in range(len(ids) - WINDOW + 1):
        some = ids[at:at + WINDOW]
        for width in "HIQ":
            yield struct.pack(f"<{WINDOW}{width}", *some)
        for between in (" ", ",", ", "):
            yield between.join(map(str, some)).encode()


def written_and_printed(folder, out):
    """{where: bytes} of a capture and of what moetap says about it."""
    found = {}
    for path in folder.iterdir():
        found[path.name] = path.read_bytes()
        found[f"{path.name}, unpacked"] = subprocess.run(
            ["zstd", "-dcq", path], check=True, capture_output=True).stdout
    for verb, *more in (["info"], ["verify"], ["dump", "--json"], ["tree"],
                        ["report", "-o", out]):
        done = harness.run_moetap(verb, folder, *more, expect=(0, 3))
        found[verb] = (done.stdout + done.stderr).encode()
    found["report -o"] = out.read_bytes()
    return found


def where(forms, sources):
    forms = set(forms)
    return sorted({name for name, data in sources.items()
                   for form in forms if form in data})


def test_nothing_that_was_not_asked_for_is_captured(work, offline):
    folder = work / "canaries"
    batch = {"prompts": [PROMPT, PROMPT + " and this"],
             "sampling": {"max_tokens": 24, "temperature": 0.0,
                          "ignore_eos": True}}
    command = harness.offline_command(folder, "qwen3_moe", [batch],
                                      enforce_eager=True)
    results, = harness.run_job(
        folder, [*command, ARGUMENT],
        harness.engine_environment(folder / "capture", MOETAP_TOKENS="none",
                                   SECRET=VARIABLE))
    sources = written_and_printed(folder / "capture", folder / "report.html")
    texts = [PROMPT, PROMPT.split("(")[0], VARIABLE, ARGUMENT, "SECRET="]
    assert where([text.encode() for text in texts], sources) == []
    ids = [one["prompt"] for one in results] + [
        output["tokens"] for one in results for output in one["outputs"]]
    forms = [form for one in ids for form in token_forms(one)]
    assert len(forms) > 100
    assert where(forms, sources) == []

    # The same search finds the ids where they were asked for.
    asked = offline("qwen3_moe")
    shown = written_and_printed(asked.capture, folder / "asked.html")
    prompt = asked.results[0][0]["prompt"]
    assert any("unpacked" in name for name in where(token_forms(prompt),
                                                    shown))
    print(f"\n{len(forms) + len(texts)} canaries, {len(sources)} sources, "
          "0 found")
