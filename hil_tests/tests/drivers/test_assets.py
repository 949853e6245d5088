"""The process image: fresh values only, the first device that has one, and no angle from two instruments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Point, PointRef, Site
from controller.drivers.assets import Assembler
from controller.drivers.crosscheck import Complaint
from controller.drivers.link import Value
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GensetState, InverterMode, SettingsGroup
from hil_tests.tests.drivers.devices import FakeLink, read

NOW_S = 1000.0
WORDS = {
    "position": "closed",
    "mode": "grid_forming",
    "state": "loaded",
    "settings_group": "island",
    "source": "public",
}


def site_of(name: str) -> Site:
    return load_site(configs_dir() / "hubs" / f"{name}.toml")


def value_for(point: Point) -> Value:
    """A plausible value of the point's kind."""
    if point.enum is not None:
        return WORDS.get(point.id.split(".")[-1], next(iter(point.enum.values())))
    if point.type == "bool":
        return True
    return 50.0


def links_of(site: Site, at_s: float = NOW_S) -> dict[str, FakeLink]:
    """Every device answers, with every readable point at 50 of its unit."""
    links: dict[str, FakeLink] = {}
    for name, device in site.devices.items():
        link = links[name] = FakeLink()
        for point in device.table.points.values():
            if point.readable:
                link.readings[point.id] = read(value_for(point), at_s)
    return links


@pytest.fixture(scope="module")
def muster() -> Site:
    return site_of("musterhallig")


@pytest.fixture(scope="module")
def hybrid() -> Site:
    return site_of("hybridhof")


def test_every_asset_of_the_hub_is_in_the_image(muster: Site) -> None:
    seen = Assembler(muster).image(links_of(muster), NOW_S)
    assert set(seen.feeders) == set(muster.hub.feeders)
    assert set(seen.batteries) == set(muster.hub.batteries)
    assert set(seen.pv) == set(muster.hub.pv)
    assert set(seen.radios) == set(muster.hub.radios)
    assert seen.poi.position is BreakerPosition.CLOSED
    assert seen.poi.settings_group is SettingsGroup.ISLAND
    assert seen.poi.grid_voltage_v == PhaseValues.even(50.0)
    assert seen.batteries["battery_main"].mode is InverterMode.GRID_FORMING
    assert seen.gensets["genset"].state is GensetState.LOADED
    assert seen.earthing.position is BreakerPosition.CLOSED
    assert seen.emergency_off is True
    assert seen.weather.temperature_c == 50.0
    assert seen.lost_devices == ()


def test_nothing_is_invented(muster: Site) -> None:
    links = {name: FakeLink() for name in muster.devices}
    links["io_module"].is_up = False
    seen = Assembler(muster).image(links, NOW_S)
    assert seen.poi.position is None
    assert seen.poi.measured_at_s is None
    assert seen.feeders["desk"].power_w is None
    assert seen.emergency_off is None
    assert seen.lost_devices == ("io_module",)


def test_what_is_older_than_its_role_allows_is_unknown(muster: Site) -> None:
    links = links_of(muster)
    assembler = Assembler(muster)
    assert assembler.image(links, NOW_S + 0.1).poi.position is not None
    late = assembler.image(links, NOW_S + 0.3)
    assert late.poi.position is None
    assert late.feeders["desk"].position is not None
    assert assembler.image(links, NOW_S + 3.1).feeders["desk"].position is None


def test_a_point_that_is_read_seldom_is_not_stale_before_its_next_turn(muster: Site) -> None:
    """The weather mast is read every five seconds: a role's limit below that would blind it for ever."""
    site = replace(muster, max_age_s={**muster.max_age_s, "weather": 1.0})
    seen = Assembler(site).image(links_of(site), NOW_S + 6.0)
    assert seen.weather.temperature_c == 50.0


def test_the_second_choice_stands_in_when_the_first_is_stale(hybrid: Site) -> None:
    links = links_of(hybrid)
    links["poi_relay"].readings = {
        name: read(reading.value, NOW_S - 10.0) for name, reading in links["poi_relay"].readings.items()
    }
    seen = Assembler(hybrid).image(links, NOW_S)
    assert seen.poi.grid_voltage_v == PhaseValues.even(50.0)
    assert seen.poi.bus_voltage_v is None
    assert seen.poi.position is None


def test_the_first_choice_counts_while_it_is_fresh(hybrid: Site) -> None:
    links = links_of(hybrid)
    for phase in ("l1", "l2", "l3"):
        links["poi_relay"].readings[f"poi.power_{phase}_w"] = read(7.0, NOW_S)
    assert Assembler(hybrid).image(links, NOW_S).poi.power_w == PhaseValues.even(7.0)


def test_phases_are_never_mixed_from_two_devices(hybrid: Site) -> None:
    links = links_of(hybrid)
    links["poi_relay"].readings["poi.power_l1_w"] = read(7.0, NOW_S)
    del links["poi_relay"].readings["poi.power_l2_w"]
    assert Assembler(hybrid).image(links, NOW_S).poi.power_w == PhaseValues.even(50.0)


def test_an_angle_counts_only_with_the_voltages_of_its_own_instrument(hybrid: Site) -> None:
    links = links_of(hybrid)
    assembler = Assembler(hybrid)
    assert assembler.image(links, NOW_S).poi.angle_difference_deg == 50.0
    del links["poi_relay"].readings["poi.grid_voltage_l2_v"]  # the inverter's voltage takes its place
    assembler.image(links, NOW_S)
    seen = assembler.image(links, NOW_S + 0.03)  # and it is missing in the next sample, too
    assert seen.poi.grid_voltage_v is not None
    assert seen.poi.angle_difference_deg is None


def told_twice(site: Site) -> Site:
    """Somebody's relay tells the three powers and their total."""
    relay = site.devices["poi_relay"]
    total = replace(relay.table.points["poi.power_l1_w"], id="poi.power_w")
    table = replace(relay.table, points={**relay.table.points, total.id: total})
    binding = site.bindings["poi"]
    reads = {**binding.reads, "power_w": (PointRef("poi_relay", "poi.power_w"),)}
    return replace(
        site,
        devices={**site.devices, "poi_relay": replace(relay, table=table)},
        bindings={**site.bindings, "poi": replace(binding, reads=reads)},
    )


def say_powers(links: dict[str, FakeLink], phase_w: float, total_w: float, at_s: float = NOW_S) -> None:
    for phase in ("l1", "l2", "l3"):
        links["poi_relay"].readings[f"poi.power_{phase}_w"] = read(phase_w, at_s)
    links["poi_relay"].readings["poi.power_w"] = read(total_w, at_s)


def test_where_phases_contradict_their_total_another_device_is_asked_first(hybrid: Site) -> None:
    site = told_twice(hybrid)
    links = links_of(site)
    say_powers(links, 5_000.0, 15_000.0)
    assert Assembler(site).image(links, NOW_S).poi.power_w == PhaseValues.even(5_000.0)
    say_powers(links, 5_000.0, 40_000.0)
    assert Assembler(site).image(links, NOW_S).poi.power_w == PhaseValues.even(50.0), "the inverter's"


def test_phases_that_contradict_their_total_count_all_the_same_and_are_told(muster: Site) -> None:
    """One current transformer the wrong way round: no power at all would be no overload at all."""
    site = told_twice(muster)
    links, assembler = links_of(site), Assembler(site)
    complaint = Complaint("poi", Reason.PHASES_DOUBTED)
    for step in range(11):
        now_s = NOW_S + 0.5 * step
        say_powers(links, 5_000.0, 40_000.0, at_s=now_s)
        assert assembler.image(links, now_s).poi.power_w == PhaseValues.even(5_000.0)
        assert (complaint in assembler.complaints) == (step == 10), "a moment is not told, five seconds are"
    say_powers(links, 5_000.0, 15_000.0, at_s=now_s + 0.5)
    assembler.image(links, now_s + 0.5)
    assert complaint not in assembler.complaints


def test_a_feeder_whose_phases_contradict_their_total_is_unknown(muster: Site) -> None:
    """The judgement counts it at its rating. Believed, a current transformer the wrong way round would hide load."""
    feeder = next(name for name, each in muster.hub.feeders.items() if len(each.phases) == 3)
    binding = muster.bindings[feeder]
    ref = binding.reads["power_l1_w"][0]
    device = muster.devices[ref.device]
    total = replace(device.table.points[ref.point], id=f"{feeder}.power_w")
    table = replace(device.table, points={**device.table.points, total.id: total})
    reads = {**binding.reads, "power_w": (PointRef(device.name, total.id),)}
    site = replace(
        muster,
        devices={**muster.devices, device.name: replace(device, table=table)},
        bindings={**muster.bindings, feeder: replace(binding, reads=reads)},
    )
    links = links_of(site)
    phase_w = muster.hub.feeders[feeder].rated_w / 3
    for phase, sign in (("l1", 1), ("l2", -1), ("l3", 1)):
        point = binding.reads[f"power_{phase}_w"][0].point
        links[device.name].readings[point] = read(sign * phase_w, NOW_S)
    links[device.name].readings[total.id] = read(3 * phase_w, NOW_S)
    assert Assembler(site).image(links, NOW_S).feeders[feeder].power_w is None


def test_a_total_is_shared_out_over_the_assets_phases(muster: Site) -> None:
    links = links_of(muster)
    links["inverter_barn"].readings["pv.power_w"] = read(9000.0, NOW_S)
    seen = Assembler(muster).image(links, NOW_S)
    assert seen.pv["pv_barn"].power_w == PhaseValues.even(3000.0)


def test_the_oldest_electrical_reading_dates_the_asset(muster: Site) -> None:
    links = links_of(muster)
    links["poi_relay"].readings["poi.bus_voltage_l2_v"] = read(230.0, NOW_S - 0.1)
    links["poi_relay"].readings["poi.position"] = read("open", NOW_S - 0.12)
    seen = Assembler(muster).image(links, NOW_S)
    assert seen.poi.measured_at_s == NOW_S - 0.1


def test_words_and_kinds_that_we_do_not_know_are_unknown(muster: Site) -> None:
    links = links_of(muster)
    links["poi_relay"].readings["poi.position"] = read("ajar", NOW_S)
    links["poi_relay"].readings["poi.rotation_equal"] = read(1.0, NOW_S)
    links["poi_relay"].readings["poi.grid_frequency_hz"] = read("fast", NOW_S)
    seen = Assembler(muster).image(links, NOW_S)
    assert seen.poi.position is None
    assert seen.poi.rotation_equal is None
    assert seen.poi.grid_frequency_hz is None


def test_new_links_are_taken_up(muster: Site) -> None:
    assembler = Assembler(muster)
    assert assembler.image({name: FakeLink() for name in muster.devices}, NOW_S).poi.position is None
    assert assembler.image(links_of(muster), NOW_S).poi.position is BreakerPosition.CLOSED


class StillLink(FakeLink):
    """A link that is not being polled: nothing changes unless it says so."""

    changes_count = values_count = 0


def still_links_of(site: Site) -> dict[str, FakeLink]:
    links: dict[str, FakeLink] = {}
    for name, link in links_of(site).items():
        links[name] = StillLink()
        links[name].readings = link.readings
    return links


def test_an_asset_is_the_same_object_while_nothing_of_it_changed(muster: Site) -> None:
    links = still_links_of(muster)
    assembler = Assembler(muster)
    first, second = assembler.image(links, NOW_S), assembler.image(links, NOW_S + 0.05)
    assert second.feeders["desk"] is first.feeders["desk"]
    assert second == first


def test_an_asset_of_which_nothing_changed_grows_stale_all_the_same(muster: Site) -> None:
    links = still_links_of(muster)
    assembler = Assembler(muster)
    assert assembler.image(links, NOW_S).poi.position is BreakerPosition.CLOSED
    assert assembler.image(links, NOW_S + 0.3).poi.position is None
    assert assembler.image(links, NOW_S + 3.1).feeders["desk"].position is None


def test_a_change_of_one_device_is_seen_in_the_same_cycle(muster: Site) -> None:
    links = still_links_of(muster)
    assembler = Assembler(muster)
    before = assembler.image(links, NOW_S)
    opened_s = NOW_S + 0.02
    links["poi_relay"].readings["poi.position"] = read("open", opened_s)
    links["poi_relay"].readings["poi.current_l1_a"] = read(0.0, opened_s)  # which bears it out
    links["poi_relay"].changes_count = 1  # type: ignore[misc]  # the property of the plain fake is a plain field here
    links["poi_relay"].values_count = 1  # type: ignore[misc]
    after = assembler.image(links, NOW_S + 0.05)
    assert after.poi.position is BreakerPosition.OPEN
    assert after.feeders["desk"] is before.feeders["desk"]
