import os
import subprocess

import pytest

from conftest import run_check

PLAIN = "int f(void) { return 1; }\n"


def check(library):
    return run_check("check_linking.py", library)


def test_plain_library_passes(link):
    text, status = check(link(PLAIN + "int puts(const char*);\n"
                              "int g(void) { return puts(\"\"); }\n"))
    assert status == 0, text


@pytest.mark.parametrize("flags, fault", [
    (["-Wl,--no-as-needed", "-lm"], "needs libm.so.6"),
    (["-Wl,-z,lazy"], "is not linked with -z now"),
    (["-Wl,-z,norelro"], "is not linked with -z relro"),
    (["-Wl,-z,execstack"], "has an executable stack"),
    (["-Wl,-rpath,/lib"], "has a search path of its own: /lib"),
])
def test_faults(link, flags, fault):
    text, status = check(link(PLAIN, *flags))
    assert status == 1
    assert fault in text


def test_symbol_of_nobody(link):
    text, status = check(link(
        "int not_in_libc(void);\nint f(void) { return not_in_libc(); }\n"))
    assert status == 1
    assert "needs the symbol not_in_libc" in text


def test_newer_glibc(tmp_path, link):
    """A libc.so.6 of our own offers a version that is too new."""
    script = tmp_path / "versions"
    script.write_text("GLIBC_2.35 { f_of_future; };\n")
    source = tmp_path / "libc.c"
    source.write_text("int f_of_future(void) { return 1; }\n")
    libc = tmp_path / "libc.so.6"
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC",
                    "-nostdlib", str(source), "-o", str(libc),
                    "-Wl,-soname,libc.so.6",
                    f"-Wl,--version-script={script}"], check=True)
    text, status = check(link(
        "int f_of_future(void);\nint f(void) { return f_of_future(); }\n",
        "-nostdlib", str(libc)))
    assert status == 1
    assert "needs GLIBC_2.35, newer than GLIBC_2.34" in text


def test_no_such_file(tmp_path):
    text, status = check(tmp_path / "missing.so")
    assert status == 1
    assert "readelf" in text and "missing.so" in text


def test_help():
    text, status = run_check("check_linking.py", "--help")
    assert status == 0 and "usage" in text
