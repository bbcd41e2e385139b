"""Locality by its definition, through every pair of distinct sequences.

Written from docs/studies.md alone; slow on purpose.  Where brute.py has one
way to choose and weigh pairs, this has all.
"""

import collections
import functools
import itertools

import numpy as np
from scipy import stats

from brute import CLASSES, roots, usable

MASK = (1 << 64) - 1
STREAM_BOOTSTRAP, STREAM_LEAF_PAIRS, STREAM_SAME, STREAM_DIFFERENT = 1, 2, 3, 4
DRAWS = 1 << 18


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def below(seed, stream, counter, n):
    step = 0x9E3779B97F4A7C15
    x = mix((seed + step) & MASK)
    x = mix((x + stream + step) & MASK)
    return mix((x + counter + step) & MASK) * n >> 64


def position_alignment(a, b):
    return [(i, i) for i in range(min(len(a), len(b)))]


def edit_alignment(a, b):
    """The cheapest; of those the one that pairs first, then skips in a."""

    @functools.lru_cache(None)
    def cost(i, j):
        if i == len(a) or j == len(b):
            return len(a) - i + len(b) - j
        return min((a[i] != b[j]) + cost(i + 1, j + 1), 1 + cost(i + 1, j),
                   1 + cost(i, j + 1))

    pairs, i, j = [], 0, 0
    while i < len(a) or j < len(b):
        both = i < len(a) and j < len(b)
        if both and cost(i, j) == (a[i] != b[j]) + cost(i + 1, j + 1):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif i < len(a) and cost(i, j) == 1 + cost(i + 1, j):
            i += 1
        else:
            j += 1
    return pairs


ALIGNMENTS = {"position": position_alignment, "edit": edit_alignment}


class Paths:
    """What is known of the token paths of one trace."""

    def __init__(self, trace):
        self.trace = trace
        self.root = roots(trace)
        self.nexts = collections.defaultdict(set)
        self.first = {}  # path: first sequence through it
        self.source = {}  # path: first sequence with routing
        self.row_paths = set()
        for s, seq in enumerate(trace["sequences"]):
            tokens = tuple(seq["tokens"])
            for p in range(len(tokens)):
                path = tokens[: p + 1]
                self.first.setdefault(path, s)
                if p + 1 < len(tokens):
                    self.nexts[path].add(tokens[p + 1])
                    self.row_paths.add(path)
                if p < len(seq["rows"]) and seq["rows"][p] is not None:
                    self.source.setdefault(path, s)
        self.trees = []  # leaves of each, in preorder
        by_root = collections.defaultdict(list)
        for tokens in {tuple(s["tokens"]) for s in trace["sequences"]}:
            if tokens:
                by_root[self.root[tokens]].append(tokens)
        for leaves in by_root.values():
            self.trees.append(sorted(leaves, key=self.preorder))
        self.trees.sort(key=lambda leaves: min(self.first[x] for x in leaves))

    def preorder(self, tokens):
        return [self.first[tokens[: n + 1]] for n in range(len(tokens))]

    def row(self, path):
        seq = self.trace["sequences"][self.source[path]]
        return seq["rows"][len(path) - 1]

    def routed(self):
        """(tree, path) of all rows with routing, in preorder."""
        found = []
        for t, leaves in enumerate(self.trees):
            seen = set()
            for leaf in leaves:
                for n in range(1, len(leaf) + 1):
                    path = leaf[:n]
                    if path in self.source and path not in seen:
                        seen.add(path)
                        found.append((t, path))
        return found

    def leaf_pairs(self):
        for t, leaves in enumerate(self.trees):
            for b in range(len(leaves)):
                for a in range(b):
                    yield t, leaves[a], leaves[b]

    def branch_end(self, leaf, fork):
        n = fork + 1
        while n < len(leaf) and len(self.nexts[leaf[:n]]) < 2:
            n += 1
        return n


def sample(size, count, seed):
    if count >= size:
        return set(range(size))
    chosen = set()
    for last in range(size - count, size):
        drawn = below(seed, STREAM_LEAF_PAIRS, last, last + 1)
        chosen.add(last if drawn in chosen else drawn)
    return chosen


def distance_name(distance):
    for name, last in [("0", 0), ("1", 1), ("2-3", 3), ("4-7", 7),
                       ("8-15", 15), ("16-31", 31), ("32-63", 63),
                       ("64-127", 127)]:
        if distance <= last:
            return name
    raise AssertionError("longer than the traces of these tests")


class Brute:
    def __init__(self, traces, pairs="fork", alignment="position", seed=1):
        self.layers = traces[0]["layers"]
        self.seed = seed
        self.paths = [Paths(trace) for trace in traces]
        self.align = ALIGNMENTS[alignment]
        self.siblings = pairs == "siblings"
        self.tails = collections.Counter()
        # (part, path, path): [pairs of leaves, ... with equal outputs]
        self.rows = collections.defaultdict(lambda: [0, 0])
        self.info = {}
        everything = [(part, *pair) for part, paths in enumerate(self.paths)
                      for pair in paths.leaf_pairs()]
        chosen = range(len(everything))
        if pairs.startswith("sample:"):
            chosen = sorted(sample(len(everything), int(pairs[7:]), seed))
        for number in chosen:
            if self.wanted(*everything[number]):
                self.add(*everything[number])
        self.records = [self.record(key) for key in self.rows]
        self.trees = sorted({r["tree"] for r in self.records})

    def wanted(self, part, tree, a, b):
        return True

    def add(self, part, tree, a, b):
        paths = self.paths[part]
        self.tails["leaf_pairs"] += 1
        fork = 0
        while fork < min(len(a), len(b)) and a[fork] == b[fork]:
            fork += 1
        if fork == min(len(a), len(b)):
            self.tails["prefix_pairs"] += 1
            return
        self.tails["tail_rows"] += len(a) + len(b) - 2 - 2 * fork
        for i, j in self.aligned(a, b, fork):
            p, q = fork + i, fork + j
            if self.siblings and (p >= paths.branch_end(a, fork)
                                  or q >= paths.branch_end(b, fork)):
                self.tails["tail_rows_beyond_fork"] += 2
                continue
            x, y = a[: p + 1], b[: q + 1]
            if x not in paths.source or y not in paths.source:
                self.tails["tail_rows_missing"] += 2
                continue
            entry = self.rows[part, x, y]
            entry[0] += 1
            entry[1] += a[p + 1] == b[q + 1]
            self.info[part, x, y] = ((part, tree), min(p, q) - fork)

    def aligned(self, a, b, fork):
        """Pairs of rows behind the fork; counts the others in `tails`."""
        tail_a, tail_b = a[fork:-1], b[fork:-1]
        pairs = self.align(tail_a, tail_b)
        rest = len(tail_a) + len(tail_b) - 2 * len(pairs)
        if self.align is position_alignment:
            self.tails["tail_rows_ended"] += rest
        else:
            self.tails["tail_rows_in_gaps"] += rest
        return pairs

    def record(self, key):
        part, x, y = key
        paths = self.paths[part]
        output = None
        if len(paths.nexts[x]) == 1 and len(paths.nexts[y]) == 1:
            output = paths.nexts[x] == paths.nexts[y]
        tree, distance = self.info[key]
        labels = []
        for path in (x, y):
            seq = paths.trace["sequences"][paths.source[path]]
            labels.append({
                "phase": "generated" if len(path) - 1 >= seq["prompt_tokens"]
                else "prompt",
                "strategy": seq.get("strategy") or "unknown"})
        where = {name: labels[0][name] if labels[0][name] == labels[1][name]
                 else "mixed" for name in labels[0]}
        where["distance"] = distance_name(distance)
        where["token_class"] = "unknown"
        sets = list(zip(paths.row(x), paths.row(y)))
        common = [len(set(s) & set(t))
                  if usable(s, spec) and usable(t, spec) else None
                  for (s, t), spec in zip(sets, self.layers)]
        return {"key": key, "tree": tree, "input": x[-1] == y[-1],
                "output": output, "leaf": self.rows[key], "where": where,
                "common": common}

    def selected(self, name, weight, layer):
        """(record, layer, common, weight) of a class."""
        member = CLASSES[name]
        which = range(len(self.layers)) if layer is None else [layer]
        for record, l in itertools.product(self.records, which):
            common = record["common"][l]
            if common is None:
                continue
            if weight != "leaf":
                if member(record["input"], record["output"]):
                    yield record, l, common, 1
                continue
            pairs, same = record["leaf"]
            times = (same if member(record["input"], True) else 0) + (
                pairs - same if member(record["input"], False) else 0)
            if times:
                yield record, l, common, times

    def sums(self, name, weight, layer):
        """{tree: [sum, count]} in the order of trees."""
        sums = {tree: [0.0, 0] for tree in self.trees}
        for record, l, common, times in self.selected(name, weight, layer):
            k = self.layers[l]["k"]
            sums[record["tree"]][0] += times * common / (2 * k - common)
            sums[record["tree"]][1] += times
        return np.array([sums[tree] for tree in self.trees])

    def where_sums(self, dimension, value, same):
        total = np.zeros(2)
        for record, l, common, _ in self.selected("all", "row", None):
            if (record["where"][dimension] == value
                    and record["input"] == same):
                k = self.layers[l]["k"]
                total += [common / (2 * k - common), 1]
        return total

    def elsewhere(self, same):
        """Histograms per layer of baseline (e) or (f), and unmatched draws."""
        places = collections.defaultdict(list)
        tree_number = 0
        for part, paths in enumerate(self.paths):
            for tree, path in paths.routed():
                places[path[-1]].append((tree_number + tree, part, path))
            tree_number += len(paths.trees)
        counts = collections.Counter()
        for record in self.records:
            _, x, y = record["key"]
            if same and record["input"]:
                counts[x[-1]] += 1
            elif not same and not record["input"]:
                counts[x[-1]] += 1
                counts[y[-1]] += 1
        tokens = sorted(counts)
        until = np.cumsum([counts[t] for t in tokens])
        stream = STREAM_SAME if same else STREAM_DIFFERENT
        histograms = [collections.Counter() for _ in self.layers]
        unmatched = 0
        if not tokens or (not same and len(tokens) < 2):
            return histograms, 0
        whole = int(until[-1])

        def token_at(number):
            return tokens[int(np.searchsorted(until, number, side="right"))]

        for draw in range(DRAWS):
            counter = itertools.count(draw << 16)
            a = b = token_at((2 * draw + 1) * whole // (2 * DRAWS))
            tries = 0
            while not same and a == b and tries < 64:
                b = token_at(below(self.seed, stream, next(counter), whole))
                tries += 1
            found = None
            for _ in range(64 if same or a != b else 0):
                x = places[a][below(self.seed, stream, next(counter),
                                    len(places[a]))]
                y = places[b][below(self.seed, stream, next(counter),
                                    len(places[b]))]
                if (x[0] != y[0] if tree_number > 1
                        else len(x[2]) != len(y[2])):
                    found = x, y
                    break
            if not found:
                unmatched += 1
                continue
            rows = [self.paths[part].row(path) for _, part, path in found]
            for l, spec in enumerate(self.layers):
                s, t = rows[0][l], rows[1][l]
                if usable(s, spec) and usable(t, spec):
                    histograms[l][len(set(s) & set(t))] += 1
        return histograms, unmatched


def expanded_tail(n):
    """Hesterberg's quantile for a percentile interval of n units."""
    t = stats.t.ppf(0.975, n - 1)
    return stats.norm.cdf(-np.sqrt(n / (n - 1)) * t)


def resamples(units, seed, replicates=1000):
    return np.array([[below(seed, STREAM_BOOTSTRAP, r * units + i, units)
                      for i in range(units)] for r in range(replicates)])
