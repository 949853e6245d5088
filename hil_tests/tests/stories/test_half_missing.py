"""A device that has lost half of its values is no other device: what is left is believed, and it is told what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import DeviceTable, OnLoss, Point, Protocol, Site, SunSpecWhere
from controller.model.words import Mode
from hil_tests.faults.data import put_in
from hil_tests.simulation.bench import Bench

FORMER = "inverter_main"
WITHOUT_S = 30.0  # three times its reversion time


def behind_opcua(table: DeviceTable) -> DeviceTable:
    return replace(table, protocol=Protocol.OPCUA)


def in_sunspec(table: DeviceTable) -> DeviceTable:
    def moved(point: Point, number: int) -> Point:
        return replace(point, where=SunSpecWhere(701, number, None))

    return replace(table, points={name: moved(p, number) for number, (name, p) in enumerate(table.points.items())})


def that_stops_alone(shaped: Callable[[DeviceTable], DeviceTable]) -> Site:
    """The village, with a former that stops when it hears no sign of life."""
    site = load_site(configs_dir() / "hubs" / "musterhallig.toml")
    former = site.devices[FORMER]
    table = replace(shaped(former.table), on_loss_island=OnLoss.STOP)
    return replace(site, devices={**site.devices, FORMER: replace(former, table=table)})


def loses_its_meter(bench: Bench, device: str) -> None:
    """A bad status (OPC UA), or "not implemented" (SunSpec), for all that it measures at its terminals."""
    for point in bench.devices.device(device).device.table.points.values():
        if point.readable and point.id.endswith(("_w", "_v", "_hz")):
            put_in(bench.devices.device(device).lies, point.id, lambda _: None)


@pytest.mark.parametrize("shaped", [behind_opcua, in_sunspec])
def test_an_island_outlives_the_meter_of_its_former(shaped: Callable[[DeviceTable], DeviceTable]) -> None:
    """Barred, it heard no sign of life any more: its dead-man ran out, and the island was dark after ten seconds."""
    bench = Bench.of(that_stops_alone(shaped))
    bench.run_to(Mode.GRID_CONNECTED)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(3.0)
    loses_its_meter(bench, FORMER)
    bench.run_for(WITHOUT_S)
    assert bench.plant.forming
    assert not bench.devices.device(FORMER).has_reverted, "it heard no sign of life"
    assert bench.mode is Mode.ISLANDED
    assert not bench.loop.assembler.screens[FORMER].is_quarantined
    assert bench.violations == []
