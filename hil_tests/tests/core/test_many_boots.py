"""A hub that starts anew every few minutes, for days: what it has tried ages all the same, by what it has watched."""

from __future__ import annotations

from controller.core.attempts import count_attempt
from controller.core.decide import fresh_memory
from controller.core.known_ages import SAY_EVERY_S
from controller.core.resync import CLOSINGS_MAX, CLOSINGS_WINDOW_S, next_closing_s
from controller.core.situation import assess
from controller.durable import dump_durable, load_durable, news_of
from controller.model.memory import Attempt, DurableMemory
from controller.model.reasons import EventKind
from hil_tests.tests.core.hubs import hub, islanded, nothing_left, with_battery
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import good_grid_beside_the_dark

BOOT_S = 180.0
CLOSINGS = tuple(Attempt("poi", "close", 100.0 + n) for n in range(CLOSINGS_MAX))


def reboots(run: Run, boot: int) -> Run:
    """The power goes, and comes after nobody knows how long; the clock of the new boot begins near zero."""
    stored = (f"boot {boot}", dump_durable(run.memory.durable))
    again = Run(hub(), now_s=5.0)
    again.memory = fresh_memory(load_durable(stored, f"boot {boot + 1}", 5.0), 5.0)
    return again


def begun(attempts: tuple[Attempt, ...]) -> Run:
    run = Run(hub())
    run.memory = fresh_memory(DurableMemory(attempts=attempts), run.now_s)
    return run


def waits_s(run: Run) -> float:
    return next_closing_s(run.memory, assess(islanded(run.now_s), run.hub, run.now_s)) - run.now_s


def test_the_closings_of_an_hour_are_spent_for_an_hour_of_being_awake_and_no_longer() -> None:
    run, boots = begun(CLOSINGS), 0
    while waits_s(run) > 0.0:
        run.see(islanded, BOOT_S, cycle_s=1.0)
        run, boots = reboots(run, boots), boots + 1
        assert boots <= 2.0 * CLOSINGS_WINDOW_S / (BOOT_S - SAY_EVERY_S), "it never comes back"
    assert boots * BOOT_S >= CLOSINGS_WINDOW_S - BOOT_S, "nor sooner than they allow"


def test_and_then_a_dark_hub_goes_back_to_the_grid() -> None:
    run = begun(CLOSINGS)
    run.see(nothing_left, 2.0)
    for boot in range(40):
        run.see(good_grid_beside_the_dark, BOOT_S, cycle_s=0.5)
        if any(e.kind is EventKind.ORDERED_CLOSE and e.subject == "poi" for e in run.events):
            break
        run = reboots(run, boot)
    assert boot > 10, "it has waited"
    assert boot < 39, "and not for ever"


def test_the_cranks_of_a_genset_too() -> None:
    def low(at_s: float) -> object:
        return with_battery(with_battery(islanded(at_s), soc_pct=20.0), "second", soc_pct=20.0)

    run = begun(tuple(Attempt("genset", "crank", 100.0 + n) for n in range(3)))
    for boot in range(40):
        run.see(low, BOOT_S, cycle_s=1.0)  # type: ignore[arg-type]
        if any(event.kind is EventKind.ORDERED_CRANK for event in run.events):
            break
        run = reboots(run, boot)
    assert 10 < boot < 39


def test_what_was_not_watched_is_no_age() -> None:
    durable = DurableMemory(attempts=(Attempt("poi", "close", 100.0),), known_at_s=130.0)
    again = load_durable(("one", dump_durable(durable)), "two", 1000.0)
    assert again.attempts == (Attempt("poi", "close", 970.0, is_of_this_boot=False),)
    third = load_durable(("two", dump_durable(again)), "two", 1500.0)
    assert third.attempts == again.attempts, "a new process in the same boot knows what has passed since"
    never_said = DurableMemory(attempts=(Attempt("poi", "close", 100.0),))
    assert load_durable(("one", dump_durable(never_said)), "two", 1000.0).attempts[0].at_s == 1000.0


def test_ages_are_said_every_minute_while_an_attempt_is_young_and_not_for_ever() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.memory = count_attempt(run.memory, "poi", "close", run.now_s)
    run.see(islanded, 1.0)
    said = [run.memory.durable]
    while run.now_s < 2.0 * CLOSINGS_WINDOW_S:
        run.see(islanded, cycle_s=5.0)
        if run.memory.durable is not said[-1]:
            said.append(run.memory.durable)
    assert CLOSINGS_WINDOW_S / SAY_EVERY_S - 10 < len(said) <= CLOSINGS_WINDOW_S / SAY_EVERY_S + 1


def test_two_copies_that_know_different_ages_tell_of_the_same_attempt() -> None:
    old = DurableMemory(attempts=(Attempt("poi", "close", 100.0),), known_at_s=100.0)
    new = DurableMemory(attempts=(Attempt("poi", "close", 100.0), Attempt("poi", "close", 150.0)), known_at_s=160.0)
    had, late = (load_durable(("one", dump_durable(each)), "two", 1000.0) for each in (old, new))
    assert len(news_of(late, had).attempts) == 1
