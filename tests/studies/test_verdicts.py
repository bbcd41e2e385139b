"""Planted routing through the whole program: what explains it is named."""

import random

import pytest

import traces

SEEDS = range(20)
LEAST = 16  # of 20 at a nominal 95 %: fewer have a probability of 0.3 %


def planted(seed, route, trees=14, leaves=4, tail=14):
    """Trees whose rows are routed by route(rng, path)."""
    rng = random.Random(seed)
    sequences = []
    for tree in range(trees):
        routed = {}
        for leaf in range(leaves):
            tokens = [1000 + tree, leaf] + [
                rng.randrange(5) for _ in range(tail)]
            rows = []
            for p in range(len(tokens) - 1):
                path = tuple(tokens[: p + 1])
                if path not in routed:
                    routed[path] = route(rng, path)
                rows.append([routed[path]])
            sequences.append({"id": f"{tree}-{leaf}", "prompt_tokens": 1,
                              "tokens": tokens, "rows": rows})
    return {"has_token_ids": True, "sequences": sequences,
            "layers": [{"number": 0, "experts": 24, "k": 4}]}


WEIGHTS = [random.Random(1).random() ** 3 + 0.02 for _ in range(24)]
IDENTITY = [traces.draw_set(random.Random(t), 24, 4, [1] * 24)
            for t in range(5)]


def popular(rng, path):
    return traces.draw_set(rng, 24, 4, WEIGHTS)


def by_token(rng, path):
    """The token's set, but one expert that chance chose."""
    base = IDENTITY[path[-1] % 5]
    return sorted(rng.sample(base, 3) + [
        rng.choice([e for e in range(24) if e not in base])])


def by_context(rng, path):
    """As by_token, with a set of each token for each tree."""
    base = traces.draw_set(random.Random(path[0] * 7 + path[-1]), 24, 4,
                           [1] * 24)
    return sorted(rng.sample(base, 3) + [
        rng.choice([e for e in range(24) if e not in base])])


@pytest.fixture(scope="module")
def verdicts(run_study):
    def count(route, name):
        seen = []
        for seed in SEEDS:
            document, _ = run_study(planted(seed, route))
            assert document["status"] == "ok"
            seen += [r["verdict"] for r in document["results"]
                     if r["name"] == name and "layer" not in r]
        assert len(seen) == len(SEEDS)
        return seen.count("explained")

    return count


def test_popularity_alone(verdicts):
    assert verdicts(popular, "excess.input.same") >= LEAST
    assert verdicts(popular, "excess.input.different") >= LEAST
    assert verdicts(popular, "context.input.same") >= LEAST


def test_identity_alone(verdicts):
    assert verdicts(by_token, "context.input.same") >= LEAST
    assert verdicts(by_token, "context.input.different") >= LEAST
    assert verdicts(by_token, "excess.input.same") == 0


def test_context(verdicts):
    assert verdicts(by_context, "context.input.same") == 0
    assert verdicts(by_context, "excess.input.same") == 0
