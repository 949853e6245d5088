"""What a site rests on and nobody has looked up, or nobody may answer for in a blackout, is told by `hallig check`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from hil_tests.tests.config.stories import HYBRID, MUSTER, changed, warnings_in

OF_THE_STANDARD = "VDE-AR-N 4105:2018"
BENCH_CODE = 'grid_code = "demo_short"'
LOOKED_UP = "which another machine has to look up"


def test_the_slot_for_the_new_edition_may_be_named_and_each_number_of_the_old_one_is_told(tmp_path: Path) -> None:
    path, _, _ = changed(MUSTER, tmp_path, (BENCH_CODE, '▶grid_code = "de_lv_2026"'))
    doubtful = [problem for problem in warnings_in(path) if problem.file.stem == "de_lv_2026"]
    lines = (configs_dir() / "grid_codes" / "de_lv_2026.toml").read_text(encoding="utf-8").split("\n")
    carried_over = [line for line in lines if OF_THE_STANDARD in line]
    assert len(doubtful) == len(carried_over) == 14
    assert all(OF_THE_STANDARD in problem.found for problem in doubtful)
    assert all("not compared with the 2026-03 edition" in problem.found for problem in doubtful)
    new = load_site(path).hub.grid_code
    assert "slot" in new.name
    (tmp_path / "old").mkdir()
    before, _, _ = changed(MUSTER, tmp_path / "old", (BENCH_CODE, '▶grid_code = "de_lv_2018"'))
    old = load_site(before).hub.grid_code
    assert replace(new, name=old.name) == old, "until somebody has read the new edition"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('host = "192.0.2.13"', '▶host = "inverter.hub.lan"', "devices.inverter_school.host"),
        ('url = "opc.tcp://192.0.2.12', '▶url = "opc.tcp://inverter.hub.lan', "devices.inverter_second.url"),
    ],
    ids=["host", "url"],
)
def test_a_name_that_another_machine_has_to_look_up_is_told(tmp_path: Path, old: str, new: str, key: str) -> None:
    path, line, column = changed(MUSTER, tmp_path, (old, new), (BENCH_CODE, 'grid_code = "de_lv_2018"'))
    (told,) = [problem for problem in warnings_in(path) if LOOKED_UP in problem.found]
    assert (told.key, told.line, told.column) == (key, line, column)
    assert "'inverter.hub.lan'" in told.found
    assert "not given by DHCP" in told.wanted


@pytest.mark.parametrize("site", [MUSTER, HYBRID], ids=lambda site: site.stem)
def test_a_shipped_hub_looks_up_nothing(site: Path) -> None:
    assert not [problem for problem in warnings_in(site) if LOOKED_UP in problem.found]


PV_TABLE = configs_dir() / "devices" / "hallig_sim" / "pv_inverter.toml"
NARROW = 'power_l{}_w   = {{ address = {}, type = "int16", scale = 10 }}'


@pytest.mark.parametrize(("wide_count", "is_told"), [(0, False), (1, True), (2, True), (3, False)])
def test_a_word_order_that_too_few_points_would_show_is_told(tmp_path: Path, wide_count: int, is_told: bool) -> None:
    table = PV_TABLE.read_text(encoding="utf-8")
    for number in range(wide_count):
        narrow = NARROW.format(number + 1, number)
        assert narrow in table
        table = table.replace(narrow, f'power_l{number + 1}_w = {{ address = {10 + 2 * number}, type = "int32" }}')
    folder = tmp_path / "devices" / "hallig_sim"
    folder.mkdir(parents=True)
    (folder / PV_TABLE.name).write_text(table, encoding="utf-8")
    site = tmp_path / MUSTER.name
    site.write_text(MUSTER.read_text(encoding="utf-8"), encoding="utf-8")
    told = [problem for problem in warnings_in(site) if "from two registers" in problem.found]
    assert bool(told) is is_told
    assert all("pv.power_l1_w" in problem.found for problem in told)
