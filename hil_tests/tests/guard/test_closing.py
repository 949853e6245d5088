"""Closing the POI: each story has a lawful twin, so that a guard that forbids everything fails as well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.guard.vet import vet
from controller.model.commands import (
    Commands,
    Order,
    PoiCommand,
)
from controller.model.hub import Hub, PoiSwitching
from controller.model.memory import Attempt
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    GridSource,
    SettingsGroup,
    Switcher,
)
from hil_tests.tests.core.hubs import (
    CLOSED,
    DEAD,
    OPEN,
    hub,
    with_poi,
)
from hil_tests.tests.guard.cases import CLOSE_POI, NOW_S, ORDER, PROVEN, bounds, in_sync, judged, reasons


def test_a_closing_in_sync_is_lawful() -> None:
    verdict = judged(CLOSE_POI, in_sync())
    assert verdict.vetoes == ()
    assert verdict.allowed.poi.close == ORDER


LOW, HIGH = PhaseValues(230.0, 195.0, 230.0), PhaseValues(230.0, 254.0, 230.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"angle_difference_deg": None}, Reason.VETO_OUT_OF_SYNC),
        ({"angle_difference_deg": 9.1}, Reason.VETO_OUT_OF_SYNC),
        ({"angle_difference_deg": -9.1}, Reason.VETO_OUT_OF_SYNC),
        ({"bus_frequency_hz": 50.11, "angle_difference_deg": -4.0}, Reason.VETO_OUT_OF_SYNC),
        ({"bus_frequency_hz": 49.89, "angle_difference_deg": 4.0}, Reason.VETO_OUT_OF_SYNC),
        ({"bus_frequency_hz": None}, Reason.VETO_OUT_OF_SYNC),
        ({"bus_frequency_hz": 50.09, "angle_difference_deg": 6.0}, Reason.VETO_OUT_OF_SYNC),
        ({"bus_voltage_v": PhaseValues(230.0, 217.0, 230.0)}, Reason.VETO_OUT_OF_SYNC),
        ({"bus_voltage_v": None}, Reason.VETO_OUT_OF_SYNC),
        ({"rotation_equal": False}, Reason.VETO_OUT_OF_SYNC),
        ({"rotation_equal": None}, Reason.VETO_OUT_OF_SYNC),
        ({"grid_voltage_v": LOW}, Reason.VETO_GRID_NOT_OK),
        ({"grid_voltage_v": HIGH}, Reason.VETO_GRID_NOT_OK),
        ({"grid_voltage_v": None}, Reason.VETO_GRID_NOT_OK),
        ({"grid_frequency_hz": 47.49}, Reason.VETO_GRID_NOT_OK),
        ({"grid_frequency_hz": 50.21}, Reason.VETO_GRID_NOT_OK),
        ({"grid_frequency_hz": None}, Reason.VETO_GRID_NOT_OK),
        ({"source": GridSource.GENSET}, Reason.VETO_GRID_NOT_OK),
        ({"source": None}, Reason.VETO_GRID_NOT_OK),
        ({"measured_at_s": NOW_S - 0.16}, Reason.VETO_STALE),
        ({"measured_at_s": None}, Reason.VETO_STALE),
        ({"dso_lock": True}, Reason.VETO_LOCKED_OUT),
        ({"dso_lock": None}, Reason.VETO_LOCKED_OUT),
        ({"settings_group": SettingsGroup.ISLAND}, Reason.VETO_ISLAND_SETTINGS),
        ({"settings_group": None}, Reason.VETO_ISLAND_SETTINGS),
    ],
)
def test_a_closing_outside_the_envelope_is_not(changes: dict[str, Any], reason: Reason) -> None:
    verdict = judged(CLOSE_POI, in_sync(**changes))
    assert reasons(verdict) == [reason]
    assert verdict.vetoes[0].subject == "poi"
    assert verdict.allowed.poi.close is None


@pytest.mark.parametrize(
    "changes",
    [
        {"angle_difference_deg": 9.0},
        {"angle_difference_deg": -9.0},
        {"bus_frequency_hz": 50.0999, "angle_difference_deg": -3.0},
        {"bus_frequency_hz": 49.9001, "angle_difference_deg": 3.0},
        {"grid_voltage_v": PhaseValues(230.0, 219.0, 230.0)},
        {"grid_voltage_v": PhaseValues.even(195.5), "bus_voltage_v": PhaseValues.even(200.0)},
        {"grid_voltage_v": PhaseValues.even(253.0), "bus_voltage_v": PhaseValues.even(250.0)},
        {"grid_frequency_hz": 47.5, "bus_frequency_hz": 47.5},
        {"grid_frequency_hz": 50.2, "bus_frequency_hz": 50.2},
        {"measured_at_s": NOW_S - 0.149},
    ],
)
def test_the_edges_of_the_envelope_belong_to_it(changes: dict[str, Any]) -> None:
    assert judged(CLOSE_POI, in_sync(**changes)).vetoes == ()


def test_the_prediction_counts_the_age_of_the_sample() -> None:
    fresh = in_sync(bus_frequency_hz=50.09, angle_difference_deg=4.3)
    assert judged(CLOSE_POI, fresh).vetoes == ()
    assert reasons(judged(CLOSE_POI, with_poi(fresh, measured_at_s=NOW_S - 0.1))) == [Reason.VETO_OUT_OF_SYNC]


def test_without_settings_groups_there_are_none_to_be_wrong() -> None:
    plain = replace(hub(), poi=replace(hub().poi, has_settings_groups=False))
    assert vet(PROVEN, CLOSE_POI, in_sync(settings_group=None), bounds(plain), NOW_S).vetoes == ()


@pytest.mark.parametrize("latch", ["dso_lock", "poi_close", "lockout"])
def test_a_latched_lock_forbids_closing(latch: str) -> None:
    assert reasons(judged(CLOSE_POI, in_sync(), latched=frozenset({latch}))) == [Reason.VETO_LOCKED_OUT]


def test_local_control_forbids_closing() -> None:
    assert reasons(judged(CLOSE_POI, replace(in_sync(), local_control=True))) == [Reason.VETO_LOCKED_OUT]


def test_too_many_closings_are_hammering_and_the_same_order_counts_once() -> None:
    memory = PROVEN
    for number in range(3):
        order = Order(Reason.SYNC_WINDOW, NOW_S + number, NOW_S + 99, number)
        for _ in range(5):
            verdict = vet(memory, Commands(poi=PoiCommand(close=order)), in_sync(), bounds(), NOW_S)
            memory = verdict.memory
        assert reasons(verdict) == ([] if number < 2 else [Reason.VETO_HAMMERING])
    later = vet(memory, CLOSE_POI, with_poi(in_sync(), measured_at_s=NOW_S + 200), bounds(), NOW_S + 200.0)
    assert later.vetoes == ()


def test_attempts_of_processes_before_count_too() -> None:
    old = tuple(Attempt("poi", "close", NOW_S - back_s) for back_s in (20.0, 30.0))
    assert reasons(judged(CLOSE_POI, in_sync(), attempts=old)) == [Reason.VETO_HAMMERING]
    assert judged(CLOSE_POI, in_sync(), attempts=old[:1]).vetoes == ()
    long_ago = tuple(replace(a, at_s=a.at_s - 100.0) for a in old)
    assert judged(CLOSE_POI, in_sync(), attempts=long_ago).vetoes == ()
    others = tuple(replace(a, subject="genset") for a in old)
    assert judged(CLOSE_POI, in_sync(), attempts=others).vetoes == ()
    forming = tuple(replace(a, kind="form") for a in old)
    assert judged(CLOSE_POI, in_sync(), attempts=forming).vetoes == ()
    own = tuple(replace(a, at_s=NOW_S - 5.0) for a in old)
    assert judged(CLOSE_POI, in_sync(), attempts=own).vetoes == (), (
        "those of this process are counted by its own memory"
    )


def test_a_contact_under_way_is_not_called_back() -> None:
    passed = vet(PROVEN, CLOSE_POI, in_sync(), bounds(), NOW_S).memory
    swinging = in_sync(angle_difference_deg=15.0, position=CLOSED)
    assert vet(passed, CLOSE_POI, swinging, bounds(), NOW_S).vetoes == ()
    still_open = with_poi(swinging, position=OPEN)
    assert reasons(vet(passed, CLOSE_POI, still_open, bounds(), NOW_S)) == [Reason.VETO_OUT_OF_SYNC]
    assert reasons(vet(PROVEN, CLOSE_POI, swinging, bounds(), NOW_S)) == [Reason.VETO_OUT_OF_SYNC]
    stale = with_poi(swinging, measured_at_s=None)
    assert reasons(vet(passed, CLOSE_POI, stale, bounds(), NOW_S)) == [Reason.VETO_STALE]


def test_open_beats_close() -> None:
    both = Commands(poi=PoiCommand(open=True, close=ORDER))
    verdict = judged(both, in_sync())
    assert verdict.allowed.poi == PoiCommand(open=True)
    assert verdict.vetoes == ()


def closed_by(switcher: Switcher) -> Hub:
    plain = hub()
    return replace(plain, poi=replace(plain.poi, switching=PoiSwitching(Switcher.CONTROLLER, switcher)))


def test_a_sync_relay_finds_the_angle_itself() -> None:
    far = in_sync(angle_difference_deg=170.0)
    assert vet(PROVEN, CLOSE_POI, far, bounds(closed_by(Switcher.SYNC_RELAY)), NOW_S).vetoes == ()
    dead = with_poi(far, grid_voltage_v=DEAD)
    assert reasons(vet(PROVEN, CLOSE_POI, dead, bounds(closed_by(Switcher.SYNC_RELAY)), NOW_S)) == [
        Reason.VETO_GRID_NOT_OK
    ]


@pytest.mark.parametrize("switcher", [Switcher.DEVICE, Switcher.OPEN_TRANSITION])
def test_a_way_of_closing_without_a_rule_is_refused(switcher: Switcher) -> None:
    verdict = vet(PROVEN, CLOSE_POI, in_sync(), bounds(closed_by(switcher)), NOW_S)
    assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]


@given(
    angle_deg=st.floats(-180, 180),
    slip_hz=st.floats(-0.3, 0.3),
    volts=st.floats(200, 260),
    age_s=st.floats(0, 0.3),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_let_through_is_inside(angle_deg: float, slip_hz: float, volts: float, age_s: float) -> None:
    seen = in_sync(
        angle_difference_deg=angle_deg,
        bus_frequency_hz=50.0 + slip_hz,
        bus_voltage_v=PhaseValues.even(volts),
        measured_at_s=NOW_S - age_s,
    )
    if judged(CLOSE_POI, seen).allowed.poi.close is not None:
        for closing_s in (0.05, 0.11):
            assert abs(angle_deg + 360.0 * slip_hz * (closing_s + age_s)) <= 9.0 + 1e-6
        assert abs(slip_hz) <= 0.1 + 1e-9
        assert abs(volts - 230.0) <= 11.5 + 1e-9
        assert age_s <= 0.15 + 1e-9
