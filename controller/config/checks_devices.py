"""Devices: where they are, how often they are asked, and what they do when we fall silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from urllib.parse import urlsplit

from controller.config.addresses import host_slip, port_slip, url_slip
from controller.config.bus_budget import arithmetic, periods_s, serial_lines, serial_reads
from controller.config.capacity import formers
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.types import Device, OnLoss, Protocol

RESTART_S = 3.0  # from kill to control again
REVERSION_MIN_S = 2 * RESTART_S
KEEPS_THE_ISLAND = (OnLoss.HOLD, OnLoss.KEEP_FORMING)
LETS_GO = (OnLoss.OPEN, OnLoss.STOP)
LINE_SHARE_MAX_RATIO = 0.8  # of a serial line's time; the rest is for writes, repeats and slow answers
SERIAL_UNITS = (1, 247)  # 0 speaks to all at once and nobody answers

ADDRESS_KEYS = {
    Protocol.MODBUS_TCP: ("host", "port", "unit"),
    Protocol.MODBUS_RTU: ("serial_port", "baudrate", "unit"),
    Protocol.OPCUA: ("url",),
}
WIRE_KEYS = {  # beside them
    Protocol.MODBUS_TCP: ("tls",),
    Protocol.MODBUS_RTU: ("parity", "stop_bits", "has_echo"),
    Protocol.OPCUA: ("security",),
}
ALL_KEYS = tuple(dict.fromkeys(key for keys in (*ADDRESS_KEYS.values(), *WIRE_KEYS.values()) for key in keys))


def _has_an_address(draft: Draft) -> Iterator[Problem]:
    for device in draft.devices.values():
        key = ADDRESS_KEYS[device.table.protocol][0]
        if not getattr(device, key):
            protocol = device.table.protocol.value
            yield draft.file.problem(("devices", device.name, key), "nothing", f"a value, since it speaks {protocol}")


def _has_no_other_address(draft: Draft) -> Iterator[Problem]:
    """A key that nobody reads misleads: somebody thinks that the device is reached that way."""
    for device in draft.devices.values():
        used = ADDRESS_KEYS[device.table.protocol] + WIRE_KEYS[device.table.protocol]
        for key in ALL_KEYS:
            if key not in used and draft.file.value(("devices", device.name, key)) is not None:
                wanted = f"only {', '.join(used)}, since it speaks {device.table.protocol.value}"
                yield draft.file.problem(("devices", device.name, key), f"the key '{key}'", wanted)


def _address_is_possible(draft: Draft) -> Iterator[Problem]:
    low, high = SERIAL_UNITS
    for device in draft.devices.values():
        loc = ("devices", device.name)
        is_serial = device.table.protocol is Protocol.MODBUS_RTU
        if is_serial and not low <= device.unit <= high:
            yield draft.file.problem((*loc, "unit"), f"{device.unit}", f"{low} to {high} on a serial line")
        if device.host and device.table.protocol is Protocol.MODBUS_TCP and (slip := host_slip(device.host)):
            yield draft.file.problem((*loc, "host"), f'"{device.host}"', *slip)
        if device.serial_port and is_serial and (slip := port_slip(device.serial_port)):
            yield draft.file.problem((*loc, "serial_port"), f'"{device.serial_port}"', *slip)
        if device.url and device.table.protocol is Protocol.OPCUA and (slip := url_slip(device.url)):
            yield draft.file.problem((*loc, "url"), f'"{device.url}"', *slip)
        elif "@" in urlsplit(device.url).netloc:
            yield draft.file.problem((*loc, "url"), "a user in the address", "security with user and password_file")


def _address_is_its_own(draft: Draft) -> Iterator[Problem]:
    taken: dict[tuple[object, ...], str] = {}
    for device in _sound(draft).values():
        address = _address(device)
        other = taken.setdefault(address, device.name) if address[0] else device.name
        if other != device.name:
            keys = ADDRESS_KEYS[device.table.protocol]
            written = [key for key in reversed(keys) if draft.file.value(("devices", device.name, key)) is not None]
            found = f"the address of '{other}' ({', '.join(str(part) for part in address)})"
            yield draft.file.problem(("devices", device.name, *written[:1]), found, "an address of its own")


def _sound(draft: Draft) -> dict[str, Device]:
    """Without those whose address may be a default in place of what was wrong."""
    return {name: device for name, device in draft.devices.items() if draft.is_sound("devices", name)}


def _address(device: Device) -> tuple[object, ...]:
    match device.table.protocol:
        case Protocol.MODBUS_TCP:
            return (device.host, device.port, device.unit)
        case Protocol.MODBUS_RTU:
            return (device.serial_port, device.unit)
        case Protocol.OPCUA:
            return (device.url, device.table.name)  # one server may hold many devices, each with nodes of its own


def _faster_groups_are_faster(draft: Draft) -> Iterator[Problem]:
    for device in draft.devices.values():
        periods = [(f"{group.value}_s", period_s) for group, period_s in periods_s(device).items()]
        for (fast, fast_s), (slow, slow_s) in pairwise(periods):
            if fast_s > slow_s:
                wanted = f"at most {slow}, which is {slow_s:g}"
                yield draft.file.problem(("devices", device.name, fast), f"{fast_s:g}", wanted)


def _line_has_time(draft: Draft) -> Iterator[Problem]:
    """A serial line's poll plan against its speed; the arithmetic is part of the complaint."""
    for port, devices in serial_lines(_sound(draft)).items():
        reads = [read for device in devices for read in serial_reads(device)]
        share_ratio = sum(read.share_ratio for read in reads)
        if share_ratio > LINE_SHARE_MAX_RATIO:
            worst = max(reads, key=lambda read: read.share_ratio)
            device = draft.devices[worst.device]
            key = next(f"{group.value}_s" for group, period in periods_s(device).items() if period == worst.period_s)
            sums = "; ".join(arithmetic(read, device.baudrate) for read in reads)
            found = f"a poll plan that needs {share_ratio:.0%} of {port} ({sums})"
            yield draft.file.problem(("devices", device.name, key), found, f"at most {LINE_SHARE_MAX_RATIO:.0%}")


def _does_not_act_before_we_are_back(draft: Draft) -> Iterator[Problem]:
    """Whatever we steer must outlast our restart, whatever its own watchdog thinks: grid and island above all.

    PV whose limit lapses for so long does not stop, and is met elsewhere (docs/decisions/0018-pv-that-runs-free.md).
    """
    keepers = _keepers(draft)
    for name in sorted(_steered(draft)):
        table = draft.devices[name].table
        if table.reversion_s is None or table.reversion_s >= REVERSION_MIN_S:
            continue
        wanted = f"at least {REVERSION_MIN_S:g} s (twice our restart), or "
        is_kept = table.on_loss_island in KEEPS_THE_ISLAND
        if table.on_loss_island in LETS_GO or (name in keepers and not is_kept):
            found = f"a table that does '{table.on_loss_island.value}' in the island {table.reversion_s:g} s without us"
            yield draft.file.problem(("devices", name, "table"), found, f"{wanted}on_loss_island hold or keep_forming")
        if table.on_loss in LETS_GO:
            found = f"a table that does '{table.on_loss.value}' on grid {table.reversion_s:g} s without us"
            yield draft.file.problem(("devices", name, "table"), found, f"{wanted}on_loss hold")


def _free_pv_meets_a_former_that_turns_it_down(draft: Draft) -> Iterator[Problem]:
    """PV that forgets its limit charges a full battery by force; without us only the frequency can tell it to stop."""
    able = formers(draft)
    if not draft.is_sound("batteries") or (able and all(entry.shifts_frequency for entry in able.values())):
        return
    for name in sorted(_pv_devices(draft)):
        table = draft.devices[name].table
        if table.reversion_s is not None and table.on_loss_island is OnLoss.FREE_RUN:
            found = f"a table that does 'free_run' in the island {table.reversion_s:g} s without us"
            wanted = "on_loss_island hold or stop, or shifts_frequency = true at every battery that forms"
            yield draft.file.problem(("devices", name, "table"), found, wanted)


def _pv_devices(draft: Draft) -> set[str]:
    """Devices of PV on the island's side that we limit."""
    plants = [name for name, entry in draft.site.pv.items() if entry.bus == "island"]
    bindings = [draft.bindings[name] for name in plants if name in draft.bindings]
    return {ref.device for binding in bindings for ref in binding.writes.values()}


def _steered(draft: Draft) -> set[str]:
    """Devices of everything that we give orders to."""
    return {ref.device for binding in draft.bindings.values() for ref in binding.writes.values()}


def _keepers(draft: Draft) -> set[str]:
    """Devices of breakers, contactors and everything that can form."""
    site = draft.site
    sources = {**site.batteries, **site.gensets}
    formers = {name for name, entry in sources.items() if entry.can_form}
    switches = {site.poi.id if site.poi else "", site.earthing.relay if site.earthing else "", *site.feeders}
    bindings = [binding for name, binding in draft.bindings.items() if name in formers | switches]
    return {ref.device for binding in bindings for ref in binding.writes.values()}


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _has_an_address,
    _has_no_other_address,
    _address_is_possible,
    _address_is_its_own,
    _faster_groups_are_faster,
    _line_has_time,
    _does_not_act_before_we_are_back,
    _free_pv_meets_a_former_that_turns_it_down,
)
