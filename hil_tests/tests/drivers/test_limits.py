"""The bounds of what a point may say."""

from __future__ import annotations

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Site
from controller.drivers.limits import limit_of


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(configs_dir() / "hubs" / "musterhallig.toml")


def test_an_overload_of_a_small_circuit_is_a_fact(site: Site) -> None:
    """A heater on a circuit that is planned for phones: the fuse decides what can flow, and not the plan."""
    for name, feeder in site.hub.feeders.items():
        assert limit_of("power_l1_w", site.bindings[name], site).high > max(11_000.0, 20 * feeder.rated_w), name


def test_words_in_the_other_order_are_still_impossible(site: Site) -> None:
    for name in (*site.hub.feeders, site.hub.poi.id, *site.hub.batteries):
        assert limit_of("power_w", site.bindings[name], site).high < 5000 << 16, name
