"""The story that the demo plays: some time on grid, a blackout, an island, the grid's return."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hil_tests.demo.judge import Judge
from hil_tests.plant.plant import Plant

RETURN_PATIENCE_S = 120.0
"""Observation time, flap patience, steering and closing of the demo's grid code, with room."""

SETTLE_S = 5.0
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Chapter:
    """How long each part lasts."""

    grid_s: float = 20.0
    island_s: float = 90.0


async def play(plant: Plant, judge: Judge, chapter: Chapter, say: Callable[[str], None]) -> None:
    """Play once, in the plant's own time. Returns when the hub is back on grid, or when patience is over."""
    say(f"On grid. The blackout comes in {chapter.grid_s:.0f} s.")
    await _until(plant, plant.now_s + chapter.grid_s)
    plant.grid.blackout()
    say(f"BLACKOUT. The grid stays away for {chapter.island_s:.0f} s.")
    await _until(plant, plant.now_s + chapter.island_s)
    plant.grid.returns()
    say("The grid is back. The hub watches it, steers and closes.")
    patience_until_s = plant.now_s + RETURN_PATIENCE_S
    while judge.reconnected_at_s is None and plant.now_s < patience_until_s:
        await _until(plant, plant.now_s + LOOK_S)
    await _until(plant, plant.now_s + SETTLE_S)


async def _until(plant: Plant, instant_s: float) -> None:
    """Wait for the plant's clock, which the device servers keep in step with real time."""
    while (left_s := instant_s - plant.now_s) > 0.0:  # the plant is stepped, not scheduled: nothing to wait upon
        await asyncio.sleep(min(LOOK_S, left_s))
