"""In real time the log is read later than the orders that it explains: what it may still explain is not held against
the controller before, and what it does not explain is found all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.wrongs_of_the_log import start_the_genset

LAG_S = 0.4
Play = Callable[[Stage], None]
LITTLE = PlantOptions(demand_ratio=0.2)


def asked(what: str, subject: str) -> Play:
    return lambda stage: stage.say(EventKind.REQUESTED, subject, what=what)


def picks_up_the_least_first(stage: Stage) -> None:
    names = stage.by_tier()
    for name in (names[-1], names[0]):
        stage.order(name, "closed", False)
        stage.run(0.1)
    stage.island()
    stage.run(6.0)
    stage.order(names[-1], "closed", True)


def lets_the_least_come_back(stage: Stage) -> None:
    asked("close_feeder", stage.by_tier()[-1])(stage)


def holds_the_other(stage: Stage) -> None:
    asked("open_feeder", stage.by_tier()[0])(stage)


def closes_at_once(stage: Stage) -> None:
    stage.run(0.1)
    stage.order("water", "closed", True)


def says_what_it_found(stage: Stage) -> None:
    stage.say(EventKind.RECOVERED, "hub", Reason.RECOVERED_ON_GRID)


def opens_closes_and_opens(stage: Stage) -> None:
    stage.begin()
    for closed in (False, True, False):
        stage.run(1.0)
        stage.order("ev_posts", "closed", closed)


def stops_a_cold_engine(stage: Stage) -> None:
    stage.island()
    stage.puppet.mode = Mode.ISLANDED
    start_the_genset(stage)
    stage.order("genset", "run", False)


def has_left_the_island(stage: Stage) -> None:
    stage.puppet.mode = Mode.GRID_CONNECTED


def recloses_what_tripped(stage: Stage) -> None:
    stage.begin()
    stage.plant.feeders["water"].trip()
    stage.run(0.5)
    stage.order("water", "closed", True)


def darkens_the_desk(stage: Stage) -> None:
    stage.begin()
    stage.order("desk", "closed", False, explained=False)


def calls_it_a_power_cycle(stage: Stage) -> None:
    stage.say(EventKind.ORDERED_OPEN, "desk", Reason.RADIO_DOWN, what="power_cycle")


EXPLAINED: list[tuple[str, Play, Play]] = [
    ("I6b", picks_up_the_least_first, lets_the_least_come_back),
    ("I6b", picks_up_the_least_first, holds_the_other),
    ("I11", closes_at_once, says_what_it_found),
    ("I13", opens_closes_and_opens, asked("open_feeder", "ev_posts")),
    ("I14c", stops_a_cold_engine, asked("stop_genset", "genset")),
    ("I14c", stops_a_cold_engine, has_left_the_island),
    ("I17", recloses_what_tripped, asked("close_feeder", "water")),
    ("D9", darkens_the_desk, calls_it_a_power_cycle),
    ("D9", darkens_the_desk, asked("open_feeder", "desk")),
]


@pytest.mark.parametrize("is_told_late", [True, False])
@pytest.mark.parametrize(("checker", "play", "explain"), EXPLAINED)
def test_what_the_log_may_still_explain_waits_for_it(
    checker: str, play: Play, explain: Play, is_told_late: bool
) -> None:
    stage = Stage(LITTLE)
    stage.scene.log_lag_s = LAG_S
    play(stage)
    stage.run(0.2)
    assert checker not in stage.ids
    if is_told_late:
        explain(stage)
    stage.run(0.3)
    assert (checker in stage.ids) is not is_told_late


def test_a_power_cycle_whose_end_is_read_late_was_no_longer_for_that() -> None:
    stage = Stage(LITTLE)
    stage.scene.log_lag_s = LAG_S
    stage.begin()
    calls_it_a_power_cycle(stage)
    stage.order("desk", "closed", False, explained=False)
    stage.run(29.9)
    stage.order("desk", "closed", True)
    stage.run(1.0)
    assert "D9" not in stage.ids


@pytest.mark.parametrize("is_told_at_last", [True, False])
def test_what_a_killed_life_has_written_is_told_by_the_next(is_told_at_last: bool) -> None:
    """Killed before its log was read, and the next one takes its time: found in real time, at the 60th frame."""
    stage = Stage(LITTLE)
    stage.scene.log_lag_s = LAG_S
    stage.puppet.mode = Mode.GRID_CONNECTED
    stage.begin()
    stage.order("battery_main", "mode_set", "grid_forming", explained=False)
    at_s = stage.scene.now_s
    stage.run(0.1)
    stage.puppet.kill()
    stage.run(0.5)
    stage.puppet.start()
    stage.puppet.mode = None  # it has not spoken yet
    stage.run(2.0)
    assert "I12" not in stage.ids
    stage.puppet.mode = Mode.GRID_CONNECTED
    if is_told_at_last:
        stage.say(EventKind.ORDERED_FORM, "battery_main", Reason.OPERATOR)
        stage.puppet.events[-1] = (at_s, stage.puppet.events[-1][1])
    stage.run(0.6)
    assert ("I12" in stage.ids) is not is_told_at_last


@pytest.mark.parametrize(
    ("is_slow", "after_s", "expected"), [(False, 1.0, True), (True, 1.0, False), (True, 6.0, True)]
)
def test_what_was_on_its_way_on_a_slow_wire_was_not_written_while_observing(
    is_slow: bool, after_s: float, expected: bool
) -> None:
    """Found by seed 1250 of the fuzzer."""
    stage = Stage()
    stage.begin()
    if is_slow:
        stage.scene.active_faults.append(("inverter_barn", "slow"))
    stage.puppet.authority = Authority.OBSERVE
    stage.run(after_s)
    stage.scene.active_faults.clear()
    stage.order("pv_barn", "limit_set_w", 10_000)
    stage.run(0.1)
    assert ("D5" in stage.ids) is expected
