"""A plant that rests goes exactly the way of one that never does, and is woken by whatever it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from controller.model.phases import Phase
from controller.model.words import InverterMode, SettingsGroup
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.plant.rest import Setting
from hil_tests.tests.servers.benches import site

Act = Callable[[Plant], object]
Story = Mapping[float, Act]

CLOSE_ENOUGH = 1e-9


def island(plant: Plant) -> None:
    plant.poi.set_settings_group(SettingsGroup.ISLAND)
    plant.poi.set_open_level(True)
    plant.earthing.set_closed(True)


def form(plant: Plant) -> None:
    plant.batteries["battery_main"].set_mode(InverterMode.GRID_FORMING)


def steer(plant: Plant) -> None:
    """Above the grid, so that both sides pass each other."""
    plant.batteries["battery_main"].set_frequency_hz(50.3)


def reconnect(plant: Plant) -> None:
    plant.poi.set_open_level(False)
    plant.poi.set_close_permit(True)


def follow(plant: Plant) -> None:
    plant.batteries["battery_main"].set_mode(InverterMode.GRID_FOLLOWING)


def demand(factor: float) -> Act:
    def act(plant: Plant) -> None:
        for feeder in plant.feeders.values():
            feeder.demand_ratio *= factor

    return act


LOSS: Story = {10.0: lambda p: p.grid.blackout(), 10.1: island, 10.3: form}

STORIES: Mapping[str, Story] = {
    "a quiet day on grid with clouds": {
        10.0: lambda p: setattr(p.weather, "irradiance_w_per_m2", 800.0),
        25.03: lambda p: setattr(p.weather, "irradiance_w_per_m2", 100.0),
        40.0: demand(0.5),
        50.0: lambda p: p.batteries["battery_second"].set_power_w(9_000.0),
    },
    "loss, forming, shedding and taking back": {
        **LOSS,
        25.0: lambda p: p.feeders["water"].set_closed(False),
        40.07: lambda p: p.feeders["water"].set_closed(True),
        55.0: lambda p: p.feeders["medical"].trip(),
    },
    "a grid that is not quite at 50 Hz": {
        5.0: lambda p: p.grid.drift(49.95, 0.1),
        30.0: lambda p: p.grid.sag(0.6, 0.15),
        45.0: lambda p: p.grid.phase_jump(10.0),
    },
    "return and closing in sync": {
        **LOSS,
        30.0: lambda p: p.grid.returns(frequency_hz=49.97, angle_deg=140.0),
        45.0: steer,
        50.0: lambda p: p.batteries["battery_main"].set_frequency_hz(50.11),
        55.0: reconnect,
        75.0: follow,
    },
    "PV trips on a high frequency and comes back": {
        10.0: lambda p: p.grid.drift(51.7, 5.0),
        15.0: lambda p: p.grid.drift(50.0, 5.0),
    },
    "a genset beside the former, and back": {
        **LOSS,
        20.0: lambda p: p.gensets["genset"].set_run(True),
        45.0: lambda p: p.gensets["genset"].set_power_w(8_000.0),
        100.0: lambda p: p.gensets["genset"].set_run(False),
    },
    "nobody forms, then the button": {
        10.0: lambda p: p.grid.blackout(),
        10.1: island,
        30.0: lambda p: setattr(p.safety, "emergency_off", True),
        40.0: lambda p: setattr(p.safety, "emergency_off", False),
        50.0: form,
    },
    "a breaker that sticks on a dead street": {
        10.0: lambda p: setattr(p.poi, "fails_to_open", True),
        11.0: lambda p: p.grid.blackout(),
        20.0: form,
        30.0: lambda p: setattr(p.poi, "fails_to_open", False),
        40.0: island,
    },
}


def plant_of(seed: int) -> Plant:
    return Plant(site().hub, seed, PlantOptions(soc_pct=60.0, irradiance_w_per_m2=500.0))


def reading(plant: Plant) -> dict[str, float]:
    """Everything that anybody can read of a plant, as numbers."""
    seen: dict[str, float] = {
        "volts": abs(plant.bus), "hz": plant.bus_frequency_hz / 50.0,
        "turns": (plant.angle_difference_deg or 0.0) / 360.0,
        "poi w": plant.poi_power_w.total / 1e5, "backfeed": plant.backfeed_j / 1e5, "grid": abs(plant.grid.source),
        "operations": plant.poi.operations_count, "poi": plant.poi.position.value == "closed",
        "tripped": plant.poi.relay_tripped, "permitted": plant.poi.sync_permitted,
        "earthing": plant.earthing.position.value == "closed",
    }  # fmt: skip
    for name, battery in plant.batteries.items():
        seen |= {f"{name} w": battery.power_va.real, f"{name} var": battery.power_va.imag, f"{name} %": battery.soc_pct,
                 f"{name} C": battery.temperature_c, f"{name} over": battery.overload_pct,
                 f"{name} forms": battery.is_forming}  # fmt: skip
    for name, pv in plant.pv.items():
        seen |= {f"{name} w": pv.power_pu, f"{name} on": pv.is_connected}
    for name, genset in plant.gensets.items():
        seen |= {f"{name} w": genset.power_va.real, f"{name} l": genset.fuel_l, f"{name} forms": genset.is_forming}
    for name, feeder in plant.feeders.items():
        seen |= {f"{name} w": feeder.power_pu, f"{name} on": feeder.is_energised, f"{name} cold": feeder.cold}
    return seen | {f"{name} wh": radio.energy_wh for name, radio in plant.radios.items()}


@pytest.mark.parametrize("name", STORIES)
def test_rest_changes_nothing(name: str) -> None:
    """Step by step against a plant that works out every step in full; times of all events are the same."""
    resting, restless, story = plant_of(11), plant_of(11), STORIES[name]
    rested_count = 0
    until = {round(at_s / STEP_S): act for at_s, act in story.items()}
    for step in range(round((max(story) + 30.0) / STEP_S)):
        for plant in (resting, restless):
            if step in until:
                until[step](plant)
        rested_count += resting.rest.holds
        restless.rest.disturb()
        resting.step(STEP_S)
        restless.step(STEP_S)
        seen, wanted = reading(resting), reading(restless)
        apart = {key: (value, wanted[key]) for key, value in seen.items() if abs(value - wanted[key]) > CLOSE_ENOUGH}
        assert not apart, f"{name} at {resting.now_s:.2f} s: {apart}"
    assert rested_count * STEP_S > 10.0, "it hardly ever rested: nothing was compared"


def test_energy_is_counted_over_a_rest_too() -> None:
    plant = plant_of(3)
    plant.advance_to(60.0)
    delivered_j = plant.source_j
    plant.advance_to(120.0)
    assert plant.source_j - delivered_j == pytest.approx(delivered_j, rel=0.02)


SETTINGS = [
    (holder, name)
    for holder in ("grid", "poi", "earthing", "weather", "safety")
    for name, kind in vars(type(getattr(plant_of(1), holder))).items()
    if isinstance(kind, Setting)
]


@pytest.mark.parametrize(("holder", "name"), SETTINGS)
def test_every_setting_wakes_and_the_same_value_does_not(holder: str, name: str) -> None:
    plant = plant_of(1)
    plant.advance_to(20.0)
    if not plant.rest.holds:
        plant.step(STEP_S)
    part = getattr(plant, holder)
    value = getattr(part, name)
    setattr(part, name, value)
    assert plant.rest.holds
    setattr(part, name, object())
    assert not plant.rest.holds


ORDERS: Mapping[str, Act] = {
    "breaker": lambda p: p.poi.trip(),
    "permit": lambda p: p.poi.set_close_permit(True),
    "feeder": lambda p: p.feeders["desk"].set_closed(False),
    "feeder trip": lambda p: p.feeders["desk"].trip(),
    "contactor": lambda p: p.earthing.set_closed(True),
    "mode": lambda p: p.batteries["battery_main"].set_mode(InverterMode.OFF),
    "battery stop": lambda p: p.batteries["battery_main"].stop_now(),
    "battery trip": lambda p: p.batteries["battery_main"].trip(),
    "charge": lambda p: setattr(p.batteries["battery_main"], "soc_pct", 50.0),
    "power": lambda p: p.batteries["battery_main"].set_power_w(1.0),
    "limit": lambda p: p.pv["pv_school"].set_limit_w(1.0),
    "PV trip": lambda p: p.pv["pv_school"].trip(),
    "genset": lambda p: p.gensets["genset"].set_run(True),
    "blackout": lambda p: p.grid.blackout(),
    "sag": lambda p: p.grid.sag(0.5, 0.1),
    "drift": lambda p: p.grid.drift(49.0, 0.1),
    "return": lambda p: p.grid.returns(angle_deg=0.0),
    "jump": lambda p: p.grid.phase_jump(5.0),
    "lost phase": lambda p: p.grid.lose_phase(Phase.L1),
    "demand": demand(1.1),
    "radio": lambda p: setattr(p.radios["radio_mesh"], "is_broken", True),
    "source": lambda p: setattr(p, "grid_source", None),
}


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_wakes(order: str) -> None:
    plant = plant_of(1)
    plant.advance_to(20.0)
    if not plant.rest.holds:
        plant.step(STEP_S)
    assert plant.rest.holds
    ORDERS[order](plant)
    assert not plant.rest.holds


def test_a_restored_plant_rests_and_wakes_by_itself() -> None:
    plant = plant_of(5)
    plant.advance_to(20.05)
    kept = plant.snapshot()
    plant.grid.blackout()
    plant.advance_to(21.0)
    plant.restore(kept)
    plant.advance_to(25.0)
    assert abs(plant.bus) > 0.9
    plant.feeders["desk"].set_closed(False)
    plant.advance_to(26.0)
    assert plant.feeders["desk"].power_pu == 0.0


def test_an_overload_is_timed_to_the_step() -> None:
    """1.5 times the rating is carried for 20 s, whatever rested before."""
    hub = site().hub
    main = hub.batteries["battery_main"]
    plant = Plant(replace(hub, pv={}), options=PlantOptions(soc_pct=90.0, demand_ratio=0.2))
    plant.advance_to(10.0)
    island(plant)
    plant.advance_to(10.3)
    form(plant)
    plant.advance_to(30.0)
    battery = plant.batteries["battery_main"]
    demand(1.5 * main.rating_va / battery.power_w.total)(plant)
    began_s = plant.now_s
    while battery.is_forming and plant.now_s < began_s + 60.0:
        plant.step(STEP_S)
    assert 15.0 < plant.now_s - began_s < 25.0
