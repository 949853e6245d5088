"""Whatever is seen and whatever is asked: the guard never raises, and what it lets pass obeys the arithmetic."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.guard.bounds import Bounds
from controller.guard.fallback import fallback
from controller.guard.memory import GuardMemory
from controller.guard.vet import vet
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    Order,
    PoiCommand,
    PvCommand,
    SwitchCommand,
)
from controller.model.hub import Hub
from controller.model.image import (
    BatterySeen,
    EarthingSeen,
    FeederSeen,
    GensetSeen,
    PoiSeen,
    ProcessImage,
    PvSeen,
)
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    Authority,
    BreakerPosition,
    GensetState,
    GridSource,
    InverterMode,
    SettingsGroup,
    Switcher,
)
from hil_tests.tests.guard.hubs import ENVELOPE, HUB, hub_closed_by

NOW_S = 1_024.0


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def near(*values: float) -> st.SearchStrategy[float]:
    """Mostly plausible, sometimes nonsense."""
    return st.sampled_from(values) | st.floats(min(values), max(values)) | st.floats()


def phases(*values: float) -> st.SearchStrategy[PhaseValues]:
    return near(*values).map(PhaseValues.even) | st.builds(PhaseValues, near(*values), near(*values), near(*values))


positions = st.sampled_from(BreakerPosition)
powers = phases(-30_000.0, 0.0, 30_000.0)
volts = phases(0.0, 225.0, 230.0, 235.0)
hertz = near(49.9, 50.0, 50.1)
orders = st.builds(
    Order, st.sampled_from(Reason), near(NOW_S - 2.0, NOW_S), near(NOW_S, NOW_S + 60.0), st.integers(1, 5)
)
images = st.builds(
    ProcessImage,
    poi=st.builds(
        PoiSeen,
        maybe(near(NOW_S - 0.2, NOW_S)),
        maybe(positions),
        maybe(volts),
        maybe(volts),
        maybe(hertz),
        maybe(hertz),
        maybe(near(-20.0, 0.0, 20.0)),
        maybe(st.booleans()),
        maybe(powers),
        maybe(phases(0.0, 20.0)),
        maybe(st.booleans()),
        maybe(st.booleans()),
        maybe(st.sampled_from(SettingsGroup)),
        maybe(st.booleans()),
        maybe(st.sampled_from(GridSource)),
    ),
    batteries=st.dictionaries(
        st.sampled_from(["main", "second", "ghost"]),
        st.builds(
            BatterySeen,
            mode=maybe(st.sampled_from(InverterMode)),
            power_w=maybe(powers),
            charge_limit_w=maybe(near(0.0, 50_000.0)),
            discharge_limit_w=maybe(near(0.0, 50_000.0)),
            overload_pct=maybe(near(0.0, 100.0)),
        ),
    ),
    pv=st.dictionaries(st.sampled_from(["school", "barn"]), st.builds(PvSeen, power_w=maybe(powers))),
    gensets=st.dictionaries(st.just("genset"), st.builds(GensetSeen, state=maybe(st.sampled_from(GensetState)))),
    feeders=st.dictionaries(
        st.sampled_from([*HUB.feeders, "ghost"]),
        st.builds(FeederSeen, position=maybe(positions), has_fault=maybe(st.booleans())),
    ),
    earthing=st.builds(EarthingSeen, position=maybe(positions)),
    emergency_off=maybe(st.booleans()),
    local_control=maybe(st.booleans()),
)
switches = st.builds(SwitchCommand, st.booleans(), maybe(orders), maybe(st.sampled_from(Reason)))
wishes = st.builds(
    Commands,
    poi=st.builds(PoiCommand, st.booleans(), maybe(orders), maybe(st.sampled_from(SettingsGroup))),
    batteries=st.dictionaries(
        st.sampled_from(["main", "second", "ghost"]),
        st.builds(
            BatteryCommand,
            st.booleans(),
            maybe(orders),
            st.booleans(),
            maybe(st.floats()),
            maybe(st.floats()),
            maybe(st.floats()),
            maybe(st.floats()),
        ),
    ),
    pv=st.dictionaries(st.sampled_from(["school", "ghost"]), st.builds(PvCommand, maybe(st.floats()))),
    gensets=st.dictionaries(
        st.sampled_from(["genset", "ghost"]),
        st.builds(GensetCommand, st.booleans(), maybe(orders), maybe(st.floats())),
    ),
    feeders=st.dictionaries(st.sampled_from([*HUB.feeders, "ghost"]), switches),
    earthing=switches,
)
cycles = st.lists(st.tuples(images, wishes), min_size=1, max_size=4)
latches = st.frozensets(st.sampled_from(["emergency_off", "lockout", "dso_lock", "poi_close", "main", "water"]))
hubs = st.sampled_from([HUB, *(hub_closed_by(switcher) for switcher in Switcher)])


def bounds(hub: Hub = HUB, authority: Authority = Authority.AUTO, latched: frozenset[str] = frozenset()) -> Bounds:
    return Bounds(hub, ENVELOPE, authority, latched, frozenset())


@settings(max_examples=100, deadline=None)
@given(cycles, hubs, st.sampled_from(Authority), latches)
def test_it_never_raises_and_answers_the_same_to_the_same(
    story: list[tuple[ProcessImage, Commands]], hub: Hub, authority: Authority, latched: frozenset[str]
) -> None:
    memory, limits = GuardMemory(), bounds(hub, authority, latched)
    for cycle, (seen, wish) in enumerate(story):
        verdict = vet(memory, wish, seen, limits, NOW_S + cycle / 16)
        assert repr(vet(memory, wish, seen, limits, NOW_S + cycle / 16)) == repr(verdict)
        memory = verdict.memory
        assert fallback(verdict.allowed, seen, limits, ("ev_posts", "ghost"), NOW_S).poi.close is None
        if authority is Authority.OBSERVE:
            assert verdict.allowed == Commands()


def independent_worst_angle_deg(poi: PoiSeen) -> float:
    """By trial: the angle at every instant at which contact can be, not by the guard's formula."""
    assert poi.angle_difference_deg is not None
    assert poi.bus_frequency_hz is not None
    assert poi.grid_frequency_hz is not None
    slip_hz = poi.bus_frequency_hz - poi.grid_frequency_hz
    early_s = HUB.poi.breaker_closing_s - HUB.poi.breaker_closing_uncertainty_s
    late_s = HUB.poi.breaker_closing_s + HUB.poi.breaker_closing_uncertainty_s
    return max(abs(poi.angle_difference_deg + 360.0 * slip_hz * at_s) for at_s in (early_s, late_s))


fit = st.builds(
    PoiSeen,
    st.floats(NOW_S - 0.15, NOW_S),
    st.just(BreakerPosition.OPEN),
    near(200.0, 230.0, 260.0).map(PhaseValues.even),
    near(215.0, 230.0, 245.0).map(PhaseValues.even),
    st.just(50.0),
    st.floats(49.85, 50.15),
    st.floats(-12.0, 12.0),
    st.sampled_from([True, True, True, False, None]),
    settings_group=st.sampled_from([SettingsGroup.GRID, SettingsGroup.GRID, SettingsGroup.ISLAND]),
    dso_lock=st.sampled_from([False, False, True]),
    source=st.sampled_from([GridSource.PUBLIC, GridSource.PUBLIC, GridSource.GENSET]),
)


@settings(max_examples=300, deadline=None)
@given(fit)
def test_every_closing_that_passes_is_in_sync_by_independent_arithmetic(poi: PoiSeen) -> None:
    seen = ProcessImage(poi=poi, emergency_off=False, local_control=False)
    order = Order(Reason.SYNC_WINDOW, NOW_S, NOW_S + 1.0, 1)
    verdict = vet(GuardMemory(), Commands(poi=PoiCommand(close=order)), seen, bounds(), NOW_S)
    assert (verdict.allowed.poi.close is None) == bool(verdict.vetoes)
    if verdict.allowed.poi.close is not None:
        assert independent_worst_angle_deg(poi) + ENVELOPE.sync_angle_error_deg <= ENVELOPE.sync_angle_max_deg + 1e-9
        assert poi.bus_frequency_hz is not None
        assert abs(poi.bus_frequency_hz - 50.0) <= ENVELOPE.sync_slip_max_hz
        assert poi.grid_voltage_v is not None
        assert poi.bus_voltage_v is not None
        assert abs(poi.grid_voltage_v.l1 - poi.bus_voltage_v.l1) <= 0.0625 * 230.0
        assert poi.rotation_equal
        assert poi.settings_group is SettingsGroup.GRID
        assert poi.source is GridSource.PUBLIC
        assert not poi.dso_lock


@settings(max_examples=100, deadline=None)
@given(cycles, latches)
def test_openings_and_stops_survive_and_nothing_is_added(
    story: list[tuple[ProcessImage, Commands]], latched: frozenset[str]
) -> None:
    memory = GuardMemory()
    for cycle, (seen, wish) in enumerate(story):
        verdict = vet(memory, wish, seen, bounds(latched=latched), NOW_S + cycle / 16)
        memory, allowed = verdict.memory, verdict.allowed
        assert allowed.poi.open == wish.poi.open
        assert set(allowed.feeders) == set(wish.feeders) & set(HUB.feeders)
        for name, command in allowed.feeders.items():
            if wish.feeders[name].open and not HUB.feeders[name].carries_control:
                assert command.open
            assert command.close is None or (command.close is wish.feeders[name].close and not command.open)
        for name, stopped in allowed.batteries.items():
            assert stopped.stop or not wish.batteries[name].stop
            assert stopped.form is None or stopped.form is wish.batteries[name].form
        for name, engine in allowed.gensets.items():
            assert engine.stop or not wish.gensets[name].stop


@settings(max_examples=100, deadline=None)
@given(cycles)
def test_set_points_that_pass_are_inside_and_one_source_at_most_is_let_to_form(
    story: list[tuple[ProcessImage, Commands]],
) -> None:
    memory = GuardMemory()
    for cycle, (seen, wish) in enumerate(story):
        verdict = vet(memory, wish, seen, bounds(), NOW_S + cycle / 16)
        memory, allowed = verdict.memory, verdict.allowed
        assert sum(command.form is not None for command in allowed.batteries.values()) <= 1
        for name, battery in allowed.batteries.items():
            assert abs(battery.power_set_w or 0.0) <= HUB.batteries[name].rating_va
            assert 48.0 <= (50.0 if battery.frequency_set_hz is None else battery.frequency_set_hz) <= 52.0
            assert 0.0 <= (battery.charge_limit_w or 0.0) <= HUB.batteries[name].rating_va
        for name, plant in allowed.pv.items():
            assert 0.0 <= (plant.limit_w or 0.0) <= HUB.pv[name].rating_w
        for engine in allowed.gensets.values():
            assert 0.0 <= (engine.power_set_w or 0.0) <= 40_000.0
