"""Units and signatures by their definition, and random traces for them."""

import random

import numpy as np

import traces

PHASES = ("prompt", "generated", "both")
LAYERS = [(7, 3), (13, 1), (5, 2)]


def rows_of(trace, number):
    """Rows of a sequence, None where missing; inherited ones looked up."""
    found = []
    for p, row in enumerate(trace["sequences"][number]["rows"]):
        found.append(rows_of(trace, row)[p] if isinstance(row, int) else row)
    return found


def counted_rows(trace, number, phase):
    sequence = trace["sequences"][number]
    rows = rows_of(trace, number)
    prompt = sequence["prompt_tokens"]
    return {"prompt": rows[:prompt], "generated": rows[prompt:],
            "both": rows}[phase]


def client_id(sequence):
    return sequence.get("external_id") or sequence["id"]


def reason_of(trace, number, phase):
    sequence = trace["sequences"][number]
    if sequence.get("ambiguous"):
        return "ambiguous"
    if not sequence.get("category"):
        return "unlabelled"
    rows = counted_rows(trace, number, phase)
    if not rows:
        return "no-rows"
    return "missing-rows" if 100 * rows.count(None) > len(rows) else None


def find_units(captures, phase):
    """(units as {"name", "label", "members"}, [[client id, reason]])"""
    left_out, keys, labels = [], {}, {}
    for t, trace in enumerate(captures):
        for s, sequence in enumerate(trace["sequences"]):
            reason = reason_of(trace, s, phase)
            if reason:
                left_out.append([client_id(sequence), reason])
                continue
            prompt = tuple(sequence["tokens"][:sequence["prompt_tokens"]])
            key = sequence.get("template") or prompt
            keys.setdefault(key, []).append((t, s, prompt))
            labels.setdefault(key, set()).add(sequence["category"])
    units, later = [], []
    for key, requests in keys.items():
        first = captures[requests[0][0]]["sequences"][requests[0][1]]
        if len(labels[key]) > 1:
            later += [(t, s) for t, s, _ in requests]
            continue
        members = {}
        for t, s, prompt in requests:
            same = prompt if phase == "prompt" else (t, s)
            members.setdefault(same, []).append([t, s])
        units.append({
            "name": key if isinstance(key, str) else client_id(first),
            "label": first["category"], "members": list(members.values())})
    for t, s in sorted(later):
        left_out.append(
            [client_id(captures[t]["sequences"][s]), "conflicting"])
    return units, left_out


def shares(sets, experts):
    """Shares of the routed ids of some sets of one layer."""
    ids = np.array([e for one in sets for e in one], int)
    counts = np.bincount(ids[(ids >= 0) & (ids < experts)], minlength=experts)
    return counts / max(1, counts.sum())


def signature(captures, unit, phase):
    requests = [request for member in unit["members"] for request in member]
    total = 0
    for t, s in requests:
        rows = [row for row in counted_rows(captures[t], s, phase) if row]
        total = total + np.concatenate([
            shares([row[l] for row in rows], layer["experts"])
            for l, layer in enumerate(captures[t]["layers"])])
    return total / len(requests)


class Requests:
    """Random requests, with faults of labels and rows.  Of a repeated prompt
    some rows are inherited."""

    def __init__(self, rng, layers, prefix):
        self.rng, self.layers, self.prefix = rng, layers, prefix
        self.weights = [
            [rng.random() ** 2 + 0.02 for _ in range(experts)]
            for experts, _ in layers]
        self.sequences = []

    def new_row(self):
        row = [traces.draw_set(self.rng, experts, k, weight)
               for (experts, k), weight in zip(self.layers, self.weights)]
        if self.rng.random() < 0.05:
            row[self.rng.randrange(len(row))][-1] = -1
        return row

    def inherit(self, prompt, rows):
        twins = [n for n, other in enumerate(self.sequences)
                 if other["tokens"][:len(prompt)] == prompt]
        if not twins or self.rng.random() < 0.5:
            return
        owner = self.sequences[twins[0]]["rows"]
        for p in range(min(len(prompt) - 1, len(owner))):
            if isinstance(owner[p], list) and self.rng.random() < 0.7:
                rows[p] = twins[0]

    def add(self, prompt, category, template):
        rng, number = self.rng, len(self.sequences)
        tokens = prompt + [rng.randrange(50) for _ in range(rng.randrange(6))]
        rows = [self.new_row() for _ in tokens[:-1]]
        self.inherit(prompt, rows)
        if rows and rng.random() < 0.15:
            rows[rng.randrange(len(rows))] = None
        one = {"id": f"{self.prefix}request-{number}", "tokens": tokens,
               "prompt_tokens": len(prompt), "rows": rows,
               "category": category, "template": template}
        if rng.random() < 0.3:
            one["external_id"] = f"{self.prefix}client-{number}"
        if rng.random() < 0.04:
            one["ambiguous"] = True
        self.sequences.append(one)


def labelled_trace(seed, prefix="", prompts=18):
    """Requests of few prompts, some of them repeated."""
    rng = random.Random(seed)
    requests = Requests(rng, LAYERS, prefix)
    for number in range(prompts):
        # One of more than 100 rows may lack one.
        length = rng.choice([0, 1, 2, 3, 5, 9, 140])
        prompt = [rng.randrange(9) for _ in range(length)]
        category = rng.choice(["code", "maths", "story"])
        template = rng.choice(["", "", f"template {number % 4}"])
        for _ in range(rng.choice([1, 1, 2, 4])):
            if rng.random() < 0.05:
                category = rng.choice(["code", ""])
            requests.add(prompt, category, template)
    return {
        "has_token_ids": True,
        "layers": [{"number": 3 * l + 1, "experts": experts, "k": k}
                   for l, (experts, k) in enumerate(LAYERS)],
        "sequences": requests.sequences,
    }
