"""In step beside a live grid an open POI is proven by memory alone; the guard's ends with the first blind sample."""

from __future__ import annotations

from controller.model.frozen import replace
from controller.model.image import PoiSeen, ProcessImage
from controller.model.words import Mode, SettingsGroup
from hil_tests.tests.core.test_contact_on_the_way import beside, steered


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
