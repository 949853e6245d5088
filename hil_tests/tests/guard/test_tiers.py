"""What matters more comes on first: a restore out of turn is refused, and nobody waits for what cannot come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.vet import Verdict
from controller.model.commands import SwitchCommand
from controller.model.reasons import Reason
from controller.model.words import BusSide
from hil_tests.tests.guard.hubs import hub_with_feeder
from hil_tests.tests.guard.scene import (
    Watch,
    close,
    islanded,
    reasons,
    shed,
    watch_after,
    with_feeder,
    with_open,
)


def after_shedding(*names: str, **setting: object) -> Watch:
    """An island in which the guard has let these be shed and has seen them open."""
    watch = watch_after(islanded(), islanded(), **setting)
    watch.sees(islanded(), shed(*names))
    watch.sees(with_open(islanded(), *names), shed(*names))
    return watch


def ask_to_close(watch: Watch, name: str, *still_open: str) -> Verdict:
    return watch.sees(with_open(islanded(), name, *still_open), close(watch.order(), name))


def test_nobody_overtakes_a_feeder_that_matters_more() -> None:
    watch = after_shedding("water", "ev_posts")
    assert reasons(ask_to_close(watch, "ev_posts", "water")) == [Reason.VETO_TIER_ORDER]
    assert ask_to_close(watch, "water", "ev_posts").vetoes == ()


def test_within_a_tier_there_is_no_order() -> None:
    watch = after_shedding("phones", "ev_posts")
    assert ask_to_close(watch, "ev_posts", "phones").vetoes == ()
    assert ask_to_close(watch, "phones", "ev_posts").vetoes == ()


def test_one_that_is_closed_again_is_not_waited_for() -> None:
    assert ask_to_close(after_shedding("water", "ev_posts"), "ev_posts").vetoes == ()


def test_one_that_opened_by_itself_is_not_waited_for() -> None:
    watch = watch_after(islanded(), with_open(islanded(), "water"))
    watch.sees(with_open(islanded(), "water"), shed("ev_posts"))
    assert ask_to_close(watch, "ev_posts", "water").vetoes == ()


def test_one_that_the_image_does_not_hold_is_not_waited_for() -> None:
    watch = after_shedding("water", "ev_posts")
    seen = with_open(islanded(), "ev_posts")
    alone = replace(seen, feeders={"ev_posts": seen.feeders["ev_posts"]})
    assert watch.sees(alone, close(watch.order(), "ev_posts")).vetoes == ()


EXEMPT = [
    ({"held_open": frozenset({"water"})}, {}, None),
    ({"latched": frozenset({"water"})}, {}, None),
    ({}, {"has_fault": True}, None),
    ({}, {"position": None}, None),
    ({}, {}, Reason.OPERATOR),
    ({}, {}, Reason.MAINTENANCE_LOCK),
    ({}, {}, Reason.PICKUP_COLLAPSE),
    ({}, {}, Reason.NOT_FOLLOWED),
    ({}, {}, Reason.FEEDER_OVERDRAWN),
]


@pytest.mark.parametrize("row", EXEMPT)
def test_one_with_a_reason_of_its_own_is_not_waited_for(
    row: tuple[dict[str, object], dict[str, object], Reason | None],
) -> None:
    setting, change, cause = row
    watch = after_shedding("water", "ev_posts", **setting)
    seen = with_feeder(with_open(islanded(), "water", "ev_posts"), "water", **change)
    wish = close(watch.order(), "ev_posts")
    if cause is not None:
        wish = replace(wish, feeders={**wish.feeders, "water": SwitchCommand(open=True, cause=cause)})
    assert watch.sees(seen, wish).vetoes == ()


@pytest.mark.parametrize("cause", [None, Reason.LOW_SOC, Reason.OVERLOAD])
def test_any_other_reason_to_stand_open_is_waited_for(cause: Reason | None) -> None:
    watch = after_shedding("water", "ev_posts")
    wish = close(watch.order(), "ev_posts")
    wish = replace(wish, feeders={**wish.feeders, "water": SwitchCommand(open=True, cause=cause)})
    verdict = watch.sees(with_open(islanded(), "water", "ev_posts"), wish)
    assert [(v.subject, v.reason) for v in verdict.vetoes] == [("ev_posts", Reason.VETO_TIER_ORDER)]


def test_what_an_operator_asks_for_by_name_has_no_turn() -> None:
    watch = after_shedding("water", "ev_posts")
    wish = close(watch.order(cause=Reason.OPERATOR), "ev_posts")
    assert watch.sees(with_open(islanded(), "water", "ev_posts"), wish).vetoes == ()


def test_the_two_buses_have_their_own_order() -> None:
    watch = after_shedding("water", "ev_posts", hub=hub_with_feeder("water", bus=BusSide.GRID_SIDE))
    assert ask_to_close(watch, "ev_posts", "water").vetoes == ()
