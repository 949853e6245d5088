"""Since when it has been so, on the page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from controller.model.reasons import EventKind, Reason
from controller.model.words import GridVerdict
from hil_tests.tests.web.html import page, text
from hil_tests.tests.web.journals import blackout, event
from hil_tests.tests.web.statuses import islanded

AT_LEAST = re.compile(r"at least since (\w{3} \d+/\d+, )?\d\d:\d\d")  # with the day, early in the morning


def test_what_a_restart_found_has_lasted_at_least_since_then(tmp_path: Path) -> None:
    status = islanded()
    assert AT_LEAST.search(text(page(tmp_path, replace(status, is_since_at_least=True))))
    assert "at least since" not in text(page(tmp_path, status))
    lost = replace(status.grid, verdict=GridVerdict.LOST, is_since_at_least=True)
    assert AT_LEAST.search(text(page(tmp_path, replace(status, grid=lost))))


def test_a_restart_tells_of_no_second_failure(tmp_path: Path) -> None:
    """Somebody read that the grid had failed again, a minute after the controller had been started anew."""
    failed = "power grid failed"
    restart = [
        *blackout(),
        event(7, EventKind.STARTED, Reason.STARTED),
        event(8, EventKind.GRID_VERDICT, Reason.GRID_DEAD, "grid", verdict="lost"),
        event(9, EventKind.RECOVERED, Reason.RECOVERED_ISLANDED, to="islanded"),
    ]
    again = [
        *restart,
        event(10, EventKind.GRID_VERDICT, Reason.GRID_OK, "grid", verdict="ok"),
        event(11, EventKind.GRID_VERDICT, Reason.GRID_DEAD, "grid", verdict="lost"),
    ]
    once, twice = (text(page(tmp_path, islanded(), events=events)).lower() for events in (restart, again))
    assert (once.count(failed), twice.count(failed)) == (1, 2)
