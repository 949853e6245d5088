"""A synchro-check relay that we permit finds the instant; whether there is a bus to look at is ours to know."""

from __future__ import annotations

from controller.core.calm import SWING_S
from hil_tests.tests.core.hubs import with_poi
from hil_tests.tests.core.test_contact_on_the_way import beside, permitted


def test_a_permission_is_held_back_while_the_slip_was_not_watched_and_is_the_same_one_afterwards() -> None:
    watched = permitted()
    order = watched.run.commands.poi.close
    watched.see(lambda t: with_poi(beside(t, 90.0), bus_frequency_hz=None))
    assert watched.run.commands.poi.close is None
    began_s = watched.run.now_s
    while watched.run.commands.poi.close is None:
        watched.see(lambda t: beside(t, 90.0))
        assert watched.run.now_s < began_s + 1.0
    assert watched.run.commands.poi.close == order
    assert watched.run.now_s - began_s >= SWING_S
    assert watched.vetoes == []
