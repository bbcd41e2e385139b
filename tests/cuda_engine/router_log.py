"""What the stand-in's routers wrote, and what a capture must say of it.

One line for each router kernel that ran, in the order they ran:

    <seq> <device> <stream> <eager|replay> <graph or 0> <kernel> <rows> <k>
    <experts> <ids...>

The log comes from the device's side and knows nothing of requests: the place
of a row follows from the order of real steps and of the layers in a step.
"""

import dataclasses
import pathlib

FIXED = 9  # fields before the ids


@dataclasses.dataclass(frozen=True)
class Execution:
    """One run of a router kernel."""
    stream: int
    replayed: bool  # by a graph, else launched
    kernel: str
    experts: int
    sets: tuple     # of each row the ids in the order written


def parse(line):
    fields = line.split()
    if len(fields) < FIXED or fields[3] not in ("eager", "replay"):
        raise ValueError(f"not a line of a router log: {line[:80]!r}")
    rows, k, experts = map(int, fields[6:FIXED])
    ids = tuple(map(int, fields[FIXED:]))
    if len(ids) != rows * k:
        raise ValueError(f"{len(ids)} ids for {rows} rows of {k}: "
                         f"{line[:80]!r}")
    return Execution(
        stream=int(fields[2]), replayed=fields[3] == "replay",
        kernel=fields[5], experts=experts,
        sets=tuple(ids[row * k:(row + 1) * k] for row in range(rows)))


def read(prefix):
    """The executions of the one process that ran routers."""
    prefix = pathlib.Path(prefix)
    files = [path for path in prefix.parent.glob(prefix.name + ".*")
             if path.stat().st_size]
    if len(files) != 1:
        raise AssertionError(f"{len(files)} processes ran routers, not one")
    with open(files[0]) as lines:
        return [parse(line) for line in lines]


def serving(steps, executions, layers):
    """The executions of the real steps, one list per step.

    steps: all steps of the worker as `moetap dump` prints them.  What ran
    before the first real step is warm-up; a dummy step after it would run
    routers that cannot be told from those of real steps.
    """
    kinds = [step["kind"] for step in steps]
    first = kinds.index("Real")
    real = kinds[first:]
    if set(real) != {"Real"}:
        raise ValueError("a dummy step follows the first real one")
    count = len(real) * layers
    if count > len(executions):
        raise AssertionError(f"{len(real)} real steps of {layers} layers, but "
                             f"{len(executions)} routers ran")
    served = executions[len(executions) - count:]
    return [served[start:start + layers] for start in range(0, count, layers)]


def rows(steps, names, executions, layers):
    """{(request id, position): {layer: set}}, of each place the last run.

    names: {number of a request: its id}.  layers: numbers of the MoE layers in
    forward order; the i-th router of a step is the i-th of them.
    """
    found = {}
    real = [step for step in steps if step["kind"] == "Real"]
    for step, ran in zip(real, serving(steps, executions, len(layers))):
        places = [(names[span["request"]], span["start"] + row)
                  for span in step["spans"] for row in range(span["rows"])]
        for layer, execution in zip(layers, ran):
            if len(execution.sets) < len(places):
                raise AssertionError(
                    f"step {step['step']} has {len(places)} rows, its router "
                    f"of layer {layer} only {len(execution.sets)}")
        for row, place in enumerate(places):
            found[place] = {
                layer: frozenset(execution.sets[row])
                for layer, execution in zip(layers, ran)}
    return found


def differences(captured, executed):
    """What is wrong with a capture's observed rows, in words; empty if
    nothing.  Both as rows() returns them."""
    wrong = [f"{place}: executed, not captured"
             for place in executed.keys() - captured.keys()]
    wrong += [f"{place}: captured, never executed"
              for place in captured.keys() - executed.keys()]
    for place in captured.keys() & executed.keys():
        if captured[place] != executed[place]:
            wrong.append(f"{place}: captured {captured[place]}, the routers "
                         f"wrote {executed[place]}")
    return sorted(wrong)
