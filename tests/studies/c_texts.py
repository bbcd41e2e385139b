"""C texts to try readers of C on, and what the program makes of them."""

import importlib
import itertools
import json
import pathlib
import subprocess
import sys

import conftest


def c_text(what, data):
    """Runs c_text; texts in `data` are bytes."""
    done = subprocess.run(
        [conftest.BUILD / "tests/tools/c_text", what],
        input=json.dumps(data, default=bytes.hex), capture_output=True,
        text=True, check=True)
    return json.loads(done.stdout)


def corpus_texts(count, monkeypatch, seed=7):
    """Programs that the small model learns from."""
    monkeypatch.syspath_prepend(str(conftest.ROOT / "models/tinyc"))
    corpus = importlib.import_module("corpus")
    texts = [text.encode() for _, text in
             itertools.islice(corpus.documents(seed), count)]
    for name in [n for n in sys.modules if n.split(".")[0] == "corpus"]:
        monkeypatch.delitem(sys.modules, name)
    return texts


def header_texts(count):
    """Headers of this machine, spread over all of them, in ASCII."""
    paths = sorted(pathlib.Path("/usr/include").glob("**/*.h"))
    texts = []
    for path in paths[:: max(1, len(paths) // (2 * count))]:
        text = path.read_bytes()
        if text.isascii() and b"\0" not in text and b"\f" not in text:
            texts.append(text)
    assert len(texts) >= count
    return texts[:count]
