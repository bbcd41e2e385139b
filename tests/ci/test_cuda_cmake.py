import os
import subprocess

import pytest

from conftest import ROOT


@pytest.fixture
def nvcc(tmp_path):
    """nvcc(folder, says): makes an nvcc there that prints this."""
    def make(folder, says):
        path = tmp_path / folder
        path.mkdir(parents=True)
        program = path / "nvcc"
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)
        return path

    return make


def look(tmp_path, path="", home=None):
    """What cmake/cuda.cmake says, given a PATH and a MOETAP_CUDA_HOME."""
    script = tmp_path / "look.cmake"
    script.write_text(f'include("{ROOT}/cmake/cuda.cmake")\n'
                      'message(STATUS "has ${MOETAP_HAS_CUDA}")\n')
    environment = {**os.environ, "PATH": f"{path}:/usr/bin:/bin"}
    environment.pop("MOETAP_CUDA_HOME", None)
    if home:
        environment["MOETAP_CUDA_HOME"] = str(home)
    command = ["cmake", "-D", "CMAKE_IGNORE_PATH=/usr/local/cuda/bin",
               "-P", str(script)]
    done = subprocess.run(command, capture_output=True, text=True,
                          env=environment)
    return done.stdout + done.stderr, done.returncode


def test_a_compiler_on_the_path(tmp_path, nvcc):
    folder = nvcc("bin", "Cuda compilation tools, release 12.4, V12.4.131")
    text, _ = look(tmp_path, path=folder)
    assert f"CUDA capture: nvcc 12.4, {folder}/nvcc" in text
    assert "has ON" in text


def test_the_given_compiler_comes_first(tmp_path, nvcc):
    other = nvcc("other", "release 12.4, V12.4.131")
    given = nvcc("home/bin", "release 13.0, V13.0.88")
    text, _ = look(tmp_path, path=other, home=given.parent)
    assert f"CUDA capture: nvcc 13.0, {given}/nvcc" in text


@pytest.mark.skipif(os.path.exists("/usr/bin/nvcc"), reason="has an nvcc")
def test_none(tmp_path):
    text, status = look(tmp_path)
    assert ("CUDA capture is left out: no nvcc (ci/setup_nvcc installs one)"
            in text)
    assert "has OFF" in text and status == 0


@pytest.mark.parametrize("says", ["release 11.8, V11.8.89", "broken"])
def test_one_that_cannot_be_used(tmp_path, nvcc, says):
    folder = nvcc("bin", says)
    text, status = look(tmp_path, path=folder)
    assert f"left out: {folder}/nvcc is no nvcc of CUDA 12 or later" in text
    assert "has OFF" in text and status == 0


def test_a_given_folder_without_one_is_an_error(tmp_path):
    text, status = look(tmp_path, home=tmp_path / "nothing")
    assert "MOETAP_CUDA_HOME has no bin/nvcc" in text
    assert status != 0
