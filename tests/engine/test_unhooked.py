"""An engine whose dispatch function has another name is not passed over."""

import importlib.util
import os
import pathlib
import subprocess

import elf_symbols
import harness

NAME = b"cpu_fused_moe"
MANGLED = (b"_Z13" + NAME + b"RN2at6TensorERKS0_S3_S3_RKSt8optionalIS0_ES7_S3_"
           b"S3_bRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESF_")


def overlay(folder):
    """A folder for PYTHONPATH with a vllm in which every build of the CPU
    kernels exports the dispatch function under a name one letter off."""
    package = folder / "vllm"
    package.mkdir(parents=True)
    # Found without importing it.
    original = pathlib.Path(importlib.util.find_spec("vllm").origin).parent
    changed = 0
    for entry in original.iterdir():
        target = package / entry.name
        if not (entry.name.startswith("_C") and entry.suffix == ".so"):
            target.symlink_to(entry)
            continue
        library = elf_symbols.SharedObject(entry.read_bytes())
        name = library.replace_letter(MANGLED, keep=len(b"_Z13" + NAME))
        target.write_bytes(library.data)
        changed += 1
    assert changed, f"no kernels in {original}"
    return name.decode()


def test_changed_symbol_fails_record_and_verify(work):
    folder = work / "unhooked"
    symbol = overlay(folder / "overlay")
    command = harness.offline_command(
        folder, "qwen3_moe",
        [{"prompts": harness.random_prompts(31, 4, 8, 8),
          "sampling": {"max_tokens": 8}}], enforce_eager=True)
    environment = harness.engine_environment(
        PYTHONPATH=str(folder / "overlay"))
    done = subprocess.run(
        [harness.MOETAP, "record", "-o", folder / "capture", "--tokens",
         "full", "--", *command], env=environment, cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", timeout=harness.ENGINE_TIMEOUT)
    assert (folder / "results.json").is_file(), done.stdout[-4000:]
    assert done.returncode not in (0, 3), done.stdout[-4000:]
    said = [line for line in done.stdout.splitlines()
            if NAME.decode() in line]
    assert any(symbol in line for line in said), done.stdout[-4000:]
    verdict = harness.run_moetap("verify", folder / "capture", expect=(1,))
    assert symbol in verdict.stdout + verdict.stderr, verdict.stdout
    print("\nrecord:", *said, f"(exit status {done.returncode})", sep="\n  ")
    print("verify:", verdict.stdout, sep="\n")
    remove_copies(folder / "overlay" / "vllm")


def remove_copies(package):
    """The changed libraries are large."""
    for entry in package.glob("_C*.so"):
        os.remove(entry)
