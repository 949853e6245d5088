"""Set-points that hold still: nobody is told anew what changes nothing.

A meter's noise moves every power that is worked out from it, in every cycle. Written out, it wears an inverter that
keeps its set-points in flash, and fills a serial line with writes, which go before its readings. So what was told
stands as long as what is wanted is not less, and hardly more; the bus's frequency, as long as it is hardly another.
What steers a contact, out to an island or back to the grid, is told as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from controller.core.memory import CoreMemory, SourceMemory
from controller.model.commands import BatteryCommand, Commands, GensetCommand, PvCommand
from controller.model.frozen import replace
from controller.model.hub import AssetId, Genset, Hub
from controller.model.words import Mode

STEP_RATIO = 0.004  # of rating, from judgement: less than a meter of class 1 is out by, and than any step we make
STEP_LEAST_RATIO, STEP_SHARE = 0.001, 0.01  # of rating, for the noise of large meters; of what is wanted
STEP_MAX_W = 90.0  # a fiftieth of the smallest engine: who is led step by step is not held back
STEP_HZ = 0.005  # from judgement: a fortieth of what PV answers to
STEERED = (Mode.PLANNED_ISLANDING, Mode.RECONNECTION)


def steadied(memory: CoreMemory, wanted: Commands, hub: Hub) -> Commands:
    """The same commands; a set-point that is hardly another is the one of the cycle before."""
    told = memory.told_w
    pv = {p: _pv(told.get(p), command, hub.pv[p].rating_w) for p, command in wanted.pv.items()}
    if memory.mode in STEERED:
        return replace(wanted, pv=pv)
    return replace(
        wanted,
        pv=pv,
        batteries={b: _battery(memory, b, c, hub.batteries[b].rating_va) for b, c in wanted.batteries.items()},
        gensets={g: _genset(told.get(g), c, hub.gensets[g]) for g, c in wanted.gensets.items()},
    )


def remember_told(memory: CoreMemory, told: Commands) -> CoreMemory:
    """Keep what all are told in this cycle; where nothing changed, the memory is the very same."""
    powers: dict[AssetId, float | None] = {battery: command.power_set_w for battery, command in told.batteries.items()}
    powers |= {genset: command.power_set_w for genset, command in told.gensets.items()}
    powers |= {plant: command.limit_w for plant, command in told.pv.items()}
    told_w = {asset: power_w for asset, power_w in powers.items() if power_w is not None}
    if told_w == memory.told_w and told.pv == memory.pv_told:
        return memory
    return replace(memory, told_w=told_w, pv_told=told.pv)


def _pv(told_w: float | None, wanted: PvCommand, rating_w: float) -> PvCommand:
    held_w = _held_w(told_w, wanted.limit_w, rating_w)
    return wanted if held_w == wanted.limit_w else replace(wanted, limit_w=held_w)


def _battery(memory: CoreMemory, battery: AssetId, wanted: BatteryCommand, rating_va: float) -> BatteryCommand:
    held_w = _held_w(memory.told_w.get(battery), wanted.power_set_w, rating_va)
    held_hz = _held_hz(memory.batteries, battery, wanted.frequency_set_hz)
    if held_w == wanted.power_set_w and held_hz == wanted.frequency_set_hz:
        return wanted
    return replace(wanted, power_set_w=held_w, frequency_set_hz=held_hz)


def _genset(told_w: float | None, wanted: GensetCommand, genset: Genset) -> GensetCommand:
    held_w = _held_w(told_w, wanted.power_set_w, genset.rating_va, genset.min_load_w)
    return wanted if held_w == wanted.power_set_w else replace(wanted, power_set_w=held_w)


def _held_w(told_w: float | None, wanted_w: float | None, rating: float, least_w: float = 0.0) -> float | None:
    """What was told, while it asks for the same way and for no more: a BMS in the frost allows next to nothing.

    Who has to be told less is told a little less than that, though not below its least load, and so holds still again.
    """
    if told_w is None or wanted_w is None or told_w == wanted_w:
        return wanted_w
    step_w = min(max(STEP_SHARE * abs(wanted_w), STEP_LEAST_RATIO * rating), STEP_RATIO * rating, STEP_MAX_W)
    sign = math.copysign(1.0, wanted_w)
    more_w = sign * (wanted_w - told_w)  # than it was told, the way that is wanted
    is_other_way = sign * told_w < 0.0
    moves = abs(more_w) >= step_w  # by itself, and not by noise
    if is_other_way or moves or abs(wanted_w) >= rating or wanted_w == 0.0:
        return wanted_w
    if more_w >= 0.0:
        return told_w
    return sign * max(min(least_w, abs(wanted_w)), abs(wanted_w) - 0.5 * step_w)


def _held_hz(batteries: Mapping[AssetId, SourceMemory], battery: AssetId, wanted_hz: float | None) -> float | None:
    told = batteries[battery].told if battery in batteries else ()
    told_hz = told[-1].frequency_set_hz if told else None
    if told_hz is None or wanted_hz is None:
        return wanted_hz
    return told_hz if abs(wanted_hz - told_hz) < STEP_HZ else wanted_hz
