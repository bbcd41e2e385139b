"""Labelled captures with and without structure by task, as traces of
study_trace."""

import numpy as np


def draw_sets(rng, weights, rows, k):
    """`rows` k-subsets by weight (Gumbel top-k): rows x k, ascending."""
    keys = np.log(weights) + rng.gumbel(size=(rows, len(weights)))
    return np.sort(np.argsort(-keys, axis=1)[:, :k], axis=1)


def popularity(rng, experts):
    """Skewed, as real layers are."""
    return rng.lognormal(sigma=1.0, size=experts)


class Maker:
    """Adds prompts and requests to a trace."""

    def __init__(self, seed, layers=((24, 3), (30, 4), (17, 2))):
        self.rng = np.random.default_rng(seed)
        self.layers = layers
        self.popular = [popularity(self.rng, n) for n, _ in layers]
        self.sequences = []
        self.next_token = 0

    def rows(self, tokens, tilts):
        """Routing of `tokens` rows; `tilts`: per layer, a factor of each
        expert's weight, or None."""
        sets = [draw_sets(self.rng,
                          weights if tilt is None else weights * tilt,
                          tokens, k)
                for weights, (_, k), tilt in
                zip(self.popular, self.layers, tilts)]
        return [[layer[t].tolist() for layer in sets] for t in range(tokens)]

    def tilts(self, strength, layers=None):
        """One factor per expert in the layers named (all by default)."""
        return [np.exp(strength * self.rng.normal(size=n))
                if layers is None or l in layers else None
                for l, (n, _) in enumerate(self.layers)]

    def add(self, category, length, tilts=None, requests=1, template="",
            **more):
        """A new prompt, sent `requests` times; the repeats come from the
        prefix cache, but for their last row."""
        tokens = list(range(self.next_token, self.next_token + length + 1))
        self.next_token += length + 1
        first = len(self.sequences)
        tilts = tilts or [None] * len(self.layers)
        for number in range(requests):
            rows = self.rows(length, tilts) if number == 0 else (
                [first] * (length - 1) + self.rows(1, tilts))
            self.sequences.append(
                {"id": f"request-{len(self.sequences)}", "tokens": tokens,
                 "prompt_tokens": length, "rows": rows, "category": category,
                 "template": template, **more})

    def trace(self):
        return {"has_token_ids": True,
                "layers": [{"number": 2 * l + 1, "experts": n, "k": k}
                           for l, (n, k) in enumerate(self.layers)],
                "sequences": self.sequences}


def signatures(trace):
    """Prompts in order, their signatures (mean over requests) and labels; the
    same as the study's, computed from its definition."""
    offsets = np.cumsum([0] + [layer["experts"] for layer in trace["layers"]])
    units = {}
    for sequence in trace["sequences"]:
        counts = np.zeros(offsets[-1])
        for place, row in enumerate(sequence["rows"]):
            if isinstance(row, int):
                row = trace["sequences"][row]["rows"][place]
            for layer, ids in enumerate(row):
                counts[offsets[layer] + np.array(ids)] += 1
        for begin, end in zip(offsets, offsets[1:]):
            counts[begin:end] /= counts[begin:end].sum()
        key = sequence["template"] or tuple(sequence["tokens"])
        units.setdefault(key, ([], sequence["category"]))[0].append(counts)
    return (np.array([np.mean(rows, axis=0) for rows, _ in units.values()]),
            [label for _, label in units.values()])
