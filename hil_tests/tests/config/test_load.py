"""The shipped hubs load, mean what their files say, and are checked fast; wrong ones say everything at once."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from controller.config import load
from controller.config.errors import ConfigError
from controller.config.load import load_site
from controller.config.paths import configs_dir, site_path
from controller.config.types import Protocol, Site
from controller.model.words import IslandEarthing, Switcher
from hil_tests.tests.config.stories import HYBRID, MUSTER, changed, problems_of

CHECK_MAX_S = 0.1


@pytest.fixture(scope="module")
def muster() -> Site:
    return load_site(MUSTER)


@pytest.fixture
def own_configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all data, to be spoilt."""
    folder = tmp_path / "configs"
    shutil.copytree(configs_dir(), folder)
    monkeypatch.setattr(load, "configs_dir", lambda: folder)
    return folder


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# ---- what the hubs are ----------------------------------------------------------------------------------------------


def test_the_name_stands_first() -> None:
    for path in (MUSTER, HYBRID):
        assert path.read_text(encoding="utf-8").startswith(f'name = "{path.stem}"\n')


def test_musterhallig_is_the_hub_that_everybody_knows(muster: Site) -> None:
    hub = muster.hub
    assert [*hub.batteries, *hub.pv, *hub.gensets] == [
        "battery_main", "battery_second", "pv_school", "pv_barn", "genset",
    ]  # fmt: skip
    assert {feeder.id: feeder.tier for feeder in hub.feeders.values()} == {
        "desk": 0, "medical": 1, "water": 1, "warm_room": 2, "cold_chain": 2, "phones": 3, "ev_posts": 3,
    }  # fmt: skip
    assert [name for name, feeder in hub.feeders.items() if feeder.carries_control] == ["desk"]
    assert [*hub.radios] == ["radio_tetra", "radio_mesh"]
    assert hub.forming_order == ("battery_main",)
    assert hub.earthing.kind is IslandEarthing.SWITCHED_BY_US
    assert (hub.has_emergency_off, hub.has_local_remote) == (True, True)
    assert {device.table.protocol for device in muster.devices.values()} == set(Protocol)


def test_hybridhof_gets_three_assets_out_of_one_device() -> None:
    site = load_site(HYBRID)
    served = {
        name
        for name, binding in site.bindings.items()
        if any(ref.device == "hybrid" for refs in binding.reads.values() for ref in refs)
    }
    assert served == {"poi", "battery_hybrid", "pv_hybrid"}
    assert [ref.device for ref in site.bindings["poi"].reads["grid_frequency_hz"]] == ["poi_relay", "hybrid"]
    assert site.hub.poi.switching.closed_by is Switcher.SYNC_RELAY
    assert site.hub.earthing.kind is IslandEarthing.PERMANENT


def test_a_fieldbus_contactor_is_slower_than_one_on_the_network_and_both_are_quick_enough(muster: Site) -> None:
    latency_s = {name: feeder.write_latency_s for name, feeder in muster.hub.feeders.items()}
    assert latency_s["desk"] == latency_s["ev_posts"] < latency_s["water"] == latency_s["phones"] < 0.5


@pytest.mark.parametrize("path", [MUSTER, HYBRID], ids=lambda path: path.stem)
def test_checking_is_quick(path: Path) -> None:
    load_site(path)
    times_s = []
    for _ in range(5):
        begin_s = time.process_time()  # what else the machine has to do is not ours
        load_site(path)
        times_s.append(time.process_time() - begin_s)
    assert min(times_s) <= CHECK_MAX_S


def test_complaining_is_quick_too(tmp_path: Path) -> None:
    path, _, _ = changed(MUSTER, tmp_path, ("rating_va = 60_000", "▶rating_kva = 60"))
    problems_of(path)
    times_s = []
    for _ in range(5):
        begin_s = time.process_time()
        assert problems_of(path)
        times_s.append(time.process_time() - begin_s)
    assert min(times_s) <= 2 * CHECK_MAX_S


# ---- overrides and names --------------------------------------------------------------------------------------------


def test_overrides_move_a_device_and_leave_the_rest() -> None:
    site = load_site(MUSTER, {"poi_relay": {"host": "127.0.0.1", "port": 15021}})
    assert (site.devices["poi_relay"].host, site.devices["poi_relay"].port) == ("127.0.0.1", 15021)
    assert site.devices["io_module"].host == "192.0.2.15"


def test_an_override_for_nobody_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"found an override for 'poi_rely', .*did you mean 'poi_relay'"):
        load_site(MUSTER, {"poi_rely": {"port": 15021}})


def test_an_override_is_checked_like_the_file() -> None:
    with pytest.raises(ConfigError, match=r"devices\.poi_relay\.port: found 99999, wanted at most 65535"):
        load_site(MUSTER, {"poi_relay": {"port": 99999}})


def test_a_shipped_hub_has_a_short_name() -> None:
    assert site_path("musterhallig") == MUSTER
    with pytest.raises(ConfigError, match="did you mean 'musterhallig'"):
        site_path("musterhalig")


# ---- everything at once ---------------------------------------------------------------------------------------------


def test_one_mistake_does_not_hide_another_in_whatever_file(own_configs: Path) -> None:
    site = own_configs / "hubs" / "musterhallig.toml"
    spoil(site, "rating_va = 60_000", "rating_kva = 60_000")
    spoil(site, 'from = "contactor_phones"', 'from = "contactor_fones"')
    spoil(site, 'kind = "switched_by_us"', 'kind = "by_us"')
    spoil(site, "shed_below_soc_pct = 45", "shed_below_soc_pct = 75")
    spoil(own_configs / "devices" / "hallig_sim" / "pv_inverter.toml", "address = 3", "address = 2")
    spoil(own_configs / "devices" / "hallig_sim" / "weather_rtu.toml", "maximum = 60", "maximum = sixty")
    spoil(own_configs / "grid_codes" / "demo_short.toml", "value = 50.1,", "value = 501,")
    spoil(own_configs / "envelopes" / "standard.toml", "cranks_max =", "crank_max =")
    found = [(problem.file.stem, problem.key, problem.hint) for problem in problems_of(site)]
    assert found == [
        ("musterhallig", "earthing.kind", ""),
        ("musterhallig", "batteries.battery_main.rating_kva", "rating_va"),
        ("musterhallig", "tiers.3.restore_above_soc_pct", ""),
        ("musterhallig", "feeders.phones.from", "contactor_phones"),
        ("pv_inverter", "roles.pv.points.limit_w.address", ""),
        ("weather_rtu", "roles.weather.points.temperature_c", ""),
        ("standard", "values.crank_max", "cranks_max"),
        ("demo_short", "values.return_frequency_max_hz.value", ""),
    ]


def test_a_problem_reads_like_a_compilers(tmp_path: Path) -> None:
    path, line, column = changed(MUSTER, tmp_path, ("rating_va = 60_000", "▶rating_kva = 60_000"))
    (problem,) = problems_of(path)
    assert str(problem) == (
        f"{path}:{line}:{column}: batteries.battery_main.rating_kva: found the unknown key 'rating_kva',"
        " wanted the value in VA, did you mean 'rating_va'?"
    )


# ---- mistakes that only a table and a site together make ------------------------------------------------------------

TOGETHER = (
    ("battery_inverter", 'on_loss_island = "keep_forming"\nreversion_s = 10.0',
     'on_loss_island = "stop"\nreversion_s = 5.0', "devices.inverter_main.table",
     "a table that does 'stop' in the island 5 s without us"),
    ("io_module", 'on_loss_island = "hold"', 'on_loss_island = "open"\nreversion_s = 2.0', "devices.io_module.table",
     "a table that does 'open' in the island 2 s without us"),
    ("poi_relay", "resolution = 0.001", "resolution = 0.1", "poi.from", "'poi_relay' with a resolution of 0.1 Hz"),
    ("poi_relay", 'close                = { address', '# close = { address', "poi.closed_by", '"controller"'),
    ("poi_relay", "angle_difference_deg =", "# angle_difference_deg =", "poi.from",
     "'poi_relay' without angle_difference_deg"),
    ("poi_relay", 'enum = { grid = 1, island = 2 }, access = "rw"', "enum = { grid = 1, island = 2 }",
     "poi.has_settings_groups", "true"),
    ("battery_inverter", 'mode_set           = { address = 100, type = "uint16", enum = { off = 0, grid_following = 1,',
     'mode_set           = { address = 100, type = "uint16", enum = { off = 0 }, access = "w" } #',
     "batteries.battery_main.can_form", "true, but 'mode_set' of 'inverter_main' knows only off"),
)  # fmt: skip


@pytest.mark.parametrize(("table", "old", "new", "key", "found"), TOGETHER)
def test_a_table_that_does_not_suit_the_site(
    own_configs: Path, table: str, old: str, new: str, key: str, found: str
) -> None:
    spoil(own_configs / "devices" / "hallig_sim" / f"{table}.toml", old, new)
    (problem,) = problems_of(own_configs / "hubs" / "musterhallig.toml")
    assert problem.key == key
    assert found in problem.found


def test_a_group_that_is_called_fast_must_be_faster(own_configs: Path) -> None:
    table = own_configs / "devices" / "hallig_sim" / "io_module.toml"
    spoil(table, 'local_control = { address = 67, type = "bool", group = "fast"', "local_control = { address = 67, "
          'type = "bool", group = "slow"')  # fmt: skip
    site = own_configs / "hubs" / "musterhallig.toml"
    spoil(site, 'host = "192.0.2.15"\nfast_s = 0.02', 'host = "192.0.2.15"\nfast_s = 0.02\nslow_s = 0.01')
    (problem,) = problems_of(site)
    assert (problem.key, problem.found) == ("devices.io_module.fast_s", "0.02")
    assert problem.wanted == "at most slow_s, which is 0.01"


def test_a_guard_that_forbids_what_the_grid_code_calls_good(own_configs: Path) -> None:
    spoil(own_configs / "envelopes" / "standard.toml", "grid_frequency_max_hz = { value = 50.2", "grid_frequency_max_hz"
          " = { value = 50.05")  # fmt: skip
    site = own_configs / "hubs" / "musterhallig.toml"
    (problem,) = problems_of(site)
    assert (problem.key, problem.line, problem.column) == ("envelope", 4, 1)
    assert "frequency_max_hz 50.1" in problem.wanted


def test_what_hangs_on_a_wrong_table_is_not_complained_of_as_well(own_configs: Path) -> None:
    table = own_configs / "devices" / "hallig_sim" / "io_module.toml"
    spoil(table, "stride = 8", "stride = eight")
    (problem,) = problems_of(own_configs / "hubs" / "musterhallig.toml")
    assert problem.file == table
    assert problem.hint == '"eight"'


def test_a_former_may_stop_when_we_are_silent_for_long(own_configs: Path) -> None:
    spoil(own_configs / "devices" / "hallig_sim" / "battery_inverter.toml", 'on_loss_island = "keep_forming"',
          'on_loss_island = "stop"')  # fmt: skip
    assert problems_of(own_configs / "hubs" / "musterhallig.toml") == ()


def test_a_point_of_interconnection_without_its_relay(tmp_path: Path) -> None:
    path, line, _ = changed(HYBRID, tmp_path, ('from = ["poi_relay", "hybrid"]', '▶from = ["hybrid"]'))
    problems = problems_of(path)
    assert {problem.key for problem in problems} == {"poi.from", "poi.closed_by", "poi.has_settings_groups"}
    assert all(problem.line == line for problem in problems if problem.key == "poi.from")
