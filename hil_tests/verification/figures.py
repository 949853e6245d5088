"""Figures that a reader of docs/plant.md can check with a pencil: `python -m hil_tests.verification --figures`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.model.hub import Hub
from controller.model.words import InverterMode
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.breaker import CLOSED
from hil_tests.plant.inverter import BatteryInverter
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.verification.own import HUB

DELAYS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
ANGLES_DEG = (0.0, 2.0, 5.0, 10.0, 20.0)
SLIPS_HZ = (0.1, 0.3, 0.5)
DIFFERENCES_PCT = (3.0, 5.0, 10.0)
ISLAND_W = 52_000.0
BLACK_START_W = 55_000.0
PICKUP_RATIO = 1.5
DARK_S = 4.0 * 3600.0
STAGE_S = 5.0


def figures() -> Iterator[str]:
    """One line each."""
    volts, hz = unplanned_island(ISLAND_W)
    yield f"unplanned island, {ISLAND_W / 1000:.0f} kW on 60 kVA: lowest voltage {volts:.3f} pu, settles at {hz:.2f} Hz"
    fed = ", ".join(f"{delay_s:g} s {backfeed_j(delay_s) / 1000.0:.1f} kJ" for delay_s in DELAYS_S)
    yield f"energy into the dead feeder, by the delay of the order to open: {fed}"
    peaks = ", ".join(f"{angle:g} deg {closing_peak(angle):.2f}" for angle in ANGLES_DEG)
    yield f"peak inverter current of a closing, pu: {peaks}"
    peaks = ", ".join(f"{slip:g} Hz {closing_peak(5.0, slip_hz=slip):.2f}" for slip in SLIPS_HZ)
    yield f"the same at 5 deg, by slip: {peaks}"
    peaks = ", ".join(f"{pct:g} % {closing_peak(0.0, difference_pct=pct):.2f}" for pct in DIFFERENCES_PCT)
    yield f"the same at 0 deg, by difference of voltage: {peaks}"
    for name, stage_s in (("all at once", 0.0), (f"a feeder each {STAGE_S:g} s", STAGE_S)):
        peak, volts = black_start(stage_s)
        load = f"{BLACK_START_W / 1000:.0f} kW"
        yield f"black start after four hours, {load}, {name}: {peak:.2f} pu, lowest voltage {volts:.3f} pu"


def unplanned_island(load_w: float) -> tuple[float, float]:
    """Lowest voltage once the POI is open, the battery having formed beside the grid; and the frequency afterwards."""
    plant, _ = _night(load_w)
    plant.grid.blackout()
    plant.poi.trip()
    lowest = 1.0
    for _ in range(round(3.0 / STEP_S)):
        plant.step(STEP_S)
        lowest = lowest if plant.poi.position is CLOSED else min(lowest, abs(plant.bus))
    return lowest, plant.bus_frequency_hz


def backfeed_j(delay_s: float) -> float:
    """What a forming battery pushes into the street until the breaker, ordered so late, has opened."""
    plant, _ = _night(3_000.0)
    plant.grid.blackout()
    plant.advance_to(plant.now_s + delay_s)
    plant.poi.trip()
    plant.advance_to(plant.now_s + 1.0)
    return plant.backfeed_j


def closing_peak(angle_deg: float, slip_hz: float = 0.0, difference_pct: float = 0.0) -> float:
    """Greatest current of the forming battery, pu of its rating, within a second of a closing at this angle."""
    plant, battery = _night(3_000.0)
    plant.grid.blackout()
    plant.poi.trip()
    plant.advance_to(plant.now_s + 5.0)
    frequency_hz, ratio = plant.bus_frequency_hz - slip_hz, abs(plant.bus) * (1.0 - difference_pct / 100.0)
    plant.grid.returns(frequency_hz=frequency_hz, voltage_ratio=ratio)
    plant.step(STEP_S)
    plant.poi.close()
    while plant.poi.operations_count < 2:  # turn the grid so that the contacts meet at the angle that is asked for
        plant.grid.phase_jump((plant.angle_difference_deg or 0.0) - angle_deg)
        plant.step(STEP_S)
    peak = 0.0
    for _ in range(round(1.0 / STEP_S)):
        peak = max(peak, abs(battery.current))
        plant.step(STEP_S)
    return peak * BASE_VA / battery.battery.rating_va


def black_start(stage_s: float) -> tuple[float, float]:
    """Greatest current, pu, and lowest voltage once the bus is alive: cold feeders, together or one after the other."""
    plant, battery = _night(BLACK_START_W)
    plant.grid.blackout()
    plant.poi.trip()
    battery.set_mode(InverterMode.OFF)
    for feeder in plant.feeders.values():
        feeder.set_closed(False)
    while plant.now_s < DARK_S:
        plant.step(1.0)
    battery.set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(plant.now_s + 1.0)
    peak, lowest = 0.0, 1.0
    for feeder in plant.feeders.values():
        feeder.set_closed(True)
        for _ in range(round((stage_s or STEP_S) / STEP_S)):
            plant.step(STEP_S)
            peak, lowest = max(peak, abs(battery.current)), min(lowest, abs(plant.bus))
    for _ in range(round(2.0 / STEP_S)):
        plant.step(STEP_S)
        peak, lowest = max(peak, abs(battery.current)), min(lowest, abs(plant.bus))
    return peak * BASE_VA / battery.battery.rating_va, lowest


def _night(load_w: float) -> tuple[Plant, BatteryInverter]:
    """The demonstration hub by night on its grid, its main battery forming beside it, with so much load."""
    hub = _hub()
    ratio = load_w / sum(feeder.rated_w for feeder in hub.feeders.values())
    options = PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=ratio, relay_enabled=False)
    plant = Plant(hub, options=options)
    battery = plant.batteries[next(iter(plant.batteries))]
    battery.set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(5.0)
    return plant, battery


def _hub() -> Hub:
    hub = load_site(configs_dir() / "hubs" / f"{HUB}.toml").hub
    feeders = {name: replace(feeder, pickup_ratio=PICKUP_RATIO) for name, feeder in hub.feeders.items()}
    return replace(hub, feeders=feeders)
