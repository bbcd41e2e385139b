"""What `moetap dump --json` and `moetap export` say about a capture."""

import csv
import dataclasses
import json
import re

import harness


@dataclasses.dataclass
class Row:
    """The effective row of one position of one request."""
    token: int
    phase: str       # prompt | generated
    source: str      # observed | inherited | missing
    origin: str      # inherited: the request that computed it
    reason: str      # missing: why
    unreturned: bool
    layers: dict     # decoder layer -> frozenset of experts


@dataclasses.dataclass
class Dump:
    blocks: list     # as printed
    requests: dict   # request id -> {position: Row}

    def tables(self, name):
        """All entries of one table of the blocks, in order."""
        return [entry for block in self.blocks
                for entry in block["content"].get(name, [])]

    def worker_tables(self, name):
        """tables(), of each file with steps in it: {file: entries}."""
        files = {}
        for block in self.blocks:
            files.setdefault(block["file"], []).append(block["content"])
        return {file: [entry for content in contents
                       for entry in content.get(name, [])]
                for file, contents in files.items()
                if any("steps" in content for content in contents)}


def _row(line):
    return Row(token=line["token_id"], phase=line["phase"],
               source=line["source"], origin=line["from"] or "",
               reason=line["reason"] or "", unreturned=line["unreturned"],
               layers={int(layer): frozenset(ids)
                       for layer, ids in (line["layers"] or {}).items()})


def read_dump(path):
    """Every block and every effective row; two rows for one place fail."""
    done = harness.run_moetap("dump", path, "--json", expect=(0, 3))
    dump = Dump(blocks=[], requests={})
    for text in done.stdout.splitlines():
        line = json.loads(text)
        if line["kind"] == "block":
            dump.blocks.append(line)
            continue
        rows = dump.requests.setdefault(line["request_id"], {})
        if line["position"] in rows:
            raise AssertionError(f"two rows for {line['request_id']} "
                                 f"position {line['position']}")
        rows[line["position"]] = _row(line)
    return dump


def read_export(path, file):
    """`moetap export` as {request id: {position: (token, phase, source,
    {layer: frozenset})}}; two lines for one layer of one place fail."""
    harness.run_moetap("export", path, "--format", "csv", "-o", file,
                       expect=(0, 3))
    requests = {}
    with open(file, newline="") as source:
        reader = csv.DictReader(source)
        columns = ["request_id", "position", "token_id", "phase", "source",
                   "layer", "experts"]
        assert reader.fieldnames == columns, reader.fieldnames
        for line in reader:
            place = requests.setdefault(line["request_id"], {})
            entry = place.setdefault(
                int(line["position"]),
                (int(line["token_id"]), line["phase"], line["source"], {}))
            layer = int(line["layer"])
            if layer in entry[3]:
                raise AssertionError(f"two lines for {line}")
            ids = [int(text) for text in line["experts"].split()]
            assert ids == sorted(ids) and len(set(ids)) == len(ids), line
            entry[3][layer] = frozenset(ids)
    return requests


def external_id(internal):
    """The id a request had before vLLM appended eight random hex digits."""
    return re.sub(r"-[0-9a-f]{8}$", "", internal)


def decode_batches(dump):
    """(decode rows, decode rows of steps with four or more requests)."""
    total = crowded = 0
    names = dump.worker_tables("requests")
    for file, steps in dump.worker_tables("steps").items():
        prompt = {entry["request"]: entry["prompt_tokens"]
                  for entry in names[file]}
        for step in steps:
            spans = step.get("spans", [])
            decoding = sum(span["start"] >= prompt[span["request"]]
                           for span in spans if span["request"] in prompt)
            total += decoding
            crowded += decoding if len(spans) >= 4 else 0
    return total, crowded
