"""The device servers, asked by clients that are not ours."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

import minimalmodbus
import pytest
import pytest_asyncio
from asyncua import Client
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from controller.config.load import load_site
from controller.config.paths import site_path
from controller.model.words import BreakerPosition, InverterMode
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.servers.bench import DeviceServers, Overrides
from hil_tests.servers.modbus import crc


@dataclass
class Running:
    plant: Plant
    servers: DeviceServers
    at: Overrides


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Running]:
    site = load_site(site_path("musterhallig"))
    plant = Plant(site.hub, options=PlantOptions(irradiance_w_per_m2=800.0))
    plant.advance_to(3.0)
    servers = DeviceServers(site, plant)
    at = await servers.start()
    yield Running(plant, servers, at)
    await servers.stop()


async def ask(at: dict[str, object], pdu: bytes, unit: int = 1) -> bytes:
    """One request over a plain socket."""
    reader, writer = await asyncio.open_connection(str(at["host"]), int(str(at["port"])))
    writer.write(struct.pack(">HHHB", 7, 0, len(pdu) + 1, unit) + pdu)
    try:
        async with asyncio.timeout(1.0):
            transaction, protocol, length, answered = struct.unpack(">HHHB", await reader.readexactly(7))
            reply = await reader.readexactly(length - 1)
    finally:
        writer.close()
    assert (transaction, protocol, answered) == (7, 0, unit)
    return reply


async def test_the_relay_answers_over_tcp(bench: Running) -> None:
    reply = await ask(bench.at["poi_relay"], struct.pack(">BHH", 3, 0, 9))
    words = struct.unpack(">9H", reply[2:])
    assert words[0] == 2, "closed"
    assert words[1] == pytest.approx(2300, abs=30)
    assert words[7] == pytest.approx(50_000, abs=5)


async def test_orders_reach_the_plant(bench: Running) -> None:
    assert await ask(bench.at["poi_relay"], struct.pack(">BHH", 6, 100, 1)) == struct.pack(">BHH", 6, 100, 1)
    while bench.plant.poi.position is not BreakerPosition.OPEN:
        await asyncio.sleep(0.01)
    await ask(bench.at["inverter_main"], struct.pack(">BHHB2H", 16, 100, 2, 4, 2, 0))
    while bench.plant.batteries["battery_main"].mode is not InverterMode.GRID_FORMING:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (struct.pack(">BHH", 3, 9_000, 1), 2),
        (struct.pack(">BHH", 3, 0, 126), 3),
        (struct.pack(">BHH", 3, 0, 0), 3),
        (struct.pack(">BHH", 6, 0, 1), 2),
        (struct.pack(">B", 43), 1),
        (struct.pack(">BH", 3, 0), 3),
    ],
)
async def test_what_cannot_be_is_refused(bench: Running, pdu: bytes, code: int) -> None:
    assert await ask(bench.at["poi_relay"], pdu) == bytes((pdu[0] | 0x80, code))


async def test_an_absent_unit_stays_silent(bench: Running) -> None:
    with pytest.raises(TimeoutError):
        await ask(bench.at["poi_relay"], struct.pack(">BHH", 3, 0, 1), unit=9)


async def test_the_sunspec_chain_is_true(bench: Running) -> None:
    at = bench.at["inverter_barn"]

    def scan() -> tuple[float, float, str]:
        device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr=at["host"], ipport=at["port"])
        device.scan()
        try:
            device.DERMeasureAC[0].read()
            device.DERCtlAC[0].read()
            device.DERCtlAC[0].WMaxLimPct.cvalue = 40.0
            device.DERCtlAC[0].write()
            return device.DERMeasureAC[0].W.cvalue, device.DERCtlAC[0].WMaxLimPct.cvalue, device.common[0].Mn.value
        finally:
            device.close()

    watts, _, brand = await asyncio.to_thread(scan)
    assert watts == pytest.approx(bench.plant.pv["pv_barn"].power_w.total, rel=0.05)
    assert brand == "Hallig bench"
    assert bench.plant.pv["pv_barn"].limit_w == pytest.approx(12_000.0)


async def test_the_rtu_line_answers_its_units_and_no_other(bench: Running) -> None:
    path = str(bench.at["genset_panel"]["serial_port"])

    def read(unit: int) -> list[int]:
        instrument = minimalmodbus.Instrument(path, unit)
        instrument.serial.baudrate, instrument.serial.timeout = 19200, 0.3
        try:
            return list(instrument.read_registers(0, 5))
        finally:
            instrument.serial.close()

    water = await asyncio.to_thread(read, 11)
    assert water[0] == 2
    assert sum(water[1:4]) == pytest.approx(bench.plant.feeders["water"].power_w.total, rel=0.05)
    genset = await asyncio.to_thread(read, 10)
    assert genset[4] == pytest.approx(1500, abs=1), "tenths of a litre"
    with pytest.raises(minimalmodbus.NoResponseError):
        await asyncio.to_thread(read, 99)


async def test_the_opcua_server_shows_the_plant_and_takes_orders(bench: Running) -> None:
    async with Client(str(bench.at["inverter_second"]["url"])) as client:
        soc = client.get_node("ns=2;s=Battery.SoC")
        assert await soc.read_value() == pytest.approx(85.0, abs=1.0)
        wish = client.get_node("ns=2;s=Battery.PowerSet")
        from asyncua import ua  # noqa: PLC0415

        await wish.write_value(ua.Variant(5_000.0, ua.VariantType.Float))
        while bench.plant.batteries["battery_second"].power_set_w != 5_000.0:
            await asyncio.sleep(0.02)


async def test_a_cut_device_is_gone_and_comes_back_at_its_address(bench: Running) -> None:
    request = struct.pack(">BHH", 3, 0, 1)
    await bench.servers.cut("poi_relay")
    with pytest.raises(OSError):  # noqa: PT011  (refused or reset)
        await ask(bench.at["poi_relay"], request)
    await bench.servers.restore("poi_relay")
    assert (await ask(bench.at["poi_relay"], request))[0] == 3


async def test_the_plant_keeps_step_with_the_clock(bench: Running) -> None:
    began_s, wall_s = bench.plant.now_s, asyncio.get_running_loop().time()
    await asyncio.sleep(0.5)
    passed_s = asyncio.get_running_loop().time() - wall_s
    assert bench.plant.now_s - began_s == pytest.approx(passed_s, abs=0.2)


def test_a_silent_controller_lets_the_dead_man_act() -> None:
    site = load_site(site_path("musterhallig"))
    plant = Plant(site.hub, options=PlantOptions(irradiance_w_per_m2=800.0))
    from hil_tests.servers.points import PlantDevices  # noqa: PLC0415

    devices = PlantDevices(site, plant)
    school = devices.device("inverter_school")
    school.write("pv.limit_set_w", 5_000.0)
    for beat in range(4):
        school.write("pv.heartbeat", beat)
        plant.advance_to(plant.now_s + 20.0)
        devices.check_dead_men()
    assert plant.pv["pv_school"].limit_w == 5_000.0
    plant.advance_to(plant.now_s + 31.0)
    devices.check_dead_men()
    assert plant.pv["pv_school"].limit_w == 50_000.0, "on grid the limit lapses"


def test_crc_of_the_specification() -> None:
    assert crc(bytes.fromhex("0207")) == bytes.fromhex("4112"), "Modbus over serial line 1.02, section 6.2.2"
