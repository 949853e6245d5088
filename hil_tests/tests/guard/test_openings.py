"""Openings pass, but for two: what carries control on a live bus, and the earth of a living island."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.memory import Track
from controller.model.commands import Commands, SwitchCommand
from controller.model.hub import Earthing
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, IslandEarthing
from hil_tests.tests.guard.hubs import HUB, hub_with
from hil_tests.tests.guard.scene import (
    CLOSED,
    LIVE,
    OPEN,
    Watch,
    dark,
    dark_and_earthed,
    earth,
    islanded,
    on_grid,
    reasons,
    shed,
    watch_after,
    with_feeder,
    with_open,
    with_poi,
)

ALL_SHED = shed(*(name for name, feeder in HUB.feeders.items() if not feeder.carries_control))
WEARY = Watch(latched=frozenset({"lockout", "water", "dso_lock"}), held_open=frozenset({"phones"}))


@pytest.mark.parametrize("seen", [on_grid(), islanded(), dark(), ProcessImage()])
def test_openings_pass_whatever_is_stale_locked_or_worn(seen: ProcessImage) -> None:
    watch = replace(WEARY)
    for _ in range(20):
        verdict = watch.sees(seen, ALL_SHED)
        assert verdict.allowed == ALL_SHED
        assert verdict.vetoes == ()


def test_open_beats_close() -> None:
    watch = watch_after(islanded())
    wish = Commands(feeders={"water": SwitchCommand(open=True, close=watch.order(), cause=Reason.OVERLOAD)})
    assert watch.sees(with_open(islanded(), "water"), wish).allowed == shed("water")


def test_neither_is_left_alone() -> None:
    wish = Commands(feeders={"water": SwitchCommand()}, earthing=SwitchCommand())
    assert watch_after(islanded()).sees(islanded(), wish).allowed == wish


BUSES = [  # the voltage of the bus, and whether the feeder that carries control may be opened
    (LIVE, False),
    (PhaseValues(0.0, 0.0, 230.0), False),
    (PhaseValues.even(57.5), False),
    (PhaseValues.even(57.0), True),
    (ZERO, True),
    (None, True),
]


@pytest.mark.parametrize(("bus_v", "opens"), BUSES)
def test_what_carries_control_stays_on_a_live_bus(bus_v: PhaseValues | None, opens: bool) -> None:
    verdict = watch_after(islanded()).sees(with_poi(islanded(), bus_voltage_v=bus_v), shed("desk"))
    assert verdict.allowed == (shed("desk") if opens else Commands(feeders={"desk": SwitchCommand()}))
    assert reasons(verdict) == ([] if opens else [Reason.VETO_CARRIES_CONTROL])


def test_what_carries_control_and_stands_open_may_be_held_open() -> None:
    assert watch_after(islanded()).sees(with_open(islanded(), "desk"), shed("desk")).vetoes == ()
    unseen = with_feeder(islanded(), "desk", position=None)
    assert reasons(watch_after(unseen).sees(unseen, shed("desk"))) == [Reason.VETO_CARRIES_CONTROL]


def test_a_refused_opening_is_not_remembered_as_ours() -> None:
    watch = watch_after(islanded())
    watch.sees(islanded(), shed("desk"))
    watch.sees(with_open(islanded(), "desk"))
    assert not watch.memory.tracks["desk"].is_ours


# ---- the N-PE relay


def test_behind_the_proof_the_island_is_earthed() -> None:
    watch = watch_after(dark(), dark())
    order = watch.order()
    verdict = watch.sees(dark(), earth(order))
    assert verdict.allowed.earthing.close is order
    assert verdict.vetoes == ()


def test_earthing_is_an_order_like_others() -> None:
    watch = watch_after(dark(), dark())
    order = watch.order()
    watch.sees(dark(), earth(order))
    assert watch.memory.tracks["n_pe"] == Track(
        is_on=False, order=order, passed_at_s=watch.now_s, tries_at_s=(watch.now_s,)
    )
    watch.sees(dark_and_earthed(), earth(order))
    assert reasons(watch.sees(dark(), earth(order))) == [Reason.VETO_HAMMERING]


EARTH_REFUSED = [
    (on_grid(), Reason.VETO_NOT_PROVEN_OPEN),
    (with_poi(dark(), position=CLOSED), Reason.VETO_NOT_PROVEN_OPEN),
    (replace(dark(), earthing=EarthingSeen()), Reason.VETO_STALE),
    (replace(dark(), earthing=EarthingSeen(0.0, BreakerPosition.BAD)), Reason.VETO_STALE),
]


@pytest.mark.parametrize("row", EARTH_REFUSED)
def test_neutral_and_earth_are_joined_in_the_island_alone(row: tuple[ProcessImage, Reason]) -> None:
    seen, reason = row
    watch = watch_after(seen, seen)
    verdict = watch.sees(seen, earth(watch.order()))
    assert [(v.subject, v.reason) for v in verdict.vetoes] == [("n_pe", reason)]
    assert verdict.allowed.earthing == SwitchCommand(open=seen.earthing.position is OPEN)


@pytest.mark.parametrize("kind", [IslandEarthing.PERMANENT, IslandEarthing.SWITCHED_BY_DEVICE])
def test_an_earth_that_others_switch_is_not_ours(kind: IslandEarthing) -> None:
    watch = watch_after(dark(), dark(), hub=hub_with(earthing=Earthing(kind, None)))
    verdict = watch.sees(dark(), earth(watch.order()))
    assert [(v.subject, v.reason) for v in verdict.vetoes] == [("earthing", Reason.VETO_NOT_OURS)]


def test_the_relay_has_its_rest_and_its_count() -> None:
    watch = watch_after(dark(), dark())
    for _ in range(3):
        assert watch.sees(dark(), earth(watch.order())).vetoes == ()
        assert reasons(watch.sees(dark(), earth(watch.order()))) == [Reason.VETO_HAMMERING]
        watch.now_s += 2.0
    assert reasons(watch.sees(dark(), earth(watch.order()))) == [Reason.VETO_HAMMERING]


UNEARTH = Commands(earthing=SwitchCommand(open=True, cause=Reason.EARTHING_FOLLOWS_MODE))
UNEARTHED = [
    (on_grid(), True),
    (dark_and_earthed(), True),
    (islanded(), False),
    (with_poi(islanded(), bus_voltage_v=None), False),
    (with_poi(islanded(), position=CLOSED), False),  # "closed", and the sides differ
    (with_poi(on_grid(), position=None), False),
]


@pytest.mark.parametrize(("seen", "lawful"), UNEARTHED)
def test_a_living_island_keeps_its_earth(seen: ProcessImage, lawful: bool) -> None:
    verdict = watch_after(seen, seen).sees(seen, UNEARTH)
    assert verdict.allowed == (UNEARTH if lawful else Commands())
    assert [(v.subject, v.reason) for v in verdict.vetoes] == ([] if lawful else [("n_pe", Reason.VETO_NO_EARTHING)])


def test_taking_the_earth_away_beats_giving_it() -> None:
    watch = watch_after(dark(), dark())
    wish = Commands(earthing=replace(UNEARTH.earthing, close=watch.order()))
    assert watch.sees(dark(), wish).allowed == UNEARTH
