#!/usr/bin/env python3
"""Checks that a preloaded library cannot hurt the processes it meets.

A preloaded object with an unmet need kills every process it is loaded into.
So it may need nothing but libc and the loader, no glibc newer than 2.34 and
no symbol that nobody is sure to define; its stack must not be executable and
its relocations must be read-only (RELRO, BIND_NOW).  Ends with 1 and names
each fault, and likewise when readelf fails.
"""

import argparse
import pathlib
import re
import subprocess
import sys

NEEDED = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
NEWEST_GLIBC = (2, 34)


def readelf(option, library):
    command = ["readelf", option, "--wide", str(library)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"check_linking: {' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def wrong_needs(library):
    dynamic = readelf("--dynamic", library)
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if name not in NEEDED:
            yield f"needs {name}"
    if not re.search(r"\((BIND_NOW|FLAGS)\).*BIND_NOW|\(FLAGS_1\).*\bNOW\b",
                     dynamic):
        yield "is not linked with -z now"
    for path in re.findall(r"\(R(?:UN)?PATH\).*\[(.*)\]", dynamic):
        yield f"has a search path of its own: {path}"
    if "(TEXTREL)" in dynamic:
        yield "has relocations in its code"


def wrong_versions(library):
    section = readelf("--version-info", library)
    needed = section.partition("Version needs section")[2]
    for name in sorted(set(re.findall(r"Name: (\S+)", needed))):
        match = re.fullmatch(r"GLIBC_([\d.]+)", name)
        if match is None:
            yield f"needs the version {name}"
        elif tuple(map(int, match[1].split("."))) > NEWEST_GLIBC:
            yield f"needs {name}, newer than GLIBC_2.34"


def wrong_symbols(library):
    """Undefined symbols that no version ties to glibc: with BIND_NOW the
    process ends if nobody happens to define them."""
    for line in readelf("--dyn-syms", library).splitlines():
        fields = line.split()
        if (len(fields) > 7 and fields[6] == "UND" and fields[4] == "GLOBAL"
                and "@GLIBC_" not in fields[7]):
            yield f"needs the symbol {fields[7]} of nobody in particular"


def wrong_segments(library):
    headers = readelf("--program-headers", library)
    stack = re.search(r"GNU_STACK(?:\s+0x\w+){5}\s+([RWE ]+?)\s+0x", headers)
    if stack is None:
        yield "does not say whether its stack is executable"
    elif "E" in stack[1]:
        yield "has an executable stack"
    if "GNU_RELRO" not in headers:
        yield "is not linked with -z relro"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=pathlib.Path,
                        help="libmoetap.so as built")
    library = parser.parse_args().library
    wrong = [*wrong_needs(library), *wrong_versions(library),
             *wrong_symbols(library), *wrong_segments(library)]
    if wrong:
        sys.exit("\n".join(f"{library} {fault}" for fault in wrong))
    print(f"check_linking: {library.name} needs libc alone, nothing newer "
          "than GLIBC_2.34; RELRO, BIND_NOW, no executable stack")


if __name__ == "__main__":
    main()
