"""Since when it has been so: over a restart, after a long gap, over a boot, and when it changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.grid_news import TOLD_AFTER_S
from controller.model.reasons import Reason
from controller.model.words import GridVerdict, Mode
from controller.since_when import GAP_MAX_S, SinceWhen, published_before
from controller.snapshot import NAME, Snapshot
from controller.status import Status
from hil_tests.tests.web.statuses import HUB, islanded

BOOT = "a-boot"
LOST_AT_S, DIED_AT_S, FOUND_AT_S = 1000.0, 5000.0, 5004.0


def told(mode: Mode = Mode.ISLANDED, since_s: float = FOUND_AT_S, verdict: GridVerdict = GridVerdict.LOST) -> Status:
    """As the controller publishes it from its own memory alone."""
    status = islanded()
    grid = replace(status.grid, verdict=verdict, since_s=since_s)
    return replace(status, hub=HUB.name, boot_id=BOOT, mode=mode, mode_since_s=since_s, grid=grid)


def left_behind(folder: Path) -> None:
    """What the controller published that was killed in the island."""
    before = SinceWhen(None)
    before.told(told(Mode.GRID_CONNECTED, LOST_AT_S - 500.0, GridVerdict.OK))
    Snapshot(folder).write(replace(before.told(told(since_s=LOST_AT_S)), written_at_s=DIED_AT_S))


def times(status: Status) -> tuple[float, bool, float, bool]:
    grid = status.grid
    return status.mode_since_s, status.is_since_at_least, grid.since_s, grid.is_since_at_least


def test_a_restart_in_the_island_does_not_make_the_blackout_young(tmp_path: Path) -> None:
    left_behind(tmp_path)
    since = SinceWhen(published_before(tmp_path, HUB.name, BOOT, FOUND_AT_S))
    since.told(told(Mode.UNKNOWN, FOUND_AT_S - 1.0, GridVerdict.UNKNOWN))
    assert times(since.told(told())) == (LOST_AT_S, False, LOST_AT_S, False)
    assert times(since.told(told(Mode.RECONNECTION, 6000.0, GridVerdict.OK))) == (6000.0, False, 6000.0, False)
    assert times(since.told(told(since_s=7000.0))) == (7000.0, False, 7000.0, False), "another island"


def test_restarts_one_after_the_other(tmp_path: Path) -> None:
    left_behind(tmp_path)
    second = SinceWhen(published_before(tmp_path, HUB.name, BOOT, FOUND_AT_S))
    Snapshot(tmp_path).write(replace(second.told(told()), written_at_s=FOUND_AT_S))
    third = SinceWhen(published_before(tmp_path, HUB.name, BOOT, FOUND_AT_S + 5.0))
    assert times(third.told(told(since_s=FOUND_AT_S + 6.0))) == (LOST_AT_S, False, LOST_AT_S, False)


def test_a_start_that_needs_long_to_see_its_mode_finds_what_was_before(tmp_path: Path) -> None:
    left_behind(tmp_path)
    since = SinceWhen(published_before(tmp_path, HUB.name, BOOT, FOUND_AT_S))
    unclear = replace(told(Mode.LOCKED_OUT, FOUND_AT_S + 10.0), reason=Reason.START_UNCLEAR)
    assert times(since.told(unclear))[:2] == (FOUND_AT_S + 10.0, False)
    assert times(since.told(told(since_s=FOUND_AT_S + 12.0)))[:2] == (LOST_AT_S, False)


def test_what_was_found_otherwise_has_been_so_at_least_since_then(tmp_path: Path) -> None:
    left_behind(tmp_path)
    since = SinceWhen(published_before(tmp_path, HUB.name, BOOT, FOUND_AT_S))
    assert times(since.told(told(Mode.DARK))) == (FOUND_AT_S, True, LOST_AT_S, False)


@pytest.mark.parametrize(
    ("boot", "hub", "now_s"),
    [
        pytest.param("another", HUB.name, FOUND_AT_S, id="the machine was off"),
        pytest.param(BOOT, "another", FOUND_AT_S, id="another hub's folder"),
        pytest.param(BOOT, HUB.name, DIED_AT_S + GAP_MAX_S + 1.0, id="nobody looked for long"),
        pytest.param(BOOT, HUB.name, DIED_AT_S - 1.0, id="from the future"),
    ],
)
def test_nothing_is_carried_over_what_nobody_saw(tmp_path: Path, boot: str, hub: str, now_s: float) -> None:
    left_behind(tmp_path)
    assert published_before(tmp_path, hub, boot, now_s) is None
    assert times(SinceWhen(None).told(told())) == (FOUND_AT_S, True, FOUND_AT_S, True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"hub": 3}', b"\xff\xfe"])
def test_a_status_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    assert published_before(tmp_path, HUB.name, BOOT, FOUND_AT_S) is None, "a first start"
    (tmp_path / NAME).write_bytes(content)
    assert published_before(tmp_path, HUB.name, BOOT, FOUND_AT_S) is None


def at(now_s: float, since_s: float, verdict: GridVerdict = GridVerdict.LOST) -> Status:
    return replace(told(since_s=since_s, verdict=verdict), written_at_s=now_s)


@pytest.mark.parametrize(("blind_s", "begins_anew"), [(0.05, False), (TOLD_AFTER_S, False), (TOLD_AFTER_S + 0.1, True)])
@pytest.mark.parametrize("is_published", [False, True])
def test_a_moment_without_a_measurement_does_not_make_the_blackout_young(
    blind_s: float, begins_anew: bool, is_published: bool
) -> None:
    since, back_s = SinceWhen(None), 2000.0 + blind_s
    since.told(at(999.8, 800.0, GridVerdict.OK))
    since.told(at(1001.0, LOST_AT_S))
    since.told(at(2000.0, LOST_AT_S))
    if is_published:
        assert since.told(at(2000.0 + blind_s, 2000.0, GridVerdict.UNKNOWN)).grid.since_s == 2000.0
    for now_s in (back_s + 0.2, back_s + 50.0):
        grid = since.told(at(now_s, back_s)).grid
        assert (grid.since_s, grid.is_since_at_least) == ((back_s, True) if begins_anew else (LOST_AT_S, False))
    since.told(at(back_s + 58.9, back_s))
    ended = since.told(at(back_s + 60.0, back_s + 59.0, GridVerdict.OK)).grid
    assert (ended.since_s, ended.is_since_at_least) == (back_s + 59.0, False), "that one was seen"


def test_and_a_grid_that_was_back_makes_another_one() -> None:
    since = SinceWhen(None)
    since.told(at(1001.0, LOST_AT_S))
    since.told(at(1001.5, 1001.2, GridVerdict.OK))
    assert since.told(at(1002.0, 1001.8)).grid.since_s == 1001.8
