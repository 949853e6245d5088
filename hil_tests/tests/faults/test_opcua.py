"""Faults of an OPC UA server, as a client sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaError

from hil_tests.faults.desk import Desk
from hil_tests.faults.real_links import RealLinks
from hil_tests.faults.stage import Stage
from hil_tests.tests.servers.benches import served

SOC = "ns=2;s=Battery.SoC"


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10.0):
        while not await condition():
            await asyncio.sleep(0.02)


async def status(client: Client) -> str:
    value = await client.get_node(SOC).read_data_value(raise_on_bad_status=False)
    assert value.StatusCode is not None
    return value.StatusCode.name


async def test_bad_status_frozen_values_and_lost_sessions() -> None:
    async with served(absent=("radio_mesh_node",)) as bench:
        desk = Desk(Stage(bench.servers.devices.site, bench.servers.devices, 1), RealLinks(bench.servers).table())
        client = Client(bench.place("inverter_second", "url"))
        await client.connect()
        heal = desk.inject("inverter_second", "bad_status", {})
        await until(lambda: _is(client, "BadNoCommunication"))
        heal()
        await until(lambda: _is(client, "Good"))
        heal = desk.inject("inverter_second", "bad_status", {"status": "UncertainLastUsableValue"})
        await until(lambda: _is(client, "UncertainLastUsableValue"))
        heal()
        await until(lambda: _is(client, "Good"))

        heal = desk.inject("inverter_second", "session_loss", {"loses": "subscription"})
        battery = bench.plant.batteries["battery_second"]
        battery.soc_pct = 33.0
        await asyncio.sleep(0.2)
        assert await client.get_node(SOC).read_value() != pytest.approx(33.0, abs=0.5)
        heal()
        await until(lambda: _reads(client, 33.0))

        heal = desk.inject("inverter_second", "silent", {})
        question = asyncio.create_task(client.get_node(SOC).read_value())
        await asyncio.sleep(0.3)
        assert not question.done(), "taken, and not answered"
        with pytest.raises((UaError, OSError, TimeoutError)):
            async with Client(bench.place("inverter_second", "url"), timeout=0.5):
                pass
        async with asyncio.timeout(5.0):
            heal()
            assert float(await question) == pytest.approx(33.0, abs=0.5)

        desk.inject("inverter_second", "session_loss", {"loses": "session"})
        await asyncio.sleep(0.1)
        with pytest.raises((UaError, OSError, TimeoutError)):
            await asyncio.wait_for(client.get_node(SOC).read_value(), 1.0)
        async with Client(bench.place("inverter_second", "url")) as other:
            assert await other.get_node(SOC).read_value() == pytest.approx(33.0, abs=0.5)


async def _is(client: Client, name: str) -> bool:
    return await status(client) == name


async def _reads(client: Client, value: float) -> bool:
    return abs(float(await client.get_node(SOC).read_value()) - value) < 0.5
