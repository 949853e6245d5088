"""Judgement fails in the real application: what the fallback orders reaches the devices before the process ends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from controller.app import EXIT_CORE_FAILED, Places, _App
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.loop import Loop
from controller.model.decision import PreparedAnswer
from controller.model.image import BatterySeen
from controller.model.words import InverterMode, Mode
from hil_tests.faults.wire import WireFault, WireFaults
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers
from hil_tests.servers.modbus_tcp import TcpServer
from hil_tests.tests.blackbox.recordings import replayed
from hil_tests.tests.shell.test_folder_lock import run_folder

MODULE = "io_module"
SHED = {
    "medical": "feeder.2.closed",
    "warm_room": "feeder.3.closed",
    "cold_chain": "feeder.4.closed",
    "ev_posts": "feeder.5.closed",
}
"""All on one connection, which takes one order after the other."""
ANSWERS_AFTER_S = 0.02


@asynccontextmanager
async def village(folder: Path) -> AsyncIterator[tuple[_App, asyncio.Task[int], DeviceServers]]:
    """The application as `hallig run` makes it, running, and its devices on sockets."""
    served = load_site(site_path("musterhallig"))
    plant = Plant(served.hub)
    plant.advance_to(1.0)
    servers = DeviceServers(served, plant)
    site = load_site(site_path("musterhallig"), await servers.start())
    (folder / "run").mkdir()
    app = _App(site, Places(folder / "run", folder / "data"), run_folder(folder / "run"))
    running = asyncio.create_task(app.run())
    try:
        yield app, running, servers
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await servers.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30.0):
        while not condition():
            await asyncio.sleep(0.01)


def answer_slowly(servers: DeviceServers) -> None:
    wire = servers.wire(MODULE)
    assert isinstance(wire, TcpServer)
    unit = servers.devices.site.devices[MODULE].unit
    slow = WireFault("slow", {"delay_s": ANSWERS_AFTER_S, "jitter_s": 0.0}, random.Random(1))
    wire.wires[unit] = WireFaults(is_tcp=True, active=[slow])


def fail_with_an_overload(loop: Loop) -> None:
    """The next judgement raises, and what was seen and prepared makes the fallback shed."""

    def raises(*_: object) -> None:
        overloaded = BatterySeen(mode=InverterMode.GRID_FORMING, overload_pct=95.0)
        loop.image = replace(loop.image, batteries={"battery_main": overloaded})
        raise ZeroDivisionError("planted")

    loop.memory = replace(loop.memory, prepared=PreparedAnswer(shed=tuple(SHED)))
    loop.judge = raises  # type: ignore[assignment]


async def test_all_that_the_fallback_orders_is_sent_before_the_application_ends(tmp_path: Path) -> None:

    async with village(tmp_path) as (app, running, servers):
        await until(lambda: app._loop is not None and app._loop.memory.mode is Mode.GRID_CONNECTED)
        assert app._loop is not None
        answer_slowly(servers)
        fail_with_an_overload(app._loop)
        assert await running == EXIT_CORE_FAILED
        written = servers.devices.device(MODULE).written
        assert {point for point in SHED.values() if written.get(point) is False} == set(SHED.values())
        (path,) = (tmp_path / "data" / "blackbox").iterdir()
        box, told = replayed(path)
        assert [mark for mark, _, _ in box.marks] == ["started", "failed"]
        assert (told.difference, told.skipped_count) == (None, 1), "what failed is kept, and all before it"
        assert told.cycles_count > 1
