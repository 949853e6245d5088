"""docs/devices.md from the device tables and the shipped hubs: how far each is trusted and what it does without us."""

from __future__ import annotations

from collections.abc import Iterator

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.tables import load_table
from controller.config.types import DeviceTable, OnLoss, Protocol, Site

INTRO = """\
<!-- Generated from configs/ by `python -m hil_tests.docs`. Do not edit. -->
# Devices, and what each does without us

A device is a page of data: a table under `configs/devices/`. *Evidence* says how far a table is trusted: `simulated`
(agrees with our own bench and nothing else), `bench` (tried on the real device), `field` (in service). How to add one:
[add a device](add_a_device.md); what may stand in it: [configuration](configuration.md#device-tables).

*Without us* is what the device does by itself when the controller falls silent, after its reversion time, on grid and
in the island. A device with a heartbeat watches a counter that only a completed and vetted cycle moves on. One without
a reversion time never notices, and stays as it is.
"""

WORDS = {
    OnLoss.HOLD: "holds what it was told",
    OnLoss.OPEN: "opens",
    OnLoss.STOP: "stops",
    OnLoss.KEEP_FORMING: "keeps forming",
    OnLoss.FREE_RUN: "its limit lapses",
}

PROTOCOLS = {Protocol.MODBUS_TCP: "Modbus TCP", Protocol.MODBUS_RTU: "Modbus RTU", Protocol.OPCUA: "OPC UA"}


def devices_page() -> str:
    """The whole page. Raises ConfigError when a table or a shipped hub is wrong."""
    lines = [INTRO, "## Hubs", ""]
    for path in sorted((configs_dir() / "hubs").glob("*.toml")):
        lines += _hub(load_site(path))
    lines += ["## Tables", ""]
    for table in _tables():
        lines += _table(table)
    return "\n".join(lines)


def _tables() -> Iterator[DeviceTable]:
    folder = configs_dir() / "devices"
    for path in sorted(folder.rglob("*.toml")):
        name = str(path.relative_to(folder).with_suffix(""))
        table, problems = load_table(path, name)
        assert table is not None, problems
        yield table


def _hub(site: Site) -> Iterator[str]:
    yield f"### {site.hub.label['en']} (`{site.hub.name}`)"
    yield ""
    yield "| device | serves | on grid, without us | in the island, without us | after |"
    yield "|---|---|---|---|---|"
    for device in site.devices.values():
        table = device.table
        silent = f"{WORDS[table.on_loss]} | {WORDS[table.on_loss_island]} | {_after(table)}"
        yield f"| `{device.name}` | {_served(site, device.name)} | {silent} |"
    yield ""


def _served(site: Site, device: str) -> str:
    """The assets that read from or write to this device."""
    served = [
        binding.asset
        for binding in site.bindings.values()
        if any(ref.device == device for refs in binding.reads.values() for ref in refs)
        or any(ref.device == device for ref in binding.writes.values())
    ]
    return ", ".join(f"`{asset}`" for asset in served)


def _after(table: DeviceTable) -> str:
    return "never notices" if table.reversion_s is None else f"{table.reversion_s:g} s"


def _table(table: DeviceTable) -> Iterator[str]:
    yield f"### `{table.name}`"
    yield ""
    yield f"{table.brand}, {table.model}; {PROTOCOLS[table.protocol]}; {len(table.points)} points."
    yield f"Evidence: **{table.evidence.value}**. Source: {table.source}."
    for caveat in table.caveats:
        yield f"- {caveat}"
    yield ""
