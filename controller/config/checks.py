"""What `hallig check` knows beyond the shape of a file: whether the hub described can do what it promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from controller.config.errors import Problem, nearest
from controller.config.schema import SiteFile
from controller.config.toml_file import TomlFile
from controller.config.types import Device, ModbusWhere, OnLoss, PollGroup, Protocol, Site
from controller.model.words import BusSide, Switcher

RESTART_S = 3.0  # kill to control again
CHAR_BITS = 11
GAP_CHARS = 7  # two silences of 3.5 characters
REQUEST_REPLY_CHARS = 13  # 8 of the request, 5 of the reply's frame
LINE_SHARE_MAX = 0.8  # of a serial line's time; the rest is for writes and repeats
COARSE_HZ = 0.05  # a frequency source for loss and sync must see finer than this
SYNC_AGE_S = 0.1


def check_site(file: TomlFile, entry: SiteFile, site: Site) -> list[Problem]:
    """All semantic problems of a site whose shape is right."""
    return [
        *_tiers(file, entry),
        *_addresses(file, site),
        *_poi(file, entry, site),
        *_forming(file, entry, site),
        *_reversion(file, site),
        *_buses(file, site),
        *_radios(file, entry),
    ]


def _tiers(file: TomlFile, entry: SiteFile) -> Iterator[Problem]:
    for number, tier in entry.tiers.items():
        if not number.isdigit():
            yield file.problem(("tiers", number), f"'{number}'", "a tier number")
        if tier.restore_above_soc_pct <= tier.shed_below_soc_pct:
            loc = ("tiers", number, "restore_above_soc_pct")
            yield file.problem(loc, f"{tier.restore_above_soc_pct}", f"more than {tier.shed_below_soc_pct}")
    for name, feeder in entry.feeders.items():
        if str(feeder.tier) not in entry.tiers:
            known = sorted(entry.tiers)
            yield file.problem(("feeders", name, "tier"), f"{feeder.tier}", f"one of the tiers {known}")
        if feeder.carries_control and feeder.tier != 0:
            yield file.problem(("feeders", name, "tier"), f"{feeder.tier}", "0, since the feeder carries control")


def _addresses(file: TomlFile, site: Site) -> Iterator[Problem]:
    taken: dict[tuple[object, ...], str] = {}
    for device in site.devices.values():
        key = _address(device)
        other = taken.setdefault(key, device.name)
        if other != device.name:
            loc = ("devices", device.name, "unit")
            yield file.problem(loc, f"the address of '{other}'", "an address of its own")
        if device.table.protocol is Protocol.MODBUS_RTU and not device.serial_port:
            yield file.problem(("devices", device.name), "no serial_port", "the port of its line")
        if device.table.protocol is Protocol.MODBUS_TCP and not device.host:
            yield file.problem(("devices", device.name), "no host", "an address to connect to")
        if device.table.protocol is Protocol.OPCUA and not device.url:
            yield file.problem(("devices", device.name), "no url", "opc.tcp://host:port/path")


def _address(device: Device) -> tuple[object, ...]:
    match device.table.protocol:
        case Protocol.MODBUS_TCP:
            return (device.host, device.port, device.unit)
        case Protocol.MODBUS_RTU:
            return (device.serial_port, device.unit)
        case Protocol.OPCUA:
            return (device.url, device.name)


def _poi(file: TomlFile, entry: SiteFile, site: Site) -> Iterator[Problem]:
    poi, binding = site.hub.poi, site.bindings[site.hub.poi.id]
    first = entry.poi.source if isinstance(entry.poi.source, str) else entry.poi.source[0]
    if poi.switching.closed_by is Switcher.CONTROLLER:
        for field in ("angle_difference_deg", "grid_frequency_hz", "bus_frequency_hz", "bus_voltage_l1_v"):
            sources = [ref.device for ref in binding.reads.get(field, ())]
            if first.partition("#")[0] not in sources:
                found = f"'{first}', which does not measure '{field}'"
                wanted = "one instrument that sees both sides, since closed_by = 'controller'"
                yield file.problem(("poi", "from"), found, wanted)
    if poi.switching.closed_by is Switcher.SYNC_RELAY and "close_permit" not in binding.writes:
        yield file.problem(("poi", "closed_by"), "'sync_relay'", "a source with the point 'close_permit'")
    for ref in binding.reads.get("grid_frequency_hz", ())[:1]:
        device = site.devices[ref.device]
        point = device.table.points[ref.point]
        if point.resolution is not None and point.resolution > COARSE_HZ:
            found = f"'{ref.device}' with a resolution of {point.resolution} Hz"
            yield file.problem(("poi", "from"), found, f"{COARSE_HZ} Hz or finer, for loss and sync")
        period_s = device.fast_s if point.group is PollGroup.FAST else device.normal_s
        if period_s + point.refresh_s > SYNC_AGE_S:
            found = f"samples up to {period_s + point.refresh_s:.2f} s old from '{ref.device}'"
            yield file.problem(("poi", "from"), found, f"at most {SYNC_AGE_S} s, for loss and sync")


def _forming(file: TomlFile, entry: SiteFile, site: Site) -> Iterator[Problem]:
    formers = [b for b in site.hub.batteries.values() if b.capabilities.can_form and b.bus is BusSide.ISLAND]
    if not formers:
        yield file.problem(("batteries",), "no battery with can_form on the island side", "at least one")
    for battery in formers:
        if battery.short_time == battery.short_time[:1]:
            yield file.problem(
                ("batteries", battery.id), "no short_time curve", "what the inverter carries for seconds"
            )
    earthing = entry.earthing
    if earthing.kind == "switched_by_us" and (earthing.relay is None or earthing.source is None):
        yield file.problem(("earthing",), "no relay", "relay and from, since kind = 'switched_by_us'")


def _reversion(file: TomlFile, site: Site) -> Iterator[Problem]:
    """A device that acts by itself sooner than we are back must hold the island when it does."""
    safe = {OnLoss.KEEP_FORMING, OnLoss.HOLD, OnLoss.FREE_RUN}
    critical = {ref.device for ref in site.bindings[site.hub.poi.id].writes.values()}
    for battery in site.hub.forming_order:
        critical |= {ref.device for ref in site.bindings[battery].writes.values()}
    for name in sorted(critical):
        table = site.devices[name].table
        soon = table.reversion_s is not None and table.reversion_s < 2 * RESTART_S
        if soon and table.on_loss_island not in safe:
            found = f"a table that does '{table.on_loss_island.value}' after {table.reversion_s} s without us"
            wanted = f"at least {2 * RESTART_S} s (twice our restart), or on_loss_island that keeps the island"
            yield file.problem(("devices", name, "table"), found, wanted)


def _buses(file: TomlFile, site: Site) -> Iterator[Problem]:
    """A serial line's poll plan against its baud rate: 11 bits a character, gaps included."""
    lines: dict[str, list[Device]] = defaultdict(list)
    for device in site.devices.values():
        if device.table.protocol is Protocol.MODBUS_RTU:
            lines[device.serial_port].append(device)
    for port, devices in lines.items():
        if len({device.baudrate for device in devices}) > 1:
            loc = ("devices", devices[0].name, "baudrate")
            yield file.problem(loc, f"several baud rates on {port}", "one per line")
        share = sum(line_share(device) for device in devices)
        if share > LINE_SHARE_MAX:
            loc = ("devices", devices[0].name, "serial_port")
            parts = ", ".join(f"{device.name} {line_share(device):.0%}" for device in devices)
            found = f"a poll plan that needs {share:.0%} of the line ({parts})"
            yield file.problem(loc, found, f"at most {LINE_SHARE_MAX:.0%} at {devices[0].baudrate} baud")


def line_share(device: Device) -> float:
    """Share of its line's time that polling this device takes."""
    share = 0.0
    for group, period_s in (
        (PollGroup.FAST, device.fast_s),
        (PollGroup.NORMAL, device.normal_s),
        (PollGroup.SLOW, device.slow_s),
    ):
        registers = [
            p.where.address + p.register_count
            for p in device.table.points.values()
            if p.readable and p.group is group and isinstance(p.where, ModbusWhere)
        ]
        if registers:
            first = min(
                p.where.address
                for p in device.table.points.values()
                if p.readable and p.group is group and isinstance(p.where, ModbusWhere)
            )
            chars = REQUEST_REPLY_CHARS + GAP_CHARS + 2 * (max(registers) - first)
            share += chars * CHAR_BITS / device.baudrate / period_s
    return share


def _radios(file: TomlFile, entry: SiteFile) -> Iterator[Problem]:
    for name, radio in entry.radios.items():
        if radio.feeder is not None and radio.feeder not in entry.feeders:
            hint = nearest(radio.feeder, entry.feeders)
            yield file.problem(("radios", name, "feeder"), f"'{radio.feeder}'", "a feeder of this site", hint)
