"""A whole site on real sockets: connected in parallel, and nobody suffers from the absence of others."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Protocol, Site
from controller.drivers.assets import Assembler
from controller.drivers.connect import open_links
from controller.model.words import BreakerPosition
from hil_tests.tests.drivers.devices import now_s, until
from hil_tests.tests.drivers.scripted_tcp import ScriptedDevice

NOBODY = 9  # the discard port: nobody listens on a loopback of ours


def site_with(relay_port: int, tmp_path: Path) -> Site:
    """Musterhallig with a relay that answers; everything else is absent, each in its own way."""
    path = configs_dir() / "hubs" / "musterhallig.toml"
    overrides: dict[str, dict[str, object]] = {}
    for number, (name, device) in enumerate(load_site(path).devices.items()):
        match device.table.protocol:
            case Protocol.MODBUS_TCP:
                overrides[name] = {"host": f"127.0.1.{number}", "port": NOBODY}
            case Protocol.MODBUS_RTU:
                overrides[name] = {"serial_port": str(tmp_path / "nothing")}
            case Protocol.OPCUA:
                overrides[name] = {"url": f"opc.tcp://127.0.1.{number}:{NOBODY}/"}
    overrides["poi_relay"] = {"host": "127.0.0.1", "port": relay_port}
    return load_site(path, overrides)


async def test_one_device_answers_and_all_others_are_absent(tmp_path: Path) -> None:
    relay = ScriptedDevice(registers={0: 2, 1: 2300, 2: 2301, 3: 2302, 7: 50_000})
    await relay.start()
    site = site_with(relay.port, tmp_path)
    links = open_links(site, now_s, now_s)
    links.set_islanded(True)
    assembler = Assembler(site)
    running = asyncio.create_task(links.run())
    try:
        await until(lambda: links.links["poi_relay"].is_up)
        await asyncio.sleep(0.3)
        seen = assembler.image(links.links, now_s())
        assert seen.poi.position is BreakerPosition.CLOSED
        assert seen.poi.grid_voltage_v is not None
        assert seen.poi.grid_voltage_v.l3 == pytest.approx(230.2)
        assert seen.poi.measured_at_s is not None
        assert now_s() - seen.poi.measured_at_s < 0.1
        assert set(seen.lost_devices) == set(site.devices) - {"poi_relay"}
        await until(lambda: relay.registers.get(103, 0) >= 1, "the relay's watchdog is fed")
        assert not running.done()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await relay.stop()


async def test_two_devices_of_a_site_behind_one_gateway_share_its_connection(tmp_path: Path) -> None:
    """Many gateways have room for one."""
    gateway = ScriptedDevice(registers={0: 2})
    await gateway.start()
    path = configs_dir() / "hubs" / "musterhallig.toml"
    behind = {"host": "127.0.0.1", "port": gateway.port}
    site = load_site(path, {"inverter_main": {**behind, "unit": 1}, "io_module": {**behind, "unit": 2}})
    shared = replace(site, devices={name: site.devices[name] for name in ("inverter_main", "io_module")})
    links = open_links(shared, now_s, lambda: None)
    running = asyncio.create_task(links.run())
    try:
        await until(lambda: links.links["inverter_main"].is_up and links.links["io_module"].is_up)
        assert gateway.connections == 1
        assert {request.unit for request in gateway.requests} == {1, 2}
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await gateway.stop()


async def test_what_one_device_behind_a_gateway_asks_of_the_connection_holds_for_all(tmp_path: Path) -> None:
    """A pause behind the connect, and a reset at the end: of the second device; the first one was asked at once."""
    heard_at_s: list[float] = []
    ends: list[Exception | None] = []

    class Gateway(asyncio.Protocol):
        def connection_made(self, _: asyncio.BaseTransport) -> None:
            heard_at_s.append(now_s())

        def data_received(self, _: bytes) -> None:
            heard_at_s.append(now_s())

        def connection_lost(self, error: Exception | None) -> None:
            ends.append(error)

    server = await asyncio.get_running_loop().create_server(Gateway, "127.0.0.1", 0)
    path = configs_dir() / "hubs" / "musterhallig.toml"
    behind = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "timeout_s": 5.0}
    site = load_site(path, {"inverter_main": {**behind, "unit": 1}, "io_module": {**behind, "unit": 2}})
    second = site.devices["io_module"]
    wants = replace(second, table=replace(second.table, connect_delay_s=0.2, is_single_client=True))
    shared = replace(site, devices={"inverter_main": site.devices["inverter_main"], "io_module": wants})
    running = asyncio.create_task(open_links(shared, now_s, lambda: None).run())
    try:
        await until(lambda: len(heard_at_s) == 2)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    await until(lambda: ends)
    server.close()
    await server.wait_closed()
    assert heard_at_s[1] - heard_at_s[0] >= 0.19
    assert isinstance(ends[0], ConnectionResetError)


async def test_an_order_arrives_within_a_few_milliseconds_while_others_are_absent(tmp_path: Path) -> None:
    relay = ScriptedDevice(registers={0: 2})
    await relay.start()
    links = open_links(site_with(relay.port, tmp_path), now_s, lambda: None)
    running = asyncio.create_task(links.run())
    try:
        await until(lambda: links.links["poi_relay"].is_up)
        start_s = now_s()
        links.links["poi_relay"].write("poi.open", True)
        await until(lambda: relay.registers.get(100) == 1)
        assert now_s() - start_s < 0.1
        assert 103 not in relay.registers, "no vetted cycle, no heartbeat"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await relay.stop()


def test_opcua_is_imported_only_where_it_is_configured() -> None:
    """It costs 350 ms and 25 MB: a hub without such a device does without."""
    program = """
import sys
from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.drivers.connect import open_links
site = load_site(configs_dir() / "hubs" / "hybridhof.toml")
open_links(site, lambda: 0.0, lambda: None)
sys.exit(bool({"asyncua", "cryptography"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=30).returncode == 0


BESIDE_CONTROL = """
import asyncio, sys, time
from pathlib import Path
from controller.drivers.connect import open_links
from hil_tests.tests.drivers.devices import now_s
from hil_tests.tests.drivers.test_connect import site_with

links = open_links(site_with(9, Path("/nowhere")), now_s, now_s)
print("asyncua" in sys.modules)

async def turns_meanwhile():
    running = asyncio.create_task(links.run())
    turns_count = 0
    while not hasattr(sys.modules.get("controller.drivers.opcua"), "UaServer"):
        await asyncio.sleep(0.001)
        turns_count += 1
    running.cancel()
    await asyncio.wait([running])
    return turns_count

print(asyncio.run(turns_meanwhile()))
"""


def test_control_does_not_wait_for_the_import_of_opcua() -> None:
    """A third of a start was this import; whatever speaks Modbus is seen and ordered meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", BESIDE_CONTROL], check=True, timeout=60, capture_output=True, text=True
    )
    was_imported, turns_count = done.stdout.split()
    assert was_imported == "False"
    assert int(turns_count) > 10
