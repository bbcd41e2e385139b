"""Where the programs are: MOETAP_BUILD, or the release build."""

import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MOETAP_BUILD", ROOT / "build/release"))


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Nothing is taken from the user's cache, or left there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def validator():
    schema = json.loads((ROOT / "docs/study.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="session")
def run_study(validator):
    """Runs study_trace; every document it prints is validated."""
    program = BUILD / "tests/tools/study_trace"
    if not program.exists():
        pytest.fail(f"{program} is missing: build it, or set MOETAP_BUILD")

    def run(trace, study="locality", threads=1, more=()):
        done = subprocess.run(
            [program, study, str(threads), *more],
            input=json.dumps(trace),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        document = json.loads(done.stdout, parse_constant=no_constant)
        validator.validate(document)
        expected = {"ok": 0, "descriptive": 3, "not_computable": 1}
        assert done.returncode == expected[document["status"]]
        return document, done.stdout

    return run


def no_constant(name):
    raise AssertionError(f"{name} in the JSON")
