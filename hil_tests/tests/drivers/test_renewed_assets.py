"""Assets of which devices say the same again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.config.types import PointRef, Site
from controller.drivers.assets import Assembler
from controller.drivers.fields import age_limit_s
from controller.model.image import PoiSeen
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition
from hil_tests.tests.drivers.devices import FakeLink, read
from hil_tests.tests.drivers.test_assets import NOW_S, site_of, still_links_of

CYCLE_S = 0.04
PHASES = ("poi.power_l1_w", "poi.power_l2_w", "poi.power_l3_w")


@pytest.fixture(scope="module")
def hybrid() -> Site:
    return site_of("hybridhof")


@pytest.fixture(scope="module")
def muster() -> Site:
    return site_of("musterhallig")


def renewed(link: FakeLink, at_s: float) -> None:
    """The device has said the same again."""
    for reading in link.readings.values():
        reading.sample.at_s = at_s
    link.changes_count += 1  # type: ignore[misc]


def test_an_asset_of_which_the_same_is_said_again_has_a_newer_instant(muster: Site) -> None:
    links = still_links_of(muster)
    assembler = Assembler(muster)
    before = assembler.image(links, NOW_S)
    for step in range(1, 41):
        renewed(links["poi_relay"], NOW_S + 0.1 * step)
        seen = assembler.image(links, NOW_S + 0.1 * step)
    assert seen.poi == replace(before.poi, measured_at_s=NOW_S + 4.0)
    assert seen.feeders["desk"].position is None, "nobody else has said anything for four seconds"


def test_a_preferred_device_that_comes_back_with_what_it_said_before_is_asked_first_again(muster: Site) -> None:
    links = still_links_of(muster)
    assembler = Assembler(muster)
    assembler.image(links, NOW_S)
    stale_s = NOW_S + 60.0
    assert assembler.image(links, stale_s).poi == PoiSeen()
    renewed(links["poi_relay"], stale_s)
    links["poi_relay"].values_count += 1  # type: ignore[misc]  # as every link does after a poll that failed
    assert assembler.image(links, stale_s).poi.position is BreakerPosition.CLOSED


def test_where_the_first_choice_falls_silent_the_second_counts_in_the_cycle_in_which_it_has_grown_stale(
    hybrid: Site,
) -> None:
    links, assembler = still_links_of(hybrid), Assembler(hybrid)
    for name in PHASES:
        links["poi_relay"].readings[name] = read(7.0, NOW_S)
    (second,) = {ref.device for ref in hybrid.bindings["poi"].reads[PHASES[0].removeprefix("poi.")]} - {"poi_relay"}
    stale_after_s = age_limit_s(PointRef("poi_relay", PHASES[0]), hybrid.bindings["poi"], hybrid)
    cycles = 0
    while (power_w := assembler.image(links, NOW_S + cycles * CYCLE_S).poi.power_w) == PhaseValues.even(7.0):
        cycles += 1
        renewed(links[second], NOW_S + cycles * CYCLE_S)
    assert power_w == PhaseValues.even(50.0), "never unknown in between"
    assert (cycles - 1) * CYCLE_S <= stale_after_s < cycles * CYCLE_S
