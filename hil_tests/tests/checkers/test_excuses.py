"""What excuses an order is about that order: the same asset, the same wish, and not long past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, Mode
from hil_tests.checkers.base import devices_of
from hil_tests.plant.engine import GensetBehaviour
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.lawful import LITTLE, in_the_island
from hil_tests.tests.checkers.stage import Stage, the_site
from hil_tests.tests.checkers.wrongs_of_the_log import start_the_genset


def begun() -> Stage:
    stage = Stage()
    stage.begin()
    stage.run(6.0)
    return stage


@pytest.mark.parametrize("was_vetoed", [True, False])
def test_a_veto_explains_no_opening(was_vetoed: bool) -> None:
    stage = begun()
    stage.say(EventKind.ALARM, "hub", Reason.POI_STUCK)
    stage.run(20.0)
    if was_vetoed:
        stage.say(EventKind.VETOED, "ev_posts", Reason.VETO_TIER_ORDER)
    stage.run(20.0)
    stage.order("ev_posts", "closed", False, explained=False)
    stage.run(2.0)
    assert "I12" in stage.ids


@pytest.mark.parametrize(
    ("kind", "subject", "expected"),
    [
        (EventKind.ORDERED_CRANK, "genset", False),
        (EventKind.ORDERED_STOP, "genset", True),
        (EventKind.ALARM, "hub", True),
    ],
)
def test_what_was_held_back_is_explained_by_its_own_line_alone(kind: EventKind, subject: str, expected: bool) -> None:
    stage = begun()
    stage.say(kind, subject)
    stage.say(EventKind.VETOED, "genset", Reason.VETO_STALE)
    stage.run(11.0)
    stage.order("genset", "run", True, explained=False)
    stage.run(2.0)
    assert ("I12" in stage.ids) is expected


@pytest.mark.parametrize(("reason", "expected"), [(Reason.VETO_NO_EARTHING, False), (Reason.VETO_STALE, True)])
def test_an_earthing_that_the_guard_has_kept_opens_later(reason: Reason, expected: bool) -> None:
    stage = begun()
    stage.order("n_pe", "closed", True)
    stage.run(1.0)
    stage.say(EventKind.VETOED, "n_pe", reason)
    stage.run(20.0)
    stage.order("n_pe", "closed", False, explained=False)
    stage.run(2.0)
    assert ("I12" in stage.ids) is expected


def ask(stage: Stage, what: str, subject: str) -> None:
    """A person asks, and the controller takes it up."""
    stage.scene.marks.append((stage.plant.now_s, f"operator request={what} subject={subject}"))
    stage.say(EventKind.REQUESTED, subject, what=what)


def opens_closes_and_opens(between: Callable[[Stage], None]) -> Stage:
    stage = begun()
    stage.order("ev_posts", "closed", False)
    stage.run(3.0)
    stage.order("ev_posts", "closed", True)
    stage.run(3.0)
    between(stage)
    stage.order("ev_posts", "closed", False)
    stage.run(0.1)
    return stage


def opens_the_poi(stage: Stage) -> None:
    stage.order("poi", "open", True)
    stage.run(0.5)


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        pytest.param(lambda _: None, True, id="for nothing"),
        pytest.param(lambda stage: stage.run(4.1), False, id="later"),
        pytest.param(lambda stage: stage.plant.feeders["ev_posts"].trip(), False, id="a fault"),
        pytest.param(opens_the_poi, False, id="the grid went again"),
        pytest.param(lambda stage: ask(stage, "open_feeder", "ev_posts"), False, id="a person"),
        pytest.param(lambda stage: ask(stage, "open_feeder", "water"), True, id="a person, another feeder"),
    ],
)
def test_a_feeder_flaps_only_where_protection_wants_it(between: Callable[[Stage], None], expected: bool) -> None:
    assert ("I13" in opens_closes_and_opens(between).ids) is expected


@pytest.mark.parametrize(("times", "expected"), [(12, False), (13, True)])
def test_openings_of_the_poi_wear_it_too(times: int, expected: bool) -> None:
    stage = begun()
    for _ in range(times):
        for value in (True, False):
            stage.order("poi", "open", value)
            stage.run(0.1)
    assert ("I13" in stage.ids) is expected


@pytest.mark.parametrize(("droop_hz_per_w", "expected"), [(0.0, True), (1e-5, False)])
def test_a_battery_without_droop_beside_a_rigid_genset_is_a_second_reference(
    droop_hz_per_w: float, expected: bool
) -> None:
    hub = the_site().hub
    stiff = replace(hub.batteries["battery_main"], droop_hz_per_w=droop_hz_per_w)
    site = replace(the_site(), hub=replace(hub, batteries={**hub.batteries, "battery_main": stiff}))
    stage = Stage(PlantOptions(demand_ratio=0.2, gensets={"genset": GensetBehaviour(is_isochronous=True)}), site)
    stage.island()
    start_the_genset(stage)
    stage.run(0.1)
    assert ("I4" in stage.ids) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param((), (("stop_genset", "genset"),), False, id="a person stops it"),
        pytest.param((("stop_genset", "genset"),), (), True, id="a person stopped it before it was started"),
        pytest.param((), (("stop_genset", "genset_two"),), True, id="a person stops another"),
        pytest.param((), (("stop_genset", "genset"), ("start_genset", "genset")), True, id="a person changed his mind"),
    ],
)
def test_who_may_stop_a_cold_engine(
    before: tuple[tuple[str, str], ...], after: tuple[tuple[str, str], ...], expected: bool
) -> None:
    stage = in_the_island(LITTLE)
    stage.puppet.mode = Mode.ISLANDED
    for what, subject in before:
        ask(stage, what, subject)
    stage.run(1.0)
    start_the_genset(stage)
    for what, subject in after:
        ask(stage, what, subject)
    stage.order("genset", "run", False)
    stage.run(0.1)
    assert ("I14c" in stage.ids) is expected


ASKED = [
    pytest.param("open_feeder", "desk", False, id="its own"),
    pytest.param("open_feeder", "desk_lamp", True, id="a name that contains it"),
    pytest.param("close_feeder", "desk", True, id="to close it"),
]


@pytest.mark.parametrize(("what", "subject", "expected"), ASKED)
def test_a_person_who_opens_the_desk_is_its_own_reason(what: str, subject: str, expected: bool) -> None:
    stage = begun()
    ask(stage, what, subject)
    stage.order("desk", "closed", False)
    stage.run(0.1)
    assert ("D9" in stage.ids) is expected


@pytest.mark.parametrize(("what", "subject", "expected"), ASKED)
def test_a_person_who_opens_the_desk_lets_it_be_dark(what: str, subject: str, expected: bool) -> None:
    stage = in_the_island(LITTLE)
    ask(stage, what, subject)
    stage.order("desk", "closed", False)
    stage.run(stage.site.hub.timing.restore_settle_s + 2.0)
    assert ("D2" in stage.ids) is expected


@pytest.mark.parametrize(("settle_s", "dark_s", "expected"), [(20.0, 20.5, False), (600.0, 31.0, True)])
def test_no_settling_time_lets_the_desk_be_dark_for_ever(settle_s: float, dark_s: float, expected: bool) -> None:
    hub = the_site().hub
    slow = replace(hub, timing=replace(hub.timing, restore_settle_s=settle_s))
    stage = Stage(LITTLE, replace(the_site(), hub=slow))
    stage.island()
    stage.order("desk", "closed", False)
    stage.run(dark_s)
    assert ("D2" in stage.ids) is expected


def test_only_who_carries_a_radio_is_power_cycled() -> None:
    stage = in_the_island(LITTLE)
    stage.say(EventKind.ORDERED_OPEN, "medical", Reason.RADIO_DOWN, what="power_cycle")
    stage.order("medical", "closed", False, explained=False)
    stage.run(2.0)
    assert "I5" in stage.ids


@pytest.mark.parametrize(
    ("asset", "field", "told_by", "expected"),
    [
        ("battery_main", "power_set_w", "power_l2_w", True),
        ("battery_main", "power_set_w", "discharge_limit_w", True),
        ("battery_main", "power_set_w", "voltage_l2_v", False),
        ("pv_school", "limit_set_w", "limit_w", True),
    ],
)
def test_nobody_is_raised_whose_power_or_limit_is_not_seen(
    asset: str, field: str, told_by: str, expected: bool
) -> None:
    stage = begun()
    stage.order(asset, field, 500)
    binding = next(each for each in stage.site.bindings.values() if each.asset == asset and told_by in each.reads)
    ref = binding.reads[told_by][0]
    assert ref.device in devices_of(stage.scene, asset)
    stage.scene.active_faults.append((ref.device, "map_drift"))
    stage.scene.fault_points[ref.device, "map_drift"] = {ref.point}
    stage.order(asset, field, 400)
    stage.run(11.0)
    stage.order(asset, field, 1_500)
    stage.run(0.1)
    assert ("I10" in stage.ids) is expected


@pytest.mark.parametrize("is_told_late", [True, False])
def test_in_real_time_the_log_has_its_time_to_explain_a_closing(is_told_late: bool) -> None:
    stage = Stage()
    stage.begin()
    stage.scene.log_lag_s = 0.4
    stage.order("water", "closed", False)
    stage.puppet.authority = Authority.MANUAL
    stage.run(3.0)
    stage.order("water", "closed", True)
    stage.run(0.2)
    assert "I20" not in stage.ids
    if is_told_late:
        stage.puppet.authority = Authority.AUTO
    stage.run(0.5)
    assert ("I20" in stage.ids) is not is_told_late


@pytest.mark.parametrize("is_told_late", [True, False])
def test_and_an_opening(is_told_late: bool) -> None:
    stage = begun()
    stage.order("warm_room", "closed", False)
    stage.run(0.2)
    if is_told_late:
        ask(stage, "open_feeder", "warm_room")
    stage.run(2.0)
    assert ("I5" in stage.ids) is not is_told_late


@pytest.mark.parametrize(
    ("is_earthed", "battery_waits", "expected"), [(False, True, False), (True, True, True), (False, False, True)]
)
def test_a_genset_may_let_go_of_an_island_that_has_to_be_dead_first(
    is_earthed: bool, battery_waits: bool, expected: bool
) -> None:
    """D1 comes first, as long as a battery can form behind the earth."""
    stage = Stage(replace(LITTLE, soc_pct=70.0))
    stage.begin()
    start_the_genset(stage)
    stage.order("poi", "open", True)
    stage.run(0.3)
    if is_earthed:
        stage.order("n_pe", "closed", True)
        stage.run(0.3)
    if not battery_waits:
        stage.plant.batteries["battery_main"].trip()
    stage.order("genset", "run", False)
    stage.run(0.1)
    assert ("I14b" in stage.ids) is expected


@pytest.mark.parametrize(
    ("soc_pct", "cars_are_off", "expected"), [(79.0, True, False), (85.0, True, True), (79.0, False, True)]
)
def test_the_reserve_is_not_owed_to_the_grid_operator_once_the_cars_are_off(
    soc_pct: float, cars_are_off: bool, expected: bool
) -> None:
    stage = Stage(PlantOptions(irradiance_w_per_m2=0.0, soc_pct=soc_pct))
    stage.begin()
    stage.dim(1_000.0)
    if cars_are_off:
        stage.order("ev_posts", "closed", False)
    stage.run(62.0)
    assert ("I19" in stage.ids) is expected
