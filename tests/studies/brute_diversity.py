"""Diversity, cuts and joined by their definitions in docs/studies.md: paths as
tuples of tokens, sets of removed prefixes, every pair of codes; no trie.
"""

import collections
import fractions
import itertools

import numpy as np
from scipy import stats

import brute

WINDOW = 8
EARLIER = 32


class Search:
    """The requests of one prompt by one strategy, from one trace."""

    def __init__(self, trace, numbers):
        self.trace = trace
        self.requests = [trace["sequences"][n] for n in numbers]
        self.rows = {}
        sharers = collections.Counter()
        self.new = []
        seen = set()
        for request in self.requests:
            paths = self.paths(request)
            for path in paths:
                self.rows.setdefault(path, row_of(trace, request, path))
            sharers.update(paths)
            self.new.append(len(set(paths) - seen))
            seen |= set(paths)
        self.sharers = sharers

    def paths(self, request):
        """Token paths that were computed."""
        tokens = tuple(request["tokens"])
        return [tokens[: p + 1] for p, row in enumerate(request["rows"])
                if row is not None]

    def tokens(self):
        return len(self.sharers)

    def codes(self):
        return [r for r in self.requests if "group" in r]

    def groups(self, requests=None):
        requests = self.requests if requests is None else requests
        return {r["group"] for r in requests if r.get("group") is not None}

    def sizes(self):
        count = collections.Counter(
            r["group"] for r in self.codes() if r["group"] is not None)
        return list(count.values())

    def outcomes(self):
        """Tokens by outcome."""
        tokens = collections.Counter()
        seen = set()
        for request, new in zip(self.requests, self.new):
            if "group" not in request:
                tokens["unfinished"] += new
            elif request["group"] is None:
                tokens["not_compiled"] += new
            else:
                known = request["group"] in seen
                tokens["duplicates" if known else "new_groups"] += new
                seen.add(request["group"])
        return tokens

    def leaves(self):
        """(tokens, group) in order of the first request."""
        found = {}
        for request in self.requests:
            group = request.get("group")
            path = tuple(request["tokens"])
            if found.get(path) is None:
                found[path] = group
        return list(found.items())


def row_of(trace, request, path):
    row = request["rows"][len(path) - 1]
    if isinstance(row, int):
        return row_of(trace, trace["sequences"][row], path)
    return row


def searches(traces):
    """{(prompt, strategy): [Search]}"""
    found = {}
    for trace in traces:
        members = collections.defaultdict(list)
        for number, one in enumerate(trace["sequences"]):
            members[one["client_prompt"], one["strategy"]].append(number)
        prompts = {one["client_prompt"] for one in trace["sequences"]
                   if "group" in one}
        for (prompt, strategy), numbers in members.items():
            if prompt in prompts:
                found.setdefault((prompt, strategy), []).append(
                    Search(trace, numbers))
    return found


def mean_over_subsets(items, n, value):
    """By enumeration: the mean of `value` over all subsets of n."""
    return np.mean([value(subset)
                    for subset in itertools.combinations(items, n)])


def at_codes(search, strategy, n):
    codes = search.codes()
    if n > len(codes) or (strategy == "beam" and n != len(codes)):
        return None
    if strategy == "sample":
        return mean_over_subsets(codes, n, lambda s: len(search.groups(s)))
    return len(search.groups(codes[:n]))


def at_tokens(search, strategy, tokens):
    total = search.tokens()
    if tokens > total or (strategy == "beam" and tokens != total):
        return None
    if strategy == "sample":
        best = 0
        for n in range(1, len(search.requests) + 1):
            expected = mean_over_subsets(
                search.requests, n,
                lambda s: len({p for r in s for p in search.paths(r)}))
            if round(expected) <= tokens:
                best = mean_over_subsets(
                    search.requests, n, lambda s: len(search.groups(s)))
        return best
    spent = 0
    taken = []
    for request, new in zip(search.requests, search.new):
        spent += new
        if spent <= tokens:
            taken.append(request)
    return len(search.groups(taken))


def common_prefix(a, b):
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n


def usable(search, path):
    row = search.rows.get(path)
    return row is not None and all(
        len(set(ids)) == layer["k"] and min(ids) >= 0
        and max(ids) < layer["experts"]
        for ids, layer in zip(row, search.trace["layers"]))


def layer_jaccards(search, a, b):
    """Exact, of two paths with usable rows."""
    return [fractions.Fraction(len(set(x) & set(y)), len(set(x) | set(y)))
            for x, y in zip(search.rows[a], search.rows[b])]


def token_score(search, ours, theirs, position):
    equal = 0
    while ours[position - 1 - equal] == theirs[position - 1 - equal]:
        equal += 1
    return equal


def row_score(search, ours, theirs, position):
    values = []
    for p in range(position - WINDOW, position):
        a, b = ours[: p + 1], theirs[: p + 1]
        if not usable(search, a) or not usable(search, b):
            return None
        values += layer_jaccards(search, a, b)
    return sum(values) / len(values)


def earlier_siblings(paths, number, fork):
    ours = paths[number]
    firsts = {}
    for path in paths[:number]:
        if common_prefix(path, ours) == fork and len(path) > fork:
            firsts.setdefault(path[fork], path)
    return list(firsts.values())[:EARLIER]


def cut(search, score, threshold):
    """(saved, lost groups) of a rule."""
    leaves = search.leaves()
    paths = [path for path, _ in leaves]
    removed = set()  # all that goes on behind one of these is gone

    def gone(path):
        return any(path[:n] in removed for n in range(len(path)))

    for number, ours in enumerate(paths):
        fork = max([common_prefix(ours, other) for other in paths[:number]],
                   default=None)
        if fork is None or fork == len(ours):
            continue
        siblings = earlier_siblings(paths, number, fork)
        for position in range(fork + WINDOW, len(ours), WINDOW):
            if gone(ours[:position]):
                break
            scores = [score(search, ours, theirs, position)
                      for theirs in siblings if position < len(theirs)
                      and not gone(theirs[:position])]
            if any(s is not None and s >= threshold for s in scores):
                removed.add(ours[:position])
    saved = sum(gone(path) for path in search.sharers)
    left = {group for path, group in leaves if not gone(path)}
    return saved, len(search.groups() - left)


def oracle(search):
    """Saved tokens: prefixes, shortest first, all of whose leaves are one."""
    leaves = search.leaves()
    saved = set()
    prefixes = {path[:n] for path, _ in leaves for n in range(1, len(path) + 1)}
    for prefix in sorted(prefixes, key=len):
        below = [(path, group) for path, group in leaves
                 if path[: len(prefix)] == prefix]
        groups = {group for _, group in below}
        if len(below) < 2 or len(groups) > 1 or None in groups:
            continue
        kept = below[0][0]
        saved |= {path for path in search.sharers
                  if path[: len(prefix)] == prefix
                  and path != kept[: len(path)]}
    return len(saved)


def joined(search, rows):
    """Per pair of codes (equivalent, Jaccard, [per layer], equal tokens), and
    how many pairs are too short or have no usable row."""
    pairs, short, unusable = [], 0, 0
    leaves = [(p, g) for p, g in search.leaves() if g is not None]
    for (a, one), (b, other) in itertools.combinations(leaves, 2):
        fork = common_prefix(a, b)
        if fork == min(len(a), len(b)):
            continue
        if min(len(a), len(b)) - 1 < fork + rows:
            short += 1
            continue
        span = range(fork, fork + rows)
        if not all(usable(search, x[: p + 1]) for x in (a, b) for p in span):
            unusable += 1
            continue
        table = [layer_jaccards(search, a[: p + 1], b[: p + 1]) for p in span]
        layers = [sum(column) / rows for column in zip(*table)]
        pairs.append((one == other, sum(layers) / len(layers), layers,
                      fractions.Fraction(sum(a[p] == b[p] for p in span),
                                         rows)))
    return pairs, short, unusable


def auc_sums(pairs, column):
    """(U, number of pairs of pairs)"""
    same = [float(p[column]) for p in pairs if p[0]]
    other = [float(p[column]) for p in pairs if not p[0]]
    if not same or not other:
        return 0.0, 0
    statistic = stats.mannwhitneyu(same, other).statistic
    return float(statistic), len(same) * len(other)


def interval(values, weights=None):
    """(estimate, lo, hi, units) over prompts by numpy, of a mean, or with
    weights of sum(values) / sum(weights)."""
    pooled = weights is not None
    values = np.asarray(values, float)
    weights = np.ones(len(values)) if not pooled else np.asarray(weights, float)
    if weights.sum() == 0:
        return None, None, None, 0
    estimate = values.sum() / weights.sum()
    use = weights > 0
    n = int(use.sum())
    if n < 10:
        return estimate, None, None, n
    left = [(values.sum() - v) / (weights.sum() - w)
            for v, w in zip(values[use], weights[use])]
    lo, hi = brute.jackknife(left, estimate, brute.effective_units(weights))
    return estimate, lo, hi, n
