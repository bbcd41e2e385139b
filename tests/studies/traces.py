"""Random ragged fork trees with planted gaps and faults."""

import random


def draw_set(rng, experts, k, weights):
    """k distinct ids, sequentially by weight."""
    chosen = []
    pool = list(range(experts))
    for _ in range(k):
        pick = rng.choices(pool, [weights[e] for e in pool])[0]
        pool.remove(pick)
        chosen.append(pick)
    return sorted(chosen)


def sequences_of(rng, trees, vocabulary):
    tokens = []
    for root in range(trees):
        prefix = [1000 + root] + [
            rng.randrange(vocabulary) for _ in range(rng.randrange(4))
        ]
        grown = [prefix]
        for _ in range(rng.randrange(1, 7)):
            base = rng.choice(grown)
            at = rng.randrange(1, len(base) + 1)
            tail = [rng.randrange(vocabulary) for _ in range(rng.randrange(9))]
            grown.append(base[:at] + tail)
        tokens.extend(grown)
    if rng.random() < 0.7:
        tokens.append(list(rng.choice(tokens)))  # an identical sequence
    rng.shuffle(tokens)
    return tokens


def make_trace(seed, layers, trees=4, vocabulary=3, faults=True, prompts=0):
    """`layers`: list of (experts, k).  A share `prompts` of the sequences has
    prompts of any length, the others of one token."""
    rng = random.Random(seed)
    weights = [
        [rng.random() ** 3 + 0.01 for _ in range(experts)]
        for experts, _ in layers
    ]
    sequences = []
    for number, tokens in enumerate(sequences_of(rng, trees, vocabulary)):
        rows = []
        for _ in tokens[:-1]:
            if faults and rng.random() < 0.08:
                rows.append(None)
                continue
            row = []
            for (experts, k), weight in zip(layers, weights):
                ids = draw_set(rng, experts, k, weight)
                if faults and rng.random() < 0.03:
                    ids[-1] = -1
                elif faults and k > 1 and rng.random() < 0.03:
                    ids[-1] = ids[0]
                elif faults and rng.random() < 0.02:
                    ids[-1] = experts
                row.append(ids)
            rows.append(row)
        sequences.append(
            {
                "id": f"request-{number}",
                "prompt_tokens": rng.randrange(len(tokens) + 1)
                if rng.random() < prompts else 1,
                "tokens": tokens,
                "rows": rows,
            }
        )
    return {
        "has_token_ids": True,
        "layers": [
            {"number": 2 * l + 1, "experts": experts, "k": k}
            for l, (experts, k) in enumerate(layers)
        ],
        "sequences": sequences,
    }
