"""What a Modbus TCP transaction costs us, beside the barest loop that asyncio allows, in the same run.

Both ask the same server in another process for the same blocks of the same device, one after another. Ours checks
every answer strictly, decodes each point, scales it and leaves it on the board with its age; the bare loop unpacks the
registers and stops there.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
import subprocess
import sys
import time
from dataclasses import replace

from controller import clock
from controller.config.bus_budget import HOLE_MAX_TCP
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.types import Device, ModbusWhere, Point
from controller.drivers.blocks import Block, Located, plan
from controller.drivers.board import Board
from controller.drivers.modbus_tcp import TcpWire
from controller.drivers.station import layout, located_points
from controller.drivers.transport import Question
from hil_tests.benchmarks.row import Row, row_of

DEVICE = "poi_relay"
HEADER = struct.Struct(">HHHBB")
FUNCTION = {"holding": 3, "input": 4}
US = 1e6
HOLE = 100
GOAL_RATIO = 2.0


async def polling_rows(rounds_count: int = 15, transactions_count: int = 1_000) -> list[Row]:
    """CPU of this process per transaction, ours and bare, and the ratio of each round."""
    device = load_site(site_path("musterhallig")).devices[DEVICE]
    points = located_points(device.table.points.values())
    assert points is not None
    blocks = [block for block in layout(points, HOLE_MAX_TCP).blocks if block.space in FUNCTION]
    with contextlib.closing(_Server()) as server:
        ours, bare = [], []
        for _ in range(rounds_count):
            ours.append(await _ours(device, blocks, server.port, transactions_count))
            bare.append(await _bare(blocks, server.port, transactions_count))
        narrow_us, wide_us = [], []
        for _ in range(rounds_count):
            narrow_us.append(await _ours(device, [_with_hole(0)], server.port, transactions_count))
            wide_us.append(await _ours(device, [_with_hole(HOLE)], server.port, transactions_count))
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    registers = ", ".join(str(block.count) for block in blocks)
    note = f"{transactions_count} transactions each, blocks of {registers} registers"
    hole_pct = [(wide / narrow - 1.0) * 100.0 for narrow, wide in zip(narrow_us, wide_us, strict=True)]
    why = f"of a transaction, so reading it is always worth while; {HOLE_MAX_TCP} is for lines behind gateways"
    return [
        row_of(f"a hole of {HOLE} registers", "%", hole_pct, None, why),
        row_of("CPU per transaction, our driver", "us", ours, None, note),
        row_of("CPU per transaction, bare asyncio loop", "us", bare, None, note),
        row_of("our driver / bare loop", "ratio", ratios, GOAL_RATIO, "decoding and checking included"),
    ]


def _with_hole(registers_count: int) -> Block:
    """Two points and so many registers between them."""
    places = [ModbusWhere("holding", address) for address in (0, 1 + registers_count)]
    points = [Point(f"p{where.address}", where, "uint16", readable=True, writable=False) for where in places]
    located = [Located(point, where) for point, where in zip(points, places, strict=True)]
    (block,) = plan(located, registers_count)
    return block


async def _ours(device: Device, blocks: list[Block], port: int, count: int) -> float:
    wire, board = TcpWire(replace(device, host="127.0.0.1", port=port)), Board(device, clock.now_s)
    await wire.open(lambda: None)
    began_s = time.process_time()
    for number in range(count):
        block = blocks[number % len(blocks)]
        at_s = clock.now_s()
        payload = await wire.read(device, Question(block.space, block.address, block.count))
        board.keep_block(block, block.decode(payload), at_s)
    took_s = time.process_time() - began_s
    wire.close()
    return took_s / count * US


async def _bare(blocks: list[Block], port: int, count: int) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    questions = [(FUNCTION[block.space], block.address, block.count) for block in blocks]
    began_s = time.process_time()
    for number in range(count):
        await ask_barely(reader, writer, number, questions[number % len(questions)])
    took_s = time.process_time() - began_s
    writer.close()
    await writer.wait_closed()
    return took_s / count * US


async def ask_barely(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, question: tuple[int, int, int]
) -> None:
    """One transaction as nobody should do it: function, address and count out, the registers in, nothing checked."""
    function, address, words = question
    writer.write(HEADER.pack(number & 0xFFFF, 0, 6, 1, function) + struct.pack(">HH", address, words))
    head = HEADER.unpack(await reader.readexactly(HEADER.size))
    data = await reader.readexactly(head[2] - 2)
    struct.unpack(f">{words}H", data[1:])


class _Server:
    """Answers every read, never twice the same, in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "hil_tests.benchmarks.polling"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


async def serve_numbers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A device that answers with zeros and with ones in turn: an odd number of blocks is always another than before."""
    answers = itertools.cycle((b"\0\0", b"\0\1"))
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        for register in answers:
            number, _, _, unit, function = HEADER.unpack(await reader.readexactly(HEADER.size))
            _, words = struct.unpack(">HH", await reader.readexactly(4))
            head = HEADER.pack(number, 0, 3 + 2 * words, unit, function)
            writer.write(head + bytes((2 * words,)) + register * words)
    writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(serve_numbers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
