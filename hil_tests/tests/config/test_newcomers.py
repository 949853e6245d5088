"""What somebody gets wrong on the first day: an empty file, kW for W, half a table's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import examine, load_site
from controller.config.paths import configs_dir
from controller.config.report import check
from controller.config.usual import USUAL
from hil_tests.tests.config.stories import MUSTER, Mistake, changed, judge_one, problems_of

SIZES = (
    Mistake("kW for VA", "rating_va = 60_000", "▶rating_va = 60", "batteries.battery_main.rating_va", "60 VA",
            "300 to 2_000_000 VA", "60_000 VA"),
    Mistake("mWh for Wh", "capacity_wh = 40_000", "▶capacity_wh = 40_000_000", "batteries.battery_second.capacity_wh",
            "40_000_000 Wh", "900 to 10_000_000 Wh", "40_000 Wh"),
    Mistake("a million times too much", "capacity_wh = 40_000", "▶capacity_wh = 40_000_000_000",
            "batteries.battery_second.capacity_wh", "40_000_000_000 Wh", "900 to 10_000_000 Wh", "40_000 Wh"),
    Mistake("far beyond a factor of a thousand", "capacity_wh = 40_000", "▶capacity_wh = 40_000_000_000_000",
            "batteries.battery_second.capacity_wh", "40_000_000_000_000 Wh", "900 to 10_000_000 Wh"),
    Mistake("a feeder of megawatts", "rated_w = 2_000", "▶rated_w = 2_000_000", "feeders.phones.rated_w",
            "2_000_000 W", "100 to 1_000_000 W", "2_000 W"),
)  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", "# to be written\n"])
def test_an_empty_file_is_called_so_and_an_example_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(text)
    (problem,) = check(path).errors
    assert problem.found == "nothing in it"
    example = Path(problem.wanted.rpartition(" ")[2])
    assert load_site(example).hub.name == "musterhallig", "the example can be checked itself"


@pytest.mark.parametrize("mistake", SIZES, ids=str)
def test_a_size_outside_any_village_is_asked_about(mistake: Mistake, tmp_path: Path) -> None:
    path, line, column = changed(MUSTER, tmp_path, (mistake.old, mistake.new), *mistake.also)
    keys = {key for section in USUAL.values() for key in section}
    told = [problem for problem in examine(path).problems if problem.key.rpartition(".")[2] in keys]
    judge_one(mistake, [problem for problem in told if "as in any village" in problem.wanted], path, line, column)


def test_of_many_names_the_likeliest_comes_first_and_the_rest_is_counted(tmp_path: Path) -> None:
    path, line, _ = changed(MUSTER, tmp_path, ('table = "hallig_sim/io_module"', '▶table = "hallig_sim/io_modul"'))
    problem = next(each for each in problems_of(path) if each.found == "the unknown name 'hallig_sim/io_modul'")
    assert (problem.line, problem.hint) == (line, "hallig_sim/io_module")
    count = len(list((configs_dir() / "devices").rglob("*.toml")))
    assert problem.wanted.startswith("one of hallig_sim/io_module, ")
    assert problem.wanted.count(",") == 5
    assert f"({count - 6} more in {configs_dir() / 'devices'})" in problem.wanted
