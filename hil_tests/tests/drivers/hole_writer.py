"""A process that gives one order when it is told to: `python -m hil_tests.tests.drivers.hole_writer KIND PORT`.

Says `up` once it has values, reads a line, gives the order, and lives until it is killed.
"""

from __future__ import annotations

import asyncio
import sys

from hil_tests.tests.drivers import opcua_peer
from hil_tests.tests.drivers.devices import board, running, until
from hil_tests.tests.drivers.tcp_link import POINTS, owner_of


async def _told() -> None:
    print("up", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def over_modbus(port: int) -> None:
    """Opens a contactor."""
    link = board(POINTS, port=port)
    async with running(owner_of(link)):
        await until(lambda: link.is_up)
        await _told()
        link.write("open", True)
        await asyncio.Event().wait()


async def over_opcua(port: int) -> None:
    """Lets a battery form."""
    async with opcua_peer.linked(opcua_peer.url_of(port), timeout_s=8.0) as (link, _):
        await until(lambda: link.reading("soc_pct"))
        await _told()
        link.write("mode_set", "grid_forming")
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run({"modbus": over_modbus, "opcua": over_opcua}[sys.argv[1]](int(sys.argv[2])))
