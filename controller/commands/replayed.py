"""What came of a replay, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controller.blackbox.reading import BoxFile
from controller.blackbox.replaying import ABSENT, Difference, Replay

Made = tuple[Path, tuple[str, ...]] | None
"""The file of a scenario, and what it could not carry over."""

ENDS = {
    "complete": "",
    "stopped": "It ends where the controller was ended.",
    "continued": "It goes on in the file after it.",
    "full": "It ends where the file was full.",
    "": "It has no end: the controller was killed, or still writes.",
}


def as_json(box: BoxFile, told: Replay, made: Made) -> dict[str, Any]:
    """One document."""
    difference = told.difference
    return {
        "file": str(box.path),
        "hub": box.head.hub.name,
        "software": box.head.software,
        "cause": box.head.cause,
        "marks": [{"mark": what, "at_s": at_s, "text": text} for what, at_s, text in box.marks],
        "cycles_count": told.cycles_count,
        "from_s": told.first_s,
        "to_s": told.last_s,
        "skipped_count": told.skipped_count,
        "difference": None
        if difference is None
        else {
            "cycle": difference.cycle,
            "at_s": difference.at_s,
            "field": difference.field,
            "recorded": difference.recorded,
            "now": difference.now,
        },
        "end": box.end,
        "trouble": box.trouble,
        "gaps": box.gaps,
        "unknown": sorted(box.unknown),
        "scenario": None if made is None else {"file": str(made[0]), "left_out": made[1]},
    }


def sentences(box: BoxFile, told: Replay, made: Made) -> Iterator[str]:
    """For people."""
    yield f"{box.path}: {box.head.hub.name}, written by hallig {box.head.software}"
    for _, at_s, text in box.marks:
        yield f"  {at_s:.2f} s  {text}"
    if told.difference is not None:
        yield from _of_difference(box, told.difference)
    elif told.cycles_count == 0:
        yield "No cycle in it can be read."
    else:
        assert told.first_s is not None, "cycles have instants"
        assert told.last_s is not None, "cycles have instants"
        yield f"The same in all {told.cycles_count} cycles, over {told.last_s - told.first_s:.1f} s."
    yield from _remarks(box, told)
    if made is not None:
        yield f"Written as a scenario: {made[0]}. Play it with 'hallig bench run {made[0]}'."
        yield from (f"  not carried over: {what}" for what in made[1])


def _of_difference(box: BoxFile, difference: Difference) -> Iterator[str]:
    yield f"Different from cycle {difference.cycle} on, at {difference.at_s:.2f} s{_beside(box, difference.at_s)}:"
    yield f"  {difference.field} was {_value(difference.recorded)} and is now {_value(difference.now)}"


def _beside(box: BoxFile, at_s: float) -> str:
    """From the last thing that happened before it, or the first after it."""
    before = [mark for mark in box.marks if mark[1] <= at_s]
    if not box.marks:
        return ""
    _, mark_s, text = before[-1] if before else box.marks[0]
    if abs(at_s - mark_s) < 0.001:
        return f", with '{text}'"
    return f", {abs(at_s - mark_s):.2f} s {'after' if at_s > mark_s else 'before'} '{text}'"


def _value(plain: Any) -> str:
    if plain is None:
        return ABSENT
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return str(plain)


def _remarks(box: BoxFile, told: Replay) -> Iterator[str]:
    """What limits the verdict."""
    if told.skipped_count:
        yield f"{told.skipped_count} cycles had failed outside of decision and guard: they cannot be replayed."
    yield from (f"Cycles {first} to {last} are missing." for first, last in box.gaps)
    if box.unknown:
        yield f"This software does not know any more, and leaves out: {', '.join(sorted(box.unknown))}."
    if box.trouble:
        yield f"The file is {box.trouble}; what stood there is not judged."
    elif told.difference is None and ENDS.get(box.end, ""):
        yield ENDS[box.end]
