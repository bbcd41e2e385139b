"""Reads what router_tap wrote: every execution of every row, by rank."""

import collections
import dataclasses
import json
import pathlib
import re


@dataclasses.dataclass
class Worker:
    """One worker process."""
    pid: int
    # (request id, position) -> executions in order, each {layer: set}
    executions: dict = dataclasses.field(
        default_factory=lambda: collections.defaultdict(list))
    preempted: list = dataclasses.field(default_factory=list)
    steps: int = 0
    last_pass: set = dataclasses.field(default_factory=set)  # its places
    torn: bool = False  # the last pass did not end: the worker was killed

    def rows(self):
        """Last execution of each (request id, position)."""
        return {place: runs[-1] for place, runs in self.executions.items()}

    def recomputed(self):
        return sum(len(runs) - 1 for runs in self.executions.values())


def _read(path):
    worker = Worker(pid=int(path.name.split("-")[0]))
    current = None
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if "step" in record:
            assert current is None, f"{path}: a pass began inside another"
            worker.steps += 1
            worker.preempted += record["preempted"]
            current = [(name, start + offset, {})
                       for name, start, rows in record["step"]
                       for offset in range(rows)]
            worker.last_pass = {place[:2] for place in current}
            for name, position, layers in current:
                worker.executions[name, position].append(layers)
        elif "layer" in record:
            assert len(record["ids"]) == len(current), path
            for (_, _, layers), ids in zip(current, record["ids"]):
                assert record["layer"] not in layers, path
                layers[record["layer"]] = frozenset(ids)
        else:
            current = None
    worker.torn = current is not None
    return worker


def read(folder):
    """{rank: Worker}.  Workers that served no request are left out."""
    workers = {}
    for path in sorted(pathlib.Path(folder).glob("*.jsonl")):
        worker = _read(path)
        if worker.steps:
            rank = int(re.search(r"rank-(\d+)", path.name).group(1))
            assert rank not in workers, f"two workers of rank {rank}"
            workers[rank] = worker
    assert workers, f"router_tap saw no step; nothing in {folder}"
    return workers
