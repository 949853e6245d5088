"""A planned island on the page: what asked for it, until when, and not who."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from controller.model.words import ClockQuality, GridVerdict, Mode
from controller.status import PlannedStatus, Status
from hil_tests.tests.web.html import LANGUAGE, NOON_UNIX_S, page, text
from hil_tests.tests.web.statuses import in_mode, islanded
from supervisor.instants import Now
from supervisor.words import words


def planned(status: Status, for_s: float | None = 7230.0, *, is_automatic: bool = False) -> Status:
    now_s = status.written_at_s
    until_s = None if for_s is None else now_s + for_s
    wish = PlannedStatus("marie@hub", now_s - 60.0, until_s, is_automatic)
    grid = replace(status.grid, verdict=GridVerdict.OK, reconnect_at_s=None)
    return replace(status, planned=wish, grid=grid)


@LANGUAGE
@pytest.mark.parametrize("is_automatic", [False, True])
def test_what_asked_for_it_is_told_and_nobody_by_name(tmp_path: Path, language: str, is_automatic: bool) -> None:
    told, say = text(page(tmp_path, planned(islanded(), is_automatic=is_automatic), language)), words(language)
    assert say("meaning.islanded.planned") in told
    assert say("page.planned_automatic" if is_automatic else "page.planned_by_person") in told
    assert say("meaning.islanded.ok") not in told
    assert "marie" not in told


def test_until_when_by_the_clock_that_there_is(tmp_path: Path) -> None:
    status = planned(in_mode(Mode.PLANNED_ISLANDING))
    good = Now(status.written_at_s, NOON_UNIX_S, ClockQuality.SYNCED)
    unset = Now(status.written_at_s, 4000.0, ClockQuality.UNSET)
    told = text(page(tmp_path, status, now=good))
    assert re.search(r"Until \d\d:\d\d\.", told), told
    assert "For another 2 h 0 min." in text(page(tmp_path, status, now=unset))
    assert "Until somebody asks for the return." in text(page(tmp_path, planned(islanded(), None), now=good))
