"""Assembly equivalence against pairs of codes whose verdicts are known by hand,
and these verdicts against object files."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

import conftest

PAIRS = [json.loads(line) for line in
         (pathlib.Path(__file__).parent / "data/assembly_pairs.jsonl")
         .read_text().splitlines()]
BINUTILS = pytest.mark.skipif(
    not (shutil.which("objdump") and shutil.which("objcopy")),
    reason="no objdump or objcopy")


@pytest.fixture(scope="module")
def groups():
    """[(result of a, result of b)] of all pairs."""
    done = subprocess.run(
        [conftest.BUILD / "tests/tools/code_groups"],
        input=json.dumps([pair[side] for pair in PAIRS for side in "ab"]),
        capture_output=True, text=True, check=True)
    results = json.loads(done.stdout)
    return list(zip(results[::2], results[1::2], strict=True))


def test_corpus():
    names = [pair["name"] for pair in PAIRS]
    assert len(set(names)) == len(names)
    assert len({pair["a"] for pair in PAIRS}) >= 60
    for verdict in (True, False):
        assert sum(pair["equivalent"] is verdict for pair in PAIRS) >= 90
    for pair in PAIRS:
        assert pair["a"] != pair["b"] and pair["reason"], pair["name"]


def test_all_compile(groups):
    failed = [(pair["name"], side["message"])
              for pair, sides in zip(PAIRS, groups, strict=True)
              for side in sides if side["status"] != "compiled"]
    assert not failed


def test_verdicts(groups):
    wrong = [pair["name"] for pair, (a, b) in zip(PAIRS, groups, strict=True)
             if (a["group"] == b["group"]) is not pair["equivalent"]]
    assert not wrong


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True,
                          **options).stdout


# Differences of these are those that the rules leave out: the compiler's name
# and tables for unwinding.
IGNORED = re.compile(
    r"Contents of section \.(?:comment|eh_frame):\n(?: .*\n)*")


def object_file(code, folder):
    """What is in the object file: (all as text, bytes of .text)."""
    path = folder / "code.o"
    run("gcc", "-c", "-O0", "-std=gnu17", "-w", "-x", "c", "-o", path, "-",
        input=code.encode())
    listing = run("objdump", "-d", "-r", "-s", "-t", "--no-show-raw-insn", path,
                  text=True)
    section = folder / "text"
    run("objcopy", "-O", "binary", "-j", ".text", path, section)
    return IGNORED.sub("", listing), section.read_bytes()


@BINUTILS
def test_object_files(tmp_path):
    """Equivalent codes make equal object files, others make different ones."""
    wrong = []
    for pair in PAIRS:
        a, text_a = object_file(pair["a"], tmp_path)
        b, text_b = object_file(pair["b"], tmp_path)
        same = a == b and text_a == text_b
        if same is not pair["equivalent"]:
            wrong.append(pair["name"])
    assert not wrong
