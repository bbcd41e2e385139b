"""The fork tree against sets of token paths."""

import collections
import itertools
import random

import pytest

import brute
import traces

SOURCES = ["observed", "inherited", "missing"]
REASONS = ["dropped", "incomplete", "not-executed", "external"]


def tell_stories(rng, trace):
    """Gives each sequence of the trace a strategy, a source of each row, ..."""
    sequences = trace["sequences"]
    for seq in sequences:
        seq["strategy"] = rng.choice(["sample", "tree", ""])
        seq["client_prompt"] = f"p{seq['tokens'][0]}"
        seq["finish_reason"] = rng.choice(["length", "stop", "abort", ""])
        seq["preemptions"] = rng.choice([0, 0, 0, 1, 2])
        generated = len(seq["tokens"]) - seq["prompt_tokens"]
        if rng.random() < 0.8:
            seq["returned_tokens"] = max(0, generated - rng.randrange(3))
        seq["provenance"] = []
        while len(seq["provenance"]) < len(seq["rows"]):
            source = rng.choice(SOURCES)
            one = {
                "source": source,
                "from": rng.randrange(len(sequences))
                if source == "inherited" else None,
                "reason": rng.choice(REASONS) if source == "missing" else "",
                "executions": 0 if source == "inherited"
                else rng.choice([1, 1, 1, 2, 5]),
                "unreturned": rng.random() < 0.1,
            }
            seq["provenance"] += [one] * rng.randrange(1, 5)
        del seq["provenance"][len(seq["rows"]):]
    return trace


def units_of(sequences):
    """The units of `tree` for these sequences alone, from docs/studies.md."""
    root = brute.roots({"sequences": sequences})
    nexts, through = collections.defaultdict(set), collections.defaultdict(set)
    for seq in sequences:
        tokens = tuple(seq["tokens"])
        for p in range(len(tokens)):
            key = (root[tokens], tokens[: p + 1])
            through[key].add(tokens)
            if p + 1 < len(tokens):
                nexts[key].add((root[tokens], tokens[: p + 2]))
    forks = {path: ways for path, ways in nexts.items() if len(ways) > 1}
    leaves = {tuple(seq["tokens"]) for seq in sequences}

    def forks_on(tokens):  # that it goes on behind
        return sum((root[tokens], tokens[:p]) in forks
                   for p in range(1, len(tokens)))

    rows = [one for seq in sequences for one in seq["provenance"]]
    by_source = collections.Counter(one["source"] for one in rows)
    executions = [one["executions"] for one in rows]
    units = {
        "trees": len(set(root.values())),
        "forked_trees": len({root for root, _ in forks}),
        "sequences": len(sequences),
        "leaves": len(leaves),
        "identical_sequences": len(sequences) - len(leaves),
        "forks": len(forks),
        "branches": sum(map(len, forks.values())),
        "most_branches": max(map(len, forks.values()), default=0),
        "depth": max(map(len, leaves)),
        "fork_depth": max(map(forks_on, leaves)),
        "served_tokens": sum(len(seq["tokens"]) for seq in sequences),
        "distinct_tokens": len(through),
        "shared_tokens": sum(
            len(through[root[tokens], tokens[: p + 1]]) > 1
            for tokens in (tuple(seq["tokens"]) for seq in sequences)
            for p in range(len(tokens))),
        "served_rows": sum(len(seq["tokens"]) - 1 for seq in sequences),
        "distinct_rows": len(nexts),
        "computed_rows": sum(executions),
        "replayed_rows": sum(max(0, n - 1) for n in executions),
        "preempted_sequences": sum(
            seq["preemptions"] > 0 for seq in sequences),
        "pruned_sequences": 0,
        "unreturned_tokens": sum(
            max(0, len(seq["tokens"]) - seq["prompt_tokens"]
                - seq["returned_tokens"])
            for seq in sequences if "returned_tokens" in seq),
    }
    for source in SOURCES:
        units[f"{source}_rows"] = by_source[source]

    def ratio(a, b):
        return a / b if b else None

    figures = {
        "branching": ratio(units["branches"], units["forks"]),
        "depth.mean": sum(map(len, leaves)) / len(leaves),
        "fork_depth.mean": sum(map(forks_on, leaves)) / len(leaves),
        "shared_share": units["shared_tokens"] / units["served_tokens"],
        "distinct_share": units["distinct_tokens"] / units["served_tokens"],
        "computed_share": ratio(units["computed_rows"], units["served_rows"]),
        "computed_per_distinct": ratio(units["computed_rows"],
                                       units["distinct_rows"]),
    }
    return units, figures


def check_units(ours, sequences):
    """`ours` is the document, a tree or a group."""
    units, figures = units_of(sequences)
    for name, value in units.items():
        assert ours["units"][name] == value, name
    found = ours.get("figures") or {
        r["name"]: r["estimate"] for r in ours["results"]}
    assert found.keys() == figures.keys()
    for name, value in figures.items():
        assert found[name] == (
            value and pytest.approx(value, rel=1e-12)), name


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("prompts", [0, 0.5, 1])
def test_tree(run_study, seed, prompts):
    trace = traces.make_trace(seed, [(8, 2)], 1 + seed % 5, vocabulary=2,
                              prompts=prompts)
    tell_stories(random.Random(seed), trace)
    document, _ = run_study(trace, study="tree")
    check_units(document, trace["sequences"])
    by_id = {seq["id"]: seq for seq in trace["sequences"]}
    for tree in document["trees"]:
        check_units(tree, [by_id[end["id"]] for node in tree["nodes"]
                           for end in node["ends"]])
    check_groups(document, trace["sequences"])
    check_nodes(document, trace)


def check_groups(document, sequences):
    expected = []
    for by, key in (("strategy", "strategy"), ("prompt", "client_prompt")):
        names = sorted({seq[key] for seq in sequences})
        expected += [] if names == [""] else [(by, key, n) for n in names]
    groups = document["groups"]
    assert [(g["by"], g["name"]) for g in groups] == [
        (by, name) for by, _, name in expected]
    for group, (_, key, name) in zip(groups, expected):
        check_units(group, [seq for seq in sequences if seq[key] == name])


def check_nodes(document, trace):
    """Joining the runs from the root to each end gives its sequence, and the
    source of each of its rows."""
    by_id = {s["id"]: s for s in trace["sequences"]}
    seen = []
    for tree in document["trees"]:
        path, through = {None: []}, collections.defaultdict(list)
        above = {node["node"]: node["parent"] for node in tree["nodes"]}
        for node in tree["nodes"]:
            before = path[node["parent"]]
            assert node["begin"] == len(before)
            path[node["node"]] = before + node["tokens"]
            for end in node["ends"]:
                seq = by_id[end["id"]]
                assert seq["tokens"] == path[node["node"]]
                check_end(end, seq, trace)
                seen.append(end["id"])
                number = node["node"]
                while number is not None:
                    through[number].append(seq)
                    number = above[number]
        for node in tree["nodes"]:
            span = slice(node["begin"], node["begin"] + len(node["tokens"]))
            rows = [one for seq in through[node["node"]]
                    for one in seq["provenance"][span]]
            count = collections.Counter(one["source"] for one in rows)
            times = [one["executions"] for one in rows]
            assert node["sequences"] == len(through[node["node"]])
            assert node["rows"] == {
                **{source: count[source] for source in SOURCES},
                "computed": sum(times),
                "replayed": sum(max(0, n - 1) for n in times)}
    assert sorted(seen) == sorted(by_id)


def check_end(end, seq, trace):
    for name in ("strategy", "finish_reason", "preemptions", "prompt_tokens"):
        assert end[name] == seq[name]
    assert end["prompt"] == seq["client_prompt"]
    assert end["returned_tokens"] == seq.get("returned_tokens")
    expected = [
        {"source": one["source"], "executions": one["executions"],
         "from": None if one["from"] is None
         else trace["sequences"][one["from"]]["id"],
         "reason": one["reason"], "unreturned": one["unreturned"]}
        for one in seq["provenance"]]
    found = []
    for run, after in itertools.zip_longest(end["runs"], end["runs"][1:]):
        assert run["begin"] == len(found) < run["end"]
        one = {"source": run["source"], "executions": run["executions"],
               "from": run.get("from"), "reason": run.get("reason", ""),
               "unreturned": run.get("unreturned", False)}
        found += [one] * (run["end"] - run["begin"])
        assert after is None or {**run, "begin": 0, "end": 0} != {
            **after, "begin": 0, "end": 0}, "runs are maximal"
    assert found == expected


def test_captures_add_up(run_study):
    several = [tell_stories(random.Random(s), traces.make_trace(
        s, [(8, 2)], 2, vocabulary=2)) for s in (1, 2, 3)]
    document, _ = run_study(several, study="tree")
    one_by_one = [run_study(trace, study="tree")[0] for trace in several]
    most = {"depth", "fork_depth", "most_branches"}
    for name, value in document["units"].items():
        parts = [one["units"][name] for one in one_by_one]
        assert value == (max(parts) if name in most else sum(parts)), name
    assert [tree["capture"] for tree in document["trees"]] == [
        n for n, one in enumerate(one_by_one) for _ in one["trees"]]
    numbers = [node["node"] for tree in document["trees"]
               for node in tree["nodes"]]
    assert numbers == list(range(len(numbers)))


class Search:
    """A beam search by its own account: its steps, and which were dropped."""

    END = 0

    def __init__(self, rng, root, width, levels):
        self.steps = []  # (level, beam, tokens, finish reason, dropped)
        beams = [list(root)]
        for level in range(levels):
            candidates, asked = [], []
            for beam in beams:
                tokens = rng.sample(range(8), min(8, 2 * width))
                asked.append((beam, tokens[0]))  # the most probable one
                candidates += [(rank + rng.random() * 3, beam + [token])
                               for rank, token in enumerate(tokens)]
            candidates.sort()
            beams = [path for _, path in candidates
                     if path[-1] != self.END][:width]
            for number, (beam, token) in enumerate(asked):
                path, ended = beam + [token], token == self.END
                self.steps.append(
                    (level, number, path, "stop" if ended else "length",
                     level + 1 < levels and not ended and path not in beams))


@pytest.mark.parametrize("where", ["server", "client"])
@pytest.mark.parametrize("seed", range(20))
def test_dropped_beams(run_study, seed, where):
    rng = random.Random(seed)
    root = [100, rng.randrange(2)]
    sequences, dropped = [], set()
    for number in range(3):  # searches, two of them of one prompt
        search = Search(rng, root[: 1 + (number > 0)], rng.randrange(1, 5),
                        rng.randrange(1, 6))
        for level, beam, path, reason, gone in search.steps:
            step = f"{rng.getrandbits(64):016x}" if beam == 0 else step
            name = f"{number}.{level}.{beam}"
            sequence = {"id": name, "tokens": path, "finish_reason": reason,
                        "prompt_tokens": len(path) - 1,
                        "rows": [None] * (len(path) - 1)}
            if where == "server":
                sequence["external_id"] = f"cmpl-{number}-{step}-beam-{beam}"
            else:
                sequence["strategy"] = "beam"
                sequence["client_prompt"] = f"prompt {number}"
            sequences.append(sequence)
            dropped |= {name} if gone else set()
    rng.shuffle(sequences)
    document, _ = run_study(
        {"has_token_ids": True, "sequences": sequences,
         "layers": [{"number": 0, "experts": 4, "k": 1}]}, study="tree")
    ends = [end for tree in document["trees"] for node in tree["nodes"]
            for end in node["ends"]]
    reasons = {seq["id"]: seq["finish_reason"] for seq in sequences}
    assert {end["id"]: end["finish_reason"] for end in ends} == {
        name: "pruned" if name in dropped else reason
        for name, reason in reasons.items()}
    assert document["units"]["pruned_sequences"] == len(dropped)
    assert {end["strategy"] for end in ends} == {"beam"}
