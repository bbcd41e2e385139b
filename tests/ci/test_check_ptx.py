import os
import pathlib

import pytest

from conftest import run_check

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME")
                     or pathlib.Path.home() / ".cache") / "moetap"
TOOLS = "ptxas/lib/*/site-packages/nvidia/*/bin"
PTXAS = next(CACHE.glob(TOOLS + "/ptxas"), None)

# One architecture, so that one assembly is enough.
HEADER = ".version 8.7\n.target sm_120\n.address_size 64\n"
SET_STEP = ".visible .entry moetap_set_step() { ret; }\n"
BARRIER = "bar.sync 0;"
LOCAL = """
    .local .align 8 .b8 buffer[256];
    .reg .b64 %at<3>;
    .reg .b32 %value;
    ld.param.u64 %at1, [index];
    mov.u64 %at2, buffer;
    add.u64 %at2, %at2, %at1;
    st.local.u32 [%at2], 7;
    ld.local.u32 %value, [buffer];
    cvta.to.global.u64 %at1, %at1;
    st.global.u32 [%at1], %value;
"""

pytestmark = pytest.mark.skipif(PTXAS is None, reason="no ci/setup_ptxas")


def capture(body):
    return f".visible .entry moetap_capture(.param .u64 index) {{{body} ret; }}"


@pytest.fixture
def check(tmp_path):
    """check(text): what ci/check_ptx says of such a file, and its status."""
    def run(text):
        path = tmp_path / "kernel.ptx"
        path.write_text(text)
        return run_check("check_ptx", "--ptxas", PTXAS, path)

    return run


def test_what_is_well(check):
    text, status = check(HEADER + SET_STEP + capture(BARRIER))
    assert status == 0, text
    row = next(line for line in text.splitlines() if "moetap_capture" in line)
    registers, local, shared, barriers, instructions = map(
        int, row.split()[4:])
    assert (local, shared, barriers) == (0, 0, 1)
    assert registers > 0 and 0 < instructions < 20


@pytest.mark.parametrize("ptx, fault", [
    (HEADER + SET_STEP + capture(BARRIER + LOCAL),
     "moetap_capture keeps 256 bytes in local memory"),
    (HEADER + SET_STEP + capture(""), "moetap_capture has no barrier"),
    (HEADER + capture(BARRIER), "has no kernel moetap_set_step"),
    (HEADER + SET_STEP + capture("no.such.instruction;"), "refused: "),
    (HEADER.replace("8.7", "8.0") + SET_STEP + capture(BARRIER), "refused: "),
])
def test_what_is_not(check, ptx, fault):
    text, status = check(ptx)
    assert status == 1
    assert f"check_ptx: kernel.ptx, ptxas 12.9, sm_120: {fault}" in text


def test_no_target(check):
    text, status = check("// nothing\n")
    assert status == 1
    assert "has no .target" in text
