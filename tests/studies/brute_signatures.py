"""The statistics of the study "signatures", written with numpy and scipy."""

import numpy as np
from scipy import stats
from scipy.spatial import distance
from sklearn.metrics import pairwise

import brute_pairs

STREAM_LABELS = 7
STREAM_UNITS = 8


def permutations(labels, seed, count):
    n = len(labels)
    tables = []
    for b in range(count):
        shuffled = list(labels)
        for i in range(n - 1, 0, -1):
            j = brute_pairs.below(seed, STREAM_LABELS, b * n + i, i + 1)
            shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
        tables.append(np.array(shuffled))
    return tables


def resamples(labels, seed, count):
    """The units drawn in each replicate, with repetitions."""
    n = len(labels)
    own = [[j for j in range(n) if labels[j] == label] for label in labels]
    return [np.array([own[i][brute_pairs.below(
        seed, STREAM_UNITS, r * n + i, len(own[i]))] for i in range(n)])
        for r in range(count)]


def block_slices(blocks):
    ends = np.cumsum([experts for _, experts in blocks])
    return [slice(end - experts, end)
            for end, (_, experts) in zip(ends, blocks)]


def cosine(rows):
    return pairwise.cosine_similarity(rows)


def divergence(rows, blocks):
    n = len(rows)
    result = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            parts = [distance.jensenshannon(rows[i, at], rows[j, at],
                                            base=2) ** 2
                     for at in block_slices(blocks)
                     if rows[i, at].any() and rows[j, at].any()]
            # scipy leaves the root of a negative rounding error as NaN.
            result[i, j] = 1 - np.mean(np.nan_to_num(parts)) if parts else 0
    return result


def effect(similarity, labels, units=None):
    """(gap, d) of the pairs of `units`, which may repeat; None: absent."""
    units = np.arange(len(labels)) if units is None else units
    i, j = np.triu_indices(len(units), 1)
    i, j = units[i], units[j]
    i, j = i[i != j], j[i != j]
    same = np.asarray(labels)[i] == np.asarray(labels)[j]
    within, across = similarity[i, j][same], similarity[i, j][~same]
    if len(within) < 2 or len(across) < 2:
        return None, None
    gap = within.mean() - across.mean()
    squares = (np.sum((within - within.mean()) ** 2)
               + np.sum((across - across.mean()) ** 2))
    s = np.sqrt(squares / (len(within) + len(across) - 2))
    scale = max(abs(within.mean()), abs(across.mean()))
    defined = s > 1e-12 * scale and s > 1e-5 * abs(gap)
    return gap, gap / s if defined else None


def permutation_p(observed, permuted):
    reaching = sum(one is None or one >= observed - 1e-9 for one in permuted)
    return (1 + reaching) / (1 + len(permuted))


def interval(estimate, replicates):
    """scipy's method BC is BCa with acceleration 0; this has ties as well."""
    values = np.array([one for one in replicates if one is not None])
    if not len(values):
        return None
    ties = np.isclose(values, estimate, rtol=1e-10, atol=1e-10)
    share = np.mean(np.where(ties, 0.5, values < estimate))
    edge = 0.5 / len(values)
    bias = stats.norm.ppf(np.clip(share, edge, 1 - edge))
    at = stats.norm.cdf(2 * bias + stats.norm.ppf([0.025, 0.975]))
    return tuple(np.quantile(values, at))


def rho(d):
    if any(one is None for one in d) or len(d) < 3 or len(set(d)) == 1:
        return None
    return stats.spearmanr(np.arange(len(d)), d).statistic
