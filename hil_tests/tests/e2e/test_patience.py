"""The real application tells its links whether the hub is islanded: then who is lost is looked for each second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from controller import clock
from controller.model.words import Mode
from hil_tests.tests.e2e.test_last_words import until, village

LONG_FAILURES = 20


async def test_in_the_island_who_is_lost_is_looked_for_each_second(tmp_path: Path) -> None:
    async with village(tmp_path) as (app, _, _):
        await until(lambda: app._loop is not None and app._loop.memory.mode is Mode.GRID_CONNECTED)
        assert app._loop is not None
        patience = app._links._patience
        assert max(patience.wait_s(LONG_FAILURES) for _ in range(100)) > 1.0
        app._loop.memory = replace(app._loop.memory, mode=Mode.ISLANDED)
        app._after_cycle(app._loop, clock.now_s())
        assert max(patience.wait_s(LONG_FAILURES) for _ in range(100)) <= 1.0
