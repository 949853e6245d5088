"""A drawing may be thinner than the trace, and must not hide anything."""

from __future__ import annotations

import re
from array import array
from dataclasses import replace

import pytest

from hil_tests.bench.trace import Trace
from hil_tests.bench.verdict import Verdict
from hil_tests.reports.chart import charts
from hil_tests.reports.lines import COLUMNS, HEIGHT, extent, path
from hil_tests.reports.panels import panels
from hil_tests.reports.ticks import time_ticks, value_ticks
from hil_tests.tests.reports.results import BROKEN, result, trace

WINDOW = (0.0, 100.0)


def heights(d: str) -> list[int]:
    """Every height that a path comes to."""
    found = []
    for command, text in re.findall(r"([Mlhv])([-\d ]*)", d):
        numbers = [int(word) for word in text.split()]
        if command == "M":
            found.append(numbers[1])
        elif command != "h":
            found.append(found[-1] + numbers[-1])
        else:
            found.append(found[-1])
    return found


def test_a_single_spike_among_a_hundred_thousand_samples_is_seen() -> None:
    t_s = [number / 1000.0 for number in range(100_000)]
    values: list[float | str | bool | None] = [0.5] * len(t_s)
    values[54_321] = 1.0
    values[60_001] = 0.0
    d = path(t_s, values, WINDOW, (0.0, 1.0))
    assert (min(heights(d)), max(heights(d))) == (0, HEIGHT)
    assert len(d) < 200, "what is flat is one stroke"


def test_noise_is_bounded_by_the_columns_of_the_screen() -> None:
    t_s = [number / 1000.0 for number in range(100_000)]
    d = path(t_s, [float(number * 7919 % 997) for number in range(len(t_s))], WINDOW, (0.0, 997.0))
    assert len(heights(d)) <= 4 * COLUMNS
    assert (min(heights(d)), max(heights(d))) == (0, HEIGHT)


def test_a_sparse_trace_holds_until_something_happens() -> None:
    d = path([0.0, 50.0, 50.2, 50.4, 100.0], [1.0, 0.0, 0.0, 0.0, 0.0], WINDOW, (0.0, 1.0))
    assert d == f"M0 0h500v{HEIGHT}h500", "and does not fall before"


def test_where_there_is_no_value_there_is_no_line() -> None:
    d = path([0.0, 10.0, 20.0, 30.0, 40.0], [1.0, 1.0, None, 0.0, float("nan")], WINDOW, (0.0, 1.0))
    assert d == f"M0 0h100M300 {HEIGHT}h1", "a lone sample is a dot"
    assert path([], [], WINDOW, (0.0, 1.0)) == ""
    assert extent([0.0], [None], WINDOW) is None


def test_a_step_is_upright_and_keeps_its_order() -> None:
    d = path([0.0, 50.0, 50.0, 100.0], [1.0, 1.0, 0.0, 0.0], WINDOW, (0.0, 1.0))
    assert d == f"M0 0h500v{HEIGHT}h500"


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.25), (49.9, 50.1), (-20.0, 60.0), (0.0, 100.0), (3.0, 3.001)])
def test_ticks_are_few_round_and_within(low: float, high: float) -> None:
    ticks = value_ticks(low, high)
    assert 2 <= len(ticks) <= 6
    assert all(0.0 <= tick.at_pct <= 100.0 for tick in ticks)
    assert all(len(tick.text) <= 6 for tick in ticks)


@pytest.mark.parametrize(("to_s", "unit"), [(0.4, "s"), (30.0, "s"), (600.0, "min"), (259_200.0, "h")])
def test_the_time_axis_speaks_the_unit_of_its_length(to_s: float, unit: str) -> None:
    ticks, found = time_ticks(0.0, to_s)
    assert found == unit
    assert 2 <= len(ticks) <= 7


def test_a_genset_that_never_ran_is_no_line_and_limits_are_drawn() -> None:
    drawn = {panel.kind.title: panel for panel in panels(trace(), (0.0, 30.0))}
    assert [(line.name, line.style) for line in drawn["Power"].lines] == [("grid import", 0), ("batteries out", 1)]
    assert len(drawn["Voltage"].limits) == 2
    assert drawn["Voltage"].inside is not None
    assert drawn["Voltage"].summary == "Voltage (of nominal): bus 0 to 0.99, grid 0 to 1; limits 0.9 to 1.1"
    assert (drawn["Frequency"].limits, drawn["Frequency"].inside) == ((), (0, HEIGHT)), "far from its limits"


def test_modes_fill_the_strip_and_the_close_up_shows_the_instant() -> None:
    (_, whole), (title, close) = charts(result())
    assert [(stay.mode, stay.from_s, stay.to_s) for stay in whole.stays] == [
        ("grid_connected", 0.0, 10.0),
        ("islanded", 10.0, 30.0),
    ]
    assert sum(stay.width_pct for stay in whole.stays) == pytest.approx(100.0, abs=0.1)
    assert (title, close.from_s, close.to_s) == ("Close-up from 9.00 to 14.00 s", 9.0, 14.0)
    failed = charts(result(verdict=Verdict.FAIL, findings=(BROKEN,)))
    assert (failed[1][1].from_s, failed[1][1].to_s) == (9.0, 14.0), "what is wrong, and what was done just before"
    late = charts(result(verdict=Verdict.FAIL, findings=(replace(BROKEN, at_s=25.0),)))
    assert (late[1][1].from_s, late[1][1].to_s) == (24.0, 29.0)


def test_flags_that_would_cover_each_other_are_one() -> None:
    crowded = result(marks=((10.0, "a"), (10.1, "b"), (10.2, "c"), (20.0, "d")))
    assert [flag.text for flag in charts(crowded)[0][1].marks] == ["1–3", "4"]


def test_a_run_without_a_trace_has_no_picture() -> None:
    assert charts(result(trace=Trace())) == []
    assert charts(result(trace=Trace(array("d", [0.0]), {"controller.mode": ["dark"]}), marks=()))[0][1].panels == ()
