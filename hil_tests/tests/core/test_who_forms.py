"""Who forms the island: the first in the site's order that has something to give."""

from __future__ import annotations

import pytest

from controller.core.situation import WEAK_RATIO, assess
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, ProcessImage
from hil_tests.tests.core.hubs import CLOSED, battery, dark, hub, on_grid, with_battery
from hil_tests.tests.core.run import Run

HUB = hub(batteries={"battery": battery(), "second": battery("second", 20_000.0)})
WEAK_W = WEAK_RATIO * 60_000.0


def first(seen: ProcessImage) -> str | None:
    return assess(seen, HUB, 100.0).candidate


def frost(at_s: float, limit_w: float | None, second_w: float | None = 20_000.0) -> ProcessImage:
    """The BMS lets the first give less."""
    seen = with_battery(dark(at_s), discharge_limit_w=limit_w)
    return with_battery(seen, "second", discharge_limit_w=second_w)


@pytest.mark.parametrize("limit_w", [60_000.0, WEAK_W, None])
def test_the_sites_order_holds(limit_w: float | None) -> None:
    assert first(frost(0.0, limit_w)) == "battery"


def test_one_that_the_frost_has_left_little_comes_last() -> None:
    """Tier 0 waited for the feeder that did not fit, and beside it stood a battery of ten times the power."""
    assert first(frost(0.0, WEAK_W - 1.0)) == "second"
    assert assess(frost(0.0, WEAK_W - 1.0), HUB, 100.0).candidates == ("second", "battery")


def test_where_all_are_weak_the_sites_order_holds() -> None:
    assert first(frost(0.0, 1_000.0, 100.0)) == "battery"


def test_one_that_may_give_nothing_is_none() -> None:
    assert assess(frost(0.0, 0.0), HUB, 100.0).candidates == ("second",)


def test_the_stronger_one_is_told_to_form() -> None:
    run = Run(HUB)
    run.see(on_grid, 1.0)
    run.see(lambda at_s: replace(frost(at_s, 1_000.0), earthing=EarthingSeen(at_s, CLOSED)), 0.3)
    assert [name for name, command in run.commands.batteries.items() if command.form is not None] == ["second"]
