"""A set-point is told anew when something has changed, and not with every breath of a meter."""

from __future__ import annotations

from collections import Counter

import pytest

from controller.core.memory import CoreMemory, SourceMemory, ToldSince
from controller.core.steady import STEP_HZ, STEP_LEAST_RATIO, STEP_MAX_W, remember_told, steadied
from controller.model.commands import BatteryCommand, Commands, GensetCommand, PvCommand
from controller.model.frozen import replace
from controller.model.words import Mode
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import hub

HUB = hub()
BATTERY = HUB.batteries["battery"]
TOLD_W = 12_000.0
STEP_W = STEP_MAX_W
SET_POINTS = ("power_set_w", "limit_set_w", "frequency_set_hz", "voltage_set_v")


def told(power_w: float | None, then_w: float, mode: Mode = Mode.ISLANDED) -> float | None:
    """What a battery is told that was told `power_w` in the cycle before, when it is to have `then_w`."""
    memory = CoreMemory(mode=mode, told_w={} if power_w is None else {"battery": power_w})
    wanted = Commands(batteries={"battery": BatteryCommand(follow=True, power_set_w=then_w)})
    return steadied(memory, wanted, HUB).batteries["battery"].power_set_w


@pytest.mark.parametrize("way", [1.0, -1.0])
@pytest.mark.parametrize(
    ("before_w", "wanted_w", "expected_w"),
    [
        (TOLD_W, TOLD_W + 0.9 * STEP_W, TOLD_W),
        (TOLD_W, TOLD_W + 1.1 * STEP_W, TOLD_W + 1.1 * STEP_W),
        (TOLD_W, TOLD_W - 5.0, TOLD_W - 5.0 - 0.5 * STEP_W),
        (1_000.0, 1_000.0 + 0.9 * STEP_LEAST_RATIO * BATTERY.rating_va, 1_000.0),
        (TOLD_W, 5_000.0, 5_000.0),
        (50.0, 0.0, 0.0),
        (0.0, 50.0, 0.0),
        (0.0, 70.0, 70.0),
        (50.0, -40.0, -40.0),
        (BATTERY.rating_va - 10.0, BATTERY.rating_va, BATTERY.rating_va),
        (None, 10_000.0, 10_000.0),
    ],
)
def test_who_gives_or_takes_is_never_told_more_than_is_wanted(
    before_w: float | None, wanted_w: float, expected_w: float, way: float
) -> None:
    assert told(None if before_w is None else way * before_w, way * wanted_w) == pytest.approx(way * expected_w)


@pytest.mark.parametrize("mode", [Mode.PLANNED_ISLANDING, Mode.RECONNECTION])
def test_what_steers_a_contact_is_told_as_it_is(mode: Mode) -> None:
    assert told(10_000.0, 10_001.0, mode) == 10_001.0
    assert told(10_000.0, 10_001.0) == 10_000.0


def test_pv_is_held_in_every_mode_and_let_go_at_once() -> None:
    memory = CoreMemory(mode=Mode.RECONNECTION, told_w={"pv": 4_000.0})
    rating_w = HUB.pv["pv"].rating_w
    for limit_w, expected_w in ((4_001.0, 4_000.0), (0.0, 0.0), (rating_w, rating_w), (None, None)):
        wanted = Commands(pv={"pv": PvCommand(limit_w=limit_w)})
        assert steadied(memory, wanted, HUB).pv["pv"].limit_w == expected_w


def test_a_genset_is_not_told_less_than_its_least_load() -> None:
    least_w = HUB.gensets["genset"].min_load_w
    memory = CoreMemory(mode=Mode.ISLANDED, told_w={"genset": least_w + 5.0})
    wanted = Commands(gensets={"genset": GensetCommand(power_set_w=least_w)})
    assert steadied(memory, wanted, HUB).gensets["genset"].power_set_w == least_w


@pytest.mark.parametrize(("by_hz", "is_held"), [(0.9 * STEP_HZ, True), (1.1 * STEP_HZ, False), (-0.9 * STEP_HZ, True)])
def test_a_frequency_is_held_while_it_is_hardly_another(by_hz: float, *, is_held: bool) -> None:
    source = SourceMemory(told=(ToldSince(1.0, 50.1, 230.0),))
    memory = CoreMemory(mode=Mode.ISLANDED, batteries={"battery": source})
    wanted = Commands(batteries={"battery": BatteryCommand(frequency_set_hz=50.1 + by_hz)})
    for mode, expected_hz in ((Mode.ISLANDED, 50.1 if is_held else 50.1 + by_hz), (Mode.RECONNECTION, 50.1 + by_hz)):
        command = steadied(replace(memory, mode=mode), wanted, HUB).batteries["battery"]
        assert command.frequency_set_hz == pytest.approx(expected_hz)


def test_what_is_told_is_remembered_and_nothing_else() -> None:
    commands = Commands(
        batteries={"battery": BatteryCommand(power_set_w=-3.0), "second": BatteryCommand(stop=True)},
        pv={"pv": PvCommand(limit_w=7.0)},
        gensets={"genset": GensetCommand(stop=True)},
    )
    memory = remember_told(CoreMemory(told_w={"second": 9.0}), commands)
    assert memory.told_w == {"battery": -3.0, "pv": 7.0}
    assert remember_told(memory, commands) is memory


def test_an_island_in_the_sun_leaves_the_bus_to_the_readings() -> None:
    bench = Bench.of()
    bench.plant.weather.irradiance_w_per_m2 = 700.0
    bench.run_for(10.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(80.0)  # by now PV comes back, and each second the batteries give less
    began_s, before = bench.plant.now_s, len(bench.scene.orders)
    bench.run_for(20.0)
    changed = Counter((o.asset, o.field) for o in bench.scene.orders[before:] if o.field in SET_POINTS)
    per_s = {each: count / (bench.plant.now_s - began_s) for each, count in changed.items()}
    assert ("battery_second", "power_set_w") in per_s
    assert max(per_s.values()) < 1.0, per_s
    assert not bench.violations
