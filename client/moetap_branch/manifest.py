"""The manifest: an append-only JSONL file, one row a line.

The first row is of kind "run" and says what the run is.  Each start of the
client adds one of kind "session".  A finished manifest ends with one of kind
"end".
"""

import fcntl
import json
import os

from moetap_branch.failure import Failure, Misuse

SCHEMA_VERSION = 1


def encode(row):
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def _decode(data, path):
    """The rows of whole lines."""
    rows = []
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            row = json.loads(line)
            row["kind"]
        except (ValueError, KeyError, TypeError):
            raise Misuse(f"{path}: line {number}: not a row of a manifest; "
                         f"restore the file or name another") from None
        rows.append(row)
    if not rows:
        return rows
    if rows[0]["kind"] != "run" or "schema_version" not in rows[0]:
        raise Misuse(f"{path}: line 1: not a manifest of moetap-branch; name "
                     f"another file")
    if rows[0]["schema_version"] != SCHEMA_VERSION:
        raise Misuse(f"{path}: schema version {rows[0]['schema_version']}, "
                     f"this client reads {SCHEMA_VERSION}; use the client "
                     f"that wrote it")
    return rows


def _whole_groups(rows):
    """How many of the rows remain if the rows of one answer (beams of a
    server) at the end are dropped unless all of them are there."""
    last = rows[-1] if rows else {}
    if last.get("choice") is None or last["choice"] + 1 == last["choices"]:
        return len(rows)
    return len(rows) - last["choice"] - 1


def _is_ours(data):
    """Whether a first line without an end can be that of a manifest."""
    start = b'{"kind":"run"'
    return data.startswith(start) or start.startswith(data)


def read(path):
    """(rows, whether a torn last line was ignored).  Changes nothing."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}; name a manifest") from None
    rows = _decode(data, path)
    if not rows:
        raise Misuse(f"{path}: no manifest in it; name another file")
    whole = rows[:_whole_groups(rows)]
    return whole, len(whole) < len(rows) or not data.endswith(b"\n")


class Manifest:
    """An open manifest that this process alone may write.

    `rows` holds what was there and what was appended since, by key.  `first`
    is the row of kind "run" or None, `end` that of kind "end" or None.
    `torn` is the number of bytes that were cut off because a client ended in
    the middle of a write.  Use it as a context manager.
    """

    def __init__(self, path):
        self.path, self.rows = path, {}
        self.first = self.end = None
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND,
                                 0o600)
        except OSError as error:
            raise Misuse(f"{path}: {error.strerror}; -o names the manifest "
                         f"to write") from None
        try:
            self._lock()
            self.torn = self._load()
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._file)

    def _lock(self):
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Misuse(f"{self.path}: another moetap-branch is writing it; "
                         f"wait for it or name another file") from None

    def _load(self):
        with open(self._file, "rb", closefd=False) as file:
            data = file.read()
        lines = data.split(b"\n")
        if len(lines) == 1 and not _is_ours(data):
            raise Misuse(f"{self.path}: not a manifest of moetap-branch; -o "
                         f"names the manifest to write")
        rows = _decode(data, self.path)
        whole = _whole_groups(rows)
        size = sum(len(line) + 1 for line in lines[:whole])
        os.ftruncate(self._file, size)
        for row in rows[:whole]:
            self._index(row)
        return len(data) - size

    def _index(self, row):
        if row["kind"] == "run":
            self.first = row
        elif row["kind"] == "end":
            self.end = row
        elif "key" in row:
            self.rows[row["key"]] = row

    def append(self, *rows):
        """Adds rows with one write; they are on disk on return."""
        data = b"".join(encode(row) for row in rows)
        try:
            written = os.write(self._file, data)
            os.fsync(self._file)
        except OSError as error:
            raise Failure(f"{self.path}: {error.strerror}; the same command "
                          f"resumes") from None
        if written != len(data):
            raise Failure(f"{self.path}: the disk is full; the same command "
                          f"resumes when there is room")
        for row in rows:
            self._index(row)

    def requests(self):
        """The rows that are sequences of the server."""
        return [row for row in self.rows.values() if row["kind"] == "request"]


def differences(old, new):
    """What the row of kind "run" of a resumed run has otherwise, in words."""
    found = []
    for name in ("strategy", "model", "prompts"):
        if old[name] != new[name] and new[name] is not None:
            found.append("the prompts" if name == "prompts" else
                         f"{name} (was {old[name]}, is {new[name]})")
    if old["strategy"] == new["strategy"]:
        for name, value in new["parameters"].items():
            was = old["parameters"].get(name)
            if was != value:
                found.append(f"{name} (was {was}, is {value})")
    return found
