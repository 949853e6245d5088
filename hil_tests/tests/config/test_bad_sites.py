"""Bad site files: every mistake found at its place, all at once, with what was probably meant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controller.config.errors import ConfigError, Problem
from controller.config.load import load_site
from controller.config.paths import configs_dir, site_path
from controller.config.tables import load_grid_code, load_table
from controller.config.toml_file import locate

GOOD = (configs_dir() / "hubs" / "musterhallig.toml").read_text()


def problems(tmp_path: Path, *changes: tuple[str, str]) -> tuple[list[Problem], str]:
    text = GOOD
    for old, new in changes:
        assert old in text, f"the story is about another file: {old}"
        text = text.replace(old, new, 1)
    path = tmp_path / "site.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_site(path)
    return list(caught.value.problems), text


@pytest.mark.parametrize(
    ("old", "new", "key", "hint"),
    [
        ("rated_w = 900\n", "rated_kw = 0.9\n", "feeders.desk.rated_kw", "rated_w"),
        ("tier = 1\n", "teir = 1\n", "feeders.medical.teir", "tier"),
        ('grid_code = "demo_short"', 'grid_code = "demo_shot"', "grid_code", "demo_short"),
        ('from = "inverter_main"', 'from = "inverter_mian"', "batteries.battery_main.from", "inverter_main"),
        ('closed_by = "controller"', 'closed_by = "controler"', "poi.closed_by", "controller"),
        (
            'table = "hallig_sim/poi_relay"',
            'table = "hallig_sim/poi_rely"',
            "devices.poi_relay.table",
            "hallig_sim/poi_relay",
        ),
        ("tier = 2\n", "tier = 7\n", "feeders.warm_room.tier", ""),
        ("unit = 10\n", "unit = 300\n", "devices.genset_panel.unit", ""),
        ("unit = 11\n", "unit = 12\n", "devices.contactor_phones.unit", ""),
        ("capacity_wh = 120_000", "capacity_wh = -1", "batteries.battery_main.capacity_wh", ""),
        ("carries_control = true\n", "", "feeders.desk.carries_control", ""),
        ('da = "Radio og skranke", ', "", "tiers.0.label.da", ""),
        ('from = "io_module#1"', 'from = "io_module#9"', "feeders.desk.from", ""),
        ('from = "io_module#1"', 'from = "genset_panel"', "feeders.desk.from", ""),
        ('feeder = "desk"', 'feeder = "dsk"', "radios.radio_tetra.feeder", "desk"),
        ("can_form = true\ncan_set", "can_form = false\ncan_set", "batteries", ""),
        ("restore_above_soc_pct = 60", "restore_above_soc_pct = 40", "tiers.3.restore_above_soc_pct", ""),
        ('relay = "n_pe"\n', "", "earthing", ""),
        ('host = "192.0.2.10"\n', "", "devices.poi_relay", ""),
        ("baudrate = 19200\nunit = 14", "baudrate = 1200\nunit = 14", "devices.genset_panel.baudrate", ""),
        ("tier = 0\n", "tier = 1\n", "feeders.desk.tier", ""),
        ("fast_s = 0.02\n", "fast_s = 0.5\n", "poi.from", ""),
    ],
)
def test_a_mistake_is_named_where_it_stands(tmp_path: Path, old: str, new: str, key: str, hint: str) -> None:
    found, text = problems(tmp_path, (old, new))
    named = [problem for problem in found if problem.key == key]
    assert named, [str(problem) for problem in found]
    problem = named[0]
    assert problem.hint == hint
    assert problem.line > 0
    assert str(problem).startswith(f"{tmp_path / 'site.toml'}:{problem.line}:{problem.column}: {key}: found ")
    last = key.rsplit(".", maxsplit=1)[-1]
    line = text.splitlines()[problem.line - 1]
    if f"{last} =" in line:
        assert problem.column == line.index(f"{last} =") + 1


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    found, _ = problems(tmp_path, ("rated_w = 900\n", "rated_kw = 0.9\n"), ("unit = 10\n", "unit = 300\n"))
    assert {problem.key for problem in found} >= {
        "feeders.desk.rated_kw",
        "feeders.desk.rated_w",
        "devices.genset_panel.unit",
    }


def test_broken_toml_is_located(tmp_path: Path) -> None:
    found, _ = problems(tmp_path, ('opened_by = "controller"', 'opened_by = "controller'))
    assert len(found) == 1
    assert found[0].key == "syntax"
    assert found[0].line == 1 + GOOD[: GOOD.index('opened_by = "controller"')].count("\n")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["missing", "not utf-8"])
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "site.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_site(path)
    assert "a readable TOML file" in str(caught.value)


def test_an_unknown_hub_name_proposes_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'musterhallig'"):
        site_path("musterhalig")


@pytest.mark.parametrize("path", sorted((configs_dir() / "devices").rglob("*.toml")), ids=lambda p: p.stem)
def test_every_device_table_is_sound_and_says_where_it_comes_from(path: Path) -> None:
    table, found = load_table(path, path.stem)
    assert found == []
    assert table is not None
    assert table.source
    assert table.points


@pytest.mark.parametrize("path", sorted((configs_dir() / "grid_codes").glob("*.toml")), ids=lambda p: p.stem)
def test_every_grid_code_is_sound(path: Path) -> None:
    code, found = load_grid_code(path)
    assert found == []
    assert code is not None
    assert code.return_window.voltage_min_ratio < code.return_window.voltage_max_ratio


@pytest.mark.parametrize("name", ["musterhallig", "hybridhof"])
def test_the_shipped_hubs_are_sound(name: str) -> None:
    site = load_site(site_path(name))
    assert site.hub.name == name


def table_problems(tmp_path: Path, old: str, new: str) -> list[Problem]:
    path = tmp_path / "poi_relay.toml"
    shutil.copy(configs_dir() / "devices" / "hallig_sim" / "poi_relay.toml", path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return load_table(path, "poi_relay")[1]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("address = 7,", "address = 8,", "roles.poi.points.bus_frequency_hz"),
        ('heartbeat = "poi.heartbeat"', 'heartbeat = "poi.hartbeat"', "device.heartbeat"),
        ("minimum = 40, maximum = 60", "minimum = 60, maximum = 40", "roles.poi.points.grid_frequency_hz.minimum"),
        ("address = 9, ", "", "roles.poi.points.angle_difference_deg"),
        ("scale = 0.01,", "scal = 0.01,", "roles.poi.points.angle_difference_deg.scal"),
    ],
)
def test_a_mistake_in_a_device_table_is_named_too(tmp_path: Path, old: str, new: str, key: str) -> None:
    assert key in {problem.key for problem in table_problems(tmp_path, old, new)}


def test_keys_of_inline_tables_have_places() -> None:
    places = locate('[a]\nb = { c = 1, d = { e = 2 } } # f = 3\n[[g]]\nh = "x = 1"\n[[g]]\nh = 2\n')
    assert places[("a", "b", "c")] == (2, 7)
    assert places[("a", "b", "d", "e")] == (2, 20)
    assert ("a", "b", "f") not in places
    assert places[("g", 1, "h")] == (6, 1)
