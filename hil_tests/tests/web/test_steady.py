"""One late answer of the grid's meter turns no page grey; a longer silence, and anything else, is told at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller import clock
from controller.grid_news import TOLD_AFTER_S
from controller.model.words import ClockQuality, GridVerdict, Mode
from controller.status import Status
from hil_tests.tests.web.html import text
from hil_tests.tests.web.statuses import on_grid, publish
from supervisor.events import TOLD_KINDS
from supervisor.instants import Now
from supervisor.mirror import EventMirror
from supervisor.pages import Pages
from supervisor.reading import Reading, StatusReader
from supervisor.steady import BLINK_MAX_S, Steady

AT_S = 1000.0


def seen(after_s: float = 0.0, verdict: GridVerdict = GridVerdict.OK, mode: Mode = Mode.GRID_CONNECTED) -> Reading:
    status = on_grid()
    grid = replace(status.grid, verdict=verdict)
    return Reading(replace(status, grid=grid, mode=mode, written_at_s=AT_S + after_s), 0.25)


def unmeasured(after_s: float, mode: Mode = Mode.GRID_CONNECTED) -> Reading:
    return seen(after_s, GridVerdict.UNKNOWN, mode)


def test_a_blink_shows_what_was_shown_and_how_old_it_is() -> None:
    steady, before = Steady(), seen()
    assert steady.told(before) is before
    for after_s in (0.4, BLINK_MAX_S):
        blind = unmeasured(after_s)
        assert (before.status, blind.status) != (None, None)
        blind = replace(blind, status=replace(blind.status, keys_are_seen=False))  # type: ignore[type-var]
        told = steady.told(blind)
        assert told.status is not None
        assert before.status is not None
        assert (told.status.grid, told.status.keys_are_seen) == (before.status.grid, False), "only the grid"
        assert told.age_s == pytest.approx(0.25 + after_s)
    again = seen(2.2)
    assert steady.told(again) is again


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(unmeasured(BLINK_MAX_S + 0.1), id="too long for a blink"),
        pytest.param(unmeasured(0.4, Mode.UNPLANNED_ISLANDING), id="the hub has left the grid"),
        pytest.param(seen(0.4, GridVerdict.REJECTED), id="a grid that is measured"),
        pytest.param(replace(unmeasured(0.4), age_s=60.0), id="stale"),
        pytest.param(replace(unmeasured(0.4), age_s=None), id="of another boot"),
        pytest.param(unmeasured(-5.0), id="older than what was shown"),
        pytest.param(Reading(None, None), id="nothing at all"),
    ],
)
def test_anything_else_is_told_at_once(reading: Reading) -> None:
    steady = Steady()
    steady.told(seen())
    assert steady.told(reading) is reading


def test_the_page_is_as_patient_as_the_controllers_own_news() -> None:
    assert BLINK_MAX_S == TOLD_AFTER_S


def test_a_controller_that_has_just_started_is_not_taken_for_the_one_before() -> None:
    steady = Steady()
    steady.told(seen())
    blind = unmeasured(0.4)
    assert blind.status is not None
    anew = replace(blind, status=replace(blind.status, pid=blind.status.pid + 1))
    assert steady.told(anew) is anew


def test_the_page_stays_calm_for_a_moment_and_is_grey_after_it(tmp_path: Path) -> None:
    now = Now(clock.now_s(), 1_790_000_000.0, ClockQuality.SYNCED)
    pages = Pages(StatusReader(tmp_path), EventMirror(None, TOLD_KINDS), lambda: now)

    def shown(status: Status, after_s: float) -> str:
        nonlocal now
        now = replace(now, mono_s=now.mono_s + 1.0)
        publish(tmp_path, replace(status, written_at_s=clock.now_s() - 5.0 + after_s))
        return text(pages.now("en").html)

    blind = replace(on_grid(), grid=replace(on_grid().grid, verdict=GridVerdict.UNKNOWN))
    assert "The grid is not being measured right now" not in shown(on_grid(), 0.0)
    assert "The grid is not being measured right now" not in shown(blind, 1.0)
    assert "The grid is not being measured right now" in shown(blind, 3.0)
