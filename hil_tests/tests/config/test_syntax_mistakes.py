"""What is no TOML, or no text at all, is named with its place and what was probably meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from controller.config.errors import ConfigError, Problem
from controller.config.toml_file import read_toml
from hil_tests.tests.config.stories import MUSTER, Mistake, changed, judge, problems_of

MISTAKES = (
    Mistake("decimal comma", "droop_pct = 1.0", "droop_pct = ▶1,0", "batteries.battery_main.droop_pct",
            "1,0", "a decimal point", "1.0"),
    Mistake("unit behind the number", "import_max_w = 100_000", "import_max_w = ▶100 kW", "poi.import_max_w",
            "100 kW", "the number alone", "100"),
    Mistake("address without quotes", 'host = "192.0.2.14"', "host = ▶192.0.2.14", "devices.inverter_barn.host",
            "192.0.2.14", "text in quotes", '"192.0.2.14"'),
    Mistake("name without quotes", 'from = "weather_mast"', "from = ▶weather_mast  # on the roof", "weather.from",
            "weather_mast", "text in quotes", '"weather_mast"'),
    Mistake("truth with a capital", "has_settings_groups = true", "has_settings_groups = ▶True",
            "poi.has_settings_groups", "True", "true or false", "true"),
    Mistake("no for false", 'from = "io_module#5"\ntier = 3\nrated_w = 33_000\ncarries_control = false',
            'from = "io_module#5"\ntier = 3\nrated_w = 33_000\ncarries_control = ▶no',
            "feeders.ev_posts.carries_control",
            "no", "true or false", "false"),
    Mistake("key twice", "capacity_wh = 120_000", "capacity_wh = 120_000\n▶capacity_wh = 110_000",
            "batteries.battery_main.capacity_wh", "a second value", "each key once"),
    Mistake("table twice", "[feeders.medical]", "▶[feeders.desk]", "feeders.desk", "a second [feeders.desk]", "once"),
    Mistake("quote forgotten", 'from = "weather_mast"', 'from = "weather_mast▶', "weather.from",
            "the end of the line", "valid TOML"),
    Mistake("bracket forgotten", "[feeders.medical]", "[feeders.medical▶", "feeders.desk",
            "the end of the line", "valid TOML"),
    Mistake("list that never ends", "  { load_ratio = 2.4, hold_s = 3 },\n]", "  { load_ratio = 2.4, hold_s = 3 },\n",
            "batteries.battery_second", "batteries", "valid TOML",
            also=(("[batteries.battery_second]", "[▶batteries.battery_second]"),)),
    Mistake("equals sign forgotten", "start_attempts_max = 3", "start_attempts_max ▶3", "gensets.genset", "3",
            "valid TOML"),
)  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_slip_of_the_pen_is_named_where_it_stands(mistake: Mistake, tmp_path: Path) -> None:
    path, line, column = changed(MUSTER, tmp_path, (mistake.old, mistake.new), *mistake.also)
    judge(mistake, problems_of(path), path, line, column)


def test_several_slips_are_named_at_once(tmp_path: Path) -> None:
    path, _, _ = changed(
        MUSTER,
        tmp_path,
        ("droop_pct = 1.0", "▶droop_pct = 1,0"),
        ("import_max_w = 100_000", "import_max_w = 100 kW"),
        ('host = "192.0.2.14"', "host = 192.0.2.14"),
    )
    assert [problem.hint for problem in problems_of(path)] == ["100", "1.0", '"192.0.2.14"']


def _the_problem(path: Path) -> Problem:
    with pytest.raises(ConfigError) as caught:
        read_toml(path)
    (problem,) = caught.value.problems
    return problem


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    assert str(_the_problem(path)) == f"{path}: file: found no such file, wanted a readable TOML file"


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert _the_problem(tmp_path).found == "a folder"


@pytest.mark.parametrize("is_pipe", [True, False])
def test_a_pipe_or_an_endless_device_in_place_of_a_file(tmp_path: Path, is_pipe: bool) -> None:
    """It was waited for, or read, for ever."""
    path = tmp_path / "pipe" if is_pipe else Path("/dev/zero")
    if is_pipe:
        os.mkfifo(path)
    assert _the_problem(path).found == "no ordinary file"


def test_text_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes('name = "größe"\nlabel = "'.encode() + "Käse".encode("latin-1"))
    problem = _the_problem(path)
    assert (problem.line, problem.column, problem.found) == (2, 11, "the byte 0xe4")
    assert problem.wanted == "text in UTF-8"


def test_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('\ufeffname = "x"\n', encoding="utf-8")
    assert str(_the_problem(path)).endswith(":1:1: encoding: found a byte order mark, wanted UTF-8 without one")


def test_lines_that_end_as_on_windows_count_the_same(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b'name = "x"\r\ntier = 1,5\r\n')
    problem = _the_problem(path)
    assert (problem.line, problem.column, problem.hint) == (2, 8, "1.5")


def test_text_of_many_lines_that_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('name = "x"\nnote = """\nand so on\n', encoding="utf-8")
    assert (_the_problem(path).line, _the_problem(path).column) == (2, 1)


def test_a_thousand_slips_are_named_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("".join(f"a{number} = 1,5\n" for number in range(1000)), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_toml(path)
    assert len(caught.value.problems) == 20


@pytest.mark.parametrize("before", ['name = "x"\n', "a = 1,5\n"])
def test_brackets_without_end_are_a_mistake_as_well(tmp_path: Path, before: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f"{before}b = {'[' * 5000}{']' * 5000}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_toml(path)
    assert [problem.line for problem in caught.value.problems] == [1 if "," in before else 2]
