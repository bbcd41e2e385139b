"""How often separations are found where there are none, or some."""

import numpy as np
from scipy import stats

from test_signature_figures import answer, matrix, signatures

LABELS = np.arange(40) % 4
DRAWS = 500


def test_p_is_uniform_without_structure():
    """500 captures of 40 units, 64 experts of skewed popularity."""
    rng = np.random.default_rng(7)
    answers = answer([
        {"kind": "separation", "labels": LABELS.tolist(), "seed": draw,
         "replicates": 0, "threads": 2, "matrix": matrix(
             signatures(rng, LABELS, [[0, 64]], [0]), [[0, 64]])}
        for draw in range(DRAWS)])
    p = np.array([one["p"] for one in answers])
    # One of 1000 values, each equally likely: spread over its thousandth.
    spread = p - rng.random(DRAWS) / 1000
    test = stats.kstest(spread, "uniform")
    print(f"KS p {test.pvalue:.3f}, share <= 0.05: {np.mean(p <= 0.05):.3f}")
    assert test.pvalue > 0.01


def test_structure_of_deep_layers_is_found_there():
    """Log popularity differs by classes with deviation 0.5, from layer 5 of 8
    on: nine in ten such layers are found, and no others."""
    rng = np.random.default_rng(8)
    draws = 200
    blocks = [[layer, 24] for layer in range(8)]
    answers = answer([
        {"kind": "layers", "labels": LABELS.tolist(), "seed": draw,
         "replicates": 0, "threads": 2, "matrix": matrix(
             signatures(rng, LABELS, blocks, [0] * 4 + [0.5] * 4), blocks)}
        for draw in range(draws)])
    adjusted = np.array([[layer["adjusted_p"] for layer in one["layers"]]
                         for one in answers])
    rho = np.array([one["trend"]["rho"] for one in answers])
    trend = np.array([one["trend"]["p"] for one in answers])
    found = np.mean(np.all(adjusted[:, 4:] <= 0.05, axis=1))
    false = np.mean(np.any(adjusted[:, :4] <= 0.05, axis=1))
    print(f"found {found:.3f}, any false layer {false:.3f}, "
          f"trend found {np.mean((trend <= 0.05) & (rho > 0)):.3f}")
    assert found >= 0.9
    assert false <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def test_depth_trend_and_layers_without_structure():
    """The p of the trend is uniform, and 5 % of draws have a false layer."""
    rng = np.random.default_rng(9)
    draws = 300
    blocks = [[layer, 24] for layer in range(8)]
    answers = answer([
        {"kind": "layers", "labels": LABELS.tolist(), "seed": draw,
         "replicates": 0, "permutations": 399, "threads": 2, "matrix": matrix(
             signatures(rng, LABELS, blocks, [0] * 8), blocks)}
        for draw in range(draws)])
    trend = np.array([one["trend"]["p"] for one in answers])
    false = np.mean([min(layer["adjusted_p"] for layer in one["layers"])
                     <= 0.05 for one in answers])
    found = np.mean(trend <= 0.05)
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    print(f"any false layer {false:.3f}, trend {found:.3f}")
    assert false <= most and found <= most
