"""The SunSpec chain, scanned by the SunSpec Alliance's own client, which knows nothing of our tables."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from hil_tests.tests.servers.benches import Served, raw_client, served


async def scanned(hub: Served, work: Callable[[Any], Any]) -> Any:
    """Scan the device and work with it, in a thread as the client blocks."""

    def in_thread() -> Any:
        port = hub.place("inverter_barn", "port")
        device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5)
        try:
            device.scan()
            return work(device)
        finally:
            device.close()

    return await asyncio.to_thread(in_thread)


async def test_the_chain_is_found_whole() -> None:
    async with served() as hub:
        models = await scanned(hub, lambda device: [model for model in device.models if isinstance(model, int)])
        maker = await scanned(hub, lambda device: device.common[0].Mn.value)
    assert models == [1, 701, 704]
    assert maker == "Hallig bench"


async def test_power_connection_and_limit_read_in_their_units() -> None:
    async with served() as hub:
        hub.plant.pv["pv_barn"].set_limit_w(9000.0)
        hub.pass_time(3.0)
        power_w, connected, limit_pct, unused = await scanned(
            hub,
            lambda device: (
                device.DERMeasureAC[0].W.cvalue,
                device.DERMeasureAC[0].ConnSt.value,
                device.DERCtlAC[0].WMaxLimPct.cvalue,
                device.DERMeasureAC[0].Hz.value,
            ),
        )
        assert power_w == pytest.approx(hub.plant.pv["pv_barn"].power_w.total, abs=5.0)
        assert connected == 1
        assert limit_pct == pytest.approx(30.0)
        assert unused is None  # not implemented, and says so


async def test_a_limit_written_by_the_client_limits_the_plant() -> None:
    def limit(device: Any) -> None:
        control = device.DERCtlAC[0]
        control.WMaxLimPct.cvalue = 12.5
        control.write()

    async with served() as hub:
        await scanned(hub, limit)
        assert hub.plant.pv["pv_barn"].limit_w == pytest.approx(3750.0)


async def test_what_the_table_does_not_write_is_refused() -> None:
    async with served() as hub, raw_client(hub.place("inverter_barn", "port")) as client:
        assert await client.registers(40000, 2) == (0x5375, 0x6E53)
        assert await client.ask(b"\x06\x9c\x44\x00\x01") == b"\x86\x02"
