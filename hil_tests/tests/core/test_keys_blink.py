"""A key that is not seen for a moment is no turned key: what is under way waits, and what was ordered is remembered."""

from __future__ import annotations

import pytest

from controller.model.advice import RequestKind
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, GensetSeen, ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import EventKind, Reason
from controller.model.words import GensetState, Mode
from hil_tests.tests.core.asking import ask, quiet, started
from hil_tests.tests.core.hubs import CLOSED, battery, battery_seen, dark, hub, islanded, nothing_left, on_grid
from hil_tests.tests.core.run import CYCLE_S
from hil_tests.tests.core.watched import Image, Watched

UNSEEN: tuple[dict[str, None], ...] = ({"emergency_off": None}, {"local_control": None})
either = pytest.mark.parametrize("unseen", UNSEEN, ids=("emergency_off", "local_control"))
LONG_S = 5.0


def without(image: Image, unseen: dict[str, None]) -> Image:
    return lambda at_s: replace(image(at_s), **unseen)  # type: ignore[arg-type]  # a field's name is not checked here


def earthed(at_s: float) -> ProcessImage:
    return replace(dark(at_s), earthing=EarthingSeen(at_s, CLOSED))


def by_genset(at_s: float, state: GensetState = GensetState.STOPPED) -> ProcessImage:
    seen = replace(nothing_left(at_s), gensets={"genset": GensetSeen(at_s, state, ZERO, 150.0)})
    return replace(seen, earthing=EarthingSeen(at_s, CLOSED))


def formed_count(watched: Watched, battery_id: str) -> int:
    attempts = watched.run.memory.durable.attempts
    return sum(attempt.subject == battery_id and attempt.kind == "form" for attempt in attempts)


def told(watched: Watched) -> list[EventKind]:
    return [event.kind for event in watched.run.events if event.reason is Reason.KEYS_UNSEEN]


@either
def test_a_black_start_waits_through_a_blink_and_goes_on(unseen: dict[str, None]) -> None:
    watched = Watched()
    watched.see(dark, 0.5)
    assert watched.mode is Mode.BLACK_START
    watched.see(without(earthed, unseen), LONG_S - CYCLE_S)
    assert watched.run.memory.mode is Mode.BLACK_START
    assert watched.run.commands.batteries["battery"].form is None, "nothing new meanwhile"
    watched.see(earthed, 0.1)
    assert watched.run.commands.batteries["battery"].form is not None
    assert watched.vetoes == []


@either
def test_unseen_for_seconds_it_ends(unseen: dict[str, None]) -> None:
    watched = Watched()
    watched.see(dark, 0.5)
    watched.see(without(dark, unseen), LONG_S + 2 * CYCLE_S)
    assert (watched.mode, watched.vetoes) == (Mode.DARK, [])


def test_a_key_that_is_seen_turned_ends_it_at_once() -> None:
    watched = Watched()
    watched.see(dark, 0.5)
    watched.see(lambda t: replace(dark(t), local_control=True))
    assert watched.mode is Mode.DARK


@either
def test_a_genset_that_was_cranked_is_cranked_on_after_a_blink(unseen: dict[str, None]) -> None:
    watched = Watched()
    watched.see(by_genset, 5.0)
    order = watched.run.commands.gensets["genset"].crank
    assert order is not None
    starting: Image = lambda t: by_genset(t, GensetState.STARTING)  # noqa: E731  (a picture)
    watched.see(without(starting, unseen), 1.0)
    assert "genset" not in watched.run.commands.gensets
    watched.see(starting, 0.1)
    assert watched.run.commands.gensets["genset"].crank == order
    assert watched.vetoes == []


def two_formers() -> Watched:
    """Both could form; the first one in the site's order has just been told to."""
    batteries = {"battery": battery(), "second": battery("second", 30_000.0)}
    watched = Watched(batteries=batteries)
    watched.see(on_grid, 0.5)
    watched.see(earthed, 0.2)
    assert watched.run.commands.batteries["battery"].form is not None
    return watched


@either
@pytest.mark.parametrize("after_s", [0.5, 1.9])
def test_a_blink_while_the_first_may_still_answer_tells_no_second(unseen: dict[str, None], after_s: float) -> None:
    watched = two_formers()
    watched.see(earthed, after_s)
    watched.see(without(earthed, unseen), 0.2)
    watched.see(earthed, 1.5)
    assert formed_count(watched, "second") == 0
    assert watched.vetoes == []
    watched.see(earthed, 2.0)
    assert formed_count(watched, "second") == 1
    assert watched.vetoes == []


@either
def test_the_order_goes_on_after_a_blink(unseen: dict[str, None]) -> None:
    watched = two_formers()
    order = watched.run.commands.batteries["battery"].form
    watched.see(without(earthed, unseen), 0.2)
    assert watched.run.commands.batteries["battery"].form is None
    watched.see(earthed)
    assert watched.run.commands.batteries["battery"].form == order
    assert watched.vetoes == []


@either
def test_a_transfer_whose_tries_are_used_up_ends_though_the_keys_are_unseen(unseen: dict[str, None]) -> None:
    watched = Watched(batteries={"battery": battery()})
    one: Image = lambda t: replace(earthed(t), batteries={"battery": battery_seen(t, voltage_v=ZERO)})  # noqa: E731
    watched.see(on_grid, 0.5)
    watched.see(one, 5.0)
    assert (watched.mode, formed_count(watched, "battery")) == (Mode.UNPLANNED_ISLANDING, 3)
    watched.see(without(one, unseen), 10.0)
    assert (watched.mode, watched.vetoes) == (Mode.DARK, [])


def test_the_earth_not_seen_for_a_cycle_forgets_no_order_of_a_black_start() -> None:
    batteries = {"battery": battery(), "second": battery("second", 30_000.0)}
    watched = Watched(batteries=batteries)
    watched.see(dark, 0.5)
    watched.see(earthed, 3.0)
    order = watched.run.commands.batteries["battery"].form
    assert order is not None
    watched.see(lambda t: replace(dark(t), earthing=EarthingSeen()))
    watched.see(earthed)
    assert watched.run.commands.batteries["battery"].form == order
    assert watched.vetoes == []


def test_a_planned_leaving_waits_through_a_blink_and_opens_nothing_meanwhile() -> None:
    run = started(hub())
    ask(run)
    run.see(quiet, 0.5)
    assert run.memory.mode is Mode.PLANNED_ISLANDING
    run.see(without(quiet, {"local_control": None}), LONG_S - 0.1)
    assert run.memory.mode is Mode.PLANNED_ISLANDING
    assert not run.commands.poi.open
    run.see(without(quiet, {"local_control": None}), 0.2)
    assert (run.memory.mode, run.memory.reason) == (Mode.GRID_CONNECTED, Reason.KEYS_UNSEEN)


@pytest.mark.parametrize(("key", "why"), [(None, Reason.KEYS_UNSEEN), (True, Reason.LOCAL_CONTROL)])
def test_who_asks_is_told_which_it_is(key: bool | None, why: Reason) -> None:
    run = started(hub())
    assert ask(run, lambda t: replace(quiet(t), local_control=key)).reason is why
    run = started(hub(), nothing_left)
    assert ask(run, lambda t: replace(nothing_left(t), local_control=key), RequestKind.BLACK_START).reason is why


@either
def test_keys_that_stay_unseen_are_told_and_so_is_their_return(unseen: dict[str, None]) -> None:
    watched = Watched()
    watched.see(islanded, 1.0)
    watched.see(without(islanded, unseen), LONG_S)
    assert told(watched) == []
    watched.see(without(islanded, unseen), 0.1)
    assert told(watched) == [EventKind.ALARM]
    watched.see(islanded)
    assert told(watched) == [EventKind.ALARM, EventKind.ALARM_CLEARED]


def test_a_hub_without_keys_misses_none() -> None:
    watched = Watched(has_emergency_off=False, has_local_remote=False)
    watched.see(lambda t: replace(islanded(t), emergency_off=None, local_control=None), 10.0)
    assert told(watched) == []


@pytest.mark.parametrize("key", [None, False])
def test_whoever_has_answered_meanwhile_needs_no_order(key: bool | None) -> None:
    watched = two_formers()
    watched.see(lambda t: replace(islanded(t), local_control=key), 0.2)
    assert watched.run.memory.mode is Mode.ISLANDED
    assert watched.run.memory.batteries["battery"].order is None
    assert watched.vetoes == []


def test_the_earth_not_seen_for_a_cycle_stops_no_genset_that_was_cranked() -> None:
    watched = Watched()
    watched.see(by_genset, 5.0)
    order = watched.run.commands.gensets["genset"].crank
    assert order is not None
    watched.see(lambda t: replace(by_genset(t, GensetState.STARTING), earthing=EarthingSeen()))
    assert "genset" not in watched.run.commands.gensets
    watched.see(lambda t: by_genset(t, GensetState.STARTING))
    assert watched.run.commands.gensets["genset"].crank == order
    assert watched.vetoes == []
