import os
import pathlib
import zipfile

import pytest

from conftest import ROOT, run_check

BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))
TOOL = BUILD / "tests/tools/kernel_audit"

ROUTER = ("_ZN4vllm3moe10topkGatingILi8ELi256ELi4ELi16ELi32Ei6__halfLNS0_"
          "11ScoringFuncE0EEEvPKT5_PKbPfiPT4_PiiiibPKfdS8_")
CONSUMER = "_Z27moe_align_block_size_kernelIlEvPKT_PiS3_S3_iimS3_bbii"
OTHER_FORM = ROUTER + "i"
COVERED = "_ZN16marlin_moe_wna1613MarlinDefaultEPK4int4S2_"
NEW = "_ZN4vllm3moe12shinyRoutingIiEEvPT_"
UNRELATED = ["_Z4copyPfPKf", "_ZN7cutlass6KernelINS_6layout9NoPermuteEEEvT_",
             "_ZN53_INTERNAL_39ea4cc9_22_mxfp4_experts_quant_cu_6a9cb7814cuda3"
             "std3__45__cpo5beginE"]


@pytest.fixture
def extension(link):
    """Links a module with these names among its constants."""
    def make(*names):
        array = ", ".join(f'"{name}"' for name in names)
        return link(f"const char *const names[] = {{{array}}};")

    return make


def audit(*arguments):
    return run_check("audit_kernels", "--tool", TOOL, *arguments)


@pytest.fixture
def wheel(extension, tmp_path):
    """wheel(name, {module: names}): such a wheel."""
    def make(name, modules):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for module, names in modules.items():
                archive.writestr(module, extension(*names).read_bytes())
        return path

    return make


def test_all_is_known(extension):
    text, status = audit(extension(ROUTER, CONSUMER, COVERED, *UNRELATED))
    assert status == 0, text
    lines = text.splitlines()
    assert lines[0] == "object.so: 6 names, 3 look-alikes, 2 matched"
    assert ("     1  vllm::moe::topkGating, 13 parameters: int32 1") in lines
    assert ("     1  moe_align_block_size_kernel, 12 parameters: int64 1"
            ) in lines
    assert ("     1  marlin_moe_wna16::MarlinDefault: matrix product of "
            "sorted rows") in lines
    assert lines[-1] == ("1 files, 6 names, 3 look-alikes, 2 matched, "
                         "0 unknown form, 1 known uncovered, 0 NEW")


def test_unknown_form(extension):
    text, status = audit(extension(ROUTER, OTHER_FORM))
    assert status == 1
    assert ("     1  vllm::moe::topkGating: another number of parameters: "
            + OTHER_FORM) in text.splitlines()
    assert "1 matched, 1 unknown form, 0 known uncovered, 0 NEW" in text


def test_new_look_alike(extension):
    text, status = audit(extension(NEW, NEW.replace("Ii", "Il")))
    assert status == 1
    assert f"     2  vllm::moe::shinyRouting: {NEW}" in text.splitlines()
    assert text.endswith("0 known uncovered, 2 NEW\n")


def test_uncovered_list(extension, tmp_path):
    module = extension(NEW)
    known = tmp_path / "known.txt"
    known.write_text("# comment\n\nvllm::moe::shiny\\w+\tshines\n")
    text, status = audit("--uncovered", known, module)
    assert status == 0
    assert "     1  vllm::moe::shinyRouting: shines" in text.splitlines()
    known.write_text("vllm::moe::shiny\tonly whole names count\n")
    assert audit("--uncovered", known, module)[1] == 1
    known.write_text("\nno reason\n")
    text, status = audit("--uncovered", known, module)
    assert status == 1
    assert f"{known}:2: no tab and reason" in text


def test_wheel(wheel):
    text, status = audit(wheel("a.whl", {
        "vllm/_moe_C.abi3.so": [ROUTER],
        "sgl/sm90/common_ops.abi3.so": [CONSUMER, ROUTER],
        "vllm/other.so": [NEW],
    }))
    assert status == 0, text
    assert text.startswith("a.whl: 2 names, 2 look-alikes, 2 matched\n")


def test_several_files_are_summed(wheel):
    text, status = audit(wheel("one.whl", {"_C.abi3.so": [ROUTER]}),
                         wheel("two.whl", {"_C.abi3.so": [NEW]}))
    assert status == 1
    assert text.splitlines()[-1] == (
        "2 files, 2 names, 2 look-alikes, 1 matched, 0 unknown form, "
        "0 known uncovered, 1 NEW")


def test_wheel_without_router_modules(wheel):
    text, status = audit(wheel("a.whl", {"vllm/other.so": [NEW]}))
    assert status == 1
    assert "no module to audit" in text


def test_not_an_elf_file(tmp_path):
    bad = tmp_path / "bad.so"
    bad.write_text("no ELF file")
    text, status = audit(bad)
    assert status == 1
    assert "bad.so is no 64-bit little-endian ELF file" in text


def test_no_tool(extension, tmp_path):
    text, status = run_check("audit_kernels", "--tool", tmp_path / "none",
                             extension(ROUTER))
    assert status == 2
    assert "build it with ci/build" in text


def test_tool_that_fails(extension):
    text, status = run_check("audit_kernels", "--tool", "/bin/false",
                             extension(ROUTER))
    assert status == 1
    assert "/bin/false failed" in text


def test_help():
    text, status = run_check("audit_kernels", "--help")
    assert status == 0 and "usage" in text
