"""Real devices in a scenario: is the address complete, does a device answer there, and is a port still free."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from controller import clock
from controller.config.addresses import OPCUA_PORT, host_slip, url_slip
from controller.config.errors import ConfigError, Problem, nearest
from controller.config.toml_file import TomlFile, read_toml
from controller.config.types import Device, Protocol, Site
from controller.config.wording import written_as
from controller.drivers.connect import Links, open_links
from hil_tests.bench.scenario import Hardware, Scenario, Tier

PATIENCE_S = 1.0
ANSWER_PATIENCE_S = 3.0  # a handshake of OPC UA, or a few questions over a slow line
LOOK_S = 0.02
KEYS = {
    Protocol.MODBUS_TCP: frozenset({"host", "port"}),
    Protocol.MODBUS_RTU: frozenset({"serial_port"}),
    Protocol.OPCUA: frozenset({"url"}),
}
NEEDED = {Protocol.MODBUS_TCP: "host", Protocol.MODBUS_RTU: "serial_port", Protocol.OPCUA: "url"}


def check_hardware(file: TomlFile, scenario: Scenario, site: Site) -> Iterator[Problem]:
    """What the file alone shows to be wrong: a device that is none, the wrong kind of address, another tier."""
    for name, entry in scenario.hardware.items():
        device = site.devices.get(name)
        if device is None:
            yield file.problem(("hardware", name), name, "a device of this hub", nearest(name, site.devices))
        else:
            yield from _check_address(file, name, entry, device.table.protocol)
    if scenario.hardware and scenario.tiers and set(scenario.tiers) != {Tier.T2}:
        found = written_as([tier.value for tier in scenario.tiers])
        yield file.problem(("tiers",), found, '["t2"]: hardware keeps real time')


def _check_address(file: TomlFile, name: str, entry: Hardware, protocol: Protocol) -> Iterator[Problem]:
    given = {key for key in ("host", "port", "serial_port", "url") if getattr(entry, key) is not None}
    for key in sorted(given - KEYS[protocol]):
        wanted = f"{' and '.join(sorted(KEYS[protocol]))}: the device speaks {protocol.value}"
        yield file.problem(("hardware", name, key), f"'{key}'", wanted)
    if "host" in given & KEYS[protocol] and (slip := host_slip(str(entry.host))):
        yield file.problem(("hardware", name, "host"), f'"{entry.host}"', *slip)
    if "url" in given & KEYS[protocol] and (slip := url_slip(str(entry.url))):
        yield file.problem(("hardware", name, "url"), f'"{entry.url}"', *slip)
    if NEEDED[protocol] not in given:
        yield file.problem(("hardware", name), f"no '{NEEDED[protocol]}'", f"the address of a {protocol.value} device")


def addresses(scenario: Scenario, site: Site) -> dict[str, dict[str, object]]:
    """What the controller's site file gets for each real device. Raises ConfigError when somebody does not answer."""
    file = read_toml(scenario.path) if scenario.path.is_file() else TomlFile(scenario.path, "", {})
    problems = []
    for name, entry in scenario.hardware.items():
        problem = _absent(file, name, entry, site.devices[name])
        problems += [problem] if problem is not None else []
    found = {name: entry.model_dump(exclude_none=True) for name, entry in scenario.hardware.items()}
    if not problems:
        problems = [_mute(file, name, entry, site.devices[name]) for name, entry in _mutes(scenario, site, found)]
    if problems:
        raise ConfigError(problems)
    return found


def _mutes(scenario: Scenario, site: Site, found: Mapping[str, dict[str, object]]) -> list[tuple[str, Hardware]]:
    """Those of the real devices that answer no question in their own protocol."""
    if not found:
        return []
    devices = {name: replace(site.devices[name], **place) for name, place in found.items()}  # type: ignore[arg-type]
    links = open_links(replace(site, devices=devices), clock.now_s, lambda: None)
    with ThreadPoolExecutor(1) as beside:  # who asks may have a loop of his own
        mute = beside.submit(asyncio.run, _unanswered(links)).result()
    return [(name, scenario.hardware[name]) for name in mute]


async def _unanswered(links: Links) -> list[str]:
    """Who has not answered when all have, or when patience is over. Only questions are asked."""
    asking, mute = asyncio.create_task(links.run()), [*links.links]
    for _ in range(round(ANSWER_PATIENCE_S / LOOK_S)):
        mute = [name for name in mute if not links.links[name].is_up]
        if not mute:
            break
        await asyncio.sleep(LOOK_S)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return mute


def _mute(file: TomlFile, name: str, entry: Hardware, device: Device) -> Problem:
    key = "serial_port" if entry.serial_port else "url" if entry.url else "port" if entry.port else "host"
    found = f"somebody who answers no question in {device.table.protocol.value} within {ANSWER_PATIENCE_S:g} s"
    return file.problem(("hardware", name, key), found, f"the {device.table.model} there")


def _absent(file: TomlFile, name: str, entry: Hardware, device: Device) -> Problem | None:
    """Nobody at the address of a real device."""
    place = ("hardware", name)
    if entry.serial_port is not None:
        wrong = serial_mistake(Path(entry.serial_port))
        return file.problem((*place, "serial_port"), wrong, "a serial port that can be opened") if wrong else None
    if entry.url is not None:
        parts = urlsplit(entry.url)
        key, host, port = "url", parts.hostname or "", parts.port or OPCUA_PORT
    else:
        key, host, port = "host" if entry.port is None else "port", entry.host or "", entry.port or device.port
    if answers(host, port):
        return None
    found = f"nothing that answers at {host}:{port} within {PATIENCE_S:g} s"
    return file.problem((*place, key), found, f"the {device.table.model} there")


def answers(host: str, port: int) -> bool:
    """Somebody takes connections there."""
    try:
        with socket.create_connection((host, port), PATIENCE_S):
            return True
    except OSError:
        return False


def serial_mistake(path: Path) -> str:
    """Why a serial port cannot be used; nothing when it can."""
    try:
        end = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        return f"{path}: {error.strerror}"
    try:
        return "" if os.isatty(end) else f"{path}: not a serial port"
    finally:
        os.close(end)


def taken(host: str, port: int) -> str:
    """Why a server cannot listen there; nothing when it can."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"{host}:{port}: {error.strerror}"
    return ""
