"""Row 15: nothing of the host's environment, arguments or tokens is in what
is written or printed, unless it was asked for.  As in scenarios.py."""

import subprocess
import sys

import faults

ENVIRONMENT = "canary-e5b1-environment"
ARGUMENT = "canary-a90c-argument"
TOKENS = [0x4B3C2D1E, 0x5B4C3D2E, 0x6B5C4D3E]  # not in there by chance
VOCABULARY = "canary-v77d-vocabulary"

# Reports what an engine's shim does, leaves its ring behind if it is to, and
# has the canaries where a library could find them.
REPORT = """
import ctypes, os, sys
library = ctypes.CDLL(None)
u64, ids = ctypes.c_uint64, [int(word) for word in sys.argv[2].split(",")]
chain = u64(0)
library.moetap_fact(b"engine", b"a-fact-that-is-stored")
library.moetap_request(1, b"request-1", len(ids), u64(1))
library.moetap_tokens(1, 0, (ctypes.c_int32 * len(ids))(*ids), len(ids),
                      ctypes.byref(chain))
word = os.environ["CANARY_WORD"].encode()
library.moetap_vocabulary(7, (ctypes.c_uint16 * 1)(len(word)), 1, word)
if sys.argv[1] == "killed":
    os._exit(0)
"""


def _written(case):
    """Name and bytes of all that was written, packed and not."""
    for path in [*case.capture.iterdir(), *case.rings()]:
        yield path.name, path.read_bytes()
        if path.suffix == ".zst":
            done = subprocess.run(["zstd", "-dcq", path],  # may be torn
                                  capture_output=True, check=False)
            yield f"{path.name}, unpacked", done.stdout


def _printed(case):
    """Verb and output, with what it writes to a file."""
    out = case.folder / "out"
    for verb, *more in (("info",), ("info", "--json"), ("verify",),
                        ("verify", "--json"), ("dump", "--json"),
                        ("report", "-o", out), ("recover", "-o", out)):
        done = subprocess.run([faults.MOETAP, verb, *more, case.capture],
                              capture_output=True, timeout=faults.TIMEOUT)
        assert done.returncode in (0, 1, 3), (verb, done)
        yield verb, done.stdout + done.stderr
        for path in [out] if out.is_file() else out.glob("*"):
            yield f"{verb} -o", path.read_bytes()
            path.unlink()
        if out.is_dir():
            out.rmdir()


def _found(case, canaries):
    """Which of the canaries are where."""
    return {(canary, where) for source in (_written(case), _printed(case))
            for where, data in source for canary in canaries
            if canary in data}


def _run(ending, tokens):
    case = faults.Case(MOETAP_TOKENS=tokens, SECRET=ENVIRONMENT,
                       CANARY_WORD=VOCABULARY)
    environment = {**faults.clean_environment(), **case.variables}
    done = subprocess.run(
        [sys.executable, "-c", REPORT, ending,
         ",".join(map(str, TOKENS)), ARGUMENT],
        env=environment, text=True, capture_output=True,
        timeout=faults.TIMEOUT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
    assert bool(case.rings()) == (ending == "killed"), case.rings()
    return case


def none_is_found():
    """By default nothing, in capture, ring and output; with `--tokens full`
    the token ids and the vocabulary, and still nothing else."""
    own = [ENVIRONMENT.encode(), ARGUMENT.encode(), b"SECRET="]
    stored = [token.to_bytes(4, "little") for token in TOKENS]
    stored.append(VOCABULARY.encode())
    tokens = stored + [str(token).encode() for token in TOKENS]
    places = 0
    for ending in ("ended", "killed"):
        with _run(ending, "none") as case:
            places += sum(1 for _ in _written(case))
            assert not _found(case, own + tokens), _found(case, own + tokens)
            # What is to be stored is seen, so the search looks at the right
            # bytes.
            assert _found(case, [b"a-fact-that-is-stored"])
        with _run(ending, "full") as case:
            assert not _found(case, own), _found(case, own)
            seen = {canary for canary, _ in _found(case, stored)}
            assert seen == {*stored}, seen
    return f"{places} written files, {len(own) + len(tokens)} canaries, 0 found"
