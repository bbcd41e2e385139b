#!/usr/bin/env python3
"""Checks the direction of #include lines between the folders.

    tests, bench -> everything      plugin   -> hooks, schema
    analysis     -> schema          hooks, schema -> nothing

Names each include that goes the wrong way and ends with 1 if there is one.
"""

import argparse
import pathlib
import re
import sys

FOLDERS = ("schema", "hooks", "plugin", "analysis", "tests", "bench")
ALLOWED = {
    "schema": set(),
    "hooks": set(),
    "plugin": {"hooks", "schema"},
    "analysis": {"schema"},
    "tests": set(FOLDERS),
    "bench": set(FOLDERS),
}
SOURCES = {".h", ".hpp", ".cc", ".cpp", ".c", ".cu"}
INCLUDE = re.compile(r'\s*#\s*include(?:_next)?\s*["<]([^">]+)[">]')


def included_folder(path, text, root):
    """The folder of ours that `text`, included by `path`, lies in, or None."""
    for base in (path.parent, root):
        target = (base / text).resolve()
        if target.is_relative_to(root) and target.exists():
            return target.relative_to(root).parts[0]
    return text.split("/")[0]


def wrong_includes(path, root):
    folder = path.relative_to(root).parts[0]
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = included_folder(path, match[1], root)
        if (target in FOLDERS and target != folder
                and target not in ALLOWED[folder]):
            yield (f"{path.relative_to(root)}:{number}: {folder}/ may not "
                   f"include {match[1]} of {target}/")


def sources(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SOURCES:
                yield path


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, metavar="DIR",
                        default=pathlib.Path(__file__).parent.parent,
                        help="the source tree (default: this one)")
    root = parser.parse_args().root.resolve()
    count = 0
    wrong = []
    for path in sources(root):
        count += 1
        wrong += wrong_includes(path, root)
    if count == 0:
        sys.exit(f"check_layers: no source files under {root}")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"check_layers: {count} files, every include goes the right way")


if __name__ == "__main__":
    main()
