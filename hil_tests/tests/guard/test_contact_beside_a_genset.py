"""A contact turns to closed by itself beside a genset that may be the only source: as doubtful as beside a former."""

from __future__ import annotations

import pytest

from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GensetState, InverterMode
from hil_tests.tests.guard.closed_contact import UNEARTHING
from hil_tests.tests.guard.scene import (
    CLOSED,
    CYCLE_S,
    NOTHING,
    OPEN,
    Watch,
    ready_to_return,
    reasons,
    with_battery,
    with_genset,
    with_poi,
)

DOUBTFUL_S, FOUND_S = 10.0, 3.0


def beside(position: BreakerPosition = CLOSED, state: GensetState | None = GensetState.LOADED) -> ProcessImage:
    """In step, no current, and no battery forms."""
    seen = with_battery(with_poi(ready_to_return(), position=position), mode=InverterMode.GRID_FOLLOWING)
    return with_genset(seen, state)


def silent(position: BreakerPosition | None) -> ProcessImage:
    blind = {"power_w": None, "grid_voltage_v": None, "bus_voltage_v": None, "current_a": None}
    return with_poi(beside(), position=position, **blind)


def turned(state: GensetState | None = GensetState.LOADED) -> Watch:
    watch = Watch()
    watch.sees_for(with_poi(beside(OPEN), angle_difference_deg=90.0), 1.5)
    assert watch.memory.is_proven_open
    watch.sees(beside(state=state))
    return watch


def counts(watch: Watch) -> bool:
    assert watch.memory.closed is not None
    return watch.memory.closed.counts


def test_turned_by_itself_it_is_doubtful_and_the_earth_stays() -> None:
    watch = turned()
    assert not counts(watch)
    assert reasons(watch.sees(beside(), UNEARTHING)) == [Reason.VETO_NO_EARTHING]
    watch.sees_for(beside(), DOUBTFUL_S - 2 * CYCLE_S)
    assert not counts(watch)
    watch.sees(beside())
    assert counts(watch)


@pytest.mark.parametrize("state", [s for s in GensetState if s is not GensetState.LOADED])
def test_beside_one_that_carries_nothing_it_counts_at_once(state: GensetState) -> None:
    assert counts(turned(state))


def test_a_start_that_finds_it_so_doubts_it_for_three_seconds() -> None:
    watch = Watch()
    watch.sees(beside())
    watch.sees_for(beside(), FOUND_S - CYCLE_S)
    assert not counts(watch)
    watch.sees(beside())
    assert counts(watch)


@pytest.mark.parametrize("position", [CLOSED, None], ids=["says closed", "says nothing"])
def test_what_is_doubted_says_nothing_of_power_that_leaves(position: BreakerPosition | None) -> None:
    """The meter falls silent as well: the genset that was the whole island was stopped after 1.25 s."""
    watch = turned()
    assert watch.sees_for(silent(position), DOUBTFUL_S - CYCLE_S).allowed == NOTHING
    assert watch.memory.feeds_since_s is None
    watch.sees(silent(position))
    assert watch.memory.feeds_since_s == watch.now_s
