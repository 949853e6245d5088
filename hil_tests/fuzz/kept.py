"""What a new process must know of what was acknowledged: latches, holds, attempts, the planned island."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.model.memory import DurableMemory
from hil_tests.simulation.memory_journal import MemoryJournal


def acknowledged_memories(journal: MemoryJournal) -> tuple[DurableMemory, ...]:
    """Asked before the crash: the newest memory that is on the disk, and what was on its way, which may get there."""
    newest = max((number for number, _ in journal.told if number <= journal.kept_number), default=0)
    first = () if newest else (DurableMemory(),)  # a new hub has nothing
    return first + tuple(memory for number, memory in journal.told if number >= newest)


def forgotten(started: DurableMemory, acknowledged: Sequence[DurableMemory], *, is_other_boot: bool) -> Iterator[str]:
    """What the new process does not know, or knows otherwise than any memory that it may have found."""
    found = _facts(started, is_other_boot=is_other_boot)
    wanted = [_facts(each, is_other_boot=is_other_boot) for each in acknowledged]
    if found in wanted:
        return
    for name, value in found.items():
        if all(each[name] != value for each in wanted):
            yield f"memory: {name} was {wanted[0][name] or 'nothing'}, and is {value or 'nothing'} after the start"
            return
    yield "memory: it is mixed of several that were written"


def _facts(memory: DurableMemory, *, is_other_boot: bool) -> dict[str, object]:
    """In plain words; in another boot no instant means anything."""
    planned = memory.planned
    return {
        "authority": memory.authority.value,
        "latches": sorted(
            (each.subject, each.reason.value, 0.0 if is_other_boot else each.since_s) for each in memory.latches
        ),
        "attempts": [(each.subject, each.kind, 0.0 if is_other_boot else each.at_s) for each in memory.attempts],
        "held_open": sorted(memory.held_open),
        "shed_by_us": sorted(memory.shed_by_us),
        "quarantined": sorted(memory.quarantined),
        "tried": sorted(memory.tried.items()),
        "poi_held_open": memory.poi_held_open,
        "planned": planned
        and (planned.who, planned.is_automatic, planned.until_s is None, None if is_other_boot else planned.until_s),
    }
