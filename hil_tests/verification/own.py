"""Our side of each case: the plant's own parts, asked the same question as the tool."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.model.words import InverterMode, SettingsGroup
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI
from hil_tests.plant.network import Source, solve
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.plant.quasi_steady import QuasiSteady
from hil_tests.plant.swing import Swing

LOAD_PU, STEP_PU = 0.5, 0.1
LINE_PU = 0.02j
SAMPLE_S = 0.02
SPAN_S = 14.0
HUB = "musterhallig"
DAY_S = 6.0 * 3600.0
MINUTE_S = 60.0
PEAK_W_PER_M2 = 400.0  # what is left over stays within what a battery of twelve degrees takes


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as the tools know it: classical model, governor with two lags. Its own base."""

    rated_pu: float
    inertia_s: float
    droop: float
    damping: float
    reactance_pu: float = 0.25
    governor_s: float = 0.05
    engine_s: float = 0.2

    def swing(self) -> Swing:
        """Our model of it."""
        return Swing(self.inertia_s, self.droop, self.governor_s, self.engine_s, self.damping)


ALONE = Machine(1.0, 0.6, 0.04, 0.0)
PAIR = (Machine(0.6, 0.6, 0.04, 20.0), Machine(0.4, 1.0, 0.05, 20.0))


def one_machine(dt_s: float = STEP_S) -> list[float]:
    """V6: frequency deviation in Hz, sampled from the load step on; ten per cent more on one machine."""
    swing, samples = ALONE.swing(), []
    for step in range(round(SPAN_S / dt_s)):
        hz = swing.step(STEP_PU, 0.0, dt_s) * NOMINAL_HZ
        if (step + 1) % round(SAMPLE_S / dt_s) == 0:
            samples.append(hz)
    return samples


def two_machines(dt_s: float = STEP_S) -> dict[str, list[float]]:
    """V7: both frequencies in Hz and both powers in pu, on one bus with a load of constant power."""
    swings = [machine.swing() for machine in PAIR]
    admittances = [1.0 / (1j * machine.reactance_pu / machine.rated_pu + LINE_PU) for machine in PAIR]
    shares = [machine.rated_pu * LOAD_PU for machine in PAIR]
    bus, emfs = _settled(admittances, shares)
    angles = [cmath.phase(emf) for emf in emfs]
    found: dict[str, list[float]] = {"hz_a": [], "hz_b": [], "power_a": [], "power_b": []}
    for step in range(round(SPAN_S / dt_s)):
        sources: list[Source] = [
            (cmath.rect(abs(emf), angle), admittance, math.inf)
            for emf, angle, admittance in zip(emfs, angles, admittances, strict=True)
        ]
        for _ in range(3):
            bus, currents = solve(sources, complex((LOAD_PU + STEP_PU) / abs(bus) ** 2), bus)
        powers = [(bus * current.conjugate()).real for current in currents]
        for index, (swing, machine) in enumerate(zip(swings, PAIR, strict=True)):
            given = (powers[index] - shares[index]) / machine.rated_pu
            angles[index] += TWO_PI * NOMINAL_HZ * swing.step(given, 0.0, dt_s) * dt_s
        if (step + 1) % round(SAMPLE_S / dt_s) == 0:
            found["hz_a"].append(swings[0].speed * NOMINAL_HZ)
            found["hz_b"].append(swings[1].speed * NOMINAL_HZ)
            found["power_a"].append(powers[0])
            found["power_b"].append(powers[1])
    return found


def _settled(admittances: list[complex], shares: list[float]) -> tuple[complex, list[complex]]:
    """Before the step: each source gives its share, and the first machine's and the second's terminals hold 1 pu."""
    bus = complex(0.99)
    for _ in range(200):
        terminals = [cmath.rect(1.0, math.asin(share * abs(LINE_PU) / abs(bus))) for share in shares]
        currents = [(terminal - bus.real) / LINE_PU for terminal in terminals]
        reactive = sum((abs(bus) * current.conjugate()).imag for current in currents)
        bus += 0.005 * reactive
    return bus, [bus + current / admittance for current, admittance in zip(currents, admittances, strict=True)]


def hub_plant(irradiance_w_per_m2: float, demand_ratio: float) -> Plant:
    """V8: the demonstration hub on its grid, at rest."""
    site = load_site(configs_dir() / "hubs" / f"{HUB}.toml")
    plant = Plant(site.hub, options=PlantOptions(irradiance_w_per_m2=irradiance_w_per_m2, demand_ratio=demand_ratio))
    plant.advance_to(20.0)
    return plant


def hub_load_w(plant: Plant) -> float:
    """What all feeders would draw at nominal voltage."""
    return sum(feeder.base_pu for feeder in plant.feeders.values()) * BASE_VA


def island() -> Plant:
    """V10: the demonstration hub in an island, settled, its batteries far from both ends."""
    plant = hub_plant(0.0, 0.3)
    for battery in plant.batteries.values():
        battery.soc_pct = 60.0
    plant.grid.blackout()
    plant.poi.set_settings_group(SettingsGroup.ISLAND)
    plant.poi.set_open_level(True)
    plant.advance_to(20.2)
    plant.batteries[next(iter(plant.batteries))].set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(40.0)
    return plant


def sunny_day(plant: Plant, advance_to: Callable[[float], None], span_s: float = DAY_S) -> dict[str, list[float]]:
    """V10: a bell of sun over the island, told each minute; where it stands at the end of each."""
    began_s, battery = plant.now_s, plant.batteries[next(iter(plant.batteries))]
    found: dict[str, list[float]] = {"soc_pct": [], "temperature_c": [], "hz": [], "volts_ratio": []}
    for minute in range(round(span_s / MINUTE_S)):
        plant.weather.irradiance_w_per_m2 = PEAK_W_PER_M2 * math.sin(math.pi * minute * MINUTE_S / DAY_S)
        advance_to(began_s + (minute + 1) * MINUTE_S)
        found["soc_pct"].append(battery.soc_pct)
        found["temperature_c"].append(battery.temperature_c)
        found["hz"].append(plant.bus_frequency_hz)
        found["volts_ratio"].append(abs(plant.bus))
    return found


def stepped_day() -> dict[str, list[float]]:
    """V10 in steps of 10 ms: some ten seconds of work, so its answer is frozen too."""
    plant = island()
    return sunny_day(plant, plant.advance_to)


def jumped_day(dt_s: float, span_s: float = DAY_S) -> dict[str, list[float]]:
    """V10 in jumps."""
    plant = island()
    return sunny_day(plant, QuasiSteady(plant, dt_s).advance_to, span_s)
