"""An order that its register cannot hold is never written: `hallig check` says so before it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.errors import Problem
from controller.config.paths import configs_dir
from hil_tests.tests.config.stories import HYBRID, MUSTER, warnings_in

DEVICES = configs_dir() / "devices" / "hallig_sim"
LIMIT = 'limit_set_w  = { address = 100, type = "uint16", scale = 10, access = "w", read_back = true }'
NOT_WRITTEN = "what does not fit is not written at all"


def told(tmp_path: Path, table: str, old: str, new: str) -> list[Problem]:
    text = (DEVICES / table).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{text.count(old)} times in {table}: {old}"
    folder = tmp_path / "devices" / "hallig_sim"
    folder.mkdir(parents=True)
    (folder / table).write_text(text.replace(old, new), encoding="utf-8")
    site = tmp_path / MUSTER.name
    site.write_text(MUSTER.read_text(encoding="utf-8"), encoding="utf-8")
    return [problem for problem in warnings_in(site) if NOT_WRITTEN in problem.wanted]


@pytest.mark.parametrize(
    ("point", "is_told"),
    [
        ("scale = 10, ", False),
        ("scale = 10, maximum = 2000, ", True),
        ("scale = 0.1, ", True),
        ("scale = 10, minimum = 1, ", True),
    ],
)
def test_a_limit_of_pv_below_its_rating(tmp_path: Path, point: str, is_told: bool) -> None:
    """The island's limit did not reach the plant, and only the log knew."""
    found = told(tmp_path, "pv_inverter.toml", LIMIT, LIMIT.replace("scale = 10, ", point))
    assert [problem.key for problem in found] == (["pv.pv_school.rating_w"] if is_told else [])
    assert all("pv.limit_set_w can be told" in problem.found for problem in found)


def test_a_battery_is_told_to_take_as_well(tmp_path: Path) -> None:
    (line,) = [each for each in (DEVICES / "battery_inverter.toml").read_text().splitlines() if "power_set_w" in each]
    found = told(tmp_path, "battery_inverter.toml", line, line.replace('"int16"', '"uint16"'))
    assert [problem.key for problem in found] == ["batteries.battery_main.rating_va"]


@pytest.mark.parametrize("site", [MUSTER, HYBRID], ids=lambda site: site.stem)
def test_in_a_shipped_hub_all_fit(site: Path) -> None:
    assert not [problem for problem in warnings_in(site) if NOT_WRITTEN in problem.wanted]
