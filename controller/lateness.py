"""A decision that comes late: its openings, stops and limits are still right, its orders are not.

The guard has judged for one instant, by samples of an age that the envelope allows. An order that goes out later than
that has been judged by nobody; the next cycle judges again.
"""

from __future__ import annotations

from dataclasses import replace

from controller.model.commands import Commands


def in_time(commands: Commands, sample_s: float | None, now_s: float, late_s: float, age_max_s: float) -> Commands:
    """What may still be written `late_s` after the judgement of `now_s`; `sample_s`: of the POI's instrument then.

    The closing of the POI counts from its sample, which was not new when it was judged.
    """
    if late_s > age_max_s:
        return without_orders(commands)
    is_old = sample_s is None or now_s + late_s - sample_s > age_max_s
    if commands.poi.close is None or not is_old:
        return commands
    return replace(commands, poi=replace(commands.poi, close=None))


def without_orders(commands: Commands) -> Commands:
    """Nothing closes, forms or is cranked; every level stands."""
    return replace(
        commands,
        poi=replace(commands.poi, close=None),
        batteries={b: replace(command, form=None) for b, command in commands.batteries.items()},
        gensets={g: replace(command, crank=None) for g, command in commands.gensets.items()},
        feeders={f: replace(command, close=None) for f, command in commands.feeders.items()},
        earthing=replace(commands.earthing, close=None),
    )
