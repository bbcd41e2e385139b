"""Stock tools decode every block of a real capture, as its format document
tells a stranger to."""

import json
import subprocess
import sys

import capture
import harness

LEAST_BLOCKS = 50


def splitter():
    """The Python program in docs/log_format.md."""
    text = (harness.ROOT / "docs" / "log_format.md").read_text()
    return text.split("```python\n")[1].split("```")[0]


def decode(file, folder):
    """The blocks of one capture file, by zstd, the splitter and flatc."""
    folder.mkdir()
    with open(folder / "all.bin", "wb") as unpacked:
        subprocess.run(["zstd", "-dc", file], stdout=unpacked, check=True)
    subprocess.run([sys.executable, "-c", splitter(), "all.bin"], cwd=folder,
                   check=True)
    pieces = sorted(path for path in folder.glob("*.bin")
                    if path.stem != "all")
    subprocess.run(
        ["flatc", "--json", "--strict-json", "--size-prefixed",
         "--raw-binary", str(harness.ROOT / "schema" / "routing_log.fbs"),
         "--", *(path.name for path in pieces)], cwd=folder, check=True)
    return [json.loads(path.with_suffix(".json").read_text())
            for path in pieces]


def test_every_block_is_decoded_by_stock_tools(offline, tmp_path):
    run = offline("mixtral")
    dumped = {}
    for block in capture.read_dump(run.capture).blocks:
        dumped.setdefault(block["file"], []).append(block["content"])
    files = sorted(run.capture.glob("*.moetap.zst"))
    assert sorted(dumped) == [file.name for file in files]
    total = 0
    for number, file in enumerate(files):
        decoded = decode(file, tmp_path / str(number))
        assert decoded == dumped[file.name], file.name
        total += len(decoded)
    print(f"\n{total} blocks in {len(files)} files, all equal to dump --json")
    assert total >= LEAST_BLOCKS
