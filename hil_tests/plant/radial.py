"""A radial low-voltage network, reduced to the impedances between its nodes and its root.

    V = V0 - Z conj(S / V),  Z_ij = impedance that the paths from the root to i and to j have in common

Source: Teng 2003 (direct approach for radial networks), its two matrices multiplied out. It is
repeated from the last voltages until it stands: a handful of rounds, since a village's lines drop some per cent. S is
what a node takes. Positive sequence, no shunts: at 400 V a cable's charge is nothing. A file of data makes a network.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hil_tests.plant.base import BASE_VA
from hil_tests.plant.power_flow import NoSteadyStateError

DATA = Path(__file__).parent / "data"
CIGRE_LV = DATA / "cigre_lv_residential.toml"
ROUNDS_MAX = 60
TOLERANCE_PU = 1e-12


@dataclass(frozen=True, slots=True)
class RadialNetwork:
    """Nodes, their paths to the root, and the peak loads the data came with. Impedances in pu of the common base."""

    name: str
    root: str
    nodes: tuple[str, ...]  # the root first; each after the node it hangs on
    impedances: Mapping[str, Mapping[str, complex]]  # Z_ij
    transformer: complex  # between the medium-voltage node and the root
    loads: Mapping[str, complex]  # taken at peak, P + jQ

    def solve(
        self, taken: Mapping[str, complex], root_volts: complex = 1.0 + 0j, start: Mapping[str, complex] | None = None
    ) -> dict[str, complex]:
        """Voltage of each node that takes or gives. `taken` in pu by node. Raises NoSteadyStateError on a collapse."""
        nodes = tuple(taken)
        rows = [[self.impedances[node][other] for other in nodes] for node in nodes]
        powers = [taken[node] for node in nodes]
        volts = [start[node] if start and node in start else root_volts for node in nodes]
        for _ in range(ROUNDS_MAX):
            currents = [(power / volt).conjugate() for power, volt in zip(powers, volts, strict=True)]
            moved = 0.0
            for index, row in enumerate(rows):
                new = root_volts - sum(z * current for z, current in zip(row, currents, strict=True))
                moved = max(moved, abs(new - volts[index]))
                volts[index] = new
            if moved < TOLERANCE_PU:
                return dict(zip(nodes, volts, strict=True))
            if min(map(abs, volts)) < 0.3:
                break
        raise NoSteadyStateError

    def everywhere(
        self, taken: Mapping[str, complex], volts: Mapping[str, complex], root_volts: complex = 1.0 + 0j
    ) -> dict[str, complex]:
        """Voltage of every node, from those of the nodes that take or give."""
        currents = {node: (power / volts[node]).conjugate() for node, power in taken.items()}
        return {
            node: root_volts - sum(self.impedances[node][other] * current for other, current in currents.items())
            for node in self.nodes
        }

    def behind_transformer(self) -> RadialNetwork:
        """The same, fed from the medium-voltage node, whose voltage counts then as the root's."""
        longer = {
            one: {other: z + self.transformer for other, z in row.items()} for one, row in self.impedances.items()
        }
        return replace(self, impedances=longer)


def load_network(path: Path = CIGRE_LV) -> RadialNetwork:
    """Read a network. Raises ValueError when a line does not hang on what was named before it."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    base_ohm = data["nominal_v"] ** 2 / BASE_VA
    root: str = data["root"]
    paths: dict[str, dict[str, complex]] = {root: {}}  # by node: each line on the way from the root, by its far end
    for line in data["lines"]:
        if line["from"] not in paths or line["to"] in paths:
            raise ValueError(f"{path.name}: line {line['from']}-{line['to']} does not continue the tree from {root}")
        paths[line["to"]] = {**paths[line["from"]], line["to"]: _line_ohm(data, line) / base_ohm}
    impedances = {a: {b: _common(paths[a], paths[b]) for b in paths} for a in paths}
    tangent = math.tan(math.acos(data["power_factor"]))
    loads = {node: complex(1.0, tangent) * power_w / BASE_VA for node, power_w in data["loads"].items()}
    return RadialNetwork(data["name"], root, tuple(paths), impedances, _transformer_pu(data["transformer"]), loads)


def _line_ohm(data: Mapping[str, Any], line: Mapping[str, Any]) -> complex:
    kind = data["line_types"][line["type"]]
    length_km: float = line["length_m"] / 1000.0
    return complex(kind["r_ohm_per_km"], kind["x_ohm_per_km"]) * length_km


def _transformer_pu(transformer: Mapping[str, float]) -> complex:
    """Its short-circuit impedance on the common base; x from z^2 = r^2 + x^2. Source: IEC 60076, short-circuit test."""
    z, r = transformer["short_circuit_pct"] / 100.0, transformer["resistive_pct"] / 100.0
    return complex(r, (z * z - r * r) ** 0.5) * BASE_VA / transformer["rating_va"]


def _common(one: Mapping[str, complex], other: Mapping[str, complex]) -> complex:
    return sum((impedance for end, impedance in one.items() if end in other), 0j)
