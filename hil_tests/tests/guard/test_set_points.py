"""Gensets, set-points and the fallback."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.guard.fallback import fallback
from controller.guard.memory import GuardMemory
from controller.guard.vet import vet
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    PoiCommand,
    PvCommand,
    SwitchCommand,
)
from controller.model.image import BatterySeen, FeederSeen, ProcessImage
from controller.model.memory import Attempt
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    Authority,
    InverterMode,
)
from hil_tests.tests.core.hubs import (
    dark,
    hub,
    islanded,
    on_grid,
    with_battery,
    with_poi,
)
from hil_tests.tests.guard.cases import NOW_S, ORDER, PROVEN, bounds, in_sync, judged, reasons

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
