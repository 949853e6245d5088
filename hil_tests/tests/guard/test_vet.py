"""The guard, rule by rule. Each story has a lawful twin, so that a guard that forbids everything fails as well."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.guard.bounds import Bounds
from controller.guard.fallback import fallback
from controller.guard.memory import GuardMemory
from controller.guard.vet import Verdict, vet
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    Order,
    PoiCommand,
    PvCommand,
    SwitchCommand,
)
from controller.model.envelope import Envelope
from controller.model.hub import Earthing, Hub, PoiSwitching, SourceCapabilities
from controller.model.image import BatterySeen, EarthingSeen, FeederSeen, ProcessImage
from controller.model.memory import Attempt
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    Authority,
    GridSource,
    InverterMode,
    IslandEarthing,
    SettingsGroup,
    Switcher,
)
from hil_tests.tests.core.hubs import (
    CLOSED,
    DEAD,
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

NOW_S = 1_000.0
ENVELOPE = Envelope(
    sync_angle_max_deg=10.0,
    sync_slip_max_hz=0.1,
    sync_voltage_difference_max_ratio=0.05,
    sync_angle_error_deg=1.0,
    sample_age_max_s=0.15,
    dead_voltage_ratio=0.2,
    grid_voltage_min_ratio=0.85,
    grid_voltage_max_ratio=1.1,
    grid_frequency_min_hz=47.5,
    grid_frequency_max_hz=50.2,
    island_frequency_min_hz=48.5,
    island_frequency_max_hz=51.4,
    island_voltage_min_ratio=0.9,
    island_voltage_max_ratio=1.1,
    poi_closings_max=2,
    poi_closings_window_s=100.0,
    feeder_closings_max=2,
    feeder_closings_window_s=100.0,
    cranks_max=2,
    cranks_window_s=100.0,
    overload_shed_ratio=1.1,
    underfrequency_shed_hz=48.5,
)
ORDER = Order(Reason.RESTORE, NOW_S, NOW_S + 2.0, 1)
PROVEN = GuardMemory(open_proof_since_s=NOW_S - 1.0, began_at_s=NOW_S - 10.0)
CLOSE_POI = Commands(poi=PoiCommand(close=ORDER))
FORM = Commands(batteries={"battery": BatteryCommand(form=ORDER)})


def bounds(the_hub: Hub | None = None, **changes: Any) -> Bounds:
    return replace(Bounds(the_hub or hub(), ENVELOPE), **changes)


def judged(commands: Commands, seen: ProcessImage, memory: GuardMemory = PROVEN, **changes: Any) -> Verdict:
    return vet(memory, commands, seen, bounds(**changes), NOW_S)


def reasons(verdict: Verdict) -> list[Reason]:
    return [veto.reason for veto in verdict.vetoes]


def in_sync(**changes: Any) -> ProcessImage:
    """An island beside a healthy grid, in step with it."""
    healthy: dict[str, Any] = {
        "grid_voltage_v": LIVE,
        "grid_frequency_hz": 50.0,
        "angle_difference_deg": 2.0,
        "settings_group": SettingsGroup.GRID,
    }
    return with_poi(islanded(NOW_S), **{**healthy, **changes})


# -- closing the POI ---------------------------------------------------------------------------------------------------
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


# -- forming -----------------------------------------------------------------------------------------------------------
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


# -- people ------------------------------------------------------------------------------------------------------------
EVERYTHING = Commands(
    poi=PoiCommand(close=ORDER),
    batteries={"battery": BatteryCommand(form=ORDER, power_set_w=-5_000.0)},
    gensets={"genset": GensetCommand(crank=ORDER)},
    feeders={"warm_room": SwitchCommand(close=ORDER)},
)
OURS = replace(PROVEN, opened_by_us=frozenset({"warm_room"}))


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


# -- feeders -----------------------------------------------------------------------------------------------------------
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


# -- earthing ----------------------------------------------------------------------------------------------------------
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


# -- gensets and set-points ----------------------------------------------------------------------------------------------
CRANK = Commands(gensets={"genset": GensetCommand(crank=ORDER)})


def test_a_genset_is_cranked_a_few_times_and_no_more() -> None:
    assert judged(CRANK, islanded(NOW_S)).allowed.gensets["genset"].crank == ORDER
    tried = replace(PROVEN, closings_at_s={"genset": (NOW_S - 50.0, NOW_S - 60.0)})
    verdict = judged(CRANK, islanded(NOW_S), tried)
    assert reasons(verdict) == [Reason.VETO_ATTEMPTS_USED]
    assert verdict.allowed.gensets["genset"].crank is None
    restated = replace(PROVEN, closings_at_s={"genset": (NOW_S, NOW_S - 60.0)})
    assert judged(CRANK, islanded(NOW_S), restated).vetoes == ()
    kept = tuple(Attempt("genset", "crank", NOW_S - back_s) for back_s in (20.0, 30.0))
    assert reasons(judged(CRANK, islanded(NOW_S), attempts=kept)) == [Reason.VETO_ATTEMPTS_USED]


def test_a_stopped_genset_keeps_its_stop() -> None:
    both = Commands(gensets={"genset": GensetCommand(stop=True, crank=ORDER)})
    assert judged(both, islanded(NOW_S), latched=frozenset({"lockout"})).allowed == both


@pytest.mark.parametrize(
    ("command", "safe"),
    [
        (BatteryCommand(power_set_w=60_001.0), BatteryCommand(power_set_w=60_000.0)),
        (BatteryCommand(power_set_w=-60_001.0), BatteryCommand(power_set_w=-60_000.0)),
        (BatteryCommand(power_set_w=math.nan), BatteryCommand(power_set_w=-60_000.0)),
        (BatteryCommand(frequency_set_hz=51.5), BatteryCommand(frequency_set_hz=51.4)),
        (BatteryCommand(frequency_set_hz=48.4), BatteryCommand(frequency_set_hz=48.5)),
        (BatteryCommand(voltage_set_v=254.0), BatteryCommand(voltage_set_v=1.1 * 230.0)),
        (BatteryCommand(voltage_set_v=206.0), BatteryCommand(voltage_set_v=0.9 * 230.0)),
        (BatteryCommand(charge_limit_w=60_001.0), BatteryCommand(charge_limit_w=60_000.0)),
        (BatteryCommand(charge_limit_w=-1.0), BatteryCommand(charge_limit_w=0.0)),
    ],
)
def test_a_set_point_outside_takes_the_nearest_bound(command: BatteryCommand, safe: BatteryCommand) -> None:
    verdict = judged(Commands(batteries={"battery": command}), islanded(NOW_S))
    assert reasons(verdict) == [Reason.VETO_OUT_OF_RANGE]
    assert verdict.allowed.batteries["battery"] == safe
    again = judged(verdict.allowed, islanded(NOW_S))
    assert again.vetoes == (), "the bound itself is lawful"
    assert again.allowed == verdict.allowed


def test_the_bms_is_a_bound_and_silence_is_the_rating() -> None:
    weak = with_battery(islanded(NOW_S), charge_limit_w=1_000.0, discharge_limit_w=2_000.0)
    for wish_w, safe_w in ((5_000.0, 2_000.0), (-5_000.0, -1_000.0)):
        verdict = judged(Commands(batteries={"battery": BatteryCommand(power_set_w=wish_w)}), weak)
        assert verdict.allowed.batteries["battery"].power_set_w == safe_w
    silent = replace(weak, batteries={"battery": BatterySeen()})
    for wish_w in (60_000.0, -60_000.0):
        assert judged(Commands(batteries={"battery": BatteryCommand(power_set_w=wish_w)}), silent).vetoes == ()
    strong = with_battery(weak, charge_limit_w=90_000.0, discharge_limit_w=90_000.0)
    for wish_w in (61_000.0, -61_000.0):
        assert judged(Commands(batteries={"battery": BatteryCommand(power_set_w=wish_w)}), strong).vetoes != ()
    assert (
        judged(Commands(batteries={"battery": BatteryCommand(power_set_w=1.0)}), replace(weak, batteries={})).vetoes
        == ()
    )


@pytest.mark.parametrize(
    ("wish_w", "safe_w"), [(50_001.0, 50_000.0), (-1.0, 0.0), (0.0, 0.0), (50_000.0, 50_000.0), (None, None)]
)
def test_pv_stays_between_nothing_and_its_rating(wish_w: float | None, safe_w: float | None) -> None:
    verdict = judged(Commands(pv={"pv": PvCommand(limit_w=wish_w)}), islanded(NOW_S))
    assert verdict.allowed.pv["pv"].limit_w == safe_w
    assert reasons(verdict) == ([] if wish_w == safe_w else [Reason.VETO_OUT_OF_RANGE])


@pytest.mark.parametrize(("wish_w", "safe_w"), [(40_001.0, 40_000.0), (-1.0, 0.0), (0.0, 0.0), (40_000.0, 40_000.0)])
def test_genset_power_stays_inside_its_rating(wish_w: float, safe_w: float) -> None:
    verdict = judged(Commands(gensets={"genset": GensetCommand(power_set_w=wish_w)}), islanded(NOW_S))
    assert verdict.allowed.gensets["genset"].power_set_w == safe_w
    assert reasons(verdict) == ([] if wish_w == safe_w else [Reason.VETO_OUT_OF_RANGE])


def test_the_memory_of_closings_is_bounded() -> None:
    many = tuple(float(number) for number in range(16))
    verdict = judged(CRANK, islanded(NOW_S), replace(PROVEN, closings_at_s={"genset": many}))
    assert verdict.memory.closings_at_s["genset"] == (*many[1:], NOW_S)


def test_the_guard_remembers_its_first_cycle() -> None:
    first = vet(GuardMemory(), Commands(), islanded(NOW_S), bounds(), NOW_S).memory
    later = vet(first, Commands(), islanded(NOW_S), bounds(), NOW_S + 5).memory
    assert (first.began_at_s, later.began_at_s) == (NOW_S, NOW_S)


# -- fallback -----------------------------------------------------------------------------------------------------------
LAST = Commands(
    poi=PoiCommand(open=True, close=ORDER),
    batteries={"battery": BatteryCommand(form=ORDER, frequency_set_hz=50.0)},
    gensets={"genset": GensetCommand(crank=ORDER, power_set_w=1.0)},
    feeders={"medical": SwitchCommand(close=ORDER), "phones": SwitchCommand(open=True)},
    earthing=SwitchCommand(close=ORDER),
)


def test_the_fallback_holds_levels_and_orders_nothing() -> None:
    held = fallback(LAST, islanded(NOW_S), bounds(), ("ev_posts",))
    assert held == Commands(
        poi=PoiCommand(open=True),
        batteries={"battery": BatteryCommand(frequency_set_hz=50.0)},
        gensets={"genset": GensetCommand(power_set_w=1.0)},
        feeders={"medical": SwitchCommand(), "phones": SwitchCommand(open=True)},
    )


@pytest.mark.parametrize(("watts", "sheds"), [(66_000.0, False), (66_100.0, True)])
def test_the_fallback_sheds_on_overload(watts: float, sheds: bool) -> None:
    seen = with_battery(islanded(NOW_S), power_w=PhaseValues.even(watts / 3))
    feeders = fallback(Commands(), seen, bounds(), ("ev_posts",)).feeders
    assert feeders == ({"ev_posts": SwitchCommand(open=True, cause=Reason.CORE_FAILED)} if sheds else {})
    follower = with_battery(seen, mode=InverterMode.GRID_FOLLOWING)
    assert fallback(Commands(), follower, bounds(), ("ev_posts",)).feeders == {}
    unknown = with_battery(seen, power_w=None)
    assert fallback(Commands(), unknown, bounds(), ("ev_posts",)).feeders == {}


@pytest.mark.parametrize(("hertz", "sheds"), [(48.5, False), (48.49, True), (None, False)])
def test_the_fallback_sheds_on_underfrequency(hertz: float | None, sheds: bool) -> None:
    seen = with_poi(islanded(NOW_S), bus_frequency_hz=hertz)
    assert bool(fallback(Commands(), seen, bounds(), ("ev_posts",)).feeders) is sheds


def test_without_a_prepared_set_the_highest_tier_goes() -> None:
    low = with_poi(islanded(NOW_S), bus_frequency_hz=47.0)
    assert set(fallback(Commands(), low, bounds(), ()).feeders) == {"phones", "ev_posts"}
    only_desk = replace(hub(), feeders={"desk": hub().feeders["desk"]})
    assert fallback(Commands(), low, bounds(only_desk), ()).feeders == {}


def test_the_fallback_writes_nothing_in_observe() -> None:
    assert fallback(LAST, islanded(NOW_S), bounds(authority=Authority.OBSERVE), ()) == Commands()


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_the_guard_never_raises_and_never_invents(data: st.DataObject) -> None:
    """Any mix of wishes on any blindness: what comes out was asked for, or is safer."""
    seen = data.draw(st.sampled_from([on_grid(NOW_S), islanded(NOW_S), dark(NOW_S), ProcessImage(), in_sync()]))
    if data.draw(st.booleans()):
        seen = replace(seen, feeders={"warm_room": FeederSeen()}, batteries={})
    close = data.draw(st.sampled_from([None, ORDER]))
    wish = Commands(
        poi=PoiCommand(open=data.draw(st.booleans()), close=close),
        batteries={"battery": BatteryCommand(stop=data.draw(st.booleans()), form=close)},
        feeders={"warm_room": SwitchCommand(open=data.draw(st.booleans()), close=close)},
        earthing=SwitchCommand(open=data.draw(st.booleans()), close=close),
    )
    allowed = vet(GuardMemory(), wish, seen, bounds(), NOW_S).allowed
    assert allowed.poi.open == wish.poi.open
    assert allowed.feeders["warm_room"].open == wish.feeders["warm_room"].open
    assert allowed.batteries["battery"].stop or not wish.batteries["battery"].stop
    assert allowed.poi.close in {None, wish.poi.close}
