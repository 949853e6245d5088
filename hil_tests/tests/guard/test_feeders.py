"""Feeders and the earthing of the island."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.guard.memory import GuardMemory
from controller.guard.vet import vet
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    PoiCommand,
    SwitchCommand,
)
from controller.model.hub import Earthing
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    IslandEarthing,
)
from hil_tests.tests.core.hubs import (
    OPEN,
    dark,
    hub,
    islanded,
    on_grid,
    with_feeder,
    with_poi,
)
from hil_tests.tests.guard.cases import NOW_S, ORDER, OURS, PROVEN, bounds, judged, reasons

CLOSE_WARM = Commands(feeders={"warm_room": SwitchCommand(close=ORDER)})


def shed_warm(**changes: Any) -> ProcessImage:
    return with_feeder(islanded(NOW_S), "warm_room", **{"position": OPEN, "power_w": ZERO, **changes})


def test_what_we_opened_we_may_close() -> None:
    opened = judged(Commands(feeders={"warm_room": SwitchCommand(open=True)}), islanded(NOW_S))
    assert opened.vetoes == ()
    assert vet(opened.memory, CLOSE_WARM, shed_warm(), bounds(), NOW_S).vetoes == ()
    assert judged(CLOSE_WARM, shed_warm(), shed_by_us=frozenset({"warm_room"})).vetoes == ()


def test_what_we_did_not_open_we_may_not() -> None:
    assert reasons(judged(CLOSE_WARM, shed_warm())) == [Reason.VETO_NOT_OURS]
    seen_closed = vet(OURS, Commands(), islanded(NOW_S), bounds(), NOW_S).memory
    assert reasons(vet(seen_closed, CLOSE_WARM, shed_warm(), bounds(), NOW_S)) == [Reason.VETO_NOT_OURS]
    assert judged(CLOSE_WARM, islanded(NOW_S)).vetoes == (), "closed already: nothing moves"


@pytest.mark.parametrize(
    ("seen", "changes", "reason"),
    [
        (shed_warm(position=None), {}, Reason.VETO_STALE),
        (replace(shed_warm(), feeders={}), {}, Reason.VETO_STALE),
        (shed_warm(has_fault=True), {}, Reason.VETO_LOCKED_OUT),
        (shed_warm(), {"held_open": frozenset({"warm_room"})}, Reason.VETO_LOCKED_OUT),
        (shed_warm(), {"latched": frozenset({"warm_room"})}, Reason.VETO_LOCKED_OUT),
        (replace(shed_warm(), earthing=EarthingSeen(NOW_S, OPEN)), {}, Reason.VETO_NO_EARTHING),
        (replace(shed_warm(), local_control=True), {}, Reason.VETO_LOCKED_OUT),
    ],
)
def test_a_feeder_that_may_not_be_closed(seen: ProcessImage, changes: dict[str, Any], reason: Reason) -> None:
    verdict = judged(CLOSE_WARM, seen, OURS, **changes)
    assert reasons(verdict) == [reason]
    assert verdict.allowed.feeders["warm_room"] == SwitchCommand()


def test_on_grid_a_feeder_needs_no_island_earthing() -> None:
    seen = with_feeder(on_grid(NOW_S), "warm_room", position=OPEN)
    assert judged(CLOSE_WARM, seen, OURS).vetoes == ()


MEDICAL_TOO = replace(PROVEN, opened_by_us=frozenset({"warm_room", "medical"}))


def test_what_matters_more_comes_first() -> None:
    both = with_feeder(shed_warm(), "medical", position=OPEN)
    assert reasons(judged(CLOSE_WARM, both, MEDICAL_TOO)) == [Reason.VETO_TIER_ORDER]
    medical = Commands(feeders={"medical": SwitchCommand(close=ORDER)})
    assert judged(medical, both, MEDICAL_TOO).vetoes == ()
    assert judged(CLOSE_WARM, both, OURS).vetoes == (), "tripped, not shed: nobody waits for it"
    for changes in ({"held_open": frozenset({"medical"})}, {"latched": frozenset({"medical"})}):
        assert judged(CLOSE_WARM, both, MEDICAL_TOO, **changes).vetoes == ()
    assert judged(CLOSE_WARM, with_feeder(both, "medical", has_fault=True), MEDICAL_TOO).vetoes == ()
    assert judged(CLOSE_WARM, with_feeder(both, "medical", position=None), MEDICAL_TOO).vetoes == ()
    gone = replace(both, feeders={"warm_room": both.feeders["warm_room"]})
    assert judged(CLOSE_WARM, gone, MEDICAL_TOO).vetoes == ()
    same_tier = replace(PROVEN, opened_by_us=frozenset({"phones", "ev_posts"}))
    phones = Commands(feeders={"phones": SwitchCommand(close=ORDER)})
    seen = with_feeder(with_feeder(islanded(NOW_S), "phones", position=OPEN), "ev_posts", position=OPEN)
    assert judged(phones, seen, same_tier).vetoes == ()


def test_a_feeder_is_not_hammered() -> None:
    tried = replace(OURS, closings_at_s={"warm_room": (NOW_S - 50.0, NOW_S - 60.0)})
    assert reasons(judged(CLOSE_WARM, shed_warm(), tried)) == [Reason.VETO_HAMMERING]
    restated = replace(OURS, closings_at_s={"warm_room": (NOW_S, NOW_S - 60.0)})
    assert judged(CLOSE_WARM, shed_warm(), restated).vetoes == ()
    past = replace(OURS, closings_at_s={"warm_room": (NOW_S - 50.0, NOW_S - 100.0)})
    assert judged(CLOSE_WARM, shed_warm(), past).vetoes == ()


OPEN_DESK = Commands(feeders={"desk": SwitchCommand(open=True)})


@pytest.mark.parametrize(("volts", "may"), [(46.0, True), (46.1, False), (None, False)])
def test_what_carries_control_is_opened_only_on_a_dead_bus(volts: float | None, may: bool) -> None:
    voltage = None if volts is None else PhaseValues(0.0, volts, 0.0)
    verdict = judged(OPEN_DESK, with_poi(islanded(NOW_S), bus_voltage_v=voltage))
    assert (verdict.vetoes == ()) is may
    if not may:
        assert reasons(verdict) == [Reason.VETO_CARRIES_CONTROL]
        assert verdict.allowed.feeders["desk"] == SwitchCommand()


def test_openings_sheds_and_stops_always_pass() -> None:
    wishes = Commands(
        poi=PoiCommand(open=True),
        batteries={"battery": BatteryCommand(stop=True)},
        gensets={"genset": GensetCommand(stop=True)},
        feeders={"warm_room": SwitchCommand(open=True)},
    )
    blind = ProcessImage(emergency_off=True, local_control=True)
    everything = frozenset({"lockout", "dso_lock", "warm_room"})
    verdict = vet(GuardMemory(), wishes, blind, bounds(latched=everything), NOW_S)
    assert verdict.vetoes == ()
    assert verdict.allowed == wishes


EARTH = Commands(earthing=SwitchCommand(close=ORDER))
UNEARTH = Commands(earthing=SwitchCommand(open=True))


def test_only_a_proven_island_is_earthed() -> None:
    assert judged(EARTH, dark(NOW_S)).vetoes == ()
    verdict = vet(GuardMemory(), EARTH, on_grid(NOW_S), bounds(), NOW_S)
    assert [(veto.subject, veto.reason) for veto in verdict.vetoes] == [("n_pe", Reason.VETO_NOT_PROVEN_OPEN)]
    assert verdict.allowed.earthing == SwitchCommand()
    opening = Commands(earthing=SwitchCommand(open=True, close=ORDER))
    assert vet(GuardMemory(), opening, on_grid(NOW_S), bounds(), NOW_S).vetoes == ()


@pytest.mark.parametrize(("volts", "may"), [(45.9, True), (46.0, False), (None, False)])
def test_the_earth_of_a_live_island_is_not_taken_away(volts: float | None, may: bool) -> None:
    voltage = None if volts is None else PhaseValues.even(volts)
    verdict = judged(UNEARTH, with_poi(islanded(NOW_S), bus_voltage_v=voltage))
    assert reasons(verdict) == ([] if may else [Reason.VETO_NO_EARTHING])
    assert judged(UNEARTH, on_grid(NOW_S)).vetoes == ()


def test_a_hub_without_a_relay_names_the_earthing_itself() -> None:
    permanent = replace(hub(), earthing=Earthing(IslandEarthing.PERMANENT, None))
    assert vet(PROVEN, UNEARTH, islanded(NOW_S), bounds(permanent), NOW_S).vetoes[0].subject == "earthing"
