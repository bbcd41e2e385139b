"""What the machine that measures is called."""

import pathlib
import platform


def cpu_name():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines
             if line.startswith("model name")]
    return names[0] if names else platform.machine()
