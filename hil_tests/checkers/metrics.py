"""What a run cost, in plant time: energy not served, times, quality, wear; and one number for all of it.

Integrals hold the last value until the next look, and a look comes whenever something has changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.config.types import Site
from hil_tests.bench.scene import Scene
from hil_tests.bench.verdict import Finding
from hil_tests.checkers.bill import bill_eur
from hil_tests.checkers.tallies import detected_at_s, tallies, tally_names
from hil_tests.plant.breaker import CLOSED

HOUR_S = 3600.0
SPAN_S = 0.05  # integrals are good to a twentieth of a second for each change
VOLTAGE_BAND = (0.90, 1.10)  # EN 50160
FREQUENCY_BAND_HZ = (47.5, 51.5)  # the band that PV stays connected in
LIVE_RATIO = 0.5
ROCOF_WINDOW_S = 0.1  # as relays measure it: a phase jump is not to count for more than it is


@dataclass(slots=True)
class Metrics:
    """Filled in every step that changed something."""

    is_dynamic: bool = True  # in the strides of endurance a rate of change means nothing
    _at_s: float = 0.0
    _sums: dict[str, float] = field(default_factory=dict)
    _rates: dict[str, float] = field(default_factory=dict)
    _extremes: dict[str, float] = field(default_factory=dict)
    _instants: dict[str, float] = field(default_factory=dict)
    _turned: tuple[float, float] | None = None  # when the bus turned how fast; None: it is dead

    def look(self, scene: Scene) -> None:
        """Note extremes and instants at once; close the span that ends now, and open the next, 20 times a second."""
        now_s = scene.plant.now_s
        self._note_extremes(scene)
        self._note_instants(scene, now_s)
        if now_s - self._at_s >= SPAN_S - 1e-6:
            self._close_span(scene, now_s)

    def _close_span(self, scene: Scene, now_s: float) -> None:
        span_s, self._at_s = now_s - self._at_s, now_s
        if span_s > 0.0:
            sums = self._sums
            for name, rate in self._rates.items():
                sums[name] = sums.get(name, 0.0) + rate * span_s
        self._rates = dict(_rates(scene))

    def finish(self, scene: Scene, findings: Sequence[Finding] = ()) -> dict[str, float]:
        """All metrics by their names. One that never came about (an island that was not formed) is left away."""
        self.look(scene)
        self._close_span(scene, scene.plant.now_s)
        values = {name: self._sums.get(name, 0.0) for name in _integrals(scene.site)}
        capacity_wh = sum(battery.capacity_wh for battery in scene.site.hub.batteries.values())
        values["battery_cycles"] = values["battery_throughput_wh"] / (2.0 * capacity_wh)  # EPHCC symposium 2017, eq. 1
        values |= self._extremes | self._intervals(scene) | tallies(scene, findings)
        values["bill_eur"] = bill_eur(values)
        return values

    def _note_extremes(self, scene: Scene) -> None:
        plant, extremes = scene.plant, self._extremes
        volts = abs(plant.bus)
        self._note_rocof(plant.now_s, plant.bus_frequency_hz if volts > LIVE_RATIO else None)
        if volts > LIVE_RATIO:
            _lower(extremes, "frequency_min_hz", plant.bus_frequency_hz)
            _higher(extremes, "frequency_max_hz", plant.bus_frequency_hz)
            _lower(extremes, "voltage_min_ratio", volts)
            _higher(extremes, "voltage_max_ratio", volts)
        for battery in plant.batteries.values():
            _lower(extremes, "soc_min_pct", battery.soc_pct)
            _higher(extremes, "overload_max_pct", battery.overload_pct)

    def _note_rocof(self, now_s: float, frequency_hz: float | None) -> None:
        """Over a window; what has stood still since longer has moved within the last of it."""
        if frequency_hz is None or not self.is_dynamic:
            self._turned = None
        elif self._turned is None:
            self._turned = now_s, frequency_hz
        elif now_s - self._turned[0] >= ROCOF_WINDOW_S - 1e-6:
            moved_hz = abs(frequency_hz - self._turned[1])
            _higher(self._extremes, "rocof_max_hz_per_s", moved_hz / ROCOF_WINDOW_S)
            self._turned = now_s, frequency_hz

    def _note_instants(self, scene: Scene, now_s: float) -> None:
        plant, instants = scene.plant, self._instants
        if _is_outside(scene):
            instants.setdefault("lost", now_s)
        elif "open" not in instants:
            instants.pop("lost", None)  # it was ridden through
        if "lost" in instants:
            if plant.poi.position is not CLOSED:
                instants.setdefault("open", now_s)
                if abs(plant.bus) > 0.9:
                    instants.setdefault("formed", now_s)
            elif "formed" in instants and plant.grid.is_fed:
                instants.setdefault("back", now_s)

    def _intervals(self, scene: Scene) -> dict[str, float]:
        """From the loss of the grid: until a line said so, the POI was open, the island stood, the grid was back."""
        instants = dict(self._instants)
        if "lost" not in instants:
            return {}
        detected_s = detected_at_s(scene, instants["lost"])
        if detected_s is not None:
            instants["detected"] = detected_s
        spans = {"t_detect_s": "detected", "t_open_s": "open", "t_island_s": "formed", "t_back_s": "back"}
        return {name: instants[end] - instants["lost"] for name, end in spans.items() if end in instants}


def _is_outside(scene: Scene) -> bool:
    """The public grid is beyond a band in which its code lets nobody stay for long."""
    grid = scene.plant.grid
    if not grid.is_fed or grid.missing:
        return True
    for band in scene.site.hub.grid_code.loss_bands:
        value = grid.frequency_hz if band.quantity == "frequency_hz" else grid.ratio
        if (band.below is not None and value < band.below) or (band.above is not None and value > band.above):
            return True
    return False


def metric_names(site: Site) -> frozenset[str]:
    """What runs on this hub are measured by."""
    fixed = {
        "bill_eur", "battery_cycles", "frequency_min_hz", "frequency_max_hz", "rocof_max_hz_per_s",
        "voltage_min_ratio", "voltage_max_ratio", "soc_min_pct", "overload_max_pct",
        "t_detect_s", "t_open_s", "t_island_s", "t_back_s",
    }  # fmt: skip
    return frozenset(fixed | tally_names(site) | set(_integrals(site)))


def _integrals(site: Site) -> tuple[str, ...]:
    tiers = sorted({feeder.tier for feeder in site.hub.feeders.values()})
    return (
        *(f"unserved_wh.tier{tier}" for tier in tiers),
        *(f"unserved_s.tier{tier}" for tier in tiers),
        "dead_bus_s",
        "voltage_violation_s",
        "frequency_violation_hz_s",
        "under_reserve_s",
        *(f"radio_down_s.{name}" for name in site.hub.radios),
        "import_wh",
        "export_wh",
        "pv_wh",
        "battery_throughput_wh",
    )


def _rates(scene: Scene) -> Mapping[str, float]:
    """What accrues per second from now on. Only what is not zero."""
    plant, hub = scene.plant, scene.site.hub
    rates: dict[str, float] = {}
    for name, feeder in hub.feeders.items():
        load = plant.feeders[name]
        if not load.is_energised:
            tier, wanted_w = feeder.tier, feeder.rated_w * load.demand_ratio
            rates[f"unserved_wh.tier{tier}"] = rates.get(f"unserved_wh.tier{tier}", 0.0) + wanted_w / HOUR_S
            rates[f"unserved_s.tier{tier}"] = 1.0
    volts = abs(plant.bus)
    if volts < 0.05:
        rates["dead_bus_s"] = 1.0
    else:
        rates["voltage_violation_s"] = max(0.0, VOLTAGE_BAND[0] - volts, volts - VOLTAGE_BAND[1])
        off_hz = max(0.0, FREQUENCY_BAND_HZ[0] - plant.bus_frequency_hz, plant.bus_frequency_hz - FREQUENCY_BAND_HZ[1])
        rates["frequency_violation_hz_s"] = off_hz
    for name, radio in plant.radios.items():
        if not radio.is_alive:
            rates[f"radio_down_s.{name}"] = 1.0
    power_w = plant.poi_power_w.total
    rates["import_wh" if power_w > 0 else "export_wh"] = abs(power_w) / HOUR_S
    rates["pv_wh"] = sum(pv.power_w.total for pv in plant.pv.values()) / HOUR_S
    for battery in plant.batteries.values():
        throughput_w = abs(battery.power_w.total) / HOUR_S
        rates["battery_throughput_wh"] = rates.get("battery_throughput_wh", 0.0) + throughput_w
        if plant.grid.is_fed and battery.soc_pct < battery.battery.reserve_soc_pct:
            rates["under_reserve_s"] = 1.0
    return rates


def _lower(values: dict[str, float], name: str, value: float) -> None:
    if value < values.get(name, math.inf):
        values[name] = value


def _higher(values: dict[str, float], name: str, value: float) -> None:
    if value > values.get(name, -math.inf):
        values[name] = value
