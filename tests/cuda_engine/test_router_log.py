"""The comparison of a capture with the stand-in's log, on made-up data."""

import pytest

import router_log

LAYERS = [1, 4]
NAMES = {1: "a", 2: "b"}
LINE = "7 0 3 {} 0 gate 2 3 8 0 1 2 5 6 7"


def run(*sets):
    return router_log.Execution(stream=1, replayed=False, kernel="gate",
                                experts=8, sets=sets)


def step(number, *spans, kind="Real"):
    return {"step": number, "kind": kind, "spans": [
        {"request": request, "start": start, "rows": rows}
        for request, start, rows in spans]}


STEPS = [step(1, kind="Dummy"), step(2, (1, 0, 2), (2, 0, 1)),
         step(3, (2, 1, 1), (1, 2, 1))]
# The routers of the warm-up; then each step's layers, with a padded row.
EXECUTIONS = [run((0, 1)), run((0, 2)), run((0, 3)),
              run((1, 2), (2, 3), (3, 4), (0, 0)),
              run((5, 6), (6, 7), (7, 0), (0, 0)),
              run((4, 5), (1, 3), (0, 0)), run((2, 0), (3, 1), (0, 0))]
ROWS = {("a", 0): {1: {1, 2}, 4: {5, 6}}, ("a", 1): {1: {2, 3}, 4: {6, 7}},
        ("b", 0): {1: {3, 4}, 4: {7, 0}}, ("b", 1): {1: {4, 5}, 4: {2, 0}},
        ("a", 2): {1: {1, 3}, 4: {3, 1}}}


def test_a_line():
    execution = router_log.parse(LINE.format("eager"))
    assert execution == router_log.Execution(
        stream=3, replayed=False, kernel="gate", experts=8,
        sets=((0, 1, 2), (5, 6, 7)))
    assert router_log.parse(LINE.format("replay")).replayed


@pytest.mark.parametrize("line", [
    "", LINE.format("captured"), LINE.format("eager") + " 1",
    " ".join(LINE.format("eager").split()[:-1])])
def test_a_line_that_is_none(line):
    with pytest.raises(ValueError):
        router_log.parse(line)


def test_one_process_runs_routers(tmp_path):
    (tmp_path / "log.1").write_text("")
    (tmp_path / "log.2").write_text(LINE.format("eager") + "\n")
    assert len(router_log.read(tmp_path / "log")) == 1
    (tmp_path / "log.3").write_text(LINE.format("eager") + "\n")
    with pytest.raises(AssertionError, match="2 processes"):
        router_log.read(tmp_path / "log")


def test_rows_belong_to_requests_and_layers():
    assert router_log.rows(STEPS, NAMES, EXECUTIONS, LAYERS) == ROWS


def test_the_last_run_of_a_place_counts():
    steps = STEPS + [step(4, (2, 0, 1))]
    found = router_log.rows(steps, NAMES,
                            EXECUTIONS + [run((0, 7)), run((0, 6))], LAYERS)
    assert found == {**ROWS, ("b", 0): {1: {0, 7}, 4: {0, 6}}}


def test_a_router_with_fewer_rows_than_its_step():
    executions = EXECUTIONS[:-1] + [run((2, 0))]
    with pytest.raises(AssertionError, match="layer 4 only 1"):
        router_log.rows(STEPS, NAMES, executions, LAYERS)


def test_fewer_routers_than_layers():
    with pytest.raises(AssertionError, match="2 real steps of 2 layers"):
        router_log.serving(STEPS, EXECUTIONS[-3:], 2)


def test_a_dummy_step_among_real_ones_is_refused():
    with pytest.raises(ValueError, match="dummy step"):
        router_log.serving(STEPS + [step(4, kind="Dummy")], EXECUTIONS, 2)


def test_an_equal_capture_has_no_differences():
    assert router_log.differences(ROWS, ROWS) == []


@pytest.mark.parametrize("change, word", [
    (lambda rows: rows.pop(("a", 1)), "not captured"),
    (lambda rows: rows.update({("c", 0): {1: {1, 2}}}), "never executed"),
    (lambda rows: rows.update({("a", 1): {1: {2, 3}, 4: {5, 7}}}), "wrote"),
    (lambda rows: rows.update({("a", 1): {1: {2, 3}}}), "wrote")])
def test_each_difference_is_named(change, word):
    captured = dict(ROWS)
    change(captured)
    (text,) = router_log.differences(captured, ROWS)
    assert word in text
