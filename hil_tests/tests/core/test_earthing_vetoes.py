"""What the guard could not allow in a cycle is not asked in it: nobody reads of a veto where nothing was wrong."""

from __future__ import annotations

from controller.core.poi import EARTHING_CLOSINGS_MAX
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import PoiSeen, ProcessImage
from controller.model.phases import PhaseValues
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
    for number in range(6):
        watched.see(dark, 12.0)
        wish = OperatorRequest(f"start-{number}", RequestKind.BLACK_START, None, "duty", True, watched.run.now_s + 10.0)
        watched.see(dark, advice=Advice(requests=(wish,)))
    assert watched.vetoes == []
    assert len(watched.run.memory.earthed_at_s) == EARTHING_CLOSINGS_MAX
