"""The fuses of the POI's voltage transformers: what their instrument does not see is not gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.core.charge_fall import NEXT_S
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.image import ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import InverterMode, Mode, Switcher
from hil_tests.tests.core.hubs import DEAD, LIVE, dark, hub, islanded, nothing_left, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import far_apart, good_grid_beside_the_dark

Image = Callable[[float], ProcessImage]

ONE_LESS = PhaseValues(230.0, 230.0, 0.0)
AT_ITS_LIMIT = PhaseValues(230.0, 230.0, 60.0)


def one_fuse(at_s: float) -> ProcessImage:
    return with_poi(islanded(at_s), bus_voltage_v=ONE_LESS)


def no_fuse_left(at_s: float) -> ProcessImage:
    """The transformers' own breaker is off."""
    return with_poi(islanded(at_s), bus_voltage_v=DEAD, bus_frequency_hz=None)


def shed(run: Run) -> set[str]:
    return {feeder for feeder, state in run.memory.feeders.items() if state.shed_since_s is not None}


def test_one_blown_fuse_sheds_nobody() -> None:
    """Everything but the desk went dark within a second, with a healthy island."""
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(one_fuse, 10.0)
    assert (run.memory.mode, shed(run)) == (Mode.ISLANDED, set())


def test_with_their_breaker_off_an_island_that_gives_power_has_not_collapsed() -> None:
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(no_fuse_left, 10.0)
    assert (run.memory.mode, shed(run)) == (Mode.ISLANDED, set())


def test_a_fuse_that_was_blown_before_the_blackout_does_not_keep_the_island_in_the_transfer() -> None:
    run = Run(hub())
    run.see(on_grid, 2.0)
    run.see(lambda at_s: with_poi(on_grid(at_s), bus_voltage_v=ONE_LESS), 2.0)
    run.see(dark, 1.0)
    run.see(one_fuse, 1.0)
    assert run.memory.mode is Mode.ISLANDED


def test_a_former_at_its_limit_on_one_phase_is_relieved() -> None:
    def overloaded(at_s: float) -> ProcessImage:
        return with_battery(with_poi(islanded(at_s), bus_voltage_v=AT_ITS_LIMIT), voltage_v=AT_ITS_LIMIT)

    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(overloaded, 2.0)
    assert shed(run)


@pytest.mark.parametrize(
    "changes",
    [
        {"power_w": ZERO, "voltage_v": LIVE},  # its own switch is open
        {"power_w": PhaseValues.even(500.0), "voltage_v": DEAD},
        {"power_w": PhaseValues.even(500.0), "voltage_v": LIVE, "mode": InverterMode.GRID_FOLLOWING},
    ],
)
def test_a_dead_bus_is_dead_whatever_a_source_that_does_not_feed_it_shows(changes: dict[str, Any]) -> None:
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(lambda at_s: with_battery(no_fuse_left(at_s), **changes), 1.0)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING


def test_a_blown_fuse_does_not_raise_the_islands_voltage_on_the_way_back() -> None:
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(far_apart, 12.0)
    assert run.memory.mode is Mode.RECONNECTION
    run.see(lambda at_s: with_poi(far_apart(at_s), bus_voltage_v=ONE_LESS), 5.0)
    assert run.memory.mode is Mode.RECONNECTION
    assert run.commands.batteries["battery"].voltage_set_v == 230.0


def low(at_s: float) -> ProcessImage:
    return with_battery(with_battery(islanded(at_s), soc_pct=20.0), "second", soc_pct=20.0)


def test_a_genset_is_not_cranked_before_the_pois_instrument_shows_the_bus() -> None:
    """A former's terminals were a cycle ahead of it, and the guard refused the crank: a try was used up."""
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(lambda t: with_poi(low(t), bus_voltage_v=DEAD), NEXT_S + 1.0)
    assert "genset" not in run.commands.gensets or run.commands.gensets["genset"].crank is None
    run.see(low, 0.1)
    assert run.commands.gensets["genset"].crank is not None


# ---- somebody has to know, and to look


def told(run: Run) -> list[tuple[EventKind, Reason]]:
    of_fuses = (Reason.BUS_FUSE, Reason.GRID_FUSE)
    return [(event.kind, event.reason) for event in run.events if event.reason in of_fuses and event.subject == "poi"]


@pytest.mark.parametrize("blown", [one_fuse, no_fuse_left])
def test_a_blown_fuse_is_told_once_and_so_is_its_end(blown: Image) -> None:
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(blown, 1.9)
    assert told(run) == [], "a phase may dip"
    run.see(blown, 10.0)
    assert told(run) == [(EventKind.ALARM, Reason.BUS_FUSE)]
    run.see(lambda at_s: with_poi(islanded(at_s), bus_voltage_v=None), 1.0)
    assert len(told(run)) == 1, "blindness is not the end of it"
    run.see(islanded, 0.1)
    assert told(run)[1:] == [(EventKind.ALARM_CLEARED, Reason.BUS_FUSE)]


def test_a_phase_that_the_terminals_lack_as_well_is_no_fuse() -> None:
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(lambda at_s: with_battery(one_fuse(at_s), voltage_v=ONE_LESS), 5.0)
    assert told(run) == []


def on_grid_without(at_s: float, **voltages: PhaseValues) -> ProcessImage:
    return with_poi(on_grid(at_s), **voltages)


def test_a_blown_fuse_on_the_grids_side_is_told_although_the_poi_opens_for_it() -> None:
    run = Run(hub())
    run.see(on_grid, 2.0)
    run.see(lambda t: on_grid_without(t, grid_voltage_v=ONE_LESS), 0.6)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert told(run) == [(EventKind.ALARM, Reason.GRID_FUSE)]
    run.see(lambda t: with_poi(far_apart(t), grid_voltage_v=ONE_LESS), 60.0)
    assert run.memory.mode.value == "islanded"
    assert len(told(run)) == 1, "nothing shows it any more, and it is so all the same"
    run.see(far_apart, 0.1)
    assert told(run)[1:] == [(EventKind.ALARM_CLEARED, Reason.GRID_FUSE)]


def test_a_conductor_of_the_grid_that_breaks_is_no_fuse() -> None:
    run = Run(hub())
    run.see(on_grid, 2.0)
    run.see(lambda t: on_grid_without(t, grid_voltage_v=ONE_LESS, bus_voltage_v=ONE_LESS), 0.4)
    run.see(lambda t: on_grid_without(t, grid_voltage_v=ONE_LESS), 0.2)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert told(run) == [], "a breaker that is being opened joins nothing"


def without_a_fuse(at_s: float) -> ProcessImage:
    return with_poi(far_apart(at_s), bus_voltage_v=ONE_LESS)


def ask(run: Run, kind: RequestKind) -> list[tuple[EventKind, Reason]]:
    request = OperatorRequest(f"{kind.value}{run.now_s}", kind, None, "duty", True, run.now_s + 5.0)
    decision = run.see(without_a_fuse, advice=Advice(requests=(request,)))
    return [(e.kind, e.reason) for e in decision.events if e.kind in (EventKind.REQUESTED, EventKind.REQUEST_REFUSED)]


def test_with_a_blown_fuse_the_hub_stays_an_island_until_it_is_replaced() -> None:
    """No closing in sync can be proven on a phase that nobody measures: it was tried every three minutes, for ever."""
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(without_a_fuse, 30.0)
    assert run.memory.mode is Mode.ISLANDED
    assert ask(run, RequestKind.RECONNECT) == [(EventKind.REQUEST_REFUSED, Reason.BUS_FUSE)]
    assert ask(run, RequestKind.ISLAND_ON) == [(EventKind.REQUEST_REFUSED, Reason.BUS_FUSE)], "no way back"
    run.see(without_a_fuse, 30.0)
    assert run.memory.mode is Mode.ISLANDED
    run.see(far_apart, 1.0)
    assert run.memory.mode.value == "reconnection", "and then it goes back by itself"


@pytest.mark.parametrize("closed_by", [Switcher.SYNC_RELAY, Switcher.DEVICE])
def test_who_finds_the_instant_himself_has_instruments_of_his_own(closed_by: Switcher) -> None:
    run = Run(hub(poi=replace(hub().poi, switching=PoiSwitching(Switcher.CONTROLLER, closed_by))))
    run.see(islanded, 2.0)
    run.see(without_a_fuse, 15.0)
    assert run.memory.mode is Mode.RECONNECTION
    assert told(run) == [(EventKind.ALARM, Reason.BUS_FUSE)]


def test_over_a_dead_bus_no_fuse_is_in_the_way() -> None:
    """What a person may do: switch the sources off, and the grid closes onto nothing."""
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(without_a_fuse, 5.0)
    run.see(nothing_left, 1.0)
    run.see(good_grid_beside_the_dark, 15.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.RECONNECTION, Reason.DEAD_BUS_RETURN)
