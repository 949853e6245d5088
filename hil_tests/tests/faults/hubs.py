"""A hub in virtual time with a desk, and scenarios as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.config.errors import ConfigError, Problem
from controller.model.words import Mode
from hil_tests.bench.loading import load_scenario
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.desk import DirectDesk

SOC = "battery.soc_pct"
GRID_V = "poi.grid_voltage_l1_v"


class Faulted:
    """A bench whose faults are timed, as a tier does it."""

    def __init__(self, hub: str = "musterhallig", seed: int = 1) -> None:
        self.bench = Bench.of(hub, seed)
        self.bench.watches = False
        self.desk = DirectDesk(self.bench)
        self.bench.on_step = self.desk.after_step
        self.bench.run_to(Mode.GRID_CONNECTED)

    def inject(self, unit: str, kind: str, **parameters: object) -> Callable[[], None]:
        return self.desk.inject(unit, kind, parameters)

    def run(self, duration_s: float) -> None:
        self.bench.run_for(duration_s)

    def seen(self, device: str, point: str) -> object:
        """What the controller's link has of a point."""
        reading = self.bench.links[device].reading(point)
        return None if reading is None else reading.value

    def age_s(self, device: str, point: str) -> float:
        reading = self.bench.links[device].reading(point)
        assert reading is not None
        return self.bench.plant.now_s - reading.at_s


SCENARIO = """\
id = "ISL-900"
title = "a fault"
until = "20 s"
tiers = ["t0"]

[[timeline]]
at = "5 s"
do = "fault"
"""


def problems(folder: Path, *lines: str, tiers: str = '["t0"]') -> list[Problem]:
    """What is said of a scenario with this fault."""
    path = folder / "fault.toml"
    path.write_text(SCENARIO.replace('["t0"]', tiers) + "\n".join(lines) + "\n")
    with pytest.raises(ConfigError) as caught:
        load_scenario(path)
    return list(caught.value.problems)
