"""Fault fuzz of the Modbus links: `python -m hil_tests.fuzz.links [--transactions 100000] [--seed 1]`.

A device is polled and written to through the production drivers, in virtual time; a third of its answers is spoilt. No
value may ever be kept that is another register's or older than its question, and no write may be repeated before
somebody has looked whether it arrived, or, where nobody can, within a second. Exit code 1 if either happened.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from controller.config import types as config
from controller.drivers.backoff import Patience
from controller.drivers.blocks import Block
from controller.drivers.board import Board
from controller.drivers.link import Said
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_rtu import RTU_RULES, RtuWire
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from controller.drivers.quiet_log import QuietLog
from controller.drivers.surroundings import Surroundings
from hil_tests.fuzz.spoiling import (
    ADDRESSES,
    ASKED_POINT,
    BLIND_ORDER,
    RTU_WAYS,
    SET_POINT,
    TCP_WAYS,
    TICKS,
    Device,
    RtuPeer,
    Spoiler,
    TcpPeer,
    tick_at,
)
from hil_tests.virtual.loop import VirtualLoop
from hil_tests.virtual.serial_port import SerialPorts, silences_in_virtual_time

SPOILT_RATIO = 0.33
RTU_SHARE_RATIO = 0.2
TIMEOUT_S = 0.05
PERIOD_S = 0.005
CALLER_S = 0.05  # restates its wish as a cycle does
WISH_S = 3.0  # and changes its mind this often
FRESH_TICKS = 10_000  # 10 s: an answer is no older than its question, modulo the registers' 65 s
LEEWAY_TICKS = 1  # both are rounded
WRITTEN = {"set_point": SET_POINT, "asked_point": ASKED_POINT, "blind.close": BLIND_ORDER}


@dataclass(frozen=True, slots=True)
class Found:
    """What one run found."""

    transactions_count: int
    kept_count: int
    wrong: tuple[str, ...]
    blind_writes_count: int
    used: dict[str, int]


class _Watched(Board):
    """A board that looks at every value that is left on it."""

    def __init__(self, device: config.Device, clock: Callable[[], float], peer: Device) -> None:
        super().__init__(device, clock)
        self.kept_count = 0
        self.wrong: list[str] = []
        self._peer = peer

    def keep_block(self, block: Block, values: Sequence[Said], asked_at_s: float) -> None:
        """As the board does, and looked at."""
        super().keep_block(block, values, asked_at_s)
        for point, value in zip(block.points, values, strict=True):
            self.kept_count += 1
            if isinstance(value, int | float) and not self._is_right(point, float(value), asked_at_s):
                self.wrong.append(f"{point} = {value} asked at {asked_at_s:.3f} s")

    def _is_right(self, point: str, value: float, asked_at_s: float) -> bool:
        if point in WRITTEN:
            return value == self._peer.held[WRITTEN[point]]
        address, tick = divmod(int(value), TICKS)
        return address == int(point) and (tick - tick_at(asked_at_s) + LEEWAY_TICKS) % TICKS < FRESH_TICKS


def fuzz_tcp(seed: int, transactions_count: int) -> Found:
    """Over TCP."""
    loop, dice = VirtualLoop(), random.Random(seed)
    peer = Device(loop.time)
    spoiler = Spoiler(dice, SPOILT_RATIO, TIMEOUT_S, tuple(TCP_WAYS))

    async def play() -> Found:
        server = await loop.create_server(lambda: TcpPeer(peer, spoiler))
        port = server.sockets[0].getsockname()[1]
        board = _Watched(_device(config.Protocol.MODBUS_TCP, port=port), loop.time, peer)
        bus = ModbusBus([board], TcpWire(board.device), TCP_RULES, _around(loop, dice))
        return await _played(bus, board, peer, spoiler, transactions_count)

    return _run(loop, play)


def fuzz_rtu(seed: int, transactions_count: int) -> Found:
    """On a serial line."""
    loop, dice = VirtualLoop(), random.Random(seed)
    peer, ports = Device(loop.time), SerialPorts()
    spoiler = Spoiler(dice, SPOILT_RATIO, TIMEOUT_S, tuple(RTU_WAYS))

    async def play() -> Found:
        end = ports.end()
        name = end.start(RtuPeer(peer, spoiler, end.send).hear)
        board = _Watched(_device(config.Protocol.MODBUS_RTU, serial_port=name, baudrate=115200), loop.time, peer)
        bus = ModbusBus([board], RtuWire(board.device, ports.open), RTU_RULES, _around(loop, dice))
        return await _played(bus, board, peer, spoiler, transactions_count)

    with silences_in_virtual_time(loop):
        return _run(loop, play)


def _run(loop: VirtualLoop, play: Callable[[], Coroutine[None, None, Found]]) -> Found:
    try:
        with _nothing_logged():
            return loop.run_until_complete(play())
    finally:
        loop.close()


async def _played(bus: ModbusBus, board: _Watched, peer: Device, spoiler: Spoiler, transactions_count: int) -> Found:
    serving = asyncio.create_task(bus.run())
    calling = asyncio.create_task(_call(board))
    while peer.asked_count < transactions_count:
        await asyncio.sleep(1.0)
        assert not serving.done(), "the owner of a connection ended"
    for task in (serving, calling):
        task.cancel()
    await asyncio.gather(serving, calling, return_exceptions=True)
    return Found(peer.asked_count, board.kept_count, tuple(board.wrong), peer.blind_writes_count, spoiler.used)


async def _call(board: Board) -> None:
    """Wants two set-points and a contact, restates them each cycle, and something else by and by."""
    number = 0
    while True:
        number = (number + 1) % TICKS
        for _ in range(int(WISH_S / CALLER_S)):
            board.write("set_point", number)
            board.write("asked_point", number)
            board.write("blind.close", number % 2 == 1)
            await asyncio.sleep(CALLER_S)


def _device(protocol: config.Protocol, **place: object) -> config.Device:
    points = [_point(str(address), address, "uint32") for address in ADDRESSES]
    points.append(replace(_point("set_point", SET_POINT, "uint16"), writable=True))
    asked = replace(_point("asked_point", ASKED_POINT, "uint16"), read_back=True)
    blind = _point("blind.close", BLIND_ORDER, "bool")
    points += [replace(each, readable=False, writable=True) for each in (asked, blind)]
    table = config.DeviceTable(
        name="spoilt", path=Path("spoilt.toml"), brand="none", model="none", protocol=protocol,
        evidence=config.Evidence.SIMULATED, source="this fuzz", caveats=(), on_loss=config.OnLoss.HOLD,
        on_loss_island=config.OnLoss.HOLD, reversion_s=None, heartbeat=None,
        points={point.id: point for point in points},
    )  # fmt: skip
    device = config.Device("spoilt", table, host="127.0.0.1", timeout_s=TIMEOUT_S, normal_s=PERIOD_S)
    return replace(device, **place)  # type: ignore[arg-type]


def _point(name: str, address: int, kind: str) -> config.Point:
    return config.Point(name, config.ModbusWhere("holding", address), kind, readable=True, writable=False)


def _around(loop: VirtualLoop, dice: random.Random) -> Surroundings:
    log = QuietLog(logging.getLogger("hallig.links"), loop.time)
    return Surroundings(loop.time, Patience(dice.random), log, lambda *_, **__: None)


@contextmanager
def _nothing_logged() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1: a wrong value was kept, or a write was repeated blindly."""
    parser = argparse.ArgumentParser(prog="python -m hil_tests.fuzz.links", description=__doc__)
    parser.add_argument("--transactions", type=int, default=100_000, help="of which a fifth on a serial line")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    serial_count = int(asked.transactions * RTU_SHARE_RATIO)
    runs = [fuzz_tcp(asked.seed, asked.transactions - serial_count), fuzz_rtu(asked.seed, serial_count)]
    for found in runs:
        print("; ".join(f"{way} {count}" for way, count in sorted(found.used.items())))
        for line in found.wrong:
            print(f"wrong: {line}")
    wrong_count = sum(len(found.wrong) for found in runs)
    blind_count = sum(found.blind_writes_count for found in runs)
    spoilt_count = sum(sum(found.used.values()) for found in runs)
    transactions_count = sum(found.transactions_count for found in runs)
    kept_count = sum(found.kept_count for found in runs)
    print(
        f"seed {asked.seed}: {transactions_count} transactions, {spoilt_count} spoilt, {kept_count} values kept:"
        f" {wrong_count} wrong values, {blind_count} writes repeated blindly"
    )
    return 1 if wrong_count or blind_count else 0


if __name__ == "__main__":
    sys.exit(main())
