"""models/tinyc on a stock vLLM: it writes C that compiles, in several ways."""

import json
import subprocess
import sys

import harness
import models

SAMPLES = 12


def test_it_meets_its_targets(work):
    """The short form of the measurement in models/tinyc/README.md."""
    figures = work / "tinyc.json"
    done = subprocess.run(
        [sys.executable, str(models.TINYC / "measure.py"), "--samples",
         str(SAMPLES), "--json", str(figures)],
        env=dict(harness.engine_environment()), capture_output=True,
        text=True, timeout=harness.ENGINE_TIMEOUT, check=False)
    assert done.returncode in (0, 1), done.stderr[-4000:]
    measured = json.loads(figures.read_text())
    print(f"compiled {measured['compiled']:.3f} of {SAMPLES} samples of "
          f"{measured['prompts']} prompts; median top-3 share "
          f"{measured['median_top3']:.2f}; most dead experts "
          f"{measured['most_dead']:.3f}")
    assert measured["compiled"] >= 0.9
    assert measured["most_dead"] < 0.05
    assert measured["signatures"]["accuracy"] > 0.9
