"""The network operator's control box asks for less: battery first, then what may be dimmed; void in the island."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.core.dimming import OVER_S
from controller.core.steady import STEP_RATIO
from controller.model.frozen import replace
from controller.model.hub import Dimming
from controller.model.image import DimmingSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, Mode
from hil_tests.tests.core.hubs import hub, islanded, on_grid, with_battery, with_feeder, with_poi
from hil_tests.tests.core.run import Run

Scene = Callable[[float], ProcessImage]
DIMMED = hub(dimming=Dimming(4_200.0, ("ev_posts", "phones")))
TARGET_W = 0.95 * 4_200.0


def box(scene: Scene, *, is_limited: bool | None = True) -> Scene:
    return lambda at_s: replace(scene(at_s), dimming=DimmingSeen(at_s, is_limited))


def charged(soc_pct: float | None, **changes: Any) -> Scene:
    """On grid with 20 kW of load; both batteries at this charge, and giving what they are told to."""

    def scene(at_s: float) -> ProcessImage:
        seen = with_battery(on_grid(at_s), soc_pct=soc_pct, **changes)
        return with_battery(seen, "second", soc_pct=soc_pct, **changes)

    return scene


def give_w(run: Run) -> dict[str, float]:
    powers = {name: command.power_set_w for name, command in run.commands.batteries.items()}
    return {name: power_w for name, power_w in powers.items() if power_w is not None}


def shed(run: Run) -> set[str]:
    return {name for name, command in run.commands.feeders.items() if command.open}


def test_the_batteries_give_what_is_missing_by_their_ratings() -> None:
    run = Run(DIMMED)
    run.see(box(charged(90.0)), OVER_S - 0.2)
    needed_w = 20_000 - TARGET_W
    assert give_w(run) == pytest.approx({"battery": 0.75 * needed_w, "second": 0.25 * needed_w}, rel=5e-3)
    assert not shed(run)


def test_what_they_give_already_counts() -> None:
    """The meter shows what is left: they hold it there."""

    def helped(at_s: float) -> ProcessImage:
        seen = with_battery(charged(90.0)(at_s), power_w=PhaseValues.even((20_000 - TARGET_W) / 3))
        return with_poi(seen, power_w=PhaseValues.even(TARGET_W / 3))

    run = Run(DIMMED)
    run.see(box(helped), 2 * OVER_S)
    assert sum(give_w(run).values()) == pytest.approx(20_000 - TARGET_W)
    assert not shed(run)


def test_they_charge_no_more_than_the_order_leaves() -> None:
    def nearly_idle(at_s: float) -> ProcessImage:
        return with_poi(charged(50.0)(at_s), power_w=PhaseValues.even(1_000.0))

    run = Run(DIMMED)
    run.see(box(nearly_idle, is_limited=False), 0.5)
    assert give_w(run)["battery"] == -15_000.0, "a quarter of its rating, into the reserve"
    run.see(box(nearly_idle), 5.0)
    left_w, charged_w = TARGET_W - 3_000.0, -sum(give_w(run).values())
    assert left_w - STEP_RATIO * 80_000.0 <= charged_w <= left_w + 1.0


def test_they_go_there_step_by_step() -> None:
    """The meter and they are not of one instant: whoever jumps on the difference rocks for ever."""
    run = Run(DIMMED)
    run.see(box(charged(90.0), is_limited=False), 0.5)
    run.see(box(charged(90.0)))
    assert 0.0 < sum(give_w(run).values()) <= 0.1 * (20_000 - TARGET_W) + 1.0


@pytest.mark.parametrize("soc_pct", [80.0, 30.0, None])
def test_what_is_kept_for_a_blackout_is_not_given_away_and_the_cars_go_off(soc_pct: float | None) -> None:
    run = Run(DIMMED)
    run.see(box(charged(soc_pct)), OVER_S)
    assert not shed(run), "the battery has its time"
    run.see(box(charged(soc_pct)), 0.2)
    assert all(power_w == 0.0 for power_w in give_w(run).values())
    assert "ev_posts" in shed(run)
    assert shed(run) <= {"ev_posts", "phones"}, "nobody else"
    told = [e for e in run.events if e.kind is EventKind.SHED]
    assert {e.reason for e in told} == {Reason.IMPORT_LIMITED}


def test_only_as_many_go_off_as_it_takes() -> None:
    """4,500 W are taken: the cars alone are more than enough, and phones come first in their order or not at all."""

    def little_over(at_s: float) -> ProcessImage:
        seen = with_feeder(charged(50.0)(at_s), "phones", power_w=PhaseValues(0.0, 600.0, 0.0))
        return with_poi(seen, power_w=PhaseValues.even(1_500.0))

    run = Run(DIMMED)
    run.see(box(little_over), OVER_S + 0.2)
    assert len(shed(run)) == 1


def test_a_silent_meter_takes_nothing_by_guess() -> None:
    run = Run(DIMMED)
    run.see(box(lambda t: with_poi(charged(50.0)(t), power_w=None)), 2 * OVER_S)
    assert all(power_w == 0.0 for power_w in give_w(run).values())
    assert not shed(run)


def test_without_the_order_nothing_is_different() -> None:
    with_box, without = Run(DIMMED), Run(hub())
    with_box.see(box(charged(50.0), is_limited=False), 2 * OVER_S)
    without.see(charged(50.0), 2 * OVER_S)
    assert with_box.commands == without.commands


def test_a_contact_that_is_not_seen_changes_nothing() -> None:
    run = Run(DIMMED)
    run.see(box(charged(90.0), is_limited=None), 0.5)
    assert run.memory.dimmed_since_s is None
    run.see(box(charged(90.0)), 0.5)
    since_s = run.memory.dimmed_since_s
    run.see(box(charged(90.0), is_limited=None), 0.5)
    assert run.memory.dimmed_since_s == since_s is not None


def test_its_beginning_and_its_end_are_written_down() -> None:
    run = Run(DIMMED)
    run.see(box(charged(90.0), is_limited=False), 0.5)
    run.see(box(charged(90.0)), 3.0)
    run.see(box(charged(90.0), is_limited=False), 0.5)
    told = [e for e in run.events if e.kind in (EventKind.DIMMED, EventKind.DIMMING_OVER)]
    assert [(e.kind, e.rule) for e in told] == [
        (EventKind.DIMMED, "dimming: import_limited"),
        (EventKind.DIMMING_OVER, "dimming: import_free"),
    ]
    assert (told[0].values["limit_w"], told[1].values["held_s"]) == (4_200.0, 3.0)


def test_in_the_island_it_is_void() -> None:
    run = Run(DIMMED)
    run.see(box(charged(90.0)), 1.0)
    run.see(box(islanded), 2 * OVER_S)
    assert run.memory.mode is Mode.ISLANDED
    assert run.memory.dimmed_since_s is None
    assert run.events[-1].kind is not EventKind.DIMMED
    assert not shed(run) & {"ev_posts"} or run.memory.feeders["ev_posts"].reason is not Reason.IMPORT_LIMITED


def test_they_come_back_when_it_is_over_and_not_before() -> None:
    def without_cars(at_s: float) -> ProcessImage:
        seen = with_feeder(charged(50.0)(at_s), "ev_posts", position=BreakerPosition.OPEN, power_w=PhaseValues.even(0))
        seen = with_feeder(seen, "phones", position=BreakerPosition.OPEN, power_w=PhaseValues.even(0))
        return with_poi(seen, power_w=PhaseValues.even(1_300.0))

    def ordered_back(run: Run) -> set[str]:
        return {event.subject for event in run.events if event.kind is EventKind.ORDERED_CLOSE}

    run = Run(DIMMED)
    run.see(box(charged(50.0)), OVER_S + 0.2)
    run.see(box(without_cars), 30.0)
    assert not ordered_back(run)
    run.see(box(without_cars, is_limited=False), 20.0)
    assert "ev_posts" in ordered_back(run)
