"""A judgement that never ends: a real process, its own watchdog, real devices that wait for signs of life."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from controller import clock
from controller.cli import main
from controller.core.decide import Decision, decide
from controller.drivers.link import Value
from controller.loop import Loop
from controller.watchdog import EXIT_CODE
from hil_tests.benchmarks.restarts import RESTART_S
from hil_tests.benchmarks.village import Village
from hil_tests.plant.plant import PlantOptions

HANGS_AT = "HALLIG_HANGS_AT"
HEARTBEAT = "poi.heartbeat"
SETTLE_S = 2.0
HANG_GOAL_S = 5.0
BUSY = 3.0  # times: the suite runs beside; the benchmark `restarts` holds the goal
CYCLES_S = 0.15  # three of them: an older judgement feeds no heart
ON_ITS_WAY_S = 0.2


async def test_a_core_that_hangs_in_the_island_gives_no_sign_of_life_and_another_takes_over() -> None:
    async with Village("musterhallig", PlantOptions(irradiance_w_per_m2=0.0)) as village:
        hangs, beats_at_s = village.folder / "hangs", heartbeats_of(village)
        village.start_controller(__name__, **{HANGS_AT: str(hangs)})
        first = village.controller
        assert first is not None
        await village.until_mode("grid_connected")
        village.plant.grid.blackout()
        await village.until_mode("islanded")
        await asyncio.sleep(SETTLE_S)
        village.count_moves()
        assert beats_at_s, "it was alive"
        hangs.touch()
        began_s = clock.now_s()
        await village.until(lambda: first.poll() is not None, "it ends itself")
        hung_at_s = float(json.loads(hangs.read_text())["at_s"])
        assert first.returncode == EXIT_CODE
        late_s = max(beats_at_s) - hung_at_s
        assert late_s < CYCLES_S + ON_ITS_WAY_S, "a zombie: signs of life without a judgement"
        await asyncio.sleep(RESTART_S)
        village.start_controller()
        await village.until_mode("islanded")
        assert clock.now_s() - began_s < BUSY * HANG_GOAL_S
        await asyncio.sleep(SETTLE_S)
        assert village.moves_count == 0
        assert village.plant.feeders["desk"].is_energised
        assert max(beats_at_s) > began_s + SETTLE_S, "the other one is alive"


def heartbeats_of(village: Village) -> list[float]:
    """When the relay heard a sign of life."""
    found: list[float] = []
    device = village.servers.devices.device("poi_relay")
    listen = device.on_write
    assert listen is not None

    def took(point: str, value: Value) -> None:
        if point == HEARTBEAT:
            found.append(clock.now_s())
        listen(point, value)

    device.on_write = took
    return found


def hanging_main() -> int:
    """The controller as it is; when that file is there, the next judgement never ends."""
    path, begin = Path(os.environ[HANGS_AT]), Loop.__init__

    def hangs(*seen: Any) -> Decision:
        if path.exists():
            path.write_text(json.dumps({"at_s": clock.now_s()}))
            while True:
                pass
        return decide(*seen)

    def begin_with_it(self: Loop, *arguments: Any) -> None:
        begin(self, *arguments)
        self.judge = hangs

    Loop.__init__ = begin_with_it  # type: ignore[assignment,method-assign]
    return main()


if __name__ == "__main__":
    sys.exit(hanging_main())
