"""Forming an island, and what people forbid."""

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
from controller.model.hub import Earthing, Hub, SourceCapabilities
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    Authority,
    InverterMode,
    IslandEarthing,
)
from hil_tests.tests.core.hubs import (
    CLOSED,
    LIVE,
    OPEN,
    dark,
    hub,
    islanded,
    on_grid,
    with_battery,
    with_feeder,
    with_poi,
)
from hil_tests.tests.guard.cases import FORM, NOW_S, ORDER, OURS, PROVEN, bounds, in_sync, judged, reasons


def ready(at_s: float = NOW_S) -> ProcessImage:
    return replace(dark(at_s), earthing=EarthingSeen(at_s, CLOSED))


def test_forming_behind_the_proof_is_lawful() -> None:
    assert judged(FORM, ready()).allowed.batteries["battery"].form == ORDER


def proof(first: ProcessImage, second: ProcessImage | None = None, gap_s: float = 0.05) -> bool:
    """Whether two samples in a row let a source form."""
    memory = vet(GuardMemory(), Commands(), first, bounds(), NOW_S - gap_s).memory
    return vet(memory, FORM, second or first, bounds(), NOW_S).vetoes == ()


def test_the_proof_needs_two_samples() -> None:
    assert proof(ready())
    assert not proof(on_grid(NOW_S), ready())
    assert not proof(ready(), gap_s=0.044)
    assert proof(ready(), gap_s=0.0451)


@pytest.mark.parametrize(
    ("changes", "is_proof"),
    [
        ({"grid_voltage_v": LIVE}, True),  # contact, and the sides differ
        ({"grid_voltage_v": LIVE, "position": CLOSED}, True),  # no current although the sides differ
        ({"grid_voltage_v": LIVE, "position": None, "current_a": None}, False),
        ({"position": CLOSED}, False),  # both dead: a closed contact proves nothing open
        ({"position": None}, False),
        ({"current_a": None}, False),
        ({"current_a": PhaseValues.even(1.0)}, False),
        ({"current_a": PhaseValues.even(0.99)}, True),
        ({"grid_voltage_v": None}, False),
        ({"bus_voltage_v": None}, False),
        ({"grid_voltage_v": PhaseValues(0.0, 0.0, 24.0)}, True),
        ({"grid_voltage_v": PhaseValues(0.0, 0.0, 22.9), "current_a": PhaseValues.even(2.0)}, False),
        ({"grid_voltage_v": PhaseValues(0.0, 0.0, 23.5), "current_a": PhaseValues.even(2.0)}, True),
        ({"grid_voltage_v": PhaseValues.even(40.0), "bus_voltage_v": PhaseValues.even(40.0)}, True),
        ({"grid_voltage_v": PhaseValues.even(46.0), "bus_voltage_v": PhaseValues.even(46.0)}, False),
    ],
)
def test_what_proves_an_open_poi(changes: dict[str, Any], is_proof: bool) -> None:
    assert proof(with_poi(ready(), **changes)) is is_proof


@pytest.mark.parametrize(("angle_deg", "is_proof"), [(20.0, False), (20.1, True), (-20.1, True), (None, False)])
def test_a_turning_angle_is_a_difference(angle_deg: float | None, is_proof: bool) -> None:
    both_live = with_poi(ready(), grid_voltage_v=LIVE, bus_voltage_v=LIVE, angle_difference_deg=angle_deg)
    assert proof(both_live) is is_proof


@pytest.mark.parametrize(("amps", "is_proof"), [(3.0, True), (3.1, False)])
def test_current_through_equal_sides_denies_every_proof(amps: float, is_proof: bool) -> None:
    seen = with_poi(ready(), grid_voltage_v=LIVE, bus_voltage_v=LIVE, angle_difference_deg=25.0)
    assert proof(with_poi(seen, current_a=PhaseValues.even(amps)))
    equal = with_poi(seen, angle_difference_deg=0.0, current_a=PhaseValues.even(amps))
    assert not proof(equal)
    held = vet(PROVEN, FORM, with_poi(ready(), current_a=PhaseValues.even(amps)), bounds(), NOW_S)
    assert (held.memory.open_proof_since_s is None) is True, "no contact evidence with a current"
    assert is_proof or held.vetoes != ()


def test_no_island_without_earthing() -> None:
    assert reasons(judged(FORM, dark(NOW_S))) == [Reason.VETO_NO_EARTHING]
    permanent = replace(hub(), earthing=Earthing(IslandEarthing.PERMANENT, None))
    assert vet(PROVEN, FORM, dark(NOW_S), bounds(permanent), NOW_S).vetoes == ()


def two_formers() -> Hub:
    plain = hub()
    second = replace(plain.batteries["second"], capabilities=SourceCapabilities(True, True, True, True))
    return replace(plain, batteries={**plain.batteries, "second": second})


def test_one_dead_bus_token() -> None:
    other = Commands(batteries={"second": BatteryCommand(form=ORDER)})
    forming = with_battery(ready(), mode=InverterMode.GRID_FORMING)
    verdict = vet(PROVEN, other, forming, bounds(two_formers()), NOW_S)
    assert reasons(verdict) == [Reason.VETO_SECOND_FORMER]
    assert verdict.allowed.batteries["second"].stop, "one that always forms is stopped instead"
    assert vet(PROVEN, other, ready(), bounds(two_formers()), NOW_S).vetoes == ()


def test_the_token_is_held_while_its_order_stands() -> None:
    held = judged(FORM, ready()).memory
    other = Commands(batteries={"second": BatteryCommand(form=ORDER)})
    assert reasons(vet(held, other, ready(), bounds(two_formers()), NOW_S + 2.0)) == [Reason.VETO_SECOND_FORMER]
    assert vet(held, other, ready(NOW_S + 2.01), bounds(two_formers()), NOW_S + 2.01).vetoes == ()
    assert judged(FORM, ready(), held).vetoes == ()


def test_a_source_that_cannot_form_is_not_asked_to() -> None:
    verdict = judged(Commands(batteries={"second": BatteryCommand(form=ORDER)}), ready())
    assert reasons(verdict) == [Reason.VETO_OUT_OF_RANGE]
    assert not verdict.allowed.batteries["second"].stop


def test_a_former_that_feeds_through_a_lying_contact_is_stopped() -> None:
    lie = with_poi(islanded(NOW_S), grid_voltage_v=LIVE, angle_difference_deg=0.0, current_a=PhaseValues.even(40.0))
    command = Commands(batteries={"battery": BatteryCommand(frequency_set_hz=50.0)})
    first = vet(GuardMemory(), command, lie, bounds(), NOW_S - 0.05)
    assert first.vetoes == (), "one sample may be wrong"
    second = vet(first.memory, command, lie, bounds(), NOW_S)
    assert reasons(second) == [Reason.VETO_NOT_PROVEN_OPEN]
    assert second.allowed.batteries["battery"].stop
    follows = with_battery(lie, mode=InverterMode.GRID_FOLLOWING)
    assert vet(first.memory, command, follows, bounds(), NOW_S).vetoes == ()
    closed = with_poi(lie, position=CLOSED)
    assert vet(first.memory, command, closed, bounds(), NOW_S).vetoes == ()
    unseen = replace(lie, batteries={})
    assert vet(first.memory, command, unseen, bounds(), NOW_S).vetoes == ()


EVERYTHING = Commands(
    poi=PoiCommand(close=ORDER),
    batteries={"battery": BatteryCommand(form=ORDER, power_set_w=-5_000.0)},
    gensets={"genset": GensetCommand(crank=ORDER)},
    feeders={"warm_room": SwitchCommand(close=ORDER)},
)


@pytest.mark.parametrize("how", ["pressed", "latched", "remembered"])
def test_emergency_off_means_no_forming_no_charging_no_closing(how: str) -> None:
    seen = with_feeder(in_sync(), "warm_room", position=OPEN)
    latched = frozenset({"emergency_off"}) if how != "pressed" else frozenset()
    memory = replace(OURS, emergency_off=how == "remembered")
    verdict = vet(memory, EVERYTHING, replace(seen, emergency_off=how == "pressed"), bounds(latched=latched), NOW_S)
    assert set(reasons(verdict)) == {Reason.VETO_EMERGENCY_OFF}
    assert {veto.subject for veto in verdict.vetoes} == {"poi", "battery", "genset", "warm_room"}
    assert verdict.allowed.poi.close is None
    assert verdict.allowed.batteries["battery"] == BatteryCommand(power_set_w=0.0)
    assert verdict.allowed.gensets["genset"].crank is None
    assert verdict.allowed.feeders["warm_room"] == SwitchCommand()


def test_the_guard_lets_go_when_the_button_and_the_latch_are_both_gone() -> None:
    pressed = vet(PROVEN, Commands(), replace(ready(), emergency_off=True), bounds(), NOW_S).memory
    assert pressed.emergency_off
    kept = vet(pressed, FORM, ready(), bounds(latched=frozenset({"emergency_off"})), NOW_S)
    assert kept.memory.emergency_off
    freed = vet(kept.memory, FORM, ready(), bounds(), NOW_S)
    assert not freed.memory.emergency_off
    assert freed.vetoes == ()


def test_observing_allows_nothing_at_all() -> None:
    verdict = judged(EVERYTHING, in_sync(), authority=Authority.OBSERVE)
    assert verdict.allowed == Commands()
    assert verdict.vetoes == ()
