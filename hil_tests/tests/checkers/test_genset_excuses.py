"""A genset carries the island alone: what it may leave dark, and for whom it may stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model.reasons import EventKind
from controller.model.words import Authority, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.stage import Stage, the_site
from hil_tests.tests.checkers.wrongs_of_the_log import start_the_genset

STOP_ABOVE_PCT = the_site().hub.gensets["genset"].stop_above_soc_pct


def carried_alone(stage: Stage) -> Stage:
    """The POI is open, the island earthed, the genset forms, and the batteries follow."""
    stage.begin()
    start_the_genset(stage)
    stage.order("poi", "open", True)
    stage.run(0.3)
    stage.order("n_pe", "closed", True)
    stage.run(0.3)
    assert stage.plant.forming == ("genset",)
    return stage


@pytest.mark.parametrize(("soc_pct", "expected"), [(STOP_ABOVE_PCT + 2.0, False), (STOP_ABOVE_PCT - 2.0, True)])
def test_it_may_stop_for_a_battery_that_it_has_charged(soc_pct: float, expected: bool) -> None:
    stage = carried_alone(Stage(PlantOptions(demand_ratio=0.2, soc_pct=soc_pct)))
    stage.order("genset", "run", False)
    stage.run(0.1)
    assert ("I14b" in stage.ids) is expected


@pytest.mark.parametrize("is_told_late", [True, False])
@pytest.mark.parametrize(("what", "expected"), [("stop_genset", False), ("start_genset", True)])
def test_it_stops_for_a_person(what: str, expected: bool, is_told_late: bool) -> None:
    """Fuzz seed 2165: whoever stands beside it and wants it still has a reason. The log may tell it late."""
    stage = carried_alone(Stage(PlantOptions(demand_ratio=0.2, soc_pct=STOP_ABOVE_PCT - 2.0)))
    stage.scene.log_lag_s = 0.5 if is_told_late else 0.0
    if not is_told_late:
        stage.say(EventKind.REQUESTED, "genset", what=what)
    stage.order("genset", "run", False)
    stage.run(0.1)
    if is_told_late:
        assert "I14b" not in stage.ids
        stage.say(EventKind.REQUESTED, "genset", what=what)
    stage.run(1.0)
    assert ("I14b" in stage.ids) is expected


def test_and_for_none_that_has_tripped() -> None:
    stage = carried_alone(Stage(PlantOptions(demand_ratio=0.2, soc_pct=STOP_ABOVE_PCT + 2.0)))
    for battery in stage.plant.batteries.values():
        battery.trip()
    stage.order("genset", "run", False)
    stage.run(0.1)
    assert "I14b" in stage.ids


@pytest.mark.parametrize(
    ("mode", "faulty", "expected"),
    [
        pytest.param(Mode.UNPLANNED_ISLANDING, "poi_relay", False, id="on its way, and the relay is ill"),
        pytest.param(Mode.BLACK_START, "poi_relay", False, id="in a black start as well"),
        pytest.param(Mode.ISLANDED, "poi_relay", True, id="an island needs no relay to go on"),
        pytest.param(Mode.UNPLANNED_ISLANDING, "inverter_main", True, id="another device says nothing of the POI"),
    ],
)
def test_what_has_just_formed_may_stop_beside_a_poi_that_is_not_seen(mode: Mode, faulty: str, expected: bool) -> None:
    stage = carried_alone(Stage(PlantOptions(demand_ratio=0.2, soc_pct=STOP_ABOVE_PCT - 2.0)))
    stage.puppet.mode = mode
    stage.scene.active_faults.append((faulty, "silent"))
    stage.order("genset", "run", False)
    stage.run(0.1)
    assert ("I14b" in stage.ids) is expected


@pytest.mark.parametrize(("pickup_ratio", "expected"), [(1.0, True), (45.0, True), (200.0, False)])
def test_it_leaves_the_desk_dark_where_its_pick_up_does_not_fit(pickup_ratio: float, expected: bool) -> None:
    site = the_site()
    desk = replace(site.hub.feeders["desk"], pickup_ratio=pickup_ratio)
    hub = replace(site.hub, feeders={**site.hub.feeders, "desk": desk})
    stage = carried_alone(Stage(PlantOptions(demand_ratio=0.2), replace(site, hub=hub)))
    stage.order("desk", "closed", False)
    stage.run(hub.timing.restore_settle_s + 2.0)
    assert ("D2" in stage.ids) is expected


@pytest.mark.parametrize(("authority", "expected"), [(Authority.AUTO, True), (Authority.OBSERVE, False)])
def test_a_crank_that_is_only_imagined_wears_no_starter(authority: Authority, expected: bool) -> None:
    """Found by seed 1302 of the fuzzer."""
    stage = Stage()
    stage.begin()
    stage.puppet.authority = authority
    for _ in range(the_site().hub.gensets["genset"].start_attempts_max + 1):
        stage.say(EventKind.ORDERED_CRANK, "genset")
        stage.run(0.1)
    assert ("I14" in stage.ids) is expected
