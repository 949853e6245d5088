"""`hallig bench serve`: the devices of a hub around a running plant, for somebody else's controller to talk to."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.commands.frame import OK, PROBLEM, CommandError, print_json, print_lines
from controller.commands.sites import SiteError
from controller.config.errors import ConfigError
from controller.config.types import Device, Site
from controller.plain_words import in_words
from hil_tests.bench.modelled import check_modelled
from hil_tests.bench_cli.levers import HELP, LeverError, pull
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers, Overrides, Wiring
from hil_tests.servers.modbus_tcp import HOST

PORT_MAX = 65_535
CHUNK_BYTES = 4096
MOVES_S = 0.1  # several steps of the plant, and the grid has fallen


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What the command line said. `port_base` None: free ports. `overrides`: where to write them, for `hallig run`."""

    site: Site
    seed: int
    port_base: int | None
    overrides: Path | None
    as_json: bool


def serve(options: ServeOptions) -> int:
    """Until Ctrl-C. Raises CommandError where a port is taken, and for a site that no plant can be."""
    try:
        check_modelled(options.site)
    except ConfigError as error:
        raise SiteError(error) from None
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_serve(options))
    return OK


async def _serve(options: ServeOptions) -> None:
    plant = Plant(options.site.hub, options.seed)
    servers = DeviceServers(options.site, plant, wiring=Wiring(_ports(options.port_base)))
    serving = asyncio.current_task()
    assert serving is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        overrides = await _started(servers)
        _tell(options, overrides)
        await _obey(plant, as_json=options.as_json)
    finally:
        await servers.stop()


async def _started(servers: DeviceServers) -> Overrides:
    try:
        return await servers.start()
    except OSError as error:
        raise CommandError(
            "port", PROBLEM, f"a device could not be served: {in_words(error)}", "Choose --port-base."
        ) from None


def _ports(base: int | None) -> Callable[[str], int]:
    """The next port for each device that needs one; tells which device wanted the one that is taken."""
    numbers = itertools.count(base or 0)

    def port_of(device: str) -> int:
        if base is None:
            return 0
        port = next(numbers)
        if port > PORT_MAX:
            raise CommandError("port", PROBLEM, f"devices.{device}.port: there is no port {port}", "Begin lower.")
        if not _is_free(port):
            what = f"devices.{device}.port: port {port} on {HOST} is taken"
            raise CommandError("port", PROBLEM, what, "Choose another --port-base, or leave it away for free ports.")
        return port

    return port_of


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def _tell(options: ServeOptions, overrides: Overrides) -> None:
    if options.overrides is not None:
        options.overrides.write_text(json.dumps(overrides, indent=1) + "\n", encoding="utf-8")
    if options.as_json:
        print_json({"hub": options.site.hub.name, "devices": overrides})
    else:
        print_lines(_addresses(options, overrides))


def _addresses(options: ServeOptions, overrides: Overrides) -> Iterator[str]:
    site = options.site
    width = max(len(name) for name in site.devices)
    yield f"{site.hub.name}: {len(site.devices)} devices, for any controller on this machine"
    for name, device in site.devices.items():
        yield f"  {name:<{width}}  {_address(device, overrides[name])}"
        yield f"  {'':<{width}}  {device.table.brand} {device.table.model}; points in {device.table.path}"
    if options.overrides is not None:
        yield f"our own controller: hallig run {site.path} --overrides {options.overrides}"
    yield f"type: {HELP}; Ctrl-C ends"


def _address(device: Device, override: dict[str, object]) -> str:
    if "url" in override:
        return str(override["url"])
    if "serial_port" in override:
        return f"{override['serial_port']} {device.baudrate} baud, unit {device.unit}"
    return f"{override['host']}:{override['port']} unit {device.unit}"


async def _obey(plant: Plant, *, as_json: bool) -> None:
    """What is typed is done between two steps of the plant, and answered when it has moved.

    Whoever asks at once for the status sees what came of it. The end of the input ends nothing.
    """
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_read_lines, args=(loop, lines), daemon=True).start()
    while True:
        text = (await lines.get()).strip()
        if not text:
            continue
        moved_s = plant.now_s + MOVES_S
        try:
            answer = pull(plant, text)
            while plant.now_s < moved_s:  # noqa: ASYNC110  (it tells nobody)
                await asyncio.sleep(MOVES_S / 4.0)
        except LeverError as error:
            answer = str(error)
        if as_json:
            print_json({"command": text, "answer": answer})
        else:
            print_lines([answer])


def _read_lines(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str]) -> None:
    """In a thread of its own, so that a terminal, a pipe and a file all work.

    Past the buffer of `sys.stdin`: a thread that waits within it keeps the interpreter from ending.
    """
    rest = b""
    with contextlib.suppress(RuntimeError, OSError):  # the loop or the input was closed while we waited
        while chunk := os.read(sys.stdin.fileno(), CHUNK_BYTES):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                loop.call_soon_threadsafe(lines.put_nowait, line.decode(errors="replace"))
