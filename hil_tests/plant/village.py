"""The village's lines behind the hub: its feeders at their nodes, roofs with PV that watch their own voltage.

Optional: `plant.loads.lines = VillageNetwork.of(plant, places)`. The hub's bus is the root. The feeders draw what they
draw at the bus; lines and roofs come on top, as one admittance. A roof answers its voltage, not frequency: PV that must
hold an island's balance belongs to the hub. Looked at only when a power or the bus voltage has moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.model.hub import AssetId
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.feeder import TAN_PHI, LoadFeeder
from hil_tests.plant.power_flow import NoSteadyStateError
from hil_tests.plant.radial import RadialNetwork, load_network
from hil_tests.plant.weather import Weather

LIVE_RATIO = 0.5
VOLTAGE_STEP_RATIO = 1e-9  # less than this, and nothing has moved
ROUNDS_MAX = 200
RELAX = 0.25  # volt-watt over three per cent on a thin line would swing: each round goes a quarter of the way
SETTLED_PU = 1e-10
# ratios of nominal voltage (EN 50549-1 shapes; these values from memory)
VOLT_WATT = (1.09, 1.12)  # full power up to, none from
VOLT_VAR_DEAD_RATIO = 0.03
VOLT_VAR_FULL_RATIO = 0.08
VOLT_VAR_MAX = 0.436  # of rating, power factor 0.9


class Hub(Protocol):
    """What the lines start from: a plant, or its parts."""

    feeders: dict[AssetId, LoadFeeder]
    weather: Weather


@dataclass(frozen=True, slots=True)
class Roof:
    """A PV plant at a node."""

    rating_w: float
    has_volt_watt: bool = True
    has_volt_var: bool = False

    def delivered_pu(self, yield_ratio: float, volts: float) -> complex:
        """P + jQ into the network at this voltage; reactive power is taken where the voltage is high."""
        rating = self.rating_w / BASE_VA
        active = rating * max(0.0, min(1.0, yield_ratio))
        if self.has_volt_watt:
            active = min(active, rating * volt_watt_ratio(volts))
        return complex(active, rating * volt_var_ratio(volts) if self.has_volt_var else 0.0)


def volt_watt_ratio(volts: float) -> float:
    """Of rating: p = (1.12 - V) / 0.03 in the band, all below it, nothing above. Source: the constants'."""
    full, none = VOLT_WATT
    return max(0.0, min(1.0, (none - volts) / (none - full)))


def volt_var_ratio(volts: float) -> float:
    """Of rating, positive delivered: q = 0.436 (|V - 1| - 0.03) / 0.05 against what is off. Source: the constants'."""
    beyond = max(0.0, abs(volts - 1.0) - VOLT_VAR_DEAD_RATIO) / (VOLT_VAR_FULL_RATIO - VOLT_VAR_DEAD_RATIO)
    return VOLT_VAR_MAX * min(1.0, beyond) * (1.0 if volts < 1.0 else -1.0)


@dataclass(slots=True)
class VillageNetwork:
    """One network with what hangs on it. Holds the plant's feeders and weather, so it lives and copies with them."""

    network: RadialNetwork
    places: Mapping[AssetId, str]
    roofs: Mapping[str, Roof]
    feeders: Mapping[AssetId, LoadFeeder]
    weather: Weather
    volts: dict[str, complex] = field(default_factory=dict)  # of nodes that take or give; the bus is at angle zero
    shunt: complex = 0j  # what came out last
    power_pu: float = 0.0  # what lines and roofs take from the bus, less what roofs give
    _roof_pu: dict[str, complex] = field(default_factory=dict)
    _key: tuple[float, ...] = ()

    @staticmethod
    def of(
        plant: Hub,
        places: Mapping[AssetId, str],
        roofs: Mapping[str, Roof] | None = None,
        network: RadialNetwork | None = None,
    ) -> VillageNetwork:
        """The lines behind a plant's bus: feeders by node, roofs by node. Raises ValueError on an unknown name."""
        network, roofs = network or load_network(), roofs or {}
        unknown = [*(set(places) - set(plant.feeders)), *({*places.values(), *roofs} - set(network.nodes))]
        if unknown:
            raise ValueError(f"neither feeder nor node: {', '.join(sorted(unknown))}")
        return VillageNetwork(network, dict(places), dict(roofs), plant.feeders, plant.weather)

    def admittance(self, bus_ratio: float) -> complex:
        """What lines and roofs add to the bus's shunt at this voltage; nothing on a dead bus."""
        if bus_ratio < LIVE_RATIO:
            self.volts, self._key, self.shunt, self.power_pu = {}, (), 0j, 0.0
            return 0j
        key = (bus_ratio, self.weather.yield_ratio, *(self.feeders[name].power_pu for name in self.places))
        if len(key) != len(self._key) or any(
            abs(now - then) > VOLTAGE_STEP_RATIO for now, then in zip(key, self._key, strict=True)
        ):
            self._key = key
            self.shunt = self._added(bus_ratio)
            self.power_pu = self.shunt.real * bus_ratio * bus_ratio
        return self.shunt

    def ratio(self, node: str) -> float:
        """Voltage of a node in pu; 0 while the bus is dead."""
        if not self.volts:
            return 0.0
        if node in self.volts:
            return abs(self.volts[node])
        return abs(self.network.everywhere(self._taken(), self.volts, self._key[0] + 0j)[node])

    @property
    def losses_w(self) -> float:
        """In the lines."""
        if not self.volts:
            return 0.0
        bus_ratio = self._key[0] + 0j
        taken = self._taken()
        return (self._root_power(taken, bus_ratio) - sum(taken.values())).real * BASE_VA

    def roof_power_w(self, node: str) -> float:
        """What the PV of a node delivers."""
        return self._roof_pu.get(node, 0j).real * BASE_VA

    def _added(self, bus_ratio: float) -> complex:
        """Solve, with each roof at the voltage it makes itself; where they find no rest, the last round counts."""
        yield_ratio, root = self.weather.yield_ratio, bus_ratio + 0j
        for _ in range(ROUNDS_MAX):
            taken = self._taken()
            try:
                self.volts = self.network.solve(taken, root, self.volts)
            except NoSteadyStateError:  # a line is asked for more than it can carry: its far end is dark
                self.volts = {}
                return self.shunt
            moved = 0.0
            for node, roof in self.roofs.items():
                before = self._roof_pu.get(node, 0j)
                step = RELAX * (roof.delivered_pu(yield_ratio, abs(self.volts[node])) - before)
                self._roof_pu[node], moved = before + step, max(moved, abs(step))
            if moved < SETTLED_PU:
                break
        fed = sum(self.feeders[name].power_pu for name in self.places) * complex(1.0, TAN_PHI)
        added = self._root_power(taken, root) - fed
        return added.conjugate() / (bus_ratio * bus_ratio)

    def _taken(self) -> dict[str, complex]:
        """By node: feeders less roofs."""
        taken = {node: -self._roof_pu.get(node, 0j) for node in self.roofs}
        for name, node in self.places.items():
            taken[node] = taken.get(node, 0j) + self.feeders[name].power_pu * complex(1.0, TAN_PHI)
        return taken

    def _root_power(self, taken: Mapping[str, complex], root: complex) -> complex:
        current = sum(((power / self.volts[node]).conjugate() for node, power in taken.items()), 0j)
        return root * current.conjugate()
