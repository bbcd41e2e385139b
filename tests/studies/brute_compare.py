"""The change of usage between two captures, computed with numpy and scipy."""

import collections

import numpy as np
from scipy.spatial import distance

from brute_pairs import MASK, mix

STREAM = 17
STEP = 0x9E3779B97F4A7C15


def draw(seed, counter):
    x = mix((seed + STEP) & MASK)
    x = mix((x + STREAM + STEP) & MASK)
    return mix((x + counter + STEP) & MASK)


def exchange(a, b, pairs, seed, replicate):
    """The units of A and of B after the exchange that `replicate` draws."""
    ours = [u for u in range(len(a)) if u not in {i for i, _ in pairs}]
    theirs = [u for u in range(len(b)) if u not in {j for _, j in pairs}]
    others = [a[u] for u in ours] + [b[u] for u in theirs]
    n, m = len(pairs), len(others)
    counter = replicate * (n + m)
    now_a, now_b = [], []
    for place, (i, j) in enumerate(pairs):
        swap = draw(seed, counter + place) >> 63
        now_a.append(b[j] if swap else a[i])
        now_b.append(a[i] if swap else b[j])
    order = list(range(m))
    for i in range(len(ours)):
        with_ = i + (draw(seed, counter + n + i) * (m - i) >> 64)
        order[i], order[with_] = order[with_], order[i]
    now_a += [others[o] for o in order[:len(ours)]]
    now_b += [others[o] for o in order[len(ours):]]
    return np.array(now_a), np.array(now_b)


def figures(a, b, experts):
    """[divergence of each layer], [changed experts of each layer]"""
    usage_a, usage_b = np.mean(a, axis=0), np.mean(b, axis=0)
    bounds = np.cumsum([0] + list(experts))
    divergences, changed = [], []
    for begin, end in zip(bounds, bounds[1:]):
        p, q = usage_a[begin:end], usage_b[begin:end]
        divergences.append(distance.jensenshannon(p, q, base=2) ** 2)
        changed.append(int(np.sum(np.maximum(p, q)
                                  > 2 * np.minimum(p, q) * (1 + 1e-9))))
    return divergences, changed


def reached(values, tolerance):
    return float(np.mean(values >= values[0] - tolerance))


def change(case):
    """What tests/tools/usage_changes.cc prints, but for the usages."""
    a, b = np.array(case["a"]), np.array(case["b"])
    rows = [figures(a, b, case["experts"])]
    for r in range(case["permutations"]):
        rows.append(figures(*exchange(a, b, case["pairs"], case["seed"], r),
                            case["experts"]))
    divergence = np.nan_to_num(np.array([row[0] for row in rows]))
    changed = np.array([row[1] for row in rows], float)
    deviation = divergence.std(axis=0)
    varies = deviation > 1e-9 * divergence.mean(axis=0)
    standard = ((divergence - divergence.mean(axis=0))
                / np.where(varies, deviation, 1))
    greatest = np.where(varies, standard, -np.inf).max(axis=1)

    def describe(d, c):
        return {"divergence": d[0], "changed": c[0],
                "divergence_by_chance": d[1:].mean(),
                "changed_by_chance": c[1:].mean(),
                "p": reached(d, 1e-9 * d[0]), "p_adjusted": None}

    layers = [describe(divergence[:, l], changed[:, l])
              for l in range(divergence.shape[1])]
    for l, layer in enumerate(layers):
        layer["p_adjusted"] = float(
            np.mean(greatest >= standard[0, l] - 1e-9)) if varies[l] else 1.0
    return {"overall": describe(divergence.mean(axis=1), changed.mean(axis=1)),
            "layers": layers}


def rows_of(trace, phase):
    """{prompt: [rows of each request]} of the requests that count."""
    units = collections.defaultdict(list)
    for sequence in trace["sequences"]:
        prompt = sequence["prompt_tokens"]
        rows = {"prompt": sequence["rows"][:prompt],
                "generated": sequence["rows"][prompt:],
                "both": sequence["rows"]}[phase]
        missing = sum(row is None for row in rows)
        if rows and missing <= 0.01 * len(rows):
            units[tuple(sequence["tokens"][:prompt])].append(rows)
    return units


def signatures(trace, phase):
    """{prompt: shares of all layers}, by Counter."""
    result = {}
    for prompt, requests in rows_of(trace, phase).items():
        shares = []
        for l, layer in enumerate(trace["layers"]):
            of_requests = []
            for rows in requests:
                ids = [e for row in rows if row for e in row[l]
                       if 0 <= e < layer["experts"]]
                counts = collections.Counter(ids)
                of_requests.append([counts[e] / max(1, len(ids))
                                    for e in range(layer["experts"])])
            shares += list(np.mean(of_requests, axis=0))
        result[prompt] = shares
    return result


def usable(ids, experts):
    return len(set(ids)) == len(ids) and 0 <= min(ids) and max(ids) < experts


def agreement(a, b, paired):
    """[[Jaccard indices] of each layer], by sets, of prompt positions."""
    def first(trace, prompt, at):
        for sequence in trace["sequences"]:
            n = sequence["prompt_tokens"]
            if (tuple(sequence["tokens"][:n]) == prompt and n > at
                    and counted(sequence) and sequence["rows"][at]):
                return sequence["rows"][at]
        return None

    def counted(sequence):
        rows = sequence["rows"][:sequence["prompt_tokens"]]
        return sum(r is None for r in rows) <= 0.01 * len(rows)

    found = [[] for _ in a["layers"]]
    for prompt in paired:
        for at in range(len(prompt)):
            ours, theirs = first(a, prompt, at), first(b, prompt, at)
            if ours is None or theirs is None:
                continue
            for l, layer in enumerate(a["layers"]):
                x, y = ours[l], theirs[l]
                if all(usable(s, layer["experts"]) for s in (x, y)):
                    found[l].append(len({*x} & {*y}) / len({*x} | {*y}))
    return found
