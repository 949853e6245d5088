"""Small device tables, and links to them, for the tests of the drivers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import serial

from controller.config.types import Device, DeviceTable, Evidence, ModbusWhere, OnLoss, Point, Protocol
from controller.drivers.backoff import Patience
from controller.drivers.board import Board
from controller.drivers.connect import Owner
from controller.drivers.link import Link, Reading, Sample, Value
from controller.drivers.quiet_log import QuietLog
from controller.drivers.surroundings import Surroundings

WAIT_MAX_S = 10.0


def now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def point(name: str, address: int, kind: str = "uint16", access: str = "r", **more: Any) -> Point:
    where = ModbusWhere(more.pop("space", "holding"), address, more.pop("bit", None))
    return Point(name, where, kind, "r" in access, "w" in access, **more)


def table(
    points: Iterable[Point], protocol: Protocol = Protocol.MODBUS_TCP, heartbeat: str | None = None
) -> DeviceTable:
    return DeviceTable(
        name="test/device",
        path=Path("device.toml"),
        brand="none",
        model="none",
        protocol=protocol,
        evidence=Evidence.SIMULATED,
        source="this test",
        caveats=(),
        on_loss=OnLoss.HOLD,
        on_loss_island=OnLoss.HOLD,
        reversion_s=None,
        heartbeat=heartbeat,
        points={each.id: each for each in points},
    )


def device(points: Iterable[Point], protocol: Protocol = Protocol.MODBUS_TCP, **more: Any) -> Device:
    heartbeat = more.pop("heartbeat", None)
    defaults: dict[str, Any] = {
        "name": "device",
        "host": "127.0.0.1",
        "timeout_s": 0.1,
        "fast_s": 0.02,
        "normal_s": 0.05,
    }
    return Device(table=table(points, protocol, heartbeat), **{**defaults, **more})


def board(points: Iterable[Point], protocol: Protocol = Protocol.MODBUS_TCP, **more: Any) -> Board:
    return Board(device(points, protocol, **more), now_s)


def surroundings(patience: Patience | None = None) -> Surroundings:
    return Surroundings(now_s, patience or Patience(), QuietLog(logging.getLogger("test"), now_s), serial.Serial)


def held(link: Link, name: str) -> Reading:
    """The reading of a point that must be there."""
    reading = link.reading(name)
    assert reading is not None, f"no reading of {name}"
    return reading


@asynccontextmanager
async def running(owner: Owner) -> AsyncIterator[None]:
    """The owner runs; it must neither raise nor end by itself."""
    task = asyncio.create_task(owner.run())
    try:
        yield
        assert not task.done(), "the owner of a connection ended"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(is_true: Callable[[], object], why: str = "") -> None:
    """Wait for a condition; fails after ten seconds."""
    end_s = now_s() + WAIT_MAX_S
    while not is_true():
        assert now_s() < end_s, f"never happened: {why}"
        await asyncio.sleep(0.002)


class FakeLink:
    """A link in memory. Its readings are changed from outside, so it never says that they stood still."""

    def __init__(self) -> None:
        self._asked_count = 0
        self.is_still = False  # nothing more is said
        self.is_up = True
        self.is_barred = False
        self.is_empty = False
        self.readings: dict[str, Reading] = {}
        self.impossible: dict[str, float] = {}  # with the instants
        self.written: list[tuple[str, Value]] = []

    @property
    def changes_count(self) -> int:
        self._asked_count += not self.is_still
        return self._asked_count

    @property
    def values_count(self) -> int:
        return self._asked_count

    def reading(self, name: str) -> Reading | None:
        return self.readings.get(name)

    def impossible_at_s(self, name: str) -> float | None:
        return self.impossible.get(name)

    def write(self, name: str, value: Value) -> None:
        self.written.append((name, value))


def read(value: Value, at_s: float) -> Reading:
    """A reading of an answer of its own."""
    return Reading(value, Sample(at_s))
