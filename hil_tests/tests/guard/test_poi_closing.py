"""No closing of the POI but the lawful ones. A wrong one breaks machines and hurts people on the line."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from controller.guard import sync
from controller.guard.memory import GuardMemory, Slip
from controller.guard.proof import Case
from controller.guard.rules import Ask, Often
from controller.guard.tables import POI_CLOSE
from controller.guard.vet import Verdict
from controller.model.image import ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide, GridSource, SettingsGroup, Switcher
from hil_tests.tests.guard.hubs import ENVELOPE, hub_closed_by, hub_with_poi
from hil_tests.tests.guard.scene import (
    NOTHING,
    OPEN,
    Watch,
    islanded,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    watch_after,
    with_poi,
)

RELAY = hub_closed_by(Switcher.SYNC_RELAY)


def ask_to_close(seen: ProcessImage, watch: Watch | None = None, age_s: float | None = 0.0) -> Verdict:
    watch = watch or watch_after(islanded(), islanded())
    return watch.sees(seen, poi_close(watch.order()), age_s)


def test_in_sync_the_poi_closes() -> None:
    verdict = ask_to_close(ready_to_return())
    assert verdict.allowed.poi.close is not None
    assert verdict.vetoes == ()


# |angle + 360*slip/16| + 360*|slip|*(1/32 + age) + 1.0 <= 10.0
SYNC_CASES = [  # angle, slip, voltage on the bus, sample age, lawful
    (0.0, 0.0, 230.0, 0.0, True),
    (9.0, 0.0, 230.0, 0.0, True),
    (9.01, 0.0, 230.0, 0.0, False),
    (-9.0, 0.0, 230.0, 0.0, True),
    (-9.01, 0.0, 230.0, 0.0, False),
    (-9.703125, 0.0625, 230.0, 0.0, True),  # running towards zero: -9.703125 + 1.40625, and 0.703125 of spread
    (-9.71, 0.0625, 230.0, 0.0, False),
    (6.890625, 0.0625, 230.0, 0.0, True),  # running away
    (6.9, 0.0625, 230.0, 0.0, False),
    (9.703125, -0.0625, 230.0, 0.0, True),
    (9.71, -0.0625, 230.0, 0.0, False),
    (5.484375, 0.0625, 230.0, 0.0625, True),  # an old sample: 1.40625 more of spread
    (5.49, 0.0625, 230.0, 0.0625, False),
    (5.484375, 0.0625, 230.0, -0.0625, True),
    (5.49, 0.0625, 230.0, -0.0625, False),
    (0.0, 0.125, 230.0, 0.0, True),
    (0.0, 0.126, 230.0, 0.0, False),  # slip alone: the angle would be well inside
    (0.0, -0.125, 230.0, 0.0, True),
    (0.0, -0.126, 230.0, 0.0, False),
    (0.0, 0.0, 244.375, 0.0, True),
    (0.0, 0.0, 244.4, 0.0, False),
    (0.0, 0.0, 215.625, 0.0, True),
    (0.0, 0.0, 215.6, 0.0, False),
    (179.0, 0.0, 230.0, 0.0, False),
    (-179.0, 0.0, 230.0, 0.0, False),
    (math.nan, 0.0, 230.0, 0.0, False),
    (0.0, math.nan, 230.0, 0.0, False),
    (0.0, 0.0, math.nan, 0.0, False),
    (math.inf, 0.0, 230.0, 0.0, False),
]


@pytest.mark.parametrize("case", SYNC_CASES)
def test_the_window_is_kept_to_the_last_hundredth(case: tuple[float, float, float, float, bool]) -> None:
    angle_deg, slip_hz, voltage_v, age_s, lawful = case
    verdict = ask_to_close(ready_to_return(angle_deg, slip_hz, voltage_v), age_s=age_s)
    assert (verdict.allowed.poi.close is not None) is lawful
    assert reasons(verdict) == ([] if lawful else [Reason.VETO_OUT_OF_SYNC])


def test_one_phase_apart_is_enough_to_refuse() -> None:
    for phase in range(3):
        bus_v = [230.0, 230.0, 230.0]
        bus_v[phase] = 200.0
        assert reasons(ask_to_close(with_poi(ready_to_return(), bus_voltage_v=PhaseValues(*bus_v)))) == [
            Reason.VETO_OUT_OF_SYNC
        ]


def test_of_two_instrument_errors_the_larger_counts() -> None:
    watch = watch_after(islanded(), islanded(), hub=hub_with_poi(angle_error_deg=3.0))
    assert reasons(ask_to_close(ready_to_return(7.1, 0.0), watch)) == [Reason.VETO_OUT_OF_SYNC]
    watch = watch_after(islanded(), islanded(), hub=hub_with_poi(angle_error_deg=3.0))
    assert reasons(ask_to_close(ready_to_return(6.9, 0.0), watch)) == []
    strict = replace(ENVELOPE, sync_angle_error_deg=5.0)
    assert reasons(ask_to_close(ready_to_return(5.1, 0.0), watch_after(islanded(), envelope=strict))) == [
        Reason.VETO_OUT_OF_SYNC
    ]


REFUSED = [  # what is wrong, and the reason given
    ({"rotation_equal": False}, Reason.VETO_OUT_OF_SYNC),
    ({"rotation_equal": None}, Reason.VETO_OUT_OF_SYNC),
    ({"angle_difference_deg": None}, Reason.VETO_OUT_OF_SYNC),
    ({"bus_frequency_hz": None}, Reason.VETO_OUT_OF_SYNC),
    ({"grid_frequency_hz": None}, Reason.VETO_GRID_NOT_OK),
    ({"grid_voltage_v": None}, Reason.VETO_GRID_NOT_OK),
    ({"grid_voltage_v": PhaseValues(230.0, 230.0, 0.0)}, Reason.VETO_GRID_NOT_OK),
    ({"grid_voltage_v": PhaseValues(0.0, 230.0, 230.0)}, Reason.VETO_GRID_NOT_OK),
    ({"bus_voltage_v": None}, Reason.VETO_OUT_OF_SYNC),
    ({"bus_voltage_v": ZERO}, Reason.VETO_OUT_OF_SYNC),
    ({"source": GridSource.GENSET}, Reason.VETO_GRID_NOT_OK),
    ({"source": None}, Reason.VETO_GRID_NOT_OK),
    ({"settings_group": SettingsGroup.ISLAND}, Reason.VETO_ISLAND_SETTINGS),
    ({"settings_group": None}, Reason.VETO_ISLAND_SETTINGS),
    ({"dso_lock": True}, Reason.VETO_LOCKED_OUT),
    ({"dso_lock": None}, Reason.VETO_LOCKED_OUT),  # it was wired before: now it is silent
    ({"position": None}, Reason.VETO_STALE),
    ({"position": BreakerPosition.BAD}, Reason.VETO_STALE),
]


@pytest.mark.parametrize("row", REFUSED)
def test_each_missing_condition_refuses_by_itself(row: tuple[dict[str, object], Reason]) -> None:
    change, reason = row
    verdict = ask_to_close(with_poi(ready_to_return(), **change))
    assert reasons(verdict) == [reason]
    assert verdict.vetoes[0].subject == "poi"
    assert verdict.allowed.poi.close is None


GRID_EDGES = [  # grid voltage, grid frequency, healthy
    (201.25, 50.0, True),
    (201.2, 50.0, False),
    (258.75, 50.0, True),
    (258.8, 50.0, False),
    (230.0, 47.5, True),
    (230.0, 47.49, False),
    (230.0, 50.25, True),
    (230.0, 50.26, False),
]


@pytest.mark.parametrize("row", GRID_EDGES)
def test_the_grid_must_be_inside_the_envelope(row: tuple[float, float, bool]) -> None:
    voltage_v, frequency_hz, healthy = row
    sides = {"grid_voltage_v": PhaseValues.even(voltage_v), "bus_voltage_v": PhaseValues.even(voltage_v)}
    seen = with_poi(ready_to_return(), **sides, grid_frequency_hz=frequency_hz, bus_frequency_hz=frequency_hz)
    assert reasons(ask_to_close(seen)) == ([] if healthy else [Reason.VETO_GRID_NOT_OK])


@pytest.mark.parametrize(
    ("age_s", "fresh"), [(0.125, True), (0.13, False), (-0.125, True), (-0.13, False), (None, False)]
)
def test_an_old_sample_says_nothing_of_the_instant_of_contact(age_s: float | None, fresh: bool) -> None:
    verdict = ask_to_close(ready_to_return(0.0, 0.0), age_s=age_s)
    assert reasons(verdict) == ([] if fresh else [Reason.VETO_STALE])


def test_a_relay_without_settings_groups_need_not_show_one() -> None:
    plain = hub_with_poi(has_settings_groups=False)
    for group, reason in (
        (None, []),
        (SettingsGroup.GRID, []),
        (SettingsGroup.ISLAND, [Reason.VETO_ISLAND_SETTINGS]),
    ):
        seen = with_poi(ready_to_return(), settings_group=group)
        assert reasons(ask_to_close(seen, watch_after(islanded(), hub=plain))) == reason


def test_island_settings_and_a_closing_are_not_asked_for_in_one_breath() -> None:
    watch = watch_after(islanded(), islanded())
    verdict = watch.sees(ready_to_return(), poi_close(watch.order(), settings_group=SettingsGroup.ISLAND))
    assert Reason.VETO_ISLAND_SETTINGS in reasons(verdict)
    assert verdict.allowed.poi.close is None


def test_island_settings_wait_for_the_proof() -> None:
    """On grid they would switch the loss-of-mains protection off."""
    watch = watch_after(on_grid(), on_grid())
    island = replace(NOTHING, poi=replace(NOTHING.poi, settings_group=SettingsGroup.ISLAND))
    verdict = watch.sees(on_grid(), island)
    assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]
    assert verdict.vetoes[0].subject == "poi"
    assert verdict.allowed.poi.settings_group is None
    grid = replace(NOTHING, poi=replace(NOTHING.poi, settings_group=SettingsGroup.GRID))
    assert watch.sees(on_grid(), grid).allowed.poi == grid.poi
    assert watch_after(islanded(), islanded()).sees(islanded(), island).allowed.poi == island.poi


# ---- who closes


def test_a_synchronising_relay_finds_the_instant_itself() -> None:
    verdict = ask_to_close(ready_to_return(120.0, 0.3), watch_after(islanded(), hub=RELAY))
    assert reasons(verdict) == []
    assert verdict.allowed.poi.close is not None


RELAY_REFUSED = [
    ({"source": GridSource.GENSET}, Reason.VETO_GRID_NOT_OK),
    ({"grid_frequency_hz": 50.3}, Reason.VETO_GRID_NOT_OK),
    ({"settings_group": SettingsGroup.ISLAND}, Reason.VETO_ISLAND_SETTINGS),
    ({"rotation_equal": False}, Reason.VETO_OUT_OF_SYNC),
    ({"bus_voltage_v": ZERO}, Reason.VETO_OUT_OF_SYNC),
    ({"bus_voltage_v": None}, Reason.VETO_OUT_OF_SYNC),
    ({"dso_lock": True}, Reason.VETO_LOCKED_OUT),
]


@pytest.mark.parametrize("row", RELAY_REFUSED)
def test_a_synchronising_relay_gets_no_permission_against_the_rest(row: tuple[dict[str, object], Reason]) -> None:
    change, reason = row
    watch = watch_after(islanded(), hub=RELAY)
    assert reasons(ask_to_close(with_poi(ready_to_return(), **change), watch)) == [reason]


def test_a_relay_may_be_silent_about_rotation() -> None:
    assert reasons(ask_to_close(with_poi(ready_to_return(), rotation_equal=None), watch_after(hub=RELAY))) == []


def test_its_permission_is_withdrawn_when_the_grid_leaves_again() -> None:
    watch = watch_after(islanded(), hub=RELAY)
    order = watch.order(hold_s=120.0)
    assert watch.sees(ready_to_return(), poi_close(order)).allowed.poi.close is order
    assert reasons(watch.sees(islanded(), poi_close(order))) == [Reason.VETO_GRID_NOT_OK]


@pytest.mark.parametrize(
    "row", [(Switcher.DEVICE, Reason.VETO_NOT_OURS), (Switcher.OPEN_TRANSITION, Reason.VETO_OUT_OF_SYNC)]
)
def test_ways_of_closing_without_a_row_are_refused(row: tuple[Switcher, Reason]) -> None:
    switcher, reason = row
    verdict = ask_to_close(ready_to_return(0.0, 0.0), watch_after(islanded(), hub=hub_closed_by(switcher)))
    assert reasons(verdict) == [reason]


def test_every_way_of_closing_has_its_table() -> None:
    assert set(POI_CLOSE) == set(Switcher)


# ---- each rule answers for itself


CALM = (Slip(0.0, 0.0), Slip(0.25, 0.0))
BLIND = [
    {"angle_difference_deg": None},
    {"grid_frequency_hz": None},
    {"bus_frequency_hz": None},
    {"grid_voltage_v": None},
    {"bus_voltage_v": None},
    {"measured_at_s": None},
    {"rotation_equal": None},
]


@pytest.mark.parametrize("change", BLIND)
def test_the_sync_rule_refuses_what_it_cannot_see_whatever_stands_before_it(change: dict[str, object]) -> None:
    watch = Watch()
    seen = with_poi(ready_to_return(0.0, 0.0), measured_at_s=watch.now_s)
    ask = Ask("poi", watch.order(), OPEN)
    case = Case(GuardMemory(slips=CALM), NOTHING, seen, watch.bounds, watch.now_s)
    assert not sync.is_out_of_sync(case, ask)
    assert sync.is_out_of_sync(replace(case, seen=with_poi(seen, **change)), ask)
    assert sync.is_out_of_sync(replace(case, memory=GuardMemory()), ask)


def test_what_is_not_said_of_an_order_is_the_strict_reading() -> None:
    watch = Watch()
    ask = Ask("poi", watch.order(), OPEN)
    assert ask.bus is BusSide.ISLAND
    assert ask.often == Often(0, 0.0, 0.0)
