"""The journal's memory comes when the hub has long begun with the copy: what is newer counts, either way."""

from __future__ import annotations

from dataclasses import replace

from controller.core.decide import fresh_memory
from controller.durable import joined, news_of
from controller.model.memory import Attempt, DurableMemory, Latch
from controller.model.reasons import Reason
from controller.model.words import Authority
from hil_tests.tests.shell.test_loop import a_loop

LATCHED = DurableMemory(latches=(Latch("emergency_off", Reason.EMERGENCY_OFF, 5.0),), shed_by_us=frozenset({"a"}))


def test_of_a_newer_memory_only_what_is_new_is_joined() -> None:
    """The copy was one write behind. Cranks count once, and what people have undone since stays undone."""
    crank = Attempt("genset", "crank", 6.0)
    had = replace(LATCHED, authority=Authority.OBSERVE, attempts=(crank,), held_open=frozenset({"b"}))
    late = replace(had, attempts=(crank, crank), held_open=frozenset({"b", "c"}))
    assert news_of(had, had) == DurableMemory()
    memory = fresh_memory(replace(had, authority=Authority.AUTO, latches=(), held_open=frozenset()), 8.0)
    together = joined(memory, news_of(late, had), 9.0)
    assert together.durable.attempts == (crank, crank)
    assert together.durable.latches == ()
    assert together.durable.held_open == {"c"}
    assert together.durable.authority is Authority.AUTO
    assert together.mode is memory.mode


def test_what_was_undone_after_the_copy_was_written_does_not_come_back() -> None:
    """A disk that keeps the copy old is the one whose journal opens late."""
    had = DurableMemory(
        authority=Authority.OBSERVE, held_open=frozenset({"b"}), shed_by_us=frozenset({"a"}), poi_held_open=True
    )
    loop, _, _ = a_loop()
    loop.memory = fresh_memory(replace(had, held_open=frozenset({"b", "c"})), 8.0)
    loop.join(DurableMemory(), had)
    assert loop.memory.durable == DurableMemory(held_open=frozenset({"c"})), "c was held since the start"
