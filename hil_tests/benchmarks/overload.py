"""Overload in the island, in real time: from the bus at the instrument to the next feeder's opening order.

The load jumps beyond everything that the inverter's short-time curve allows. (Less is carried knowingly for a tenth of
the curve's time, so that a motor start sheds nobody.)
"""

from __future__ import annotations

import asyncio
import random

from hil_tests.benchmarks.islanding import AFTER_S, QUIET_S
from hil_tests.benchmarks.row import Row, row_of
from hil_tests.benchmarks.village import Village
from hil_tests.plant.plant import Plant, PlantOptions

MS = 1000.0
GOAL_MS = 200.0
START_RATIO = 0.4
JUMP_RATIO = 4.0
LIVE_RATIO = 0.8


async def overload_rows(count: int, seed: int = 1) -> list[Row]:
    """The jump `count` times, each on an island that has just been formed by a controller without a past."""
    dice = random.Random(seed)
    samples_ms: list[float] = []
    async with Village(options=PlantOptions(demand_ratio=START_RATIO, irradiance_w_per_m2=0.0)) as village:
        village.plant.advance_to(village.plant.now_s + 2.0)
        village.servers.devices.resume()
        as_it_was = village.plant.snapshot()
        for _ in range(count):
            village.plant.restore(as_it_was)
            village.forget()
            village.servers.devices.resume()
            village.start_controller()
            await village.until_mode("grid_connected")
            village.plant.grid.blackout()
            await village.until_mode("islanded")
            await asyncio.sleep(dice.uniform(*QUIET_S))
            samples_ms += await _jump(village)
            village.kill_controller()
    missing = count - len(samples_ms)
    note = "the voltage gives way first" + (f"; {missing} not seen" if missing else "")
    return [row_of("overload in the island -> next feeder's order", "ms", samples_ms, GOAL_MS, note)]


async def _jump(village: Village) -> list[float]:
    village.watch_for(_is_overloaded)
    for feeder in village.plant.feeders.values():
        feeder.demand_ratio = JUMP_RATIO
    await village.until(lambda: bool(village.orders(("closed", False))), "an opening order", 5.0)
    await asyncio.sleep(AFTER_S)
    begun_s, order = village.criterion_at_s, village.orders(("closed", False))[0]
    return [] if begun_s is None else [(order.at_s - begun_s) * MS]


def _is_overloaded(plant: Plant) -> bool:
    return plant.bus_voltage_v.minimum < LIVE_RATIO * plant.hub.nominal_voltage_v
