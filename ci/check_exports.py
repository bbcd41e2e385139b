#!/usr/bin/env python3
"""Checks that three lists of hooked symbols are one.

The registry (hooks/registry.h), the exported symbols of libmoetap.so and the
table in docs/engines.md must name the same functions with the same evidence.
The same holds for CUDA's entry points: hooks/cuda/interposed.txt, the exported
symbols, and a section of docs/engines.md.  Beside them the library exports its
C ABI (plugin/moetap.h), all of it, and nothing else.  Ends with 1 and names each difference, and likewise when nm
fails.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EVIDENCE = {"kOperatorTest": "operator test",
            "kByConstruction": "by construction"}


def registry_rows(text):
    """{symbol: (base name, versions, evidence)} of hooks/registry.h."""
    macros = {}
    joined = text.replace("\\\n", "")
    for name, literals in re.findall(
            r'#define (MOETAP_SYMBOL_\w+)((?:\s+"[^"]*")+)', joined):
        macros[name] = "".join(re.findall(r'"([^"]*)"', literals))
    rows = {}
    for body in re.findall(r"constexpr HookRow \w+ = \{(.*?)\};", text,
                           re.DOTALL):
        fields = dict(re.findall(r"\.(\w+) = ([^;{}]*?),\n", body))
        rows[macros[fields["symbol"]]] = (
            fields["base_name"].strip('"'),
            "".join(re.findall(r'"([^"]*)"', fields["versions"])),
            EVIDENCE[fields["evidence"].rpartition("::")[2]])
    if not rows:
        sys.exit("check_exports: no rows found in hooks/registry.h")
    return rows


def documented_rows(text):
    """The same of the table in docs/engines.md whose rows name a symbol:
    | `base` | versions | evidence | `symbol` |"""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"`_Z\w+`", cells[3]):
            rows[cells[3].strip("`")] = (cells[0].strip("`"), cells[1],
                                         cells[2])
    return rows


def interposed_entry_points(text):
    """The names in hooks/cuda/interposed.txt."""
    lines = [line for line in text.splitlines()
             if line and not line.startswith("#")]
    for line in lines:
        if not re.fullmatch(r"(__)?cu\w+", line) or lines.count(line) > 1:
            sys.exit("check_exports: hooks/cuda/interposed.txt: not a name, "
                     f"or one twice: {line}")
    if not lines:
        sys.exit("check_exports: no name in hooks/cuda/interposed.txt")
    return set(lines)


def documented_entry_points(text):
    """The names in that section of docs/engines.md."""
    section = text.partition("\n## CUDA entry points\n")[2]
    section = section.partition("\n## ")[0]
    return set(re.findall(r"`((?:__)?cu\w+)`", section))


def abi_functions(text):
    return set(re.findall(r"^MOETAP_API .*?(\w+)\(", text, re.MULTILINE))


def exported_symbols(library):
    command = ["nm", "--dynamic", "--defined-only", "--format=posix",
               str(library)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"check_exports: {' '.join(command)} failed:\n{done.stderr}")
    return {line.split()[0] for line in done.stdout.splitlines()}


def registry_differences(registry, documented):
    for symbol in sorted(set(registry) | set(documented)):
        if symbol not in documented:
            yield f"docs/engines.md has no row for {symbol}"
        elif symbol not in registry:
            yield f"docs/engines.md names {symbol}, the registry does not"
        elif registry[symbol] != documented[symbol]:
            yield (f"{symbol}: the registry says {registry[symbol]}, "
                   f"docs/engines.md {documented[symbol]}")


def cuda_differences(interposed, documented):
    for symbol in sorted(interposed - documented):
        yield f"docs/engines.md does not list {symbol}"
    for symbol in sorted(documented - interposed):
        yield (f"docs/engines.md lists {symbol}, hooks/cuda/interposed.txt "
               "does not")


def export_differences(wanted, exported):
    for symbol in sorted(wanted - exported):
        yield f"the library does not export {symbol}"
    for symbol in sorted(exported - wanted):
        yield (f"the library exports {symbol}, which is no hook and not in "
               "plugin/moetap.h")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=pathlib.Path,
                        help="libmoetap.so as built")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT,
                        metavar="DIR", help="the source tree (default: this)")
    arguments = parser.parse_args()
    read = lambda path: (arguments.root / path).read_text(encoding="utf-8")
    registry = registry_rows(read("hooks/registry.h"))
    abi = abi_functions(read("plugin/moetap.h"))
    if not abi:
        sys.exit("check_exports: no function found in plugin/moetap.h")
    cuda = interposed_entry_points(read("hooks/cuda/interposed.txt"))
    document = read("docs/engines.md")
    wrong = [
        *registry_differences(registry, documented_rows(document)),
        *cuda_differences(cuda, documented_entry_points(document)),
        *export_differences(set(registry) | cuda | abi,
                            exported_symbols(arguments.library))]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"check_exports: {len(registry)} hooks, {len(cuda)} entry points of "
          f"CUDA and {len(abi)} functions of the C ABI, exported and "
          "documented")


if __name__ == "__main__":
    main()
