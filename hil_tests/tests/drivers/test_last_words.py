"""What the fallback orders reaches the devices before the process ends."""

from __future__ import annotations

import asyncio
from asyncio import StreamWriter

import pytest

from controller.config.types import PollGroup
from controller.drivers.backoff import Patience
from controller.drivers.connect import Links
from controller.drivers.heartbeat import Heart
from hil_tests.tests.drivers.devices import board, point, running
from hil_tests.tests.drivers.scripted_tcp import Request
from hil_tests.tests.drivers.tcp_link import owner_of, scripted

FEEDERS = 5
POINTS = [
    *(point(f"v{n}", n, group=PollGroup.FAST) for n in range(FEEDERS)),
    *(point(f"open{n}", 20 + n, "bool", "w", space="coil") for n in range(FEEDERS)),
]


@pytest.mark.parametrize("answers_after_s", [0.0, 0.02])
async def test_all_openings_are_sent_before_the_links_end(answers_after_s: float) -> None:
    async def slowly(_request: Request, _writer: StreamWriter) -> bool:
        await asyncio.sleep(answers_after_s)
        return False

    async with scripted(slowly) as peer:
        device = board(POINTS, port=peer.port)
        links = Links({"device": device}, [owner_of(device)], Heart([], 0.05, lambda: 0.0, lambda: None), Patience())
        async with running(links):
            async with asyncio.timeout(5.0):
                while not device.is_up:
                    await asyncio.sleep(0.01)
            for number in range(FEEDERS):
                device.write(f"open{number}", value=True)
            await links.send_what_waits(0.5)
        assert len(peer.writes(5)) == FEEDERS


async def test_who_is_not_there_is_not_waited_for() -> None:
    device = board(POINTS, port=1)
    links = Links({"device": device}, [], Heart([], 0.05, lambda: 0.0, lambda: None), Patience())
    device.write("open0", value=True)
    async with asyncio.timeout(0.4):
        await links.send_what_waits(5.0)
