"""Null models of signatures against enumerated designs and ported draws."""

import collections
import fractions
import itertools
import json
import math
import random
import subprocess

import numpy as np
import pytest
import scipy.special
import scipy.stats

import brute
import brute_sharing
import brute_signatures
import conftest

PROGRAM = conftest.BUILD / "tests/tools/null_draws"
UNIFORM, POPULARITY, PERMUTED = 12, 13, 14
LEAST_P = 1e-4


def run(arguments, document):
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)], input=json.dumps(document),
        capture_output=True, text=True, check=True)
    return json.loads(done.stdout, parse_constant=conftest.no_constant)


def draw_null(kind, trace, replicates=1, seed=1, threads=1):
    """[replicate][unit][feature]"""
    draws = run([kind, seed, replicates, threads], trace)
    units, _ = brute_signatures.find_units(captures(trace), "prompt")
    return np.reshape(draws, (replicates, len(units), -1))


def captures(trace):
    return trace if isinstance(trace, list) else [trace]


def chi_square_p(times, expected):
    """Cells expected less than 5 times are one cell."""
    times, expected = np.asarray(times, float), np.asarray(expected, float)
    rare = expected < 5
    if rare.any():
        times = np.append(times[~rare], times[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    keep = expected > 1e-9
    assert times[~keep].sum() == 0
    times, expected = times[keep], expected[keep]
    if len(times) < 2:
        return 1
    return scipy.stats.chisquare(times, expected).pvalue


def design(odds, k):
    """{set: probability} by enumeration."""
    weights = {chosen: math.prod(odds[e] for e in chosen)
               for chosen in itertools.combinations(range(len(odds)), k)}
    total = math.fsum(weights.values())
    return {chosen: weight / total for chosen, weight in weights.items()}


# ---- The sampler.

SMALL_ODDS = {
    "equal": [1.0] * 7,
    "ascending": [0.1 * 2**e for e in range(7)],
    "descending": [5.0 / 3**e for e in range(7)],
    "mixed": [3, 0.2, 1, 1, 40, 0.01, 0.5],
    "skewed": [1e-9, 1, 1e9, 1e-9, 2, 1e9, 3],
    "huge": [9e307, 1e308, 1.5e308, 9e307, 1.7e308, 1e308, 1.6e308],
    "tiny": [1e-300, 2e-300, 3e-300, 1e-300, 5e-300, 2e-300, 4e-300],
}


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("name", SMALL_ODDS)
def test_sets_have_the_probabilities_of_the_design(name, k):
    odds = SMALL_ODDS[name]
    draws = 20000
    found = {tuple(chosen): times for chosen, times in run(
        ["sampler", k], {"odds": odds, "k": k, "draws": draws})}
    exact = design([odd / max(odds) for odd in odds], k)
    assert set(found) <= set(exact)
    times = [found.get(chosen, 0) for chosen in exact]
    assert sum(times) == draws
    expected = [draws * p for p in exact.values()]
    assert chi_square_p(times, expected) > LEAST_P


def test_no_item_is_drawn_of_none():
    assert run(["sampler", 1], {"odds": [2, 1], "k": 0, "draws": 3}) == [[[], 3]]


def log_sums(log_odds, k):
    """[place][degree]: logs of the elementary symmetric polynomials of the
    odds before a place."""
    table = np.full((len(log_odds) + 1, k + 1), -np.inf)
    table[:, 0] = 0
    for i, odd in enumerate(log_odds):
        table[i + 1, 1:] = np.logaddexp(table[i, 1:], odd + table[i, :-1])
    return table


def exact_inclusion(log_odds, k):
    before = log_sums(log_odds, k)
    after = log_sums(log_odds[::-1], k)[::-1]
    others = scipy.special.logsumexp(
        before[:-1, :k] + after[1:, :k][:, ::-1], axis=1)
    return np.exp(log_odds + others - before[-1, k])


@pytest.mark.parametrize("n, k, spread", [
    (37, 5, 1), (100, 99, 2), (257, 8, 3), (4096, 64, 0), (4096, 64, 2),
    (4096, 64, 60), (4096, 64, 200), (1000, 64, 20)])
def test_large_and_skewed_designs(n, k, spread):
    """`spread`: deviation of the natural logarithms of the odds."""
    rng = np.random.default_rng(n + k + spread)
    log_odds = np.clip(rng.normal(0, spread, n), -700, 700)
    draws = 4000
    found = run(["sampler", 5],
                {"odds": np.exp(log_odds).tolist(), "k": k, "draws": draws})
    times = np.zeros(n)
    for chosen, count in found:
        assert len(set(chosen)) == k
        times[chosen] += count
    p = exact_inclusion(log_odds, k)
    assert abs(p.sum() - k) < 1e-6
    deviation = np.sqrt(np.maximum(draws * p * (1 - p), 1))
    z = (times - draws * p) / deviation
    assert np.max(np.abs(z)) < 6
    # Counts of items are negatively correlated: this is a little too mild.
    usual = (p > 0.01) & (p < 0.99)
    if usual.sum() > 5:
        assert scipy.stats.chi2.sf(np.sum(z[usual]**2), usual.sum()) > LEAST_P


# ---- The models.

def one_token_prompts(layers, sets):
    """One unit per row: its signature shows the set itself.  `sets`:
    [row][layer]."""
    return {
        "has_token_ids": True,
        "layers": [{"number": l, "experts": experts, "k": k}
                   for l, (experts, k) in enumerate(layers)],
        "sequences": [{"id": f"r{i}", "prompt_tokens": 1, "category": "a",
                       "tokens": [i, 0], "rows": [row]}
                      for i, row in enumerate(sets)],
    }


# Expert 2 of the second layer is in all sets, experts 0 and 4 in none; the
# third layer has nothing to draw.
PLANTED = [(7, 3), (6, 3), (3, 2)]


def planted_sets(rows=120):
    rng = random.Random(3)
    weights = [1, 5, 2, 0.4, 1, 9, 0.1]
    found = []
    for i in range(rows):
        second = sorted([2] + rng.choices(
            [[1, 3], [1, 5], [3, 5]], [6, 3, 1])[0])
        found.append([brute_signatures.traces.draw_set(rng, 7, 3, weights),
                      second, [0, 2]])
    return found


def split(draws, layers):
    """Per layer: sets of experts drawn, [replicate * unit], of units with one
    row."""
    result, at = [], 0
    for experts, k in layers:
        part = draws[..., at:at + experts].reshape(-1, experts) * k
        assert np.allclose(part, np.round(part))
        assert np.all(np.abs(part.sum(axis=1) - k) < 1e-9)
        result.append([tuple(np.flatnonzero(row > 0.5)) for row in part])
        at += experts
    return result


def exact_popularity(sets, experts, k):
    """{set: probability} of the design with the popularity of `sets`."""
    counts = np.bincount(np.ravel(sets), minlength=experts)
    pi = counts / len(sets)
    always = [e for e in range(experts) if pi[e] == 1]
    drawn = [e for e in range(experts) if 0 < pi[e] < 1]
    if k == len(always):
        return {tuple(always): 1.0}
    odds = brute.fit_odds(pi[drawn], k - len(always))
    return {tuple(sorted(always + [drawn[i] for i in chosen])): p
            for chosen, p in design(odds, k - len(always)).items()}


@pytest.mark.parametrize("kind", ["uniform", "popularity"])
def test_sets_of_the_models(kind):
    sets = planted_sets()
    drawn = split(draw_null(kind, one_token_prompts(PLANTED, sets), 100),
                  PLANTED)
    for l, (experts, k) in enumerate(PLANTED):
        exact = (design([1] * experts, k) if kind == "uniform" else
                 exact_popularity([row[l] for row in sets], experts, k))
        found = collections.Counter(drawn[l])
        assert set(found) <= set(exact)
        expected = [len(drawn[l]) * p for p in exact.values()]
        assert chi_square_p([found[one] for one in exact],
                            expected) > LEAST_P, l


def test_layers_and_replicates_are_independent():
    layers = [(4, 2), (4, 2)]
    trace = one_token_prompts(layers, [[[0, 1], [2, 3]]] * 60)
    draws = draw_null("uniform", trace, 100)
    first, second = split(draws, layers)
    pairs = collections.Counter(zip(first, second))
    assert chi_square_p([pairs[a, b] for a in set(first) for b in set(first)],
                        [len(first) / 36] * 36) > LEAST_P
    by_replicate = [first[i:i + 60] for i in range(0, len(first), 60)]
    pairs = collections.Counter(zip(itertools.chain(*by_replicate[:-1]),
                                    itertools.chain(*by_replicate[1:])))
    assert chi_square_p([pairs[a, b] for a in set(first) for b in set(first)],
                        [99 * 60 / 36] * 36) > LEAST_P


# ---- Draws computed again, of units with several members and requests.

def members_of(captures_list):
    """[(unit, weight, rows)], rows as captured, of all members."""
    units, _ = brute_signatures.find_units(captures_list, "prompt")
    found = []
    for number, unit in enumerate(units):
        requests = sum(map(len, unit["members"]))
        for member in unit["members"]:
            t, s = member[0]
            rows = brute_signatures.counted_rows(captures_list[t], s, "prompt")
            found.append((number, len(member) / requests,
                          [row for row in rows if row]))
    return found


def add_up(members, layers, set_of):
    """set_of(pooled row, layer) -> ids"""
    units = 1 + max(unit for unit, _, _ in members)
    result = [np.zeros((units, layer["experts"])) for layer in layers]
    first = 0
    for unit, weight, rows in members:
        for l, layer in enumerate(layers):
            sets = [set_of(first + i, l) for i in range(len(rows))]
            result[l][unit] += weight * brute_signatures.shares(
                sets, layer["experts"])
        first += len(rows)
    return np.concatenate(result, axis=1)


def draw_bits(seed, stream, counter):
    return brute_sharing.below(seed, stream, counter, 2**64)


def uniform_set(n, k, seed, first):
    """The sampler with equal odds, in whole numbers."""
    chosen, at = [], 0
    for left in range(k, 0, -1):
        u = fractions.Fraction(
            draw_bits(seed, UNIFORM, first + len(chosen)) >> 11, 2**53)
        bound = u * math.comb(n - at, left)
        at = max(a for a in range(at, n - left + 1)
                 if math.comb(n - a, left) > bound)
        chosen.append(at)
        at += 1
    return chosen


def pooled(members):
    return [row for _, _, rows in members for row in rows]


def captured():
    return [brute_signatures.labelled_trace(8, prefix="a", prompts=12),
            brute_signatures.labelled_trace(9, prefix="b", prompts=9)]


@pytest.mark.parametrize("replicate", [0, 3])
def test_uniform_draws_computed_again(replicate):
    traces, seed = captured(), 77
    layers = traces[0]["layers"]
    members = members_of(traces)
    rows = len(pooled(members))
    row_ids = sum(layer["k"] for layer in layers)
    offsets = np.cumsum([0] + [layer["k"] for layer in layers])

    def set_of(i, l):
        first = (replicate * rows + i) * row_ids + int(offsets[l])
        return uniform_set(layers[l]["experts"], layers[l]["k"], seed, first)

    found = draw_null("uniform", traces, replicate + 1, seed)[replicate]
    np.testing.assert_allclose(found, add_up(members, layers, set_of), rtol=0,
                               atol=1e-14)


@pytest.mark.parametrize("replicate", [0, 2])
def test_permuted_draws_computed_again(replicate):
    traces, seed = captured(), 5
    layers = traces[0]["layers"]
    members = members_of(traces)
    rows = pooled(members)
    assert any(-1 in ids for row in rows for ids in row)
    places = []
    for l in range(len(layers)):
        place = np.arange(len(rows))
        for i in range(len(rows) - 1, 0, -1):
            counter = (replicate * len(layers) + l) * len(rows) + i
            j = brute_sharing.below(seed, PERMUTED, counter, i + 1)
            place[[i, j]] = place[[j, i]]
        places.append(place)
    found = draw_null("permuted", traces, replicate + 1, seed)[replicate]
    expected = add_up(members, layers, lambda i, l: rows[places[l][i]][l])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


# ---- Totals and repetition.

def distinct_prompts(lengths, layers, seed=2):
    rng = random.Random(seed)
    sequences = []
    for number, length in enumerate(lengths):
        rows = [[sorted(rng.sample(range(experts), k))
                 for experts, k in layers] for _ in range(length)]
        sequences.append({
            "id": f"r{number}", "prompt_tokens": length, "category": "a",
            "tokens": [number] + [7] * length, "rows": rows})
    trace = one_token_prompts(layers, [])
    trace["sequences"] = sequences
    return trace


@pytest.mark.parametrize("kind", ["uniform", "popularity", "permuted"])
def test_token_counts_and_totals_stay(kind):
    layers, lengths = [(11, 3), (6, 5)], [1, 4, 2, 31, 9, 1]
    trace = distinct_prompts(lengths, layers)
    draws = draw_null(kind, trace, 20)
    at = 0
    for l, (experts, k) in enumerate(layers):
        counts = draws[..., at:at + experts] * (np.array(lengths) * k)[:, None]
        assert np.allclose(counts, np.round(counts), atol=1e-9)
        counts = np.round(counts).astype(int)
        assert np.all(counts.sum(axis=2) == np.array(lengths) * k)
        captured_totals = np.bincount(
            [e for one in trace["sequences"] for row in one["rows"]
             for e in row[l]], minlength=experts)
        kept = np.all(counts.sum(axis=1) == captured_totals, axis=1)
        assert kept.all() if kind == "permuted" else not kept.any()
        at += experts


@pytest.mark.parametrize("kind", ["uniform", "popularity", "permuted"])
def test_replicates_differ_and_repeat(kind):
    traces = captured()
    draws = draw_null(kind, traces, 6)
    for a, b in itertools.combinations(draws, 2):
        assert np.any(a != b)
    assert np.any(draws[0] != draw_null(kind, traces, 1, seed=2)[0])
    for threads in (2, 4):
        assert np.array_equal(draws, draw_null(kind, traces, 6, 1, threads))
    assert np.array_equal(draws[0], draw_null(kind, traces)[0])


@pytest.mark.parametrize("kind", ["uniform", "popularity", "permuted"])
def test_nothing_to_draw(kind):
    trace = one_token_prompts([(5, 2)], [])
    assert run([kind, 1, 2, 1], trace) == [[], []]


def test_popularity_counts_complete_sets_only():
    sets = [[[0, 1]], [[2, -1]], [[2, 2]], [[3, 4]], [[-1, -1]], [[2, 9]]]
    drawn, = split(draw_null("popularity", one_token_prompts([(5, 2)], sets),
                             50), [(5, 2)])
    assert set(itertools.chain(*drawn)) == {0, 1, 3, 4}


def test_a_layer_without_a_complete_set():
    trace = one_token_prompts([(5, 2)], [[[1, -1]], [[3, -1]]])
    assert not draw_null("popularity", trace).any()
    assert np.allclose(draw_null("uniform", trace).sum(axis=2), 1)
    one, other = draw_null("permuted", trace)[0]
    assert {one.argmax(), other.argmax()} == {1, 3}


def test_one_prompt_is_permuted_in_itself():
    trace = distinct_prompts([6], [(9, 2)])
    expected = brute_signatures.signature(
        [trace], {"members": [[[0, 0]]]}, "prompt")
    np.testing.assert_allclose(draw_null("permuted", trace)[0, 0], expected,
                               rtol=0, atol=1e-15)
