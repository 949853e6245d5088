"""The POI's contact turns to closed by itself on the way back, or a start finds it so: it has to show what it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.advice import RequestKind
from controller.model.frozen import replace
from controller.model.hub import Hub, PoiSwitching
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import GensetState, InverterMode, Mode, SettingsGroup, Switcher
from hil_tests.tests.core.asking import ask
from hil_tests.tests.core.hubs import CLOSED, LIVE, OPEN, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.test_lying_closed import FLOWING
from hil_tests.tests.core.watched import Image, Watched

NEAR_DEG = 3.0


def beside(at_s: float, angle_deg: float = NEAR_DEG, **poi: object) -> ProcessImage:
    """An island beside a good grid, the relay on the grid's settings; in step unless said otherwise."""
    return with_poi(
        islanded(at_s),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        bus_frequency_hz=50.05,  # too fast for a closing
        angle_difference_deg=angle_deg,
        settings_group=SettingsGroup.GRID,
        **poi,
    )


def says_closed(at_s: float) -> ProcessImage:
    return beside(at_s, position=CLOSED)


def shows_open(at_s: float) -> ProcessImage:
    return beside(at_s, 60.0, position=CLOSED)


def flows(at_s: float) -> ProcessImage:
    return beside(at_s, position=CLOSED, current_a=FLOWING)


def steered(**parts: object) -> Watched:
    """On the way back, in step, and nothing ordered yet."""
    watched = Watched(**parts)
    watched.see(lambda t: beside(t, 90.0), 12.0)
    watched.see(beside, 0.5)
    assert watched.mode is Mode.RECONNECTION
    assert watched.run.commands.poi.close is None
    return watched


def former_hz(watched: Watched) -> float | None:
    return watched.run.commands.batteries["battery"].frequency_set_hz


def test_a_lie_is_found_out_and_the_island_goes_on() -> None:
    watched = steered()
    watched.see(says_closed, 0.2)
    assert watched.mode is Mode.RECONNECTION
    watched.see(shows_open, 0.5)
    assert watched.run.memory.poi.closed_is_refuted
    watched.see(says_closed, 300.0)
    assert (watched.run.memory.mode, watched.run.commands.poi.close) == (Mode.ISLANDED, None)
    assert watched.vetoes == []


def test_meanwhile_it_is_not_steered_but_let_slip() -> None:
    watched = steered()
    steered_hz = former_hz(watched)
    watched.see(says_closed, 0.1)
    slipping_hz = former_hz(watched)
    assert steered_hz is not None
    assert slipping_hz is not None
    assert slipping_hz < steered_hz - 0.1


@pytest.mark.parametrize("grid_hz", [49.65, 49.7, 49.8, 49.9, 50.0, 50.1])
def test_it_slips_whatever_the_grids_frequency_is(grid_hz: float) -> None:
    watched = steered()
    droop_hz = 0.5 / 60_000.0 * 20_000.0
    watched.see(lambda t: with_poi(says_closed(t), grid_frequency_hz=grid_hz), 0.1)
    told_hz = former_hz(watched)
    assert told_hz is not None
    assert abs(told_hz - droop_hz - grid_hz) > 0.099
    assert told_hz - droop_hz < 50.0, "no PV turns itself down"


def test_a_hand_that_has_closed_it_is_believed_with_the_first_current() -> None:
    watched = steered()
    watched.see(says_closed, 0.2)
    watched.see(flows, 0.1)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert watched.vetoes == []


def test_neither_current_nor_difference_believes_it_after_ten_seconds() -> None:
    watched = steered()
    watched.see(says_closed, 9.9)
    assert watched.mode is Mode.RECONNECTION
    watched.see(says_closed, 0.2)
    assert watched.run.memory.mode is Mode.GRID_CONNECTED
    assert watched.vetoes == []


def test_a_contact_that_turns_back_to_open_is_believed_at_once() -> None:
    """Nothing hangs on it: the island goes on, and the way back as well."""
    watched = steered()
    watched.see(says_closed, 0.2)
    watched.see(beside, 0.2)
    assert watched.mode is Mode.RECONNECTION
    watched.see_until_closing(near)
    watched.see(near, 0.1)
    assert watched.vetoes == []


def near(at_s: float) -> ProcessImage:
    return with_poi(beside(at_s, 0.5), bus_frequency_hz=50.01)


@pytest.mark.parametrize("late_s", [0.05, 0.2, 0.3])
def test_by_our_order_it_is_believed_at_once_also_when_it_comes_a_little_late(late_s: float) -> None:
    watched = Watched()
    watched.see(lambda t: beside(t, 90.0), 12.0)
    watched.see_until_closing(near)
    watched.see(near, late_s)
    watched.see(lambda t: with_poi(near(t), position=CLOSED), 0.05)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    watched.see(lambda t: with_poi(near(t), position=CLOSED), 1.0)
    assert watched.vetoes == []


def test_a_device_that_closes_by_itself_needs_no_order() -> None:
    poi = hub().poi
    switching = PoiSwitching(Switcher.CONTROLLER, Switcher.DEVICE)
    watched = steered(poi=type(poi)(**{f: getattr(poi, f) for f in poi.__slots__} | {"switching": switching}))
    watched.see(says_closed)
    assert watched.mode is Mode.GRID_CONNECTED
    assert watched.vetoes == []


def test_whoever_asks_to_reconnect_beside_a_refuted_contact_is_told_why_not() -> None:
    watched = steered()
    watched.see(shows_open, 0.7)
    answer = ask(watched.run, shows_open, RequestKind.RECONNECT)
    assert (answer.kind, answer.reason) == (EventKind.REQUEST_REFUSED, Reason.CONTACT_REFUTED)
    watched.see(lambda t: beside(t, 60.0, position=OPEN), 0.1)
    assert ask(watched.run, beside, RequestKind.RECONNECT).kind is EventKind.REQUESTED


# ---- after a start --------------------------------------------------------------------------------------------------


def found(image: Image, for_s: float) -> Watched:
    watched = Watched()
    watched.see(image, for_s)
    return watched


def test_a_start_in_step_with_a_contact_that_lies_finds_the_island() -> None:
    watched = found(says_closed, 0.4)
    assert watched.mode is Mode.UNKNOWN
    assert watched.run.commands.poi.close is None
    assert not watched.run.commands.poi.open
    told_hz = former_hz(watched)
    assert told_hz is not None
    watched.see(shows_open, 1.0)
    assert (watched.mode, watched.run.memory.reason) == (Mode.ISLANDED, Reason.RECOVERED_ISLANDED)
    watched.see(says_closed, 30.0)
    assert watched.run.memory.mode is Mode.ISLANDED
    assert watched.vetoes == []


def test_a_start_just_after_the_return_finds_the_grid_with_the_first_current() -> None:
    watched = found(says_closed, 0.4)
    watched.see(flows, 0.1)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECOVERED_RECONNECTED)
    assert watched.vetoes == []


def test_who_may_feed_a_dead_street_does_so_for_three_seconds_at_most() -> None:
    watched = found(says_closed, 3.0)
    assert watched.mode is Mode.UNKNOWN
    watched.see(says_closed, 0.1)
    assert watched.run.memory.mode is Mode.GRID_CONNECTED
    assert watched.vetoes == []


@pytest.mark.parametrize("image", [on_grid, lambda t: with_poi(on_grid(t), current_a=ZERO)])
def test_where_nobody_forms_there_is_nothing_to_find_out(image: Callable[[float], ProcessImage]) -> None:
    assert found(image, 0.2).mode is Mode.GRID_CONNECTED


def test_a_turn_that_nobody_ordered_wears_as_a_closing_does() -> None:
    """The guard counts it too: the core must not order one more than it lets pass in an hour."""
    watched = steered()
    watched.see(says_closed, 0.2)
    watched.see(shows_open, 0.5)
    closings = [each for each in watched.run.memory.durable.attempts if each.kind == "close"]
    assert len(closings) == 1
    watched.see(says_closed, 5.0)
    assert [each for each in watched.run.memory.durable.attempts if each.kind == "close"] == closings


def cannot_but_form() -> Hub:
    plain = hub()
    main = plain.batteries["battery"]
    main = replace(main, capabilities=replace(main.capabilities, always_forms=True))
    return replace(plain, batteries={**plain.batteries, "battery": main})


def alone(image: Image) -> Image:
    """The genset holds the bus, and nobody forms."""

    def seen(at_s: float) -> ProcessImage:
        plain = with_battery(image(at_s), mode=InverterMode.GRID_FOLLOWING, power_w=ZERO)
        genset = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(4_000.0), 150.0)
        return replace(plain, gensets={"genset": genset})

    return seen


def test_beside_who_cannot_but_form_a_start_waits_for_the_sides_to_come_apart() -> None:
    """He could not be let slip: on the grid he would keep what he was told. But the earth of an island stays."""
    watched = Watched(batteries=cannot_but_form().batteries)
    watched.see(says_closed, 2.9)
    assert watched.mode is Mode.UNKNOWN
    assert (watched.run.commands.batteries, watched.run.commands.earthing.open) == ({}, False)
    watched.see(shows_open, 0.7)
    assert (watched.mode, watched.run.memory.reason) == (Mode.ISLANDED, Reason.RECOVERED_ISLANDED)
    watched.see(says_closed, 30.0)
    assert watched.run.memory.mode is Mode.ISLANDED
    assert watched.vetoes == []


def test_beside_who_cannot_but_form_the_wait_is_three_seconds() -> None:
    watched = Watched(batteries=cannot_but_form().batteries)
    watched.see(says_closed, 3.1)
    assert watched.mode is Mode.GRID_CONNECTED
    watched.see(says_closed, 1.0)
    assert watched.vetoes == []


@pytest.mark.parametrize(("grid_hz", "told_w"), [(50.0, 8_000.0), (49.8, 4_000.0)])
def test_a_genset_alone_is_let_slip_by_its_load_reference(grid_hz: float, told_w: float) -> None:
    watched = found(alone(lambda t: with_poi(says_closed(t), grid_frequency_hz=grid_hz)), 0.4)
    assert watched.mode is Mode.UNKNOWN
    assert watched.run.commands.gensets["genset"].power_set_w == pytest.approx(told_w)
    watched.see(alone(shows_open), 1.0)
    assert (watched.mode, watched.run.memory.reason) == (Mode.ISLANDED, Reason.RECOVERED_ISLANDED)
    assert not watched.run.commands.gensets["genset"].stop
    assert watched.vetoes == []


def test_a_genset_beside_the_grid_is_found_there_with_the_first_current() -> None:
    watched = found(alone(says_closed), 0.4)
    watched.see(alone(flows), 0.1)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECOVERED_ON_GRID)
    assert watched.vetoes == []
