"""The OPC UA devices, read by asyncua's client by node id, without the drivers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaStatusCodeError

from controller.config.credentials import credentials
from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.drivers.opcua_client import new_client
from controller.model.words import InverterMode
from hil_tests.servers.bench import Wiring
from hil_tests.tests.servers.benches import OPCUA, Served, served


@asynccontextmanager
async def connected(hub: Served, device: str = "inverter_second") -> AsyncIterator[Client]:
    client = Client(hub.place(device, "url"), timeout=5)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def read(client: Client, name: str) -> object:
    return await client.get_node(f"ns=2;s={name}").read_value()


async def shows(client: Client, name: str, wanted: object) -> None:
    """The server refreshes its values; read until this one is there, or nothing any more."""
    async with asyncio.timeout(5):
        while await read(client, name) != wanted:
            pass


async def test_values_come_in_their_types() -> None:
    async with served(absent=[]) as hub, connected(hub) as client:
        assert await read(client, "Battery.SoC") == pytest.approx(85.0, abs=0.1)
        assert await read(client, "Battery.Mode") == 1
        node = client.get_node("ns=2;s=Battery.Mode")
        assert await node.read_data_type_as_variant_type() is ua.VariantType.UInt16
        async with connected(hub, "radio_mesh_node") as radio:
            assert await read(radio, "Radio.Alive") is True
            hub.plant.radios["radio_mesh"].is_broken = True
            await shows(radio, "Radio.Alive", wanted=False)


async def test_a_value_that_is_not_there_has_a_bad_status() -> None:
    async with served(absent=["radio_mesh_node"]) as hub, connected(hub) as client:
        hub.plant.poi.trip()
        hub.plant.grid.blackout()
        hub.pass_time(1.0)
        with pytest.raises(UaStatusCodeError):
            await shows(client, "Battery.Frequency", wanted=None)


async def test_orders_reach_the_plant_at_once() -> None:
    async with served(absent=["radio_mesh_node"]) as hub, connected(hub) as client:
        await client.get_node("ns=2;s=Battery.PowerSet").write_value(-2500.0, ua.VariantType.Float)
        await client.get_node("ns=2;s=Battery.ModeSet").write_value(0, ua.VariantType.UInt16)
        battery = hub.plant.batteries["battery_second"]
        assert battery.power_set_w == -2500.0
        assert battery.mode is InverterMode.OFF
        assert await read(client, "Battery.PowerSet") == -2500.0


async def test_a_subscriber_is_told() -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()

    class Listener:
        def datachange_notification(self, node: object, value: object, data: object) -> None:  # noqa: ARG002
            heard.put_nowait(value)

    async with served(absent=["inverter_second"]) as hub, connected(hub, "radio_mesh_node") as client:
        subscription = await client.create_subscription(50, Listener())
        await subscription.subscribe_data_change(client.get_node("ns=2;s=Radio.Alive"))
        async with asyncio.timeout(5):
            assert await heard.get() is True
            hub.plant.radios["radio_mesh"].is_broken = True
            assert await heard.get() is False


async def test_what_is_only_shown_cannot_be_written() -> None:
    async with served(absent=["radio_mesh_node"]) as hub, connected(hub) as client:
        with pytest.raises(UaStatusCodeError):
            await client.get_node("ns=2;s=Battery.SoC").write_value(10.0, ua.VariantType.Float)


async def test_a_cut_server_is_gone_and_comes_back_at_its_url() -> None:
    async with served(absent=OPCUA) as hub:
        with pytest.raises(OSError, match=r"."):
            await Client(hub.place("radio_mesh_node", "url"), timeout=2).connect()
        await hub.servers.restore("radio_mesh_node")
        async with connected(hub, "radio_mesh_node") as client:
            assert await read(client, "Radio.Supplied") is True


async def test_a_secured_server_speaks_to_the_hub_that_has_its_keys_and_to_nobody_else() -> None:
    wiring = Wiring(secures=lambda _: True)
    async with served(absent=["radio_mesh_node"], wiring=wiring) as hub:
        with pytest.raises(Exception, match=r"."):  # asyncua raises what it likes
            await Client(hub.place("inverter_second", "url"), timeout=2).connect()
        device = load_site(configs_dir() / "hubs" / "musterhallig.toml", hub.overrides).devices["inverter_second"]
        assert device.security is not None
        client = new_client(device.url, 5.0, credentials(device.security))
        await client.connect()
        assert await read(client, "Battery.Mode") == 1
        await client.disconnect()
        keys = device.security.private_key
        assert keys.exists()
    assert not keys.parent.parent.exists(), "thrown away with the bench"
