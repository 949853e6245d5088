"""What the guard could not allow in a cycle is not asked in it: nobody reads of a veto where nothing was wrong."""

from __future__ import annotations

import pytest

from controller.core.earthing import CLOSINGS_MAX, VAIN_MAX, VAIN_S
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


def test_what_it_may_be_asked_is_not_gone_in_the_first_seconds_of_a_blackout() -> None:
    """Found by seed 2574: transfer and start had used it up in eight seconds, and the next island was not earthed."""
    watched = Watched()
    watched.see(on_grid, 2.0)
    watched.see(dark, 9.0)
    assert (watched.run.memory.mode, len(watched.run.memory.earthed_at_s)) == (Mode.BLACK_START, VAIN_MAX)
    assert VAIN_MAX < CLOSINGS_MAX
    watched.see(earthed_and_dark)
    assert watched.run.memory.earthed_in_vain_at_s == ()
    assert watched.vetoes == []


def test_a_relay_that_follows_nobody_is_asked_again_after_a_minute() -> None:
    watched = Watched()
    watched.see(on_grid, 2.0)
    watched.see(dark, VAIN_S)
    assert len(watched.run.memory.earthed_at_s) == VAIN_MAX
    watched.see(dark, 60.0)
    assert len(watched.run.memory.earthed_at_s) > VAIN_MAX, "in the next start"
    assert watched.vetoes == []


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
