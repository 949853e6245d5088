"""In step beside a live grid an open POI is proven by memory alone; the guard's ends with the first blind sample."""

from __future__ import annotations

import pytest

from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.image import PoiSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Mode, SettingsGroup, Switcher
from hil_tests.tests.core.hubs import hub, on_grid, with_poi
from hil_tests.tests.core.test_contact_on_the_way import beside, near, steered
from hil_tests.tests.core.watched import Watched


def blind(at_s: float) -> ProcessImage:
    return replace(beside(at_s), poi=PoiSeen())


def test_after_a_blind_moment_the_islands_settings_wait_for_sides_that_differ() -> None:
    watched = steered()
    watched.see(blind, 0.5)
    watched.see(beside, 2.0)
    assert watched.mode is Mode.ISLANDED
    assert watched.run.commands.poi.settings_group is None
    assert watched.vetoes == []
    watched.see(lambda t: beside(t, 60.0), 0.2)
    assert watched.run.commands.poi.settings_group is SettingsGroup.ISLAND
    assert watched.vetoes == []


def test_blind_while_the_sides_differ_it_waits_for_a_second_sample_only() -> None:
    watched = steered()
    watched.see(lambda t: beside(t, 60.0), 0.1)
    watched.see(blind, 0.5)
    watched.see(lambda t: beside(t, 60.0), 0.3)
    assert watched.run.commands.poi.settings_group is SettingsGroup.ISLAND
    assert watched.vetoes == []


def joined(at_s: float) -> ProcessImage:
    return with_poi(on_grid(at_s), current_a=PhaseValues.even(5.0))


def closing() -> Watched:
    """The contact is on its way: the order went out a moment ago."""
    watched = steered()
    watched.see_until_closing(near)
    watched.see(near)
    assert watched.mode is Mode.RECONNECTION
    return watched


@pytest.mark.parametrize("blind_s", [0.05, 0.1])
def test_a_blink_while_the_contact_is_on_its_way_opens_nothing(blind_s: float) -> None:
    """Two spoilt answers in a row at the closing: the POI was opened again, and formed the island beside the grid."""
    watched = closing()
    watched.see(blind, blind_s)
    assert watched.mode is Mode.RECONNECTION
    assert watched.run.commands.poi.close is None, "nobody closes blindly"
    watched.see(joined)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert watched.vetoes == []


def test_a_permission_may_be_used_in_the_cycle_that_nobody_sees() -> None:
    """The relay finds the instant by itself, a second after it was allowed to."""
    poi = replace(hub().poi, switching=PoiSwitching(Switcher.CONTROLLER, Switcher.SYNC_RELAY))
    watched = Watched(poi=poi)
    watched.see(lambda t: beside(t, 90.0), 12.0)
    watched.see_until_closing(lambda t: beside(t, 20.0))
    watched.see(lambda t: beside(t, 8.0), 1.0)
    watched.see(blind)
    assert not watched.run.commands.poi.open
    watched.see(joined)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert watched.vetoes == []


def test_a_device_that_closes_by_itself_may_do_so_in_the_cycle_that_nobody_sees() -> None:
    poi = replace(hub().poi, switching=PoiSwitching(Switcher.DEVICE, Switcher.DEVICE))
    watched = Watched(poi=poi)
    watched.see(lambda t: beside(t, 90.0), 12.0)
    watched.see(lambda t: beside(t, 8.0), 1.0)
    assert watched.mode is Mode.RECONNECTION
    watched.see(blind)
    assert not watched.run.commands.poi.open
    watched.see(joined)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert watched.vetoes == []


def test_a_lock_that_is_seen_holds_such_a_device_open_at_once() -> None:
    poi = replace(hub().poi, switching=PoiSwitching(Switcher.DEVICE, Switcher.DEVICE))
    watched = Watched(poi=poi)
    watched.see(lambda t: beside(t, 90.0), 12.0)
    assert not watched.run.commands.poi.open
    watched.see(lambda t: replace(blind(t), poi=PoiSeen(dso_lock=True)))
    assert watched.run.commands.poi.open


def test_a_longer_blindness_ends_the_way_back_all_the_same() -> None:
    watched = closing()
    watched.see(blind, 0.2)
    assert (watched.mode, watched.run.memory.reason) == (Mode.ISLANDED, Reason.GRID_UNSEEN)
    assert watched.vetoes == []


def test_so_does_a_blink_while_nothing_is_on_its_way() -> None:
    watched = steered()
    watched.see(blind)
    assert (watched.mode, watched.run.memory.reason) == (Mode.ISLANDED, Reason.GRID_UNSEEN)


def test_a_grid_that_is_seen_to_be_bad_ends_it_at_once() -> None:
    watched = closing()
    watched.see(lambda t: with_poi(near(t), grid_frequency_hz=51.0))
    assert watched.mode is Mode.ISLANDED
