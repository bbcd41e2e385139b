"""Stock tools decode every block of a real capture, as its format document
tells a stranger to."""

import collections
import json
import subprocess
import sys

import capture
import harness

LEAST_BLOCKS = 50


def documented_programs():
    """The two Python programs in docs/log_format.md: the text of the splitter
    of unpacked files, and the function that decodes the ids of a block."""
    text = (harness.ROOT / "docs" / "log_format.md").read_text()
    splitter, decoder = (part.split("```")[0]
                         for part in text.split("```python\n")[1:])
    names = {}
    exec(decoder, names)  # pylint: disable=exec-used
    return splitter, names["block_ids"]


def decode(file, folder, splitter):
    """The blocks of one capture file, by zstd, the splitter and flatc."""
    folder.mkdir()
    with open(folder / "all.bin", "wb") as unpacked:
        subprocess.run(["zstd", "-dc", file], stdout=unpacked, check=True)
    subprocess.run([sys.executable, "-c", splitter, "all.bin"], cwd=folder,
                   check=True)
    pieces = sorted(path for path in folder.glob("*.bin")
                    if path.stem != "all")
    subprocess.run(
        ["flatc", "--json", "--strict-json", "--size-prefixed",
         "--raw-binary", str(harness.ROOT / "schema" / "routing_log.fbs"),
         "--", *(path.name for path in pieces)], cwd=folder, check=True)
    return [json.loads(path.with_suffix(".json").read_text())
            for path in pieces]


def in_normal_form(block, block_ids):
    """The block's content with its ids as numbers, whatever their layout."""
    content = {key: value for key, value in block.items() if key != "layout"}
    if "ids" in block:
        content["ids"] = block_ids(block)
    return content


def test_every_block_is_decoded_by_stock_tools(offline, tmp_path):
    run = offline("mixtral")
    dumped = {}
    for block in capture.read_dump(run.capture).blocks:
        dumped.setdefault(block["file"], []).append(block["content"])
    files = sorted(run.capture.glob("*.moetap.zst"))
    assert sorted(dumped) == [file.name for file in files]
    splitter, block_ids = documented_programs()
    layouts = collections.Counter()
    for number, file in enumerate(files):
        decoded = decode(file, tmp_path / str(number), splitter)
        layouts.update(block.get("layout", "SortedTokenMajor")
                       for block in decoded)
        assert [in_normal_form(block, block_ids) for block in decoded] == [
            in_normal_form(block, block_ids)
            for block in dumped[file.name]], file.name
    print(f"\n{layouts.total()} blocks in {len(files)} files, all equal to "
          f"dump --json: {dict(layouts)}")
    assert layouts.total() >= LEAST_BLOCKS
