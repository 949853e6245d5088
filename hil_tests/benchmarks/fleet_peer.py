"""The devices of `fleet.py`, in a process of their own: `python -m hil_tests.benchmarks.fleet_peer PORTS LINES`.

Says its ports and lines in one line of JSON, and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tty

from hil_tests.benchmarks.polling import serve_numbers
from hil_tests.servers.modbus_rtu import crc

HOST = "127.0.0.1"
BAUD = 19200
CHARACTER_S = 11 / BAUD
QUESTION_LENGTH = 8
TURNAROUND_S = 0.003


def lay_line() -> str:
    """A serial line on which every unit answers reads with zeros, when a line of this speed could have carried it."""
    loop = asyncio.get_running_loop()
    ours, theirs = os.openpty()  # theirs stays open, so that the line outlives its clients
    tty.setraw(theirs)

    def hear() -> None:
        question = os.read(ours, 512)
        if len(question) != QUESTION_LENGTH or crc(question[:-2]) != question[-2:]:
            return
        length = 2 * int.from_bytes(question[4:6], "big")
        body = question[:2] + bytes((length,)) + bytes(length)
        answer = body + crc(body)
        wire_s = (len(question) + len(answer)) * CHARACTER_S
        loop.call_later(TURNAROUND_S + wire_s, os.write, ours, answer)

    loop.add_reader(ours, hear)
    return os.ttyname(theirs)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionResetError):  # who gave it up says so by a reset
        await reader.read()
    writer.close()


async def serve(ports_count: int, lines_count: int) -> None:
    """For ever."""
    servers = [await asyncio.start_server(serve_numbers, HOST, 0) for _ in range(ports_count)]
    silent = await asyncio.start_server(_silent, HOST, 0)
    said = {
        "ports": [server.sockets[0].getsockname()[1] for server in servers],
        "silent_port": silent.sockets[0].getsockname()[1],
        "lines": [lay_line() for _ in range(lines_count)],
    }
    print(json.dumps(said), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
