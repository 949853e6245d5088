"""The journal's memory comes when the hub has long begun with the copy: what is newer counts, either way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.core.decide import fresh_memory
from controller.durable import joined, news_of, without_undone
from controller.model.image import ProcessImage
from controller.model.memory import Attempt, DurableMemory, Latch
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition
from hil_tests.tests.core.hubs import hub, on_grid, with_feeder
from hil_tests.tests.core.run import Run

LATCHED = DurableMemory(latches=(Latch("emergency_off", Reason.EMERGENCY_OFF, 5.0),), shed_by_us=frozenset({"a"}))


def test_of_a_newer_memory_only_what_is_new_is_joined() -> None:
    """The copy was one write behind. Cranks count once, and what people have undone since stays undone."""
    crank = Attempt("genset", "crank", 6.0)
    had = replace(LATCHED, authority=Authority.OBSERVE, attempts=(crank,), held_open=frozenset({"b"}))
    late = replace(had, attempts=(crank, crank), held_open=frozenset({"b", "c"}))
    late = replace(late, quarantined=frozenset({"d"}), tried={"e": 1})
    assert news_of(had, had) == DurableMemory()
    memory = fresh_memory(replace(had, authority=Authority.AUTO, latches=(), held_open=frozenset()), 8.0)
    together = joined(memory, news_of(late, had), 9.0)
    assert together.durable.attempts == (crank, crank)
    assert together.durable.latches == ()
    assert together.durable.held_open == {"c"}
    assert (together.durable.quarantined, dict(together.durable.tried)) == (frozenset({"d"}), {"e": 1})
    assert together.durable.authority is Authority.AUTO
    assert together.mode is memory.mode


@pytest.mark.parametrize("authority", [Authority.AUTO, Authority.MANUAL, Authority.OBSERVE])
def test_what_was_undone_after_the_copy_was_written_does_not_come_back(authority: Authority) -> None:
    """A disk that keeps the copy old is the one whose journal opens late."""
    had = DurableMemory(
        authority=authority,
        held_open=frozenset({"b"}),
        shed_by_us=frozenset({"warm_room"}),
        quarantined=frozenset({"warm_room"}),
        poi_held_open=True,
    )
    run = Run(hub())
    run.memory = fresh_memory(replace(had, held_open=frozenset({"b", "c"})), run.now_s)
    run.see(opened_by_a_hand, 2.0)
    late = DurableMemory()
    run.memory = joined(without_undone(run.memory, late, had), news_of(late, had), run.now_s)
    run.see(opened_by_a_hand, 0.1)
    expected = authority if authority is Authority.OBSERVE else Authority.AUTO
    known = replace(run.memory.durable, known_at_s=0.0)
    assert known == DurableMemory(authority=expected, held_open=frozenset({"c"})), "c was held since"


def opened_by_a_hand(at_s: float) -> ProcessImage:
    return with_feeder(on_grid(at_s), "warm_room", position=BreakerPosition.OPEN)
