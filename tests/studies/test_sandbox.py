"""Compiling untrusted code: the driver's assembly, and hostile inputs."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import conftest

MEGABYTE = 1 << 20
CODES = [
    "int f(int a) { return a + 1; }\n",
    "#include <stdio.h>\n#include <stdlib.h>\n"
    'void g(void) { printf("%d %s\\n", rand(), "\\t"); }\n',
    "#include <string.h>\n#include <math.h>\n"
    "double h(const char *s) { return sqrt((double)strlen(s)); }\n",
    "struct s { int a[3]; }; int k(struct s s) { return s.a[2] << 3; }\n",
    "",
]


@pytest.fixture(params=["gcc", "clang"])
def compiler(request):
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} here")
    return request.param


def compile_codes(compiler, codes, folder, cache="", threads=1, flags="-O0"):
    """What tests/tools/compile_code says of each text."""
    paths = []
    for number, code in enumerate(codes):
        paths.append(folder / f"code{number}.c")
        paths[-1].write_bytes(code.encode())
    return json.loads(run(compiler, paths, cache, threads, flags))


def run(compiler, paths, cache="", threads=1, flags="-O0", before=()):
    program = conftest.BUILD / "tests/tools/compile_code"
    done = subprocess.run(
        [*before, program, compiler, str(cache), str(threads), flags, *paths],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def without_file_names(assembly):
    return [
        line
        for line in assembly.splitlines()
        if not line.startswith("\t.file")
    ]


@pytest.mark.parametrize("flags", ["-O0", "-O2 -fno-inline"])
def test_assembly_is_that_of_the_driver(compiler, flags, tmp_path):
    results = compile_codes(compiler, CODES, tmp_path, flags=flags)["results"]
    for number, result in enumerate(results):
        expected = subprocess.run(
            [compiler, "-S", "-std=gnu17", *flags.split(), "-o", "-"]
            + [f"code{number}.c"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert result["status"] == "compiled", result["message"]
        assert without_file_names(result["assembly"]) == without_file_names(
            expected
        )


def test_results_do_not_depend_on_threads_cache_or_environment(
    compiler, tmp_path, monkeypatch
):
    codes = [*CODES, "int f(", "int f = x;"] * 5
    plain = compile_codes(compiler, codes, tmp_path)
    (tmp_path / "stdio.h").write_text("#error not this one\n")
    monkeypatch.setenv("CPATH", str(tmp_path))
    monkeypatch.setenv("C_INCLUDE_PATH", str(tmp_path))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "x")
    monkeypatch.setenv("TMPDIR", "/nonexistent")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    for threads in (1, 3):
        for cache in ("", tmp_path / "cache", tmp_path / "cache"):
            again = compile_codes(compiler, codes, tmp_path, cache, threads)
            assert again == plain


def deep(opening, inside, closing, depth):
    return opening * depth + inside + closing * depth


def macro_bomb(inside, levels=12):
    lines = [f"#define A0 {inside}"]
    for level in range(1, levels):
        lines.append(f"#define A{level} " + f"A{level - 1} " * 8)
    return "\n".join([*lines, f"int a = 0 A{levels - 1};\n"])


def include_lines(path):
    return f'#include "{path}"\nint a;\n'


OUTSIDE = [
    "/etc/passwd",
    "/proc/self/environ",
    "/proc/self/fd/0",
    "/dev/stdin",
    "/dev/zero",
    "/dev/null",
    "/root/.bashrc",
    "etc/passwd",
    "../../../../etc/passwd",
    "code0.c",
    "<stdin>",
]
INCLUDES = {
    **{path: include_lines(path) for path in OUTSIDE},
    "angle": "#include </etc/passwd>\n",
    "macro": '#define H "/etc/passwd"\n#include H\n',
    "next": '#include_next "/etc/passwd"\n',
    "dependency": '#pragma GCC dependency "/etc/passwd"\n',
    "pragma operator": '_Pragma("GCC dependency \\"/etc/passwd\\"")\n',
    "marker": '# 1 "/etc/x.c" 1 3\n#include "passwd"\n',
    "line": '#line 1 "/etc/x.c"\n#include "passwd"\n',
    "self": '# 1 "/dev/fd/0"\n#include __FILE__\n',
}


@pytest.mark.parametrize("name", INCLUDES)
def test_headers_from_outside_are_refused(compiler, name, tmp_path):
    (result,) = compile_codes(compiler, [INCLUDES[name]], tmp_path)["results"]
    assert result["status"] == "include", result
    assert result["assembly"] == ""


def test_nothing_outside_is_seen(compiler, tmp_path):
    codes = [
        '#if __has_include("/etc/passwd")\nint seen;\n#endif\n',
        'const char *a = __FILE__ __DATE__;\nint p = __INCLUDE_LEVEL__;\n',
        'asm(".incbin \\"/etc/passwd\\"");\n',
        '#pragma GCC pch_preprocess "/etc/passwd"\nint a;\n',
    ]
    results = compile_codes(compiler, codes, tmp_path)["results"]
    assert "seen" not in results[0]["assembly"]
    if compiler == "gcc":  # clang assembles even for -S, and so must open it
        assert "/etc/passwd" in results[2]["assembly"]
    secret = pathlib.Path("/etc/passwd").read_text().splitlines()[0]
    for result in results:
        assert secret not in result["assembly"] + result["message"]


HOSTILE = {
    "macro bomb": (macro_bomb("+1"), {"memory", "time"}),
    "macro bomb in the preprocessor": (
        macro_bomb("+1").replace("int a = 0", "#if 0"),
        {"memory", "time", "compiled"},
    ),
    "parentheses": (
        "int a = " + deep("(", "1", ")", 400_000) + ";",
        {"crash", "memory", "syntax"},
    ),
    "blocks": (
        "void f(void) " + deep("{", "", "}", 400_000),
        {"crash", "memory", "syntax"},
    ),
    "array": (
        "char a[1 << 28] = {[0 ... (1 << 28) - 1] = 3};\n",
        {"memory", "time", "output"},
    ),
    "fill": (
        "asm(" + '".rept 1000000\\n.quad 1\\n.endr\\n"' + ");\n",
        {"compiled", "output", "memory", "time"},
    ),
    "long output": (
        '#define S "' + "#" * 500_000 + '"\nasm(' + "S " * 40 + ");\n",
        {"output"},
    ),
    "long literal": ('char a[] = "' + "x" * 100 * MEGABYTE + '";', {"output"}),
    "long line": ("int a = " + "1+" * 400_000 + "1;", {"compiled", "crash"}),
    "messages": (
        "".join(f'#pragma message "{"m" * 500}"\n' for _ in range(1900)),
        {"compiled"},
    ),
    "operators": ('_Pragma("GCC dependency") ' * 20_000, {"syntax", "semantic"}),
    "nul bytes": ("int a;\0\0\0 int b", {"syntax"}),
    "invisible": ("int \ufeff\u202e = \u202e;", {"syntax", "semantic"}),
}

@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_codes_end_with_a_status(compiler, name, tmp_path):
    code, expected = HOSTILE[name]
    codes = [code, "int after;\n"]
    results = compile_codes(compiler, codes, tmp_path)["results"]
    assert results[0]["status"] in expected, results[0]
    assert results[1]["status"] == "compiled"
    assert len(results[0]["message"]) < 4000
    assert "\n" not in results[0]["message"]


def toolchain_places(compiler):
    """Where the compiler's own files are, as it and the loader say."""
    command = [compiler, "-E", "-v", "-x", "c", "/dev/null"]
    text = subprocess.run(command, capture_output=True, text=True).stderr
    listed = text.split("search starts here:")[-1].split("End of search")[0]
    places = listed.split()
    program = re.findall(r'^ "?(/\S+?)"? -?"?-?(?:-cc1|-E)', text, re.M)[0]
    ldd = subprocess.run(["ldd", program], capture_output=True, text=True)
    places += [program, *re.findall(r"(/\S+) \(0x", ldd.stdout)]
    return [os.path.normpath(place) for place in places]


def opened_when_limited(trace):
    """Path and flags of what processes opened that have a limited file size."""
    limited = set()
    for line in trace.splitlines():
        pid, call = line.split(None, 1)
        if "RLIMIT_FSIZE, {" in call:
            limited.add(pid)
        match = re.match(r'\w+\((?:\w+, )?"(.*)", (\{?[^,)]*).*= \d+$', call)
        if pid in limited and match and not call.startswith("execve"):
            yield match.groups()


def test_the_compiler_opens_only_its_own_files(compiler, tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("no strace here")
    if subprocess.run(["strace", "true"], capture_output=True).returncode:
        pytest.skip("strace may not trace here")
    paths = []
    for number, code in enumerate([*CODES, *INCLUDES.values()]):
        paths.append(tmp_path / f"code{number}.c")
        paths[-1].write_text(code)
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-qq", "-o", trace, "-e"]
    calls = "trace=open,openat,openat2,creat,prlimit64,setrlimit"
    run(compiler, paths, before=[*strace, calls])
    places = toolchain_places(compiler)
    files = list(opened_when_limited(trace.read_text()))
    assert any(path.endswith("/stdio.h") for path, _ in files)
    for path, flags in files:
        path = os.path.normpath(path)
        assert any(
            path == place or path.startswith(place + "/") for place in places
        ), path
        assert flags.startswith("O_RDONLY") and "O_CREAT" not in flags, path
