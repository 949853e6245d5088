"""Whoever asked and got no answer, because the process died, asks again: a request is not kept, its answer is.

A request lives in the memory of the process, for seconds. What came of it is an event; once that is on the disk, what
was asked for is there as well and has to be known after the start (`kept`). Before that nobody was told anything but
that there is nobody who listens. Whoever was told yes, and then that nothing comes of it, asks once more, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from controller.model.advice import RequestKind
from controller.model.reasons import EventKind
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.memory_journal import DiskLine
from hil_tests.simulation.people import REQUEST_LIFE_S, Asked

ANSWERS = (EventKind.REQUESTED.value, EventKind.REQUEST_REFUSED.value)


def unanswered(bench: Bench, on_disk: Collection[DiskLine]) -> Iterator[Asked]:
    """Asked in the last seconds, and no answer is among what a start finds on the disk."""
    answered = [(line.at_s, line.subject) for line in on_disk if line.kind in ANSWERS]
    for each in bench.people.asked:
        subject = each.subject or "hub"
        has_answer = any(who == subject and each.at_s <= at_s <= each.at_s + REQUEST_LIFE_S for at_s, who in answered)
        if bench.plant.now_s - each.at_s <= REQUEST_LIFE_S and not has_answer:
            yield each


def overtaken(bench: Bench, since_s: float) -> Iterator[Asked]:
    """The wish for an island of which has been said, since this instant, that nothing comes of it."""
    is_over = any(at_s >= since_s for at_s, _ in bench.happened(EventKind.PLANNED_OVER))
    wishes = [each for each in bench.people.asked if each.kind is RequestKind.ISLAND_ON]
    yield from wishes[-1:] if is_over else ()


def ask_again(bench: Bench, asked: Collection[Asked]) -> None:
    """As before."""
    for each in asked:
        bench.request(each.kind, each.subject, at_the_hub=each.at_the_hub)
