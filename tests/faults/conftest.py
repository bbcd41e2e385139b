import shutil

import pytest

import faults


@pytest.fixture(scope="session", autouse=True)
def programs():
    for path in (faults.LIBRARY, faults.HOST, faults.PROGRAMS / "fault_check"):
        if not path.is_file():
            pytest.exit(f"{path} does not exist: build it, or set MOETAP_BUILD "
                        "to a build tree that has it", returncode=2)


@pytest.fixture
def strace():
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
