"""The study "diversity" against its definitions, on random searches."""

import json
import math
import random
import subprocess

import pytest

import brute_diversity as brute
import conftest
from test_commands import make_capture, moetap  # noqa: F401

LAYERS = [(16, 4), (12, 3)]
THRESHOLDS = {"tokens": (1, 2, 4, 8, 16, 32, 64),
              "rows": (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95,
                       0.99, 1)}
SCORES = {"tokens": brute.token_score, "rows": brute.row_score}


def make_row(rng, faults):
    if faults and rng.random() < 0.01:
        return None
    row = [sorted(rng.sample(range(max(k + 1, experts // 3)), k))
           for experts, k in LAYERS]
    if faults and rng.random() < 0.01:
        row[0][-1] = -1
    return row


def make_search(rng, prompt, number, strategy, faults):
    """Requests that leave an earlier one and often come back to its tokens."""
    grown = []
    prefix = [100 + number, 7]
    for _ in range(rng.randrange(2, 7)):
        base = rng.choice(grown or [prefix + [rng.randrange(3)] * 9])
        at = rng.randrange(2, len(base))
        tail = [rng.randrange(3) for _ in range(rng.randrange(1, 30))]
        if rng.random() < 0.6:
            tail = [rng.randrange(3)] + base[at + 1 :] + tail[:5]
        grown.append(base[:at] + tail)
    requests = []
    for tokens in grown:
        request = {
            "id": f"{prompt}-{strategy}-{len(requests)}",
            "prompt_tokens": 2, "tokens": tokens, "strategy": strategy,
            "client_prompt": prompt,
            "rows": [make_row(rng, faults) for _ in tokens[:-1]]}
        if rng.random() < 0.85:
            request["group"] = rng.choice([None, 0, 0, 1, 2])
        requests.append(request)
    return requests


def make_trace(seed, prompts, strategies, faults=True):
    rng = random.Random(seed)
    sequences = []
    for number in range(prompts):
        for strategy in strategies:
            sequences += make_search(rng, f"prompt-{number}", number, strategy,
                                     faults)
    rng.shuffle(sequences)
    return {"has_token_ids": True,
            "layers": [{"number": 2 * l + 1, "experts": experts, "k": k}
                       for l, (experts, k) in enumerate(LAYERS)],
            "sequences": sequences}


def by_name(document):
    found = {}
    for result in document["results"]:
        where = result.get("where") or {"": ""}
        [value] = where.values()
        found[result["name"], result.get("layer"), value] = result
    return found


def check(result, values, weights=None):
    estimate, lo, hi, units = brute.interval(values, weights)
    assert result["n_units"] == units
    assert result["unit"] == "prompt"
    for ours, theirs in zip((result["estimate"], result["lo"], result["hi"]),
                            (estimate, lo, hi)):
        if theirs is None:
            assert ours is None
        else:
            assert math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


class Prompts:
    """Values of one strategy by prompt; several searches of one are averaged."""

    def __init__(self, found, strategy):
        self.strategy = strategy
        self.searches = {p: some for (p, s), some in found.items()
                         if s == strategy}

    def means(self, value):
        means = []
        for some in self.searches.values():
            values = [v for v in map(value, some) if v is not None]
            if values:
                means.append(sum(values) / len(values))
        return means

    def sums(self, value):
        return [sum(map(value, some)) for some in self.searches.values()]


def check_strategy(results, prompts):
    def result(name):
        return results[name, None, prompts.strategy]

    check(result("codes"), prompts.means(lambda s: len(s.codes())))
    check(result("groups"), prompts.means(lambda s: len(s.groups())))
    check(result("tokens.computed"), prompts.means(lambda s: s.tokens()))
    tokens = prompts.sums(lambda s: s.tokens())
    for name in ("new_groups", "duplicates", "not_compiled", "unfinished"):
        check(result(f"tokens.share.{name}"),
              prompts.sums(lambda s, name=name: s.outcomes()[name]), tokens)
    check(result("not_compiled.share"),
          prompts.sums(lambda s: len(s.codes()) - sum(s.sizes())),
          prompts.sums(lambda s: len(s.codes())))
    for n in (1, 2, 4):
        key = (f"groups.at_codes.n{n}", None, prompts.strategy)
        values = prompts.means(
            lambda s, n=n: brute.at_codes(s, prompts.strategy, n))
        assert (key in results) == bool(values)
        if values:
            check(results[key], values)
    for t in (64, 128):
        key = (f"groups.at_tokens.t{t}", None, prompts.strategy)
        values = prompts.means(
            lambda s, t=t: brute.at_tokens(s, prompts.strategy, t))
        assert (key in results) == bool(values)
        if values:
            check(results[key], values)


def check_difference(results, a, b):
    for name, effort, at in (
            ("codes", lambda s: len(s.codes()), brute.at_codes),
            ("tokens", lambda s: s.tokens(), brute.at_tokens)):
        values = []
        for prompt in set(a.searches) & set(b.searches):
            differences = []
            for one in a.searches[prompt]:
                for other in b.searches[prompt]:
                    common = min(effort(one), effort(other))
                    if a.strategy == "beam":
                        common = effort(one)
                    ours = at(one, a.strategy, common) if common else None
                    theirs = at(other, b.strategy, common) if common else None
                    if ours is not None and theirs is not None:
                        differences.append(ours - theirs)
            if differences:
                values.append(sum(differences) / len(differences))
        check(results[f"difference.groups.at_{name}", None,
                      f"{a.strategy} minus {b.strategy}"], values)


def by_prompt(found, value):
    """Sums of `value` over the searches of each prompt."""
    sums = {}
    for (prompt, strategy), some in found.items():
        for search in some:
            sums.setdefault(prompt, 0)
            if strategy != "beam":
                sums[prompt] += value(search)
    return list(sums.values())


def check_cuts(results, found, most_lost):
    tokens = by_prompt(found, lambda s: s.tokens())
    groups = by_prompt(found, lambda s: len(s.groups()))
    check(results["cut.oracle.saving", None, ""],
          by_prompt(found, brute.oracle), tokens)
    something = False
    for rule, thresholds in THRESHOLDS.items():
        points = []
        for threshold in thresholds:
            outcome = {}

            def run(search, threshold=threshold, rule=rule, outcome=outcome):
                outcome[id(search)] = brute.cut(search, SCORES[rule], threshold)
                return outcome[id(search)][0]

            saved = by_prompt(found, run)
            lost = by_prompt(found, lambda s, o=outcome: o[id(s)][1])
            points.append((saved, lost))
            where = f"{threshold:g}"
            check(results[f"cut.{rule}.saving", None, where], saved, tokens)
            check(results[f"cut.{rule}.lost", None, where], lost, groups)
            something = something or (sum(saved) > 0 and sum(lost) > 0)
        check_chosen(results, rule, points, tokens, groups, most_lost)
    assert something


def check_chosen(results, rule, points, tokens, groups, most_lost):
    saved, lost = [], []
    for left_out in range(len(tokens)):
        def rest(values, left_out=left_out):
            return sum(values) - values[left_out]

        best = None
        for point in points:
            if rest(point[1]) / rest(groups) > most_lost:
                continue
            if best is None or rest(point[0]) >= rest(best[0]):
                best = point
        saved.append(best[0][left_out] if best else 0)
        lost.append(best[1][left_out] if best else 0)
    check(results[f"cut.{rule}.chosen.saving", None, ""], saved, tokens)
    check(results[f"cut.{rule}.chosen.lost", None, ""], lost, groups)


def check_joined(document, results, found):
    for rows in (4, 8, 16):
        routing, tokens, same, other = {}, {}, {}, {}
        count = {"short": 0, "unusable": 0, "equivalent": 0, "different": 0}
        for (prompt, _), some in found.items():
            for search in some:
                pairs, short, unusable = brute.joined(search, rows)
                count["short"] += short
                count["unusable"] += unusable
                count["equivalent"] += sum(p[0] for p in pairs)
                count["different"] += sum(not p[0] for p in pairs)
                for sums, column in ((routing, 1), (tokens, 3)):
                    u, n = brute.auc_sums(pairs, column)
                    old = sums.get(prompt, (0, 0))
                    sums[prompt] = (old[0] + u, old[1] + n)
                for one in pairs:
                    (same if one[0] else other).setdefault(
                        prompt, []).append(one[2])
        for name, value in count.items():
            assert document["units"][f"joined_{name}_pairs.h{rows}"] == value
        for name, sums in (("routing", routing), ("tokens", tokens)):
            check(results[f"joined.auc.{name}.h{rows}", None, ""],
                  [u / n for u, n in sums.values() if n])
        for name, lists in (("equivalent", same), ("different", other)):
            for l in range(len(LAYERS)):
                check(results[f"joined.jaccard.{name}.h{rows}", 2 * l + 1, ""],
                      [float(sum(x[l] for x in some) / len(some))
                       for some in lists.values()])


@pytest.mark.parametrize("seed,prompts,strategies,most_lost", [
    (1, 12, ("sample", "tree", "beam"), 0.1),
    (2, 11, ("beam", "tree"), 0.3),
    (3, 4, ("sample", "tree"), 0.05),
    (4, 15, ("tree",), 0.2),
])
def test_against_brute_force(run_study, seed, prompts, strategies, most_lost):
    trace = make_trace(seed, prompts, strategies)
    document, text = run_study(trace, "diversity", 1, [str(most_lost), "5"])
    found = brute.searches([trace])
    assert document["units"]["searches"] == len(found)
    few = document["units"]["prompts"] < 10
    assert document["status"] == ("descriptive" if few else "ok")
    codes = {w["code"] for w in document["warnings"]}
    assert ("one-strategy" in codes) == (len(strategies) < 2)
    results = by_name(document)
    groups = [Prompts(found, strategy) for strategy in sorted(strategies)]
    for number, one in enumerate(groups):
        check_strategy(results, one)
        for other in groups[number + 1 :]:
            check_difference(results, one, other)
    check_cuts(results, found, most_lost)
    check_joined(document, results, found)
    again, same = run_study(trace, "diversity", 1, [str(most_lost), "5"])
    assert same == text


def test_captures_of_one_prompt_are_one_unit(run_study):
    traces = [make_trace(seed, 12, ("tree",)) for seed in (6, 7)]
    document, _ = run_study(traces, "diversity", 1, ["0.1", "1"])
    assert document["units"]["prompts"] <= 12 < document["units"]["searches"]
    found = brute.searches(traces)
    results = by_name(document)
    check_strategy(results, Prompts(found, "tree"))
    check_cuts(results, found, 0.1)
    check_joined(document, results, found)


def test_random_cuts_are_a_baseline_at_the_same_rate(run_study):
    trace = make_trace(8, 30, ("tree",), faults=False)
    document, _ = run_study(trace, "diversity", 1, ["0.1", "1"])
    results = by_name(document)
    ours = results["cut.rows.saving", None, "0.3"]
    assert 0 < ours["baselines"]["random"] < 1
    never = results["cut.rows.saving", None, "1"]
    assert never["estimate"] == never["baselines"]["random"] == 0


def test_without_codes_there_is_nothing_to_compute(run_study):
    trace = make_trace(9, 3, ("tree",))
    for sequence in trace["sequences"]:
        if "group" in sequence:
            sequence["group"] = None
    document, _ = run_study(trace, "diversity", 1, ["0.1", "1"])
    assert document["status"] == "not_computable"
    assert document["reason"]["code"] == "no-codes"


def test_a_capture_without_text_has_no_codes(make_capture, validator):
    capture = make_capture()
    done = moetap("diversity", capture, "--json", "--prefixes", 0)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    validator.validate(document)
    assert document["reason"]["code"] == "no-codes"
    assert "no-codes" in moetap("diversity", capture).stdout


def test_options_that_are_no_use(make_capture):
    capture = make_capture()
    for option in (("--most-lost", 2), ("--extract", "any"),
                   ("--prefixes", "many")):
        assert moetap("diversity", capture, *option).returncode == 2
    absent = moetap("diversity", capture, "--compiler", "no-such-compiler")
    assert absent.returncode == 1 and "no-such-compiler" in absent.stderr


def test_help_is_text():
    for line in moetap("diversity", "--help").stdout.splitlines():
        assert line.isprintable()


def test_rule_by_assembly(tmp_path):
    """By hand, with the real compiler: one byte is one token, so the paths of
    three codes are 19 common rows and tails of 29, 29 and 24.  The second code
    has 8 rows behind the fork when its first statement has compiled to what the
    first code's has; the other 21 are saved.  The third one's never does.
    """
    head = "int f(int a) {"
    tails = [" int x = a;\n x += 3;\n return x;\n}\n",
             " int y = a;\n y += 3;\n return y;\n}\n",
             " int z = a * 2;\n return z;\n}\n"]
    rows = [{"id": str(i), "text": (head + tail).encode().hex(),
             "prompt_bytes": len(head), "finish": "stop"}
            for i, tail in enumerate(tails)]
    capture = tmp_path / "capture"
    subprocess.run([conftest.BUILD / "tests/tools/make_text_capture", capture],
                   input=json.dumps(rows), text=True, check=True)
    done = subprocess.run(
        [conftest.BUILD / "analysis/moetap", "diversity", "--json",
         "--no-cache", capture], capture_output=True, text=True, check=False)
    assert done.returncode == 3  # one prompt
    found = {r["name"]: r["estimate"] for r in json.loads(done.stdout)["results"]
             if r["name"].startswith("cut.assembly.")
             and r.get("where") == {"threshold": "1"}}
    assert found == {"cut.assembly.saving": 21 / (19 + 29 + 29 + 24),
                     "cut.assembly.lost": 0}
