"""Device servers on a clock that a test turns by hand, and a Modbus client made of nothing but sockets and `struct`."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Site
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers, Wiring

OPCUA = ("inverter_second", "radio_mesh_node")  # a second each to start, so only where they are looked at
PATIENCE_S = 10.0
SILENCE_S = 0.2  # a server that would answer has done so long ago


@dataclass
class Clock:
    """Stands still until somebody turns it."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def site(name: str = "musterhallig") -> Site:
    return load_site(configs_dir() / "hubs" / f"{name}.toml")


def small_site() -> Site:
    """An eighth of the charge: thresholds are crossed within minutes."""
    whole = site()
    hub = whole.hub
    batteries = {name: replace(each, capacity_wh=each.capacity_wh / 8.0) for name, each in hub.batteries.items()}
    return replace(whole, hub=replace(hub, batteries=batteries))


@dataclass
class Served:
    """A plant behind its servers."""

    plant: Plant
    servers: DeviceServers
    clock: Clock
    overrides: dict[str, dict[str, object]]

    def pass_time(self, duration_s: float) -> None:
        """The plant steps on, as if so much time had passed."""
        for _ in range(round(duration_s / 0.1)):
            self.clock.now_s += 0.1
            self.servers.devices.catch_up()

    def place(self, device: str, key: str) -> Any:
        return self.overrides[device][key]


@asynccontextmanager
async def served(
    name: str = "musterhallig", absent: Collection[str] = OPCUA, wiring: Wiring | None = None
) -> AsyncIterator[Served]:
    """Servers for a shipped site."""
    checked, clock = site(name), Clock()
    plant = Plant(checked.hub)
    servers = DeviceServers(checked, plant, clock=clock, wiring=wiring)
    overrides = await servers.start(absent)
    try:
        yield Served(plant, servers, clock, overrides)
    finally:
        await servers.stop()


@dataclass
class RawClient:
    """Modbus TCP by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    transaction: int = field(default=0)

    def send(self, pdu: bytes, unit: int = 1) -> int:
        """One request; returns its transaction number."""
        self.transaction += 1
        self.writer.write(struct.pack(">HHHB", self.transaction, 0, len(pdu) + 1, unit) + pdu)
        return self.transaction

    async def receive(self) -> tuple[int, int, bytes]:
        """Transaction, unit and PDU of the next reply."""
        async with asyncio.timeout(PATIENCE_S):
            transaction, _, length, unit = struct.unpack(">HHHB", await self.reader.readexactly(7))
            return transaction, unit, await self.reader.readexactly(length - 1)

    async def ask(self, pdu: bytes, unit: int = 1) -> bytes:
        """One request and its own reply."""
        sent = self.send(pdu, unit)
        transaction, replied_unit, reply = await self.receive()
        assert (transaction, replied_unit) == (sent, unit)
        return reply

    async def registers(self, address: int, count: int, function: int = 3) -> tuple[int, ...]:
        reply = await self.ask(struct.pack(">BHH", function, address, count))
        assert reply[:2] == bytes((function, 2 * count))
        return struct.unpack(f">{count}H", reply[2:])

    async def write(self, address: int, word: int) -> None:
        request = struct.pack(">BHH", 6, address, word)
        assert await self.ask(request) == request

    async def hears_nothing(self) -> bool:
        """No byte comes for a while."""
        try:
            async with asyncio.timeout(SILENCE_S):
                return await self.reader.read(1) == b"?"
        except TimeoutError:
            return True


@asynccontextmanager
async def raw_client(port: int) -> AsyncIterator[RawClient]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.transport.abort()
