"""The noise floor against every pair of requests, one by one."""

import copy
import itertools
import json
import math
import random
import subprocess

import pytest

import brute
import conftest
import traces


def noise(trace):
    done = subprocess.run(
        [conftest.BUILD / "tests/tools/study_trace", "noise"],
        input=json.dumps(trace), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def resend(trace, rng):
    """Sends some sequences again: now and then a set is another one, and some
    rows are inherited."""
    for number in range(2 * len(trace["sequences"])):
        source = rng.randrange(len(trace["sequences"]))
        again = copy.deepcopy(trace["sequences"][source])
        again["id"] = f"again-{number}"
        for p, row in enumerate(again["rows"]):
            if not isinstance(row, list):
                continue
            if rng.random() < 0.2:
                again["rows"][p] = source
            for ids, layer in zip(row, trace["layers"]):
                if rng.random() < 0.3:
                    ids[:] = traces.draw_set(
                        rng, layer["experts"], layer["k"],
                        [1] * layer["experts"])
        if rng.random() < 0.3:
            least = max(1, again["prompt_tokens"])
            end = rng.randrange(least, len(again["tokens"]) + 1)
            again["tokens"] = again["tokens"][:end]
            again["rows"] = again["rows"][: end - 1]
        trace["sequences"].append(again)
    return trace


def expected(several):
    layers = several[0]["layers"]
    total, trees = empty(layers), {}
    paths, pairs, unusable = set(), 0, 0
    for number, trace in enumerate(several):
        root = brute.roots(trace)
        seen = {}
        for seq in trace["sequences"]:
            for p, row in enumerate(seq["rows"]):
                if isinstance(row, list):
                    path = (number, root[tuple(seq["tokens"])],
                            tuple(seq["tokens"][: p + 1]))
                    seen.setdefault(path, []).append(row)
        for path, rows in seen.items():
            if len(rows) < 2:
                continue
            paths.add(path)
            for l, layer in enumerate(layers):
                unusable += sum(not brute.usable(r[l], layer) for r in rows)
            tree = trees.setdefault(path[:2], empty(layers))
            for a, b in itertools.combinations(rows, 2):
                pairs += 1
                for l, layer in enumerate(layers):
                    if brute.usable(a[l], layer) and brute.usable(b[l], layer):
                        common = len(set(a[l]) & set(b[l]))
                        total[l][common] += 1
                        tree[l][common] += 1
    return total, sorted(trees.values()), len(paths), pairs, unusable


def empty(layers):
    return [[0] * (layer["k"] + 1) for layer in layers]


def mean(histograms):
    terms = [(n, i / (2 * (len(h) - 1) - i))
             for h in histograms for i, n in enumerate(h) if n]
    count = sum(n for n, _ in terms)
    return sum(n * j for n, j in terms) / count if count else None


def close(ours, theirs):
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(ours, theirs, rel_tol=1e-12)


def check(several):
    ours = noise(several)
    total, trees, paths, pairs, unusable = expected(several)
    assert ours["total"] == total
    assert sorted(ours["trees"]) == trees
    assert (ours["paths"], ours["pairs"]) == (paths, pairs)
    assert ours["unusable_sets"] == unusable
    assert close(ours["mean"], mean(total))
    for value, histogram in zip(ours["means"], total, strict=True):
        assert close(value, mean([histogram]))
    return ours


@pytest.mark.parametrize("layers", [
    [(8, 2), (5, 3)], [(64, 8), (60, 4)], [(4, 4)], [(9, 1)], [(256, 8)]])
@pytest.mark.parametrize("seed", range(4))
def test_resent_prompts(layers, seed):
    rng = random.Random(seed)
    several = [
        resend(traces.make_trace(10 * seed + i, layers, 3, prompts=0.5), rng)
        for i in range(1 + seed % 2)
    ]
    ours = check(several)
    assert ours["pairs"] > 0 and ours["unusable_sets"] > 0


def test_the_same_sets_are_1_and_nothing_repeated_is_nothing():
    trace = traces.make_trace(5, [(16, 3)], 3, faults=False)
    trace["sequences"] = [
        s for i, s in enumerate(trace["sequences"])
        if not any(o["tokens"][0] == s["tokens"][0]
                   for o in trace["sequences"][:i])]
    nothing = check([trace])
    assert nothing["pairs"] == 0 and nothing["mean"] is None
    trace["sequences"] += copy.deepcopy(trace["sequences"])
    assert check([trace])["mean"] == 1
