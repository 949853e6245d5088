"""Assets of which devices say the same again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.config.types import Site
from controller.drivers.assets import Assembler
from controller.model.image import PoiSeen
from controller.model.words import BreakerPosition
from hil_tests.tests.drivers.devices import FakeLink
from hil_tests.tests.drivers.test_assets import NOW_S, site_of, still_links_of


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
