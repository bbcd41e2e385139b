import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run_check(name, *arguments):
    """Runs ci/NAME; what it printed on both streams, and its status."""
    command = [sys.executable, str(ROOT / "ci" / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout + done.stderr, done.returncode


@pytest.fixture
def link(tmp_path):
    """Links a shared object from C text: link(text, *flags) -> path."""
    compiler = shutil.which("cc") or pytest.skip("no C compiler")

    def make(text, *flags):
        source = tmp_path / "object.c"
        source.write_text(text)
        output = tmp_path / "object.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-Wl,-z,now,-z,relro",
                        str(source), "-o", str(output), *flags], check=True)
        return output

    return make
