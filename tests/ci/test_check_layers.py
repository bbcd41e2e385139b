import pytest

from conftest import run_check


@pytest.fixture
def tree(tmp_path):
    for path in ("schema/a.h", "hooks/a.h", "plugin/a.h", "analysis/a.h",
                 "tests/a.h", "bench/a.h"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text("#include <vector>\n")
    return tmp_path


def check(tree):
    return run_check("check_layers.py", "--root", tree)


def include(tree, source, text):
    (tree / source).write_text(f"\n#include {text}\n")


def test_this_tree_passes():
    text, status = run_check("check_layers.py")
    assert status == 0, text


@pytest.mark.parametrize("source, target", [
    ("plugin/b.cc", "hooks/a.h"), ("plugin/b.cc", "schema/a.h"),
    ("analysis/b.cc", "schema/a.h"), ("hooks/b.cc", "hooks/a.h"),
    ("tests/b.cc", "plugin/a.h"), ("bench/b.cc", "plugin/a.h"),
])
def test_allowed(tree, source, target):
    include(tree, source, f'"{target}"')
    text, status = check(tree)
    assert status == 0, text


@pytest.mark.parametrize("source, target", [
    ("hooks/b.cc", "plugin/a.h"), ("hooks/b.cc", "schema/a.h"),
    ("schema/b.cc", "hooks/a.h"), ("schema/b.h", "analysis/a.h"),
    ("analysis/b.cc", "hooks/a.h"), ("analysis/b.cc", "plugin/a.h"),
    ("plugin/b.cc", "analysis/a.h"), ("plugin/b.cc", "tests/a.h"),
    ("plugin/b.cc", "bench/a.h"),
])
@pytest.mark.parametrize("form", ['"{}"', "<{}>", '"../{}"'])
def test_wrong_way(tree, source, target, form):
    include(tree, source, form.format(target))
    text, status = check(tree)
    assert status == 1
    assert f"{source}:2: " in text and target in text


def test_no_sources(tmp_path):
    text, status = check(tmp_path)
    assert status == 1
    assert "no source files" in text


def test_help():
    text, status = run_check("check_layers.py", "--help")
    assert status == 0 and "usage" in text
