"""Every row belongs to its request and position, whatever the engine did.

`cached` has prefix caching on; `uncached` has it off and two tensor-parallel
workers.  Both have a cache too small for what is asked, and chunked prefill.
"""

import json

import pytest

import capture
import ground_truth
import harness


@pytest.fixture(params=["cached", "uncached"])
def served(request):
    return request.getfixturevalue(request.param)


def internal_ids(served, sent):
    """Engine ids of the requests that served one choice of a client."""
    if sent.beams:
        start = f"cmpl-{sent.request}-"
    elif sent.choices > 1:
        start = f"{sent.choice}_cmpl-{sent.request}-0-"
    else:
        start = f"cmpl-{sent.request}-0-"
    found = [name for name in served.dump.requests if name.startswith(start)]
    assert found, f"no request of the capture begins with {start}"
    assert sent.beams or len(found) == 1, found
    return found


def single(served, sent):
    name, = internal_ids(served, sent)
    return served.dump.requests[name]


def tokens(rows):
    return [rows[position].token for position in sorted(rows)]


def last_executed(served):
    """{request id: last position that any pass computed}"""
    last = {}
    for name, position in served.workers[0].executions:
        last[name] = max(position, last.get(name, 0))
    return last


def test_rows_are_what_the_routers_chose(served):
    """Observed rows are exactly the executed ones, each with the sets of its
    last execution."""
    executed = served.workers[0].rows()
    observed = {(name, position): row.layers
                for name, rows in served.dump.requests.items()
                for position, row in rows.items() if row.source == "observed"}
    different = [place for place in observed
                 if observed[place] != executed.get(place)]
    print(f"\n{len(served.dump.requests)} requests, {len(executed)} executed "
          f"rows, {len(observed)} observed, {len(different)} differ")
    assert observed.keys() == executed.keys()
    assert not different, different[:10]


def test_every_position_has_one_row(served):
    """P prompt and N sampled tokens own rows 0 to P + N - 2.  (That no
    position has two is checked when the dump is read.)"""
    last = last_executed(served)
    assert served.dump.requests.keys() == last.keys()
    for name, rows in served.dump.requests.items():
        assert sorted(rows) == list(range(last[name] + 1)), name
    for sent in served.sent:
        if sent.finish == "length" and not sent.beams:
            owned = len(sent.prompt) + len(sent.returned) - 1
            assert len(single(served, sent)) == owned, sent.request


def test_rows_not_observed_are_accounted_for(served):
    """Inherited from a named request that computed the same tokens, or
    missing for a stated reason."""
    inherited = missing = 0
    for name, rows in served.dump.requests.items():
        own = tokens(rows)
        for position, row in rows.items():
            if row.source == "inherited":
                inherited += 1
                donor = served.dump.requests[row.origin]
                assert row.origin != name
                assert donor[position].source == "observed"
                assert donor[position].layers == row.layers
                assert tokens(donor)[:position + 1] == own[:position + 1]
            elif row.source == "missing":
                missing += 1
                assert row.reason, (name, position)
            else:
                assert row.source == "observed"
    print(f"\n{inherited} inherited rows, {missing} missing")
    assert missing == 0  # nothing was dropped, and no cache is outside


def test_tokens_are_those_the_clients_saw(served):
    beams = set()
    for sent in served.sent:
        wanted = sent.prompt + sent.returned
        if sent.beams:
            # The last step of a beam has all its tokens but the last as
            # prompt.
            beams.add(any(
                tokens(served.dump.requests[name]) == wanted[:-1]
                for name in internal_ids(served, sent)))
            continue
        rows = single(served, sent)
        got = tokens(rows)
        assert got[:len(wanted)] == wanted[:len(got)], sent.request
        assert len(got) >= len(wanted) - 1, sent.request
        assert [row.phase for _, row in sorted(rows.items())] == (
            ["prompt"] * len(sent.prompt) +
            ["generated"] * (len(got) - len(sent.prompt))), sent.request
    assert beams == {True}


def test_tokens_no_client_saw_are_marked(served):
    unreturned = 0
    for sent in served.sent:
        if sent.beams:
            continue
        marked = {position
                  for position, row in single(served, sent).items()
                  if row.unreturned}
        expected = {position for position in single(served, sent)
                    if position >= len(sent.prompt) + len(sent.returned)}
        unreturned += len(marked)
        if sent.request == "left-stream":  # more may have been on its way
            assert marked <= expected, sent.request
        else:
            assert marked == expected, sent.request
    print(f"\n{unreturned} unreturned rows")
    assert unreturned > 0


def test_sets_are_those_of_transformers(served, truth):
    """Recomputed and inherited rows included."""
    one, counts = truth("qwen3_moe"), ground_truth.Counts()
    names = sorted(served.dump.requests)
    logits = one.logits([tokens(served.dump.requests[name])
                         for name in names])
    for name, values in zip(names, logits):
        counts.add(ground_truth.compare(
            values, one.k, one.layers,
            {position: row.layers for position, row
             in served.dump.requests[name].items()}))
    print(f"\n{len(names)} requests, {counts}")
    assert counts.mismatches == 0, counts.examples[:10]


def test_every_hard_case_occurred(served, request):
    first = served.workers[0]
    events = [event.get("kind", "Preempted")
              for event in served.dump.tables("events")]
    rows = [row for requests in served.dump.requests.values()
            for row in requests.values()]
    inherited = sum(row.source == "inherited" for row in rows)
    unreturned = sum(row.unreturned for row in rows)
    print(f"\n{len(first.preempted)} preemptions, {first.recomputed()} rows "
          f"recomputed, {inherited} inherited, {unreturned} unreturned")
    assert events.count("Preempted") == len(first.preempted) * len(
        served.workers)
    assert len(first.preempted) > 0
    assert first.recomputed() > 0
    assert unreturned > 0
    if request.node.callspec.params["served"] == "cached":
        assert inherited > 0
    else:
        assert inherited == 0 and len(served.workers) == 2


def test_replays_are_compared_and_counted(served):
    """All executions but the effective ones are replays, of both workers."""
    effective = served.workers[0].rows()
    executions = [(place, run) for worker in served.workers.values()
                  for place, runs in worker.executions.items()
                  for run in runs]
    differing = sum(run != effective[place] for place, run in executions)
    trace = json.loads(harness.run_moetap(
        "info", served.capture, "--json", expect=(0, 3)).stdout)["trace"]
    print(f"\n{len(executions)} executions, "
          f"{len(executions) - len(effective)} replays, {differing} differ")
    assert trace["executions"] == len(executions)
    assert trace["replays"] == len(executions) - len(effective)
    assert trace["replays_differing"] == differing
    assert trace["orphan_rows"] == 0


def test_samples_name_their_parent(served):
    """The eight samples of one prompt are known as one request's."""
    deliveries = [entry for entry in served.dump.tables("deliveries")
                  if "_cmpl-samples-" in entry["id"]]
    assert len(deliveries) == 8
    parents = {entry["parent_id"] for entry in deliveries}
    assert len(parents) == 1
    assert capture.external_id(parents.pop()) == "cmpl-samples-0"
    assert {entry["returned_tokens"] for entry in deliveries} == {60}


def test_record_and_verify_are_content(served):
    assert served.status == 0, harness.tail(served.capture.parent /
                                            "server.log")
    print(harness.run_moetap("verify", served.capture,
                             expect=(0, 3)).stdout)
