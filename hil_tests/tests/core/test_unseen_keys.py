"""The emergency-off or the key-switch is not seen: nothing is switched on, and nothing is used up by trying."""

from __future__ import annotations

import pytest

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, GensetSeen, ProcessImage
from controller.model.memory import Attempt, DurableMemory
from controller.model.phases import ZERO
from controller.model.words import Authority, GensetState, Mode
from hil_tests.tests.core.hubs import (
    CLOSED,
    OPEN,
    dark,
    islanded,
    nothing_left,
    on_grid,
    with_battery,
    with_feeder,
    with_poi,
)
from hil_tests.tests.core.scenes import good_grid_beside_the_dark, returned
from hil_tests.tests.core.watched import Image, Watched

UNSEEN: tuple[dict[str, None], ...] = ({"emergency_off": None}, {"local_control": None})
either = pytest.mark.parametrize("unseen", UNSEEN, ids=("emergency_off", "local_control"))


def without(image: Image, unseen: dict[str, None]) -> Image:
    return lambda at_s: replace(image(at_s), **unseen)  # type: ignore[arg-type]  # a field's name is not checked here


@either
@pytest.mark.parametrize(("before", "image"), [(islanded, returned), (nothing_left, good_grid_beside_the_dark)])
def test_a_poi_that_may_not_be_closed_now_is_not_latched_as_one_that_will_not(
    unseen: dict[str, None], before: Image, image: Image
) -> None:
    watched = Watched()
    watched.see(before, 1.0)
    watched.see(without(image, unseen), 120.0)
    assert watched.vetoes == []
    assert watched.run.memory.durable.latches == ()
    watched.see_until_closing(image)


@either
def test_an_order_to_close_the_poi_is_taken_back_by_us_and_not_by_the_guard(unseen: dict[str, None]) -> None:
    watched = Watched()
    watched.see(islanded, 1.0)
    watched.see_until_closing(returned)
    watched.see(without(returned, unseen), 1.0)
    assert watched.vetoes == []


def spent(at_s: float) -> ProcessImage:
    """The warm room and the charging posts have to wait for charge."""
    return with_battery(with_battery(islanded(at_s), soc_pct=20.0), "second", soc_pct=20.0)


def feeder_waits(at_s: float) -> ProcessImage:
    return with_feeder(with_feeder(islanded(at_s), "warm_room", position=OPEN), "ev_posts", position=OPEN)


def see_until_pickup(watched: Watched) -> None:
    """Until the warm room is ordered closed."""
    until_s = watched.run.now_s + 60.0
    while watched.see(feeder_waits).commands.feeders["warm_room"].close is None:
        assert watched.run.now_s < until_s, "it is never ordered closed"


@either
def test_a_feeder_is_not_quarantined_for_a_key_that_is_not_seen(unseen: dict[str, None]) -> None:
    watched = Watched()
    watched.see(islanded, 1.0)
    watched.see(spent, 0.2)
    see_until_pickup(watched)
    watched.see(without(feeder_waits, unseen), 60.0)
    state = watched.run.memory.feeders["warm_room"]
    assert (watched.vetoes, state.quarantined, state.close_attempts) == ([], False, 0)
    see_until_pickup(watched)


def test_a_key_turned_takes_back_the_closing_that_is_under_way() -> None:
    watched = Watched()
    watched.see(islanded, 1.0)
    watched.see(spent, 0.2)
    see_until_pickup(watched)
    watched.see(lambda t: replace(feeder_waits(t), local_control=True))
    assert watched.run.commands.feeders["warm_room"].open, "nothing comes on under anybody's hands"
    assert watched.vetoes == []


@either
def test_forming_waits_for_the_keys_and_uses_nothing_up(unseen: dict[str, None]) -> None:
    watched = Watched()
    watched.see(on_grid, 1.0)
    earthed: Image = lambda t: replace(dark(t), earthing=EarthingSeen(t, CLOSED))  # noqa: E731  (a picture)
    watched.see(without(earthed, unseen), 4.0)
    assert (watched.vetoes, watched.mode) == ([], Mode.UNPLANNED_ISLANDING)
    assert not any(attempt.kind == "form" for attempt in watched.run.memory.durable.attempts)
    watched.see(earthed, 0.1)
    assert watched.run.commands.batteries["battery"].form is not None


@either
def test_a_black_start_waits_for_the_keys(unseen: dict[str, None]) -> None:
    watched = Watched()
    watched.see(without(dark, unseen), 30.0)
    assert (watched.vetoes, watched.mode) == ([], Mode.DARK)
    watched.see(dark, 0.2)
    assert watched.run.memory.mode is Mode.BLACK_START


@pytest.mark.parametrize("key", [None, True])
def test_a_black_start_ends_where_somebody_takes_the_hub_into_his_hands(key: bool | None) -> None:
    watched = Watched()
    watched.see(dark, 0.5)
    assert watched.mode is Mode.BLACK_START
    watched.see(lambda t: replace(dark(t), local_control=key, earthing=EarthingSeen(t, CLOSED)), 10.0)
    assert watched.run.memory.mode is Mode.DARK
    assert watched.vetoes == []
    assert watched.run.commands.batteries["battery"].form is None


@either
def test_a_genset_is_cranked_when_the_keys_are_seen(unseen: dict[str, None]) -> None:
    def low(at_s: float) -> ProcessImage:
        seen = with_battery(with_battery(islanded(at_s), soc_pct=20.0), "second", soc_pct=20.0)
        return replace(seen, gensets={"genset": GensetSeen(at_s, GensetState.STOPPED, ZERO, 150.0)})

    watched = Watched()
    watched.see(islanded, 1.0)
    watched.see(without(low, unseen), 100.0)
    assert watched.vetoes == []
    assert cranks(watched) == 0
    watched.see(low)
    assert watched.run.commands.gensets["genset"].crank is not None


def test_a_flapping_grid_is_left_to_itself_before_the_guard_counts_too_many_closings() -> None:
    """Refused closings would latch the POI, and a hub beside a grid that has become good would wait for a person."""
    watched = Watched()
    closings = tuple(Attempt("poi", "close", 100.0 - 100.0 * n) for n in range(6, 0, -1))
    watched.run.memory = replace(watched.run.memory, durable=DurableMemory(attempts=closings))
    watched.see(islanded, 1.0)
    watched.see(returned, 200.0)
    assert (watched.mode, watched.vetoes, watched.run.memory.durable.latches) == (Mode.ISLANDED, [], ())
    watched.run.now_s += 3000.0  # the oldest is an hour ago
    watched.see(islanded, 1.0)
    watched.see_until_closing(returned)


def asks_for_the_genset(watched: Watched) -> Advice:
    start = OperatorRequest("1", RequestKind.START_GENSET, "genset", "duty", True, watched.run.now_s + 10.0)
    return Advice(requests=(start,))


def cranks(watched: Watched) -> int:
    return sum(attempt.kind == "crank" for attempt in watched.run.memory.durable.attempts)


def test_a_genset_that_is_asked_for_in_the_dark_uses_up_no_start_and_is_cranked_when_the_bus_lives() -> None:
    watched = Watched()
    watched.run.memory = replace(watched.run.memory, durable=DurableMemory(authority=Authority.MANUAL))
    stopped: Image = lambda t: replace(nothing_left(t), gensets=on_grid(t).gensets)  # noqa: E731  (a picture)
    watched.see(stopped, 1.0)
    watched.see(stopped, advice=asks_for_the_genset(watched))
    watched.see(stopped, 130.0)
    assert (watched.mode, watched.vetoes, cranks(watched)) == (Mode.DARK, [], 0)
    watched.see(islanded, 5.0)
    assert watched.run.commands.gensets["genset"].crank is not None
    assert watched.vetoes == []


def test_no_genset_is_cranked_onto_a_bus_that_the_poi_does_not_see() -> None:
    watched = Watched()
    watched.see(islanded, 1.0)
    blind: Image = lambda t: with_poi(islanded(t), bus_voltage_v=None, measured_at_s=None)  # noqa: E731  (a picture)
    watched.see(blind, advice=asks_for_the_genset(watched))
    watched.see(blind, 5.0)
    assert (watched.vetoes, cranks(watched)) == ([], 0)


def test_a_black_start_by_battery_cranks_no_genset_before_the_bus_stands() -> None:
    watched = Watched()
    watched.see(dark, advice=asks_for_the_genset(watched))
    watched.see(dark, 5.0)
    watched.see(lambda t: replace(dark(t), earthing=EarthingSeen(t, CLOSED)), 1.0)
    assert watched.run.commands.batteries["battery"].form is not None
    assert (watched.mode, watched.vetoes, cranks(watched)) == (Mode.BLACK_START, [], 0)


def test_a_lock_that_has_gone_silent_is_a_lock() -> None:
    watched = Watched()
    watched.see(islanded, 1.0)
    watched.see(lambda t: with_poi(returned(t), dso_lock=None), 120.0)
    assert (watched.vetoes, watched.run.memory.durable.latches) == ([], ())
    watched.see_until_closing(returned)


def test_a_lock_that_was_never_wired_is_none() -> None:
    watched = Watched()
    watched.see(lambda t: with_poi(islanded(t), dso_lock=None), 1.0)
    watched.see_until_closing(lambda t: with_poi(returned(t), dso_lock=None))
    assert watched.vetoes == []
