"""A contact that turns to closed beside a proven island, in step and without any current: doubtful for a while."""

from __future__ import annotations

import pytest

from controller.model.commands import Commands
from controller.model.phases import ZERO
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, Switcher
from hil_tests.tests.guard.closed_contact import (
    APART,
    HOLDING,
    IN_STEP,
    JOINED,
    OPENED,
    UNEARTHING,
)
from hil_tests.tests.guard.hubs import hub_closed_by
from hil_tests.tests.guard.scene import (
    CLOSED,
    CYCLE_S,
    OPEN,
    Watch,
    islanded,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    watch_after,
    with_poi,
)

TURNED = with_poi(IN_STEP, position=OPEN)


def turned(commands: Commands = OPENED) -> Watch:
    """Proven open, in step at last; now the contact turns to closed."""
    watch = Watch()
    watch.sees_for(with_poi(APART, position=OPEN), 1.0, commands)
    watch.sees_for(TURNED, 0.5, commands)
    assert watch.memory.is_proven_open
    watch.sees(IN_STEP, commands)
    return watch


def test_for_ten_seconds_it_stops_nobody() -> None:
    watch = turned()
    assert watch.sees_for(IN_STEP, 10.0 - CYCLE_S, HOLDING).vetoes == ()
    assert not watch.memory.is_proven_open, "and proves nothing either"
    watch.sees(IN_STEP, HOLDING)
    assert reasons(watch.sees(IN_STEP, HOLDING)) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_with_the_first_current_it_counts() -> None:
    watch = turned()
    assert reasons(watch.sees(JOINED, HOLDING)) == []  # the proof had ended: two samples
    assert reasons(watch.sees(JOINED, HOLDING)) == [Reason.VETO_NOT_PROVEN_OPEN]
    watch.sees(IN_STEP, HOLDING)
    assert reasons(watch.sees(IN_STEP, HOLDING)) == [Reason.VETO_NOT_PROVEN_OPEN], "and goes on counting"


def test_while_it_is_doubtful_the_earth_stays() -> None:
    watch = turned()
    assert reasons(watch.sees(IN_STEP, UNEARTHING)) == [Reason.VETO_NO_EARTHING]


def test_a_contact_that_was_asked_to_close_counts_at_once() -> None:
    watch = Watch()
    ready = with_poi(ready_to_return(), position=OPEN)
    watch.sees_for(with_poi(ready, angle_difference_deg=90.0), 1.0, OPENED)
    assert watch.sees(ready, poi_close(watch.order())).vetoes == ()
    watch.sees(with_poi(ready, position=CLOSED))
    assert watch.memory.closed is not None
    assert watch.memory.closed.counts


def test_a_permission_to_a_relay_bears_out_no_contact() -> None:
    """It may stand for minutes, and the relay finds its own instant."""
    watch = Watch(hub=hub_closed_by(Switcher.SYNC_RELAY))
    ready = with_poi(ready_to_return(), position=OPEN)
    watch.sees_for(with_poi(ready, angle_difference_deg=90.0), 1.0, OPENED)
    assert watch.sees(ready, poi_close(watch.order())).vetoes == ()
    watch.sees(with_poi(ready, position=CLOSED))
    assert watch.memory.closed is not None
    assert watch.memory.closed.is_asked
    assert watch.memory.closed.is_doubtful


def test_without_a_proof_before_it_counts_at_once() -> None:
    watch = watch_after(with_poi(IN_STEP, position=OPEN), IN_STEP)
    assert watch.memory.closed is not None
    assert watch.memory.closed.counts


def test_ordered_open_and_not_proven_it_counts_at_once() -> None:
    """The order stands, the contact has moved once, and nothing else has shown the POI open."""
    watch = watch_after(on_grid())
    watch.sees_for(on_grid(), 2.0)
    watch.sees(with_poi(IN_STEP, position=OPEN), OPENED)
    watch.sees(IN_STEP, OPENED)
    assert watch.memory.closed is not None
    assert watch.memory.closed.counts


def test_a_contact_that_counts_joins_no_sides_that_differ() -> None:
    watch = watch_after(on_grid(), on_grid())
    assert watch.memory.joined_sample_s is not None
    watch.sees(with_poi(on_grid(), angle_difference_deg=90.0, current_a=ZERO))
    assert watch.memory.joined_sample_s is None


def test_it_may_turn_by_way_of_the_middle() -> None:
    """That is how a breaker's two contacts move: what was proven while they said open holds."""
    watch = Watch()
    watch.sees_for(with_poi(APART, position=OPEN), 1.0, OPENED)
    watch.sees_for(TURNED, 0.5, OPENED)
    watch.sees(with_poi(TURNED, position=BreakerPosition.INTERMEDIATE), OPENED)
    watch.sees(IN_STEP, OPENED)
    assert watch.memory.closed is not None
    assert watch.memory.closed.is_doubtful


@pytest.mark.parametrize(("live_s", "is_doubtful"), [(1.0 - CYCLE_S, False), (1.0, True)])
def test_only_a_grid_that_was_live_before_can_be_in_step_by_chance(live_s: float, is_doubtful: bool) -> None:
    watch = Watch()
    watch.sees_for(islanded(), 1.0, OPENED)
    watch.sees_for(TURNED, live_s, OPENED)
    watch.sees(IN_STEP, OPENED)
    assert watch.memory.closed is not None
    assert watch.memory.closed.is_doubtful is is_doubtful


def test_a_grid_not_seen_is_not_live() -> None:
    watch = Watch()
    watch.sees_for(TURNED, 2.0, OPENED)
    watch.sees(with_poi(TURNED, grid_voltage_v=None), OPENED)
    assert watch.memory.grid_live_since_s is None


def test_without_ever_having_been_seen_open_it_counts_at_once() -> None:
    """From closed into the middle and back."""
    watch = watch_after(on_grid())
    watch.sees_for(on_grid(), 2.0)
    watch.sees(with_poi(IN_STEP, position=BreakerPosition.INTERMEDIATE), OPENED)
    watch.sees(IN_STEP, OPENED)
    assert watch.memory.closed is not None
    assert watch.memory.closed.counts
