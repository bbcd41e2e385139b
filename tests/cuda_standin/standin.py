"""Running programs on the stand-in CUDA runtime, and reading its router log.

    libraries = pathlib.Path("...")  # what build_for_wheels wrote
    subprocess.run([...], env=environment(libraries, [hook],
                                          router_log=folder / "routers"))
    for pid, routers in read_router_log(folder / "routers").items():
        ...
"""

import dataclasses
import os
import pathlib

# torch has an RPATH to NVIDIA's libraries: only a preloaded library of the
# same name is taken instead.
PRELOADED = ["libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13"]


def environment(libraries, preload=(), **knobs):
    """The environment of this process, plus what puts the stand-in libraries
    in the place of NVIDIA's, behind the libraries in `preload`.  A knob such
    as router_log is the variable STANDIN_ROUTER_LOG."""
    libraries = pathlib.Path(libraries).resolve()
    missing = [name for name in PRELOADED if not (libraries / name).exists()]
    if missing:
        raise FileNotFoundError(f"{libraries} has no {', '.join(missing)}; "
                                "build_for_wheels makes them")
    preloaded = [*preload, *(libraries / name for name in PRELOADED)]
    path = [libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return {**os.environ,
            "LD_PRELOAD": ":".join(map(str, preloaded)),
            "LD_LIBRARY_PATH": ":".join(map(str, path)),
            "TRITON_LIBCUDA_PATH": str(libraries),
            **{f"STANDIN_{name.upper()}": str(value)
               for name, value in knobs.items()}}


@dataclasses.dataclass
class Router:
    """One executed router kernel: a line of the log."""
    sequence: int
    device: int
    stream: int
    replay: bool
    graph: int        # id of the executable graph; 0: none
    kernel: str       # mangled
    experts: int
    ids: list         # of rows, each a list of k ids; -1: padding


def parse_router(line):
    sequence, device, stream, how, graph, kernel, *numbers = line.split()
    rows, k, experts, *ids = map(int, numbers)
    if how not in ("eager", "replay") or len(ids) != rows * k:
        raise ValueError(f"no line of a router log: {line[:200]}")
    return Router(int(sequence), int(device), int(stream), how == "replay",
                  int(graph), kernel, experts,
                  [ids[row * k:(row + 1) * k] for row in range(rows)])


def read_router_log(path):
    """{process id: routers in the order of their execution} of the files that
    processes with the knob router_log=`path` wrote."""
    path = pathlib.Path(path)
    return {int(file.suffix[1:]): [parse_router(line) for line
                                   in file.read_text().splitlines()]
            for file in path.parent.glob(path.name + ".*")}
