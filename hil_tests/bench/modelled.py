"""What the bench's plant does not model is refused where it stands in the site file, not played as something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from controller.config.errors import ConfigError, Problem
from controller.config.load import load_site
from controller.config.toml_file import read_toml
from controller.config.types import Site
from controller.model.words import BusSide, GensetConnection


def load_modelled(path: Path) -> Site:
    """A checked site that the plant can be. Raises ConfigError, also for what is right at a site and no bench has."""
    site = load_site(path)
    check_modelled(site)
    return site


def check_modelled(site: Site) -> None:
    """Everything hangs on the bus of the island. Raises ConfigError with all that does not."""
    problems = list(_elsewhere(site))
    if problems:
        raise ConfigError(problems)


def _elsewhere(site: Site) -> Iterator[Problem]:
    file, hub = read_toml(site.path), site.hub
    sides = [
        *(("batteries", battery.id, battery.bus) for battery in hub.batteries.values()),
        *(("pv", plant.id, plant.bus) for plant in hub.pv.values()),
        *(("gensets", genset.id, genset.bus) for genset in hub.gensets.values()),
        *(("feeders", feeder.id, feeder.bus) for feeder in hub.feeders.values()),
    ]
    for table, name, bus in sides:
        if bus is BusSide.GRID_SIDE:
            yield file.problem((table, name, "bus"), '"grid_side"', '"island": the bench models no other side')
    for name, genset in hub.gensets.items():
        if genset.connection is not GensetConnection.BUS:
            found = f'"{genset.connection.value}"'
            yield file.problem(("gensets", name, "connection"), found, '"bus": the bench models no other connection')
