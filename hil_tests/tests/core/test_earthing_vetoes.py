"""What the guard could not allow in a cycle is not asked in it: nobody reads of a veto where nothing was wrong."""

from __future__ import annotations

import pytest

from controller.core.earthing import CLOSINGS_MAX
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, PoiSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, Mode
from hil_tests.tests.core.asking import ask, quiet, started
from hil_tests.tests.core.hubs import dark, on_grid, with_poi
from hil_tests.tests.core.scenes import earthed_and_dark
from hil_tests.tests.core.watched import Watched


def torn(at_s: float) -> ProcessImage:
    """While the voltage falls, the bus's block is read a moment after the grid's."""
    return with_poi(on_grid(at_s), bus_voltage_v=PhaseValues.even(115.0), angle_difference_deg=None)


def blind(at_s: float) -> ProcessImage:
    return replace(dark(at_s), poi=PoiSeen())


def test_a_sample_that_was_torn_by_the_falling_voltage_vetoes_nothing() -> None:
    watched = Watched()
    watched.see(on_grid, 2.0)
    watched.see(torn)
    assert watched.vetoes == []


def test_a_blind_moment_while_the_earthing_is_on_its_way_vetoes_nothing_and_costs_no_second_order() -> None:
    watched = Watched()
    watched.see(on_grid, 2.0)
    watched.see(dark, 0.25)
    order = watched.run.memory.earthing
    assert order is not None
    watched.see(blind, 0.1)
    watched.see(dark, 0.1)
    assert watched.run.commands.earthing.close is order
    watched.see(earthed_and_dark, 1.0)
    assert watched.vetoes == []


def test_a_relay_that_does_not_close_is_asked_no_oftener_than_the_guard_allows() -> None:
    """Found by seed 1297 of the fuzzer: a person asked for one more start."""
    watched = Watched()
    watched.see(on_grid, 2.0)
    for number in range(12):
        watched.see(dark, 12.0)
        wish = OperatorRequest(f"start-{number}", RequestKind.BLACK_START, None, "duty", True, watched.run.now_s + 10.0)
        watched.see(dark, advice=Advice(requests=(wish,)))
    assert watched.vetoes == []
    assert len(watched.run.memory.earthed_at_s) == CLOSINGS_MAX


def test_what_it_may_be_asked_lasts_for_the_three_starts_that_a_hub_has() -> None:
    """Found by seed 2574: transfer and start had used it up in eight seconds, and the next island was not earthed."""
    watched = Watched()
    watched.see(on_grid, 2.0)
    lost_s = watched.run.now_s
    starts = []
    while watched.run.now_s < lost_s + 300.0:
        was = watched.mode
        watched.see(dark)
        if watched.mode is Mode.BLACK_START and was is not Mode.BLACK_START:
            starts.append(watched.run.now_s)
    told = watched.run.memory.earthed_at_s
    assert (len(starts), len(told)) == (3, CLOSINGS_MAX)
    assert sum(at_s < starts[0] for at_s in told) == 3
    assert all(sum(begun_s <= at_s < begun_s + 30.0 for at_s in told) == 1 for begun_s in starts)
    assert watched.vetoes == []


def test_a_relay_that_follows_at_last_forgets_what_was_in_vain() -> None:
    watched = Watched()
    watched.see(on_grid, 2.0)
    watched.see(dark, 9.0)
    assert (watched.run.memory.mode, len(watched.run.memory.earthed_in_vain_at_s)) == (Mode.BLACK_START, 4)
    watched.see(earthed_and_dark)
    assert watched.run.memory.earthed_in_vain_at_s == ()


def test_no_start_is_begun_that_could_not_be_earthed_and_whoever_asks_is_told() -> None:
    """It would have come to nothing, and been one of three within the hour."""
    watched = Watched()
    watched.see(on_grid, 2.0)
    watched.see(dark, 20.0)
    assert watched.mode is Mode.DARK
    run = watched.run
    run.memory = replace(run.memory, earthed_at_s=(run.now_s,) * CLOSINGS_MAX)
    watched.see(dark, 120.0)
    assert watched.mode is Mode.DARK
    wish = OperatorRequest("start", RequestKind.BLACK_START, None, "duty", True, run.now_s + 10.0)
    told = watched.see(dark, advice=Advice(requests=(wish,))).events
    assert [event.reason for event in told] == [Reason.EARTHING_NOT_ABLE]
    watched.see(dark, 600.0)
    assert len(run.memory.earthed_at_s) >= 1
    assert max(run.memory.earthed_at_s) > run.now_s - 600.0, "when it may be told again"


@pytest.mark.parametrize("position", [None, BreakerPosition.INTERMEDIATE])
def test_whose_earthing_is_lost_while_loads_come_down_stays_on_the_grid(position: BreakerPosition | None) -> None:
    """The wish was asked when it was made, and not in the 20 s of preparation after it."""
    run = started()

    def busy(at_s: float) -> ProcessImage:
        return with_poi(on_grid(at_s), power_w=PhaseValues.even(4_000.0))

    def lost(at_s: float) -> ProcessImage:
        return replace(quiet(at_s), earthing=EarthingSeen(at_s, position))

    assert ask(run, busy).kind is EventKind.REQUESTED
    run.see(busy, 2.0)
    assert run.memory.mode is Mode.PLANNED_ISLANDING
    run.see(lost, 5.0)
    assert not run.commands.poi.open
    run.see(quiet, 1.2)
    assert run.commands.poi.open, "it is seen again, in time"


@pytest.mark.parametrize("position", [BreakerPosition.OPEN, BreakerPosition.CLOSED, BreakerPosition.INTERMEDIATE, None])
@pytest.mark.parametrize("told_count", [0, CLOSINGS_MAX])
def test_nobody_leaves_a_healthy_grid_for_an_island_that_could_not_be_earthed(
    position: BreakerPosition | None, told_count: int
) -> None:
    """Found by seed 2574: it went dark beside it."""
    run = started()
    run.memory = replace(run.memory, earthed_at_s=(run.now_s,) * told_count)
    said = ask(run, lambda at_s: replace(quiet(at_s), earthing=EarthingSeen(at_s, position)))
    can = position is BreakerPosition.CLOSED or (position is BreakerPosition.OPEN and told_count == 0)
    expected = (EventKind.REQUESTED, Reason.OPERATOR) if can else (EventKind.REQUEST_REFUSED, Reason.EARTHING_NOT_ABLE)
    assert (said.kind, said.reason) == expected
