"""What a hub may leave dark, and what trips that nobody could have kept on: no more than that."""

from __future__ import annotations

import pytest

from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from controller.model.words import InverterMode, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.lawful import LITTLE, in_the_island
from hil_tests.tests.checkers.stage import Stage

DARK_S = 20.0  # the hub's settling time is over by then


def dark(stage: Stage) -> Stage:
    """Nobody forms any more, and the controller knows it."""
    stage.order("battery_main", "mode_set", InverterMode.OFF.value)
    stage.puppet.mode = Mode.DARK
    return stage


def fails(stage: Stage, lasted_s: float, ago_s: float = 0.0) -> None:
    """A black start that lasted for so long, and ended so long ago."""
    ended_s = stage.plant.now_s - ago_s
    begins = Event(EventKind.MODE_CHANGED, Reason.BLACK_START_BATTERY, "hub", {"to": Mode.BLACK_START.value})
    ends = Event(EventKind.MODE_CHANGED, Reason.BLACK_START_FAILED, "hub", {"to": Mode.DARK.value})
    stage.puppet.events += [(ended_s - lasted_s, begins), (ended_s, ends)]


# -- D2: starts in vain --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("starts_count", "rested_s", "expected"),
    [(0, 0.0, True), (1, 0.0, False), (1, 50.0, True), (2, 50.0, False), (2, 115.0, True), (3, 500.0, False)],
)
def test_after_starts_in_vain_a_hub_rests(starts_count: int, rested_s: float, *, expected: bool) -> None:
    stage = dark(in_the_island(LITTLE))
    for _ in range(starts_count):
        fails(stage, 5.0, rested_s)
    stage.run(DARK_S)
    assert ("D2" in stage.ids) is expected


def test_starts_that_are_given_up_at_once_are_no_reason() -> None:
    stage = dark(in_the_island(LITTLE))
    fails(stage, 0.1)
    stage.run(DARK_S)
    assert "D2" in stage.ids


@pytest.mark.parametrize(("more_count", "expected"), [(2, False), (1, True)])
def test_after_a_transfer_that_has_told_all_it_may(more_count: int, *, expected: bool) -> None:
    stage = dark(in_the_island(LITTLE))
    for _ in range(more_count):
        stage.say(EventKind.ORDERED_FORM, "battery_main")
    stage.run(DARK_S)
    assert ("D2" in stage.ids) is expected


def test_who_is_not_dark_does_not_rest() -> None:
    stage = in_the_island(LITTLE)
    fails(stage, 5.0)
    stage.puppet.mode = Mode.ISLANDED
    stage.order("desk", "closed", False)
    stage.run(DARK_S)
    assert "D2" in stage.ids


@pytest.mark.parametrize(("limit_w", "expected"), [(200.0, False), (50_000.0, True)])
def test_an_island_is_judged_by_who_holds_it(limit_w: float, *, expected: bool) -> None:
    stage = in_the_island(LITTLE)
    stage.puppet.mode = Mode.ISLANDED
    stage.plant.batteries["battery_main"].pack.discharge_override_w = limit_w
    stage.order("desk", "closed", False)
    stage.run(DARK_S)
    assert ("D2" in stage.ids) is expected


@pytest.mark.parametrize(("limit_w", "expected"), [(2_000.0, False), (50_000.0, True)])
def test_what_does_not_fit_beside_the_rest_waits(limit_w: float, *, expected: bool) -> None:
    """By what it is rated for: the controller has never seen it draw."""
    stage = in_the_island(LITTLE)
    stage.puppet.mode = Mode.ISLANDED
    feeder, battery = stage.site.hub.feeders["desk"], stage.plant.batteries["battery_main"]
    battery.pack.discharge_override_w = battery.power_w.total + 0.2 * feeder.rated_w + limit_w
    stage.order("desk", "closed", False)
    stage.run(DARK_S)
    assert ("D2" in stage.ids) is expected


def test_under_local_control_nobody_switches_anything_on() -> None:
    stage = in_the_island(LITTLE)
    stage.puppet.mode = Mode.ISLANDED
    stage.order("desk", "closed", False)
    stage.plant.safety.local_control = True
    stage.run(DARK_S)
    assert "D2" not in stage.ids


# -- D3: nothing left to shed --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("overload_pct", "is_shed", "before_s", "expected"),
    [(100.0, True, 2.0, False), (100.0, True, 0.5, True), (100.0, False, 2.0, True), (0.0, True, 2.0, True)],
)
def test_who_trips_with_nothing_left_to_shed(
    overload_pct: float, is_shed: bool, before_s: float, *, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = in_the_island(PlantOptions(demand_ratio=0.2))
    for feeder in stage.by_tier() if is_shed else ():
        stage.order(feeder, "closed", False)
    stage.run(0.4)
    stage.run(before_s)
    battery = stage.plant.batteries["battery_main"]
    battery.trip()
    monkeypatch.setattr(type(battery), "overload_pct", overload_pct)
    stage.run(0.02)
    assert ("D3" in stage.ids) is expected


# -- I6b: who is let close, and who was forgotten ------------------------------------------------------------------
@pytest.mark.parametrize(("released_s", "expected"), [(0.2, False), (1.5, True)])
def test_whom_a_person_lets_close_while_an_order_is_on_its_way_has_not_waited(
    released_s: float, *, expected: bool
) -> None:
    stage = waiting()
    first = stage.by_tier()[0]
    stage.say(EventKind.REQUESTED, first, what="open_feeder")
    stage.run(1.0)
    stage.say(EventKind.REQUESTED, first, what="close_feeder")
    stage.run(released_s)
    stage.order(stage.by_tier()[-1], "closed", True)
    stage.run(1.0)
    assert ("I6b" in stage.ids) is expected


@pytest.mark.parametrize(("fault", "expected"), [("power_cycle", False), ("kill", True)])
def test_what_a_torn_page_may_have_taken_along_waits_for_nobody(fault: str, *, expected: bool) -> None:
    stage = waiting()
    stage.scene.active_faults.append(("", fault))
    stage.say(EventKind.RECOVERED, "hub", Reason.RECOVERED_ISLANDED)
    stage.run(0.5)
    stage.order(stage.by_tier()[-1], "closed", False)  # it still is, and is told so again
    stage.run(0.5)
    stage.order(stage.by_tier()[-1], "closed", True)
    stage.run(1.0)
    assert ("I6b" in stage.ids) is expected


def waiting() -> Stage:
    """An island in which the first and the last of the restore order are shed."""
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.begin()
    for feeder in (stage.by_tier()[-1], stage.by_tier()[0]):
        stage.order(feeder, "closed", False)
        stage.run(0.1)
    stage.island()
    stage.run(0.5)
    return stage
