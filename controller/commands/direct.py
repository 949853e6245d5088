"""A value from the device itself, when no controller runs: the same drivers, reading only, the devices asked for only.

Nobody leaves a wish on a board here and no cycle is ever vetted, so nothing is written and no heartbeat beats.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from controller import clock
from controller.commands.frame import NO_CONTACT, USAGE, CommandError, pause
from controller.commands.logs import hushed
from controller.config.types import Device, Protocol, Site
from controller.drivers.assets import Assembler
from controller.drivers.connect import Links, open_links
from controller.point_reading import PointReader, UnknownPointError, narrowed, resolve

LOOK_S = 0.05
VALUE_S = 1.5  # every point has its first turn at once, as soon as the device answers


@contextlib.contextmanager
def direct_reading(site: Site, point: str, patience_s: float) -> Iterator[Callable[[], dict[str, Any]]]:
    """A function that reads the point from its devices; the first call waits until they have answered.

    Raises:
        CommandError: no such point (exit 2), or no device of it answers (exit 3).
    """
    try:
        devices = resolve(point, site).devices
    except UnknownPointError as error:
        raise CommandError("unknown_point", USAGE, str(error)) from None
    small = narrowed(site, devices)
    links = open_links(small, clock.now_s, lambda: None)
    reader, assembler = PointReader(small, links.links), Assembler(small)

    def read() -> dict[str, Any]:
        now_s = clock.now_s()
        return {**reader.read(point, assembler.image(links.links, now_s), now_s), "through": "device"}

    with _running(links):
        _await_first(read, small, patience_s)
        yield read


def _await_first(read: Callable[[], dict[str, Any]], site: Site, patience_s: float) -> None:
    """Until there is a value. A device that answers and has none to give is waited for less long than a silent one."""
    until_s = clock.now_s() + patience_s
    while clock.now_s() < until_s:
        found = read()
        if found["value"] is not None:
            return
        if any(source["is_up"] for source in found["sources"]):
            until_s = min(until_s, clock.now_s() + VALUE_S)
        pause(LOOK_S)
    if not any(source["is_up"] for source in read()["sources"]):
        tried = "; ".join(f"{device.name} at {_address(device)}" for device in site.devices.values())
        hint = "Is it powered, and is its address in the site file right?"
        raise CommandError("no_contact", NO_CONTACT, f"no answer in {patience_s:.0f} s: tried {tried}", hint)


def _address(device: Device) -> str:
    match device.table.protocol:
        case Protocol.MODBUS_TCP:
            return f"{device.host}:{device.port} (Modbus TCP, unit {device.unit})"
        case Protocol.MODBUS_RTU:
            return f"{device.serial_port} (Modbus RTU, {device.baudrate} baud, unit {device.unit})"
        case Protocol.OPCUA:
            return f"{device.url} (OPC UA)"


@contextlib.contextmanager
def _running(links: Links) -> Iterator[None]:
    """The links in a thread of their own, for as long as somebody reads."""
    loop = asyncio.new_event_loop()
    work = loop.create_task(links.run())
    thread = threading.Thread(target=_drive, args=(loop, work), name="links", daemon=True)
    thread.start()
    try:
        with hushed():
            yield
    finally:
        loop.call_soon_threadsafe(work.cancel)
        thread.join(2.0)


def _drive(loop: asyncio.AbstractEventLoop, work: asyncio.Task[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(work)
    loop.close()
