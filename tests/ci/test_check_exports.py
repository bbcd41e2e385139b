import re
import shutil

import pytest

from conftest import ROOT, run_check

FILES = ("hooks/registry.h", "plugin/moetap.h", "docs/engines.md",
         "hooks/cuda/interposed.txt")


@pytest.fixture
def tree(tmp_path):
    """A copy of the files, free to be changed."""
    root = tmp_path / "tree"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


def change(tree, name, old, new):
    path = tree / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def documented_symbols():
    return re.findall(r"\| `(_Z\w+)` \|", (ROOT / FILES[2]).read_text())


def abi_functions():
    return re.findall(r"^MOETAP_API .*?(\w+)\(",
                      (ROOT / FILES[1]).read_text(), re.MULTILINE)


def entry_points():
    return re.findall(r"^\w+$", (ROOT / FILES[3]).read_text(), re.MULTILINE)


def all_exports():
    return documented_symbols() + entry_points() + abi_functions()


def library(link, names):
    return link("".join(f"void {name}(void) {{}}\n" for name in names))


@pytest.fixture
def good(link):
    return library(link, all_exports())


def check(tree, lib):
    return run_check("check_exports.py", "--root", tree, lib)


def test_all_agree(tree, good):
    text, status = check(tree, good)
    assert status == 0, text
    assert f"{len(documented_symbols())} hooks" in text


@pytest.mark.parametrize("extra", ["_Z3foov", "moetap_secret", "inflate",
                                   "cuInit"])
def test_exported_too_much(tree, link, extra):
    names = all_exports() + [extra]
    text, status = check(tree, library(link, names))
    assert status == 1
    assert f"exports {extra}" in text


@pytest.mark.parametrize("index", [0, 20, -1])
def test_exported_too_little(tree, link, index):
    names = all_exports()
    missing = names.pop(index)
    text, status = check(tree, library(link, names))
    assert status == 1
    assert f"does not export {missing}" in text


def test_undocumented_row(tree, good):
    symbol = documented_symbols()[1]
    change(tree, "docs/engines.md", f"`{symbol}`", "`nothing`")
    text, status = check(tree, good)
    assert status == 1
    assert f"docs/engines.md has no row for {symbol}" in text


def test_documented_but_not_hooked(tree, good):
    change(tree, "docs/engines.md", "bRKNSt7__cxx11", "bRKNSt8__cxx11")
    text, status = check(tree, good)
    assert status == 1
    assert "the registry does not" in text


@pytest.mark.parametrize("old, new", [
    ("Evidence::kByConstruction,", "Evidence::kOperatorTest,"),
    ('.versions = "0.32.0"', '.versions = "0.33.0"'),
    ('.base_name = "cpu_fused_moe"', '.base_name = "cpu_fused"'),
])
def test_row_and_document_differ(tree, good, old, new):
    change(tree, "hooks/registry.h", old, new)
    text, status = check(tree, good)
    assert status == 1
    assert "the registry says" in text


@pytest.mark.parametrize("name, old, new, words", [
    ("docs/engines.md", "`cuLaunchKernel`,", "",
     "does not list cuLaunchKernel"),
    ("docs/engines.md", "`cuLaunchKernel`", "`cuLaunchGrid`",
     "lists cuLaunchGrid,"),
    ("hooks/cuda/interposed.txt", "cuGraphClone\n", "",
     "lists cuGraphClone, hooks/cuda/interposed.txt does not"),
    ("hooks/cuda/interposed.txt", "cuGraphClone\n", "cuGraphClone 2\n",
     "not a name, or one twice: cuGraphClone 2"),
    ("hooks/cuda/interposed.txt", "cuGraphClone\n", "cuGraphLaunch\n",
     "not a name, or one twice: cuGraphLaunch"),
])
def test_entry_points_of_cuda_differ(tree, good, name, old, new, words):
    change(tree, name, old, new)
    text, status = check(tree, good)
    assert status == 1
    assert words in text


def test_not_a_library(tree, tmp_path):
    bad = tmp_path / "bad.so"
    bad.write_text("no ELF file")
    text, status = check(tree, bad)
    assert status == 1
    assert "nm" in text and "failed" in text


def test_help():
    text, status = run_check("check_exports.py", "--help")
    assert status == 0 and "usage" in text
