"""A crash in a black start is no failed start: the new process goes on at once, and a second crash waits its time."""

from __future__ import annotations

import copy

import pytest

from controller.core.ramp import LEFT, RETURNED
from controller.core.recover import TRANSFER
from controller.core.start_rest import CUT_SHORT_S, KIND, REST_S, SERVED, SERVED_S
from controller.model.frozen import replace
from controller.model.memory import Attempt, DurableMemory
from controller.model.words import Mode
from hil_tests.tests.core.hubs import dark, hub, islanded
from hil_tests.tests.core.run import Run

STARTED_S = 100.0  # as a Run begins


def restarted(*tries_ago_s: float, is_of_this_boot: bool = True) -> Run:
    """A new process in a dark hub that finds these attempts."""
    run = Run(hub())
    attempts = tuple(Attempt("hub", KIND, run.now_s - ago_s, is_of_this_boot) for ago_s in tries_ago_s)
    run.memory = replace(run.memory, durable=DurableMemory(attempts=attempts))
    run.see(dark, 2.0)
    return run


@pytest.mark.parametrize("kind", [TRANSFER, LEFT, RETURNED])
def test_what_else_came_since_does_not_make_it_another_source_s(kind: str) -> None:
    """The hub started, was on the grid and lost it again: that start was one of the three of its hour all the same."""
    run = Run(hub())
    began = Attempt("hub", KIND, run.now_s - REST_S + 15.0, is_of_this_boot=True)
    since = Attempt("hub", kind, run.now_s - REST_S + 20.0, is_of_this_boot=True)
    run.memory = replace(run.memory, durable=DurableMemory(attempts=(began, since)))
    run.see(dark, 2.0)
    assert run.memory.mode is Mode.DARK
    assert waits_s(run, until_s=REST_S) == pytest.approx(15.0, abs=1.0)


def test_a_start_that_has_done_its_work_is_none_of_the_three() -> None:
    run = Run(hub())
    began = Attempt("hub", KIND, run.now_s - 20.0, is_of_this_boot=True)
    served = Attempt("hub", SERVED, run.now_s - 10.0, is_of_this_boot=True)
    run.memory = replace(run.memory, durable=DurableMemory(attempts=(began, served)))
    run.see(dark, 1.0)
    assert run.memory.mode is Mode.BLACK_START


def kinds(run: Run) -> list[str]:
    return [attempt.kind for attempt in run.memory.durable.attempts if attempt.kind in (KIND, SERVED)]


def test_it_has_done_so_when_its_bus_has_lived_for_minutes_or_a_person_ends_it() -> None:
    """Found by seed 1034 of the fuzzer: a hub stayed dark for a start that had succeeded."""
    run = Run(hub())
    began = Attempt("hub", KIND, run.now_s - 1.0, is_of_this_boot=True)
    run.memory = replace(run.memory, durable=DurableMemory(attempts=(began,)))
    run.see(islanded, SERVED_S - 1.0, cycle_s=0.5)
    assert kinds(run) == [KIND]
    pressed = copy.deepcopy(run)
    pressed.see(lambda t: replace(islanded(t), emergency_off=True), 0.1)
    assert kinds(pressed) == [KIND, SERVED]
    run.see(islanded, SERVED_S, cycle_s=0.5)
    assert kinds(run) == [KIND, SERVED], "once"


def test_a_hub_that_was_not_started_marks_nothing() -> None:
    run = Run(hub())
    run.see(islanded, SERVED_S + 5.0, cycle_s=0.5)
    assert kinds(run) == []


def waits_s(run: Run, until_s: float) -> float:
    """From the start of the process to the black start."""
    while run.memory.mode is not Mode.BLACK_START and run.now_s < STARTED_S + until_s:
        run.see(dark, 0.2, cycle_s=0.2)
    assert run.memory.mode is Mode.BLACK_START
    return run.now_s - STARTED_S


@pytest.mark.parametrize("ago_s", [0.0, 2.5, CUT_SHORT_S - 0.1])
def test_a_start_that_had_just_begun_is_begun_again(ago_s: float) -> None:
    assert restarted(ago_s).memory.mode is Mode.BLACK_START


def test_one_that_is_older_may_have_failed_and_rests() -> None:
    run = restarted(CUT_SHORT_S)
    assert run.memory.mode is Mode.DARK
    assert waits_s(run, until_s=REST_S + 5.0) == pytest.approx(REST_S - CUT_SHORT_S, abs=1.0)


def test_a_second_crash_rests_as_a_second_failure_does() -> None:
    """A loop of crashes must not use up in seconds what is meant for an hour."""
    run = restarted(5.0, 2.5)
    assert waits_s(run, until_s=3 * REST_S) == pytest.approx(2 * REST_S - 2.5, abs=1.0)


def test_an_attempt_of_our_own_is_not_cut_short() -> None:
    """Begun after the start, and failed: the island did not come."""
    run = restarted()
    assert run.memory.mode.value == "black_start"
    run.see(dark, 40.0, cycle_s=0.1)
    assert run.memory.mode.value == "dark"
    tries = [attempt for attempt in run.memory.durable.attempts if attempt.kind == KIND]
    assert len(tries) == 1, "it rests"
