"""A real process whose wall clock is absent, jumps by decades and goes backwards, while the grid goes and returns."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

from controller.journal.store import JournalStore
from controller.socket_client import SocketClient
from hil_tests.benchmarks.village import Village
from hil_tests.faults.odd_clock import FILE_VARIABLE
from hil_tests.plant.plant import PlantOptions

ABSENT_UNIX_S = 0.0  # 1970: a board without a battery for its clock
BEFORE_THE_END_UNIX_S = 2.0**31 - 1.0  # of 32 bits, 2038-01-19; a second later it is passed
BACKWARDS_UNIX_S = 1.2e9  # 2008
LOOK_S = 1.5
BACK_S = 90.0


async def test_a_wall_clock_that_is_absent_jumps_and_goes_backwards_moves_nothing() -> None:
    async with Village("musterhallig", PlantOptions(irradiance_w_per_m2=0.0)) as village:
        shows = village.folder / "wall_clock.json"

        async def show(unix_s: float) -> None:
            shows.write_text(json.dumps({"at_unix_s": unix_s}))
            await village.until(lambda: 0.0 <= village.status.get("unix_s", -1.0) - unix_s < 60.0, "the label")

        shows.write_text(json.dumps({"at_unix_s": ABSENT_UNIX_S}))
        village.start_controller("hil_tests.faults.odd_clock", **{FILE_VARIABLE: str(shows)})
        await village.until_mode("grid_connected")
        await show(BEFORE_THE_END_UNIX_S)
        village.plant.grid.blackout()
        await village.until_mode("islanded")
        village.count_moves()
        await asyncio.sleep(LOOK_S)
        for unix_s in (ABSENT_UNIX_S, BEFORE_THE_END_UNIX_S, ABSENT_UNIX_S):
            await show(unix_s)
            await asyncio.sleep(LOOK_S)
        status = village.status
        assert (village.moves_count, status["mode"], status["cycle"]["vetoes_count"]) == (0, "islanded", 0)
        assert all(device["is_up"] for device in status["devices"]), "secured or not, no link looks at a date"
        village.plant.grid.returns()
        await show(BACKWARDS_UNIX_S)  # in the midst of the time for which the grid is observed
        await village.until_mode("grid_connected", BACK_S)
        lines = SocketClient(village.process.run_dir).ask(method="events", after=0, limit=500)["events"]
        await village.end_controller()
        store = JournalStore(village.process.journal)
        assert store.verify() is None, "the chain is whole"
        store.close()
    assert all(one["mono_s"] <= other["mono_s"] for one, other in pairwise(lines)), "in the order of what happened"
    assert any(one["unix_s"] > other["unix_s"] for one, other in pairwise(lines)), "the labels went backwards"
    assert [line["kind"] for line in lines].count("started") == 1, "it was not started anew"
