"""Shared batches by their definition, from docs/studies.md alone."""

import itertools
import math

import numpy as np

import brute

SIZES = (2, 4, 8, 16, 32, 64)
KINDS = ("siblings", "unrelated", "category")
MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(x):
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def below(seed, stream, counter, n):
    x = mix((seed + GAMMA) & MASK)
    x = mix((x + stream + GAMMA) & MASK)
    return mix((x + counter + GAMMA) & MASK) * n >> 64


def decode_rows(trace):
    """[(tree, place in its tree, position, index, row)] in order of paths."""
    root = brute.roots(trace)
    first, row_of, index, tree_of = {}, {}, {}, {}
    for number, seq in enumerate(trace["sequences"]):
        tokens = tuple(seq["tokens"])
        if not tokens:
            continue
        for p in range(len(tokens)):
            path = (root[tokens], tokens[: p + 1])
            first.setdefault(path, number)
            tree_of.setdefault(root[tokens], number)
            if p >= len(seq["rows"]):
                continue
            row_of[path] = row_of.get(path) or seq["rows"][p]
            prompt = max(1, seq["prompt_tokens"])
            if p >= prompt:
                index.setdefault(path, p - prompt)
    found = []
    for tree, tokens in index:
        key = tuple(first[tree, tokens[: p + 1]] for p in range(len(tokens)))
        found.append((tree_of[tree], key, len(tokens) - 1,
                      index[tree, tokens], row_of[tree, tokens]))
    return sorted(found, key=lambda row: row[:2])


def tree_categories(trace):
    """{tree: the category of all its sequences, of those that have one}"""
    root = brute.roots(trace)
    found, tree_of = {}, {}
    for number, seq in enumerate(trace["sequences"]):
        if not seq["tokens"]:
            continue
        one = root[tuple(seq["tokens"])]
        tree = tree_of.setdefault(one, number)
        found.setdefault(tree, set()).add(seq.get("category", ""))
    return {tree: min(names) for tree, names in found.items()
            if len(names) == 1 and names != {""}}


def steps(rows, kind, categories):
    """[[stratum, a list of (tree, row)]]"""
    found = {}
    for tree, _, position, index, row in rows:
        if row is None or (kind == "category" and tree not in categories):
            continue
        step = {"siblings": (tree, position), "unrelated": (index,),
                "category": (index, categories.get(tree, "").encode())}[kind]
        strata = found.setdefault(step, {})
        stratum = len(strata) if kind == "siblings" else tree
        strata.setdefault(stratum, []).append((tree, row))
    return [list(strata.values()) for _, strata in sorted(found.items())
            if len(strata) > 1]


def all_batches(step, size):
    for strata in itertools.combinations(step, size):
        yield from itertools.product(*strata)


def batches(all_steps, kind, size, limit, seed):
    wide = [step for step in all_steps if len(step) >= size]
    used = min(len(wide), limit)
    stream = 5 + 65536 * KINDS.index(kind) + 256 * size
    made = []
    for i in range(used):
        step, share = wide[i * len(wide) // used], limit // used
        every = list(itertools.islice(all_batches(step, size), share + 1))
        if len(every) <= share:
            made += every
            continue
        for _ in range(share):
            counter, strata = 2 * size * len(made), list(step)
            for t in range(size):
                j = t + below(seed, stream, counter + t, len(strata) - t)
                strata[t], strata[j] = strata[j], strata[t]
            made.append([
                strata[t][below(seed, stream, counter + size + t,
                                len(strata[t]))]
                for t in range(size)])
    return made


class Brute:
    def __init__(self, several, limit, seed, by_category=False):
        self.kinds = KINDS if by_category else KINDS[:2]
        self.categories = {}  # (capture, tree) -> category
        self.without_category = 0  # trees
        self.layers = several[0]["layers"]
        self.terms = {}  # kind, size, layer -> [(distinct, trees)]
        self.unusable = {}
        self.rows, self.missing, self.steps = [], 0, {kind: 0 for kind in KINDS}
        self.trees = set()  # that have a row in a batch that counts
        for number, trace in enumerate(several):
            self._add(number, trace, limit, seed)

    def _add(self, number, trace, limit, seed):
        rows = decode_rows(trace)
        self.rows += [row[4] for row in rows if row[4] is not None]
        self.missing += sum(row[4] is None for row in rows)
        categories = tree_categories(trace)
        for tree, category in categories.items():
            self.categories[number, tree] = category
        trees = set(brute.roots(trace).values())
        self.without_category += len(trees) - len(categories)
        for kind in self.kinds:
            of_kind = steps(rows, kind, categories)
            self.steps[kind] += len(of_kind)
            for size in SIZES:
                made = batches(of_kind, kind, size, limit, seed)
                for l in range(len(self.layers)):
                    self._count(number, made, (kind, size, l))

    def _count(self, number, made, key):
        terms = self.terms.setdefault(key, [])
        self.unusable.setdefault(key, 0)
        layer = self.layers[key[2]]
        for batch in made:
            sets = [row[key[2]] for _, row in batch]
            if not all(brute.usable(ids, layer) for ids in sets):
                self.unusable[key] += 1
                continue
            trees = {(number, tree) for tree, _ in batch}
            terms.append((len(set().union(*sets)), trees))
            self.trees |= trees

    def select(self, kind, size, layer, category=None):
        layers = range(len(self.layers)) if layer is None else [layer]
        return [t for l in layers for t in self.terms[kind, size, l]
                if category in (None, self.category_of(t))]

    def category_of(self, term):
        names = {self.categories.get(tree) for tree in term[1]}
        return names.pop() if len(names) == 1 else None

    def histogram(self, kind, size, layer):
        counts = np.bincount([d for d, _ in self.terms[kind, size, layer]])
        return [int(n) for n in counts]

    def interval(self, *which):
        """(estimate, lo, hi, units, effective units), deleting trees one by
        one."""
        terms = self.select(*which)
        if not terms:
            return None, None, None, 0, 0
        distinct = np.array([d for d, _ in terms], float)
        units = sorted(set().union(*(trees for _, trees in terms)))
        without, counts = [], []
        for unit in units:
            keep = np.array([unit not in trees for _, trees in terms])
            without.append(distinct[keep].mean() if keep.any() else math.nan)
            counts.append(np.sum(~keep))
        estimate, n = distinct.mean(), len(units)
        effective = brute.effective_units(counts)
        lo, hi = None, None
        if n >= 10 and not np.isnan(without).any():
            lo, hi = brute.jackknife(without, estimate, effective)
        return estimate, lo, hi, n, effective

    def expected(self, kind, size, layer, category=None):
        """(uniform, popularity)"""
        layers = range(len(self.layers)) if layer is None else [layer]
        weights = [len(self.select(kind, size, l, category)) for l in layers]
        if layer is None and not sum(weights):
            return None, None
        pairs = [self._expected(size, l) for l in layers]
        if layer is not None:
            return pairs[0]
        return tuple(
            sum(w * pair[i] for w, pair in zip(weights, pairs) if w)
            / sum(weights) for i in (0, 1))

    def _expected(self, size, l):
        n, k = self.layers[l]["experts"], self.layers[l]["k"]
        uniform = n * (1 - (1 - k / n) ** size)
        sets = [r[l] for r in self.rows if brute.usable(r[l], self.layers[l])]
        if not sets:
            return uniform, None
        share = np.bincount(np.concatenate(sets), minlength=n) / len(sets)
        return uniform, float(np.sum(1 - (1 - share) ** size))
