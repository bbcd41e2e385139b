"""Locality by its definition: every pair of leaves, every position, no trie.

Written from docs/studies.md alone; slow on purpose.
"""

import collections
import itertools

import numpy as np
from scipy import stats

CLASSES = {
    "all": lambda i, o: True,
    "input.same": lambda i, o: i,
    "input.different": lambda i, o: not i,
    "output.same": lambda i, o: o is True,
    "output.different": lambda i, o: o is False,
    "cell.same_same": lambda i, o: i and o is True,
    "cell.same_different": lambda i, o: i and o is False,
    "cell.different_same": lambda i, o: not i and o is True,
    "cell.different_different": lambda i, o: not i and o is False,
}


def effective_units(counts):
    """Kish's number of units that weigh as evenly; 0 if none has a count."""
    counts = np.array(counts, float)
    return counts.sum() ** 2 / np.sum(counts**2) if counts.any() else 0


def jackknife(without, full, effective):
    """(lo, hi) of leave-one-out values."""
    if effective < 2:
        return None, None
    n = len(without)
    spread = np.array(without) - np.mean(without)
    error = np.sqrt((n - 1) / n * np.sum(spread**2))
    reach = stats.t.ppf(0.975, effective - 1) * error
    return full - reach, full + reach


class Brute:
    """The counts and estimates of a list of traces taken together."""

    def __init__(self, traces):
        self.layers = traces[0]["layers"]
        # Per pair and layer: class membership, intersection, owners.
        self.records = [[] for _ in self.layers]
        self.trees_with_pairs = set()
        self.rows_in_pairs = {}
        self.pairs = 0
        for number, trace in enumerate(traces):
            self._add(number, trace)

    def _add(self, number, trace):
        root = roots(trace)
        leaves = {}
        for seq in trace["sequences"]:
            if seq["tokens"]:
                leaves.setdefault(tuple(seq["tokens"]), seq)
        row_of, nexts, through = {}, collections.defaultdict(set), {}
        for seq in trace["sequences"]:
            tokens = tuple(seq["tokens"])
            for p in range(len(tokens)):
                path = tokens[: p + 1]
                if p + 1 < len(tokens):
                    nexts[path].add(tokens[p + 1])
                through.setdefault(path, set()).add(tokens)
                if p < len(seq["rows"]) and seq["rows"][p] is not None:
                    row_of.setdefault(path, seq["rows"][p])
        found = set()
        for a, b in itertools.combinations(sorted(leaves), 2):
            if root[a] != root[b]:
                continue
            fork = 0
            while fork < min(len(a), len(b)) and a[fork] == b[fork]:
                fork += 1
            for p in range(fork, min(len(a), len(b))):
                pair = (a[: p + 1], b[: p + 1])
                if pair[0] in row_of and pair[1] in row_of:
                    found.add(pair)
        self.pairs += len(found)
        for pair in found:
            self._add_pair(number, pair, row_of, nexts, through, root)

    def _add_pair(self, number, pair, row_of, nexts, through, root):
        a, b = pair
        tree = (number, root[next(iter(through[a]))])
        self.trees_with_pairs.add(tree)
        for path in pair:
            self.rows_in_pairs[(tree, path)] = row_of[path]
        same_input = a[-1] == b[-1]
        same_output = None
        if len(nexts[a]) == 1 and len(nexts[b]) == 1:
            same_output = nexts[a] == nexts[b]
        owners = frozenset(
            (number, next(iter(through[path])))
            for path in pair
            if len(through[path]) == 1
        )
        for l, layer in enumerate(self.layers):
            x, y = row_of[a][l], row_of[b][l]
            if usable(x, layer) and usable(y, layer):
                common = len(set(x) & set(y))
                self.records[l].append(
                    (same_input, same_output, common, tree, owners)
                )

    def select(self, name, layer):
        member = CLASSES[name]
        which = range(len(self.layers)) if layer is None else [layer]
        for l in which:
            k = self.layers[l]["k"]
            for i, o, common, tree, owners in self.records[l]:
                if member(i, o):
                    union = 2 * k - common
                    yield l, common, common / union, tree, owners

    def histogram(self, name, layer):
        counts = [0] * (self.layers[layer]["k"] + 1)
        for _, common, _, _, _ in self.select(name, layer):
            counts[common] += 1
        return counts

    def interval(self, name, layer):
        """(estimate, lo, hi, units, effective units) with numpy, deleting
        units one by one."""
        picked = list(self.select(name, layer))
        if not picked:
            return None, None, None, 0, 0
        jaccard = np.array([j for _, _, j, _, _ in picked])
        population = len(self.trees_with_pairs) >= 10
        if population:
            owners = [{tree} for _, _, _, tree, _ in picked]
        else:
            owners = [own for _, _, _, _, own in picked]
        units = sorted(set().union(*owners))
        least = 10 if population else 2
        without = []
        counts = []
        for unit in units:
            keep = np.array([unit not in own for own in owners])
            without.append(jaccard[keep].mean() if keep.any() else np.nan)
            counts.append(np.sum(~keep))
        estimate = jaccard.mean()
        effective = effective_units(counts)
        lo, hi = None, None
        if len(units) >= least and not np.isnan(without).any():
            lo, hi = jackknife(without, estimate, effective)
        return estimate, lo, hi, len(units), effective

    def uniform(self, layer):
        n, k = self.layers[layer]["experts"], self.layers[layer]["k"]
        i = np.arange(k + 1)
        return float(np.sum(stats.hypergeom(n, k, k).pmf(i) * i / (2 * k - i)))

    def popularity(self, layer):
        spec = self.layers[layer]
        counts = np.zeros(spec["experts"])
        rows = 0
        for row in self.rows_in_pairs.values():
            if usable(row[layer], spec):
                counts[row[layer]] += 1
                rows += 1
        if rows == 0:
            return None
        return popularity_jaccard(counts / rows, spec["k"])


def roots(trace):
    """{tokens of a sequence: the shortest prompt that it begins with}."""
    prompts = {
        tuple(s["tokens"][: max(1, s["prompt_tokens"])])
        for s in trace["sequences"]
    }
    return {
        tuple(s["tokens"]): min(
            (p for p in prompts if tuple(s["tokens"][: len(p)]) == p), key=len)
        for s in trace["sequences"]
    }


def usable(ids, layer):
    return len(set(ids)) == layer["k"] and all(
        0 <= e < layer["experts"] for e in ids
    )


def subset_sums(odds, k):
    """Elementary symmetric polynomials e_0..e_k of `odds`, scaled by caller."""
    sums = np.zeros(k + 1)
    sums[0] = 1
    for odd in odds:
        sums[1:] += odd * sums[:-1].copy()
    return sums


def inclusion(odds, k):
    whole = subset_sums(odds, k)[k]
    return np.array(
        [
            odds[j] * subset_sums(np.delete(odds, j), k - 1)[k - 1] / whole
            for j in range(len(odds))
        ]
    )


def fit_odds(target, k):
    """Odds whose inclusion probabilities are `target`, all within (0, 1)."""
    odds = target / (1 - target)
    for _ in range(3000):
        odds = odds / np.exp(np.mean(np.log(odds)))
        now = inclusion(odds, k)
        if np.max(np.abs(now - target)) < 1e-14:
            break
        odds = odds * target / now * (1 - now) / (1 - target)
    return odds


def popularity_jaccard(target, k):
    """E[J] of two independent conditional Poisson k-sets."""
    always = int(np.sum(target >= 1))
    target = target[(target > 0) & (target < 1)]
    draws = k - always
    if draws == 0:
        return 1.0
    odds = fit_odds(target, draws)
    # P(|A & B| = i): coefficients of prod(1 + w x + w y + w^2 x y z).
    table = np.zeros((draws + 1, draws + 1, draws + 1))
    table[0, 0, 0] = 1
    for w in odds:
        new = table.copy()
        new[1:] += w * table[:-1]
        new[:, 1:] += w * table[:, :-1]
        new[1:, 1:, 1:] += w * w * table[:-1, :-1, :-1]
        table = new / new.max()
    common = table[draws, draws] / table[draws, draws].sum()
    i = np.arange(draws + 1) + always
    return float(np.sum(common * i / (2 * k - i)))
