"""How far what the site rests on can be trusted, where the grid and the people behind it are real."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from controller.config.addresses import host_slip, url_slip
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.stand_ins import WORDS
from controller.config.types import Device, Evidence, Protocol

NO_REAL_PLACE = tuple(  # nobody's addresses: loopback, and those for documentation (RFC 5737)
    ipaddress.ip_network(network) for network in ("127.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
LOOPBACK_NAMES = ("localhost",)
WIDE_MIN, WIDE_RATIO = 3, 1 / 3  # points that cannot be, before a device is quarantined (controller/drivers/screen.py)


def is_real(draft: Draft) -> bool:
    """Some device of it stands at an address that a device can have."""
    hosts = [host for device in draft.devices.values() if (host := _host(device))]
    return any(host_slip(host) is None and not _is_no_real_place(host) for host in hosts)


def _host(device: Device) -> str:
    if device.table.protocol is Protocol.OPCUA:
        return "" if url_slip(device.url) else urlsplit(device.url).hostname or ""
    is_told = device.host not in WORDS  # what stands in for a mistake is no address
    return device.host if is_told and device.table.protocol is Protocol.MODBUS_TCP else ""


def _is_no_real_place(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in LOOPBACK_NAMES
    return address.is_loopback or any(address in network for network in NO_REAL_PLACE)


def _tables_have_met_their_device(draft: Draft) -> Iterator[Problem]:
    if not is_real(draft):
        return
    for device in draft.devices.values():
        if device.table.evidence is Evidence.SIMULATED:
            found = f"'{device.table.name}', which agrees with our own bench and nothing else (evidence simulated)"
            wanted = "a table that was tried on this device: compare every value before anything is switched"
            yield draft.file.warning(("devices", device.name, "table"), found, wanted)


def _real_grid_has_a_real_code(draft: Draft) -> Iterator[Problem]:
    if draft.has_bench_code and is_real(draft):
        found = f"'{draft.site.grid_code}', which is for demo and bench only, beside devices with real addresses"
        yield draft.file.problem(("grid_code",), found, "the grid code that binds this connection")


def _word_order_shows(draft: Draft) -> Iterator[Problem]:
    """Numbers over two registers whose words a new firmware exchanges show by what cannot be: three, and a third."""
    for device in draft.devices.values():
        points = device.table.points.values()
        if device.table.protocol is Protocol.OPCUA or not any(point.writable for point in points):
            continue
        readable = [point for point in points if point.readable]
        wide = [point.id for point in readable if point.register_count > 1]
        needed_count = max(WIDE_MIN, math.ceil(WIDE_RATIO * len(readable)))
        if 0 < len(wide) < needed_count:
            found = f"'{device.table.name}', which is written to and reads only {', '.join(wide)} from two registers"
            wanted = f"{needed_count} such points: fewer do not show a firmware with another word order"
            yield draft.file.warning(("devices", device.name, "table"), found, wanted)


def _address_needs_nobody_else(draft: Draft) -> Iterator[Problem]:
    """A name is looked up, and who answers for it, or hands out addresses, may be dark when the hub has to start."""
    for device in draft.devices.values():
        host = _host(device)
        if not host or host_slip(host) is not None or _is_an_address(host) or host in LOOPBACK_NAMES:
            continue
        key = "url" if device.table.protocol is Protocol.OPCUA else "host"
        found = f"the name '{host}', which another machine has to look up; in a blackout that one may be dark"
        wanted = "the device's fixed address, set at the device and not given by DHCP"
        yield draft.file.warning(("devices", device.name, key), found, wanted)


def _is_an_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _tables_have_met_their_device,
    _real_grid_has_a_real_code,
    _address_needs_nobody_else,
    _word_order_shows,
)
