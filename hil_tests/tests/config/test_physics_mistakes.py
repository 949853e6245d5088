"""A site file that reads well and cannot work: too late, too coarse, too weak, for too long, or on the wrong phase."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.errors import Problem
from controller.config.load import load_site
from hil_tests.tests.config.stories import (
    HYBRID,
    MUSTER,
    Mistake,
    changed,
    judge,
    judge_one,
    own_table,
    problems_of,
    warnings_in,
)

CURVE = """\
short_time = [
  { load_ratio = 1.23, hold_s = 60 },
  { load_ratio = 1.5, hold_s = 20 },
  { load_ratio = 2.0, hold_s = 10 },
  { load_ratio = 2.4, hold_s = 3 },
]
"""
STEEP = "short_time = [{ load_ratio = 1.7, hold_s = 0.45 }]\n"
LESS_CARS = ("rated_w = 33_000", "rated_w = 3_000")
PHONES = 'from = "contactor_phones"\ntier = 3\nphases = ["l2"]\nrated_w = 2_000'
REAL_RELAY = ('host = "192.0.2.10"', 'host = "10.20.0.10"')

ERRORS = (
    Mistake("inverter trips before the slow feeder opens", 'from = "contactor_water"', '▶from = "contactor_water"',
            "feeders.water.from",
            "up to 0.46 s to an open contact (cycle 0.050 + wire busy 0.218 + 3 orders 0.105 + read-back 0.033 + "
            "contactor 0.05)",
            "less than 0.45 s: so long 'battery_main' carries 1.22 times what it is planned for on l2, with every "
            "quicker feeder shed",
            also=((CURVE, STEEP), ("rated_w = 4_000", "rated_w = 60_000"), LESS_CARS)),
    Mistake("deficit beyond the curve", "short_time = [", "▶short_time = [", "batteries.battery_main.short_time",
            "a curve that ends at 2.4 times the rating", "2.64, the deficit with every feeder at its rating",
            also=(("rated_w = 4_000", "rated_w = 80_000"), ("rated_w = 3_000", "rated_w = 4_000"))),
    Mistake("last tier too heavy for its phase", "[tiers.0]", "▶[tiers.0]", "tiers.0",
            "20000 W on l1 up to this tier (desk 20000)",
            "at most 18000 W, what 'battery_main' carries there for ever (0.9 x 60000 VA / 3)",
            also=(("rated_w = 900", "rated_w = 20_000"),)),
    Mistake("promise that the energy cannot keep", "restore_above_soc_pct = 5", "restore_above_soc_pct = 5\n"
            "▶hold_s = 4_320_000", "tiers.0.hold_s", "(1200 h), which takes 1080000 Wh (desk 900 W x 1200 h)",
            "at most 786667 Wh (battery_main 120000 x 75 % + battery_second 40000 x 75 % + genset 40000 x 16.7 h)",
            "3146400"),
    Mistake("promise that another tier's promise eats up", "restore_above_soc_pct = 5", "restore_above_soc_pct = 5\n"
            "▶hold_s = 2_592_000", "tiers.0.hold_s",
            "(desk 900 W x 720 h + medical 3000 W x 48 h + water 4000 W x 48 h)",
            "at most 786667 Wh", "1800000",
            also=(("restore_above_soc_pct = 20", "restore_above_soc_pct = 20\nhold_s = 172_800"),
                  ("rated_w = 4_000", "rated_w = 4_000\naverage_w = 4_000"))),
    Mistake("average above rating", "rated_w = 900", "rated_w = 900\n▶average_w = 1_200", "feeders.desk.average_w",
            "1200", "at most rated_w, which is 900"),
    Mistake("controller that goes dark with the grid", "rated_w = 900", 'rated_w = 900\n▶bus = "grid_side"',
            "feeders.desk.bus", '"grid_side"', "'island', since it carries control", "island"),
    Mistake("battery that goes with the grid", "[batteries.battery_second]",
            '[batteries.battery_second]\n▶bus = "grid_side"', "batteries.battery_second.bus", '"grid_side"',
            "'island': a battery before the POI", "island"),
    Mistake("angle finer than its instrument", "angle_error_deg = 1.0", "▶angle_error_deg = 0.001",
            "poi.angle_error_deg", "0.001", "at least 0.01, the resolution of 'poi_relay'", "0.01"),
    Mistake("samples too old to close by", "[weather]", "[max_age_s]\n▶poi = 0.5\n\n[weather]", "max_age_s.poi",
            "0.5 (2.1 deg + 360 x 0.1 Hz x 0.5 s = 20.1 deg)", "that 10 deg can be kept"),
    Mistake("stale before it is polled again", "[weather]", "[max_age_s]\n▶radio = 1.5\n\n[weather]",
            "max_age_s.radio", "1.5", "at least 2: two polls of 'radio_tetra_node' (normal_s = 1)", "2"),
    Mistake("polled too seldom for its role", "slow_s = 5.0", "▶slow_s = 40.0", "devices.weather_mast.slow_s",
            "40, two polls and a refresh in 80 s", "within 60 s, after which a weather is unknown"),
    Mistake("demo's code on a real grid", 'grid_code = "demo_short"', '▶grid_code = "demo_short"', "grid_code",
            "'demo_short', which is for demo and bench only", "the grid code that binds this connection",
            also=(REAL_RELAY,)),
    Mistake("POI left closed by nobody", "has_settings_groups = true",
            'has_settings_groups = true\n▶unattended = "closed"', "poi.unattended", '"closed"',
            "'open', since closed_by is device", "open", also=(('closed_by = "controller"', 'closed_by = "device"'),)),
)  # fmt: skip

WARNINGS = (
    Mistake("slow feeder not counted on", PHONES, PHONES.replace("from", "▶from"), "feeders.phones.from",
            "up to 0.42 s to an open contact", "less than 0.41 s, what 'battery_main' carries the whole deficit: "
            "it is not counted on",
            also=((CURVE, STEEP.replace("0.45", "0.41")), ('from = "contactor_water"', 'from = "io_module#6"'))),
    Mistake("curve without its source", "[batteries.battery_main]", "▶[batteries.battery_main]",
            "batteries.battery_main.short_time_source", "nothing", "the inverter's manual and page",
            also=(('short_time_source = "the bench\'s inverter: the default curve of its plant model"\n', ""),)),
    Mistake("feeder that never comes back", "rated_w = 9_000", "▶rated_w = 24_100", "feeders.warm_room.rated_w",
            "a pick-up of 16067 W on l1 (24100 x 2 / 3)", "at most 16000 W there (0.8 of 'battery_main')"),
    Mistake("feeder that does not even come back on grid", "rated_w = 2_000",
            '▶rated_w = 70_000\nbus = "grid_side"\npickup_ratio = 1.5', "feeders.phones.rated_w",
            "70000, a pick-up of 105000 W (70000 x 1.5)", "at most 100000 W, the POI's import_max_w"),
    Mistake("radio that goes dark with the grid", 'feeder = "desk"\nown_reserve_wh = 200',
            '▶feeder = "ev_posts"\nown_reserve_wh = 200', "radios.radio_mesh.feeder", "'ev_posts'",
            "a feeder on the island's side",
            also=(("rated_w = 33_000", 'rated_w = 33_000\nbus = "grid_side"'),)),
    Mistake("no island on request", 'opened_by = "controller"', '▶opened_by = "device"', "poi.opened_by",
            "the inverter opens when it sees fit, not when we ask", "a hub that can do T1 planned islanding"),
    Mistake("earthing that nobody sees", 'kind = "switched_by_us"', '▶kind = "switched_by_device"', "earthing.kind",
            "nobody sees it closed before load is switched on", "a hub that can do T4 black start"),
)  # fmt: skip


def new_warnings(path: Path) -> list[Problem]:
    """Those that the shipped hub does not have: of its own file, in which only one thing was changed."""
    usual = {problem.key for problem in warnings_in(MUSTER)}
    return [problem for problem in warnings_in(path) if problem.key not in usual]


@pytest.mark.parametrize("mistake", ERRORS, ids=str)
def test_what_cannot_work_is_named_where_it_stands(mistake: Mistake, tmp_path: Path) -> None:
    path, line, column = changed(MUSTER, tmp_path, (mistake.old, mistake.new), *mistake.also)
    judge(mistake, problems_of(path), path, line, column)


@pytest.mark.parametrize("mistake", WARNINGS, ids=str)
def test_what_somebody_has_to_know_is_named_where_it_stands(mistake: Mistake, tmp_path: Path) -> None:
    path, line, column = changed(MUSTER, tmp_path, (mistake.old, mistake.new), *mistake.also)
    judge_one(mistake, new_warnings(path), path, line, column)


# ---- the curve ------------------------------------------------------------------------------------------------------


def test_a_curve_may_stand_in_the_inverters_table(tmp_path: Path) -> None:
    own_table(
        tmp_path, "inverter", "hallig_sim/battery_inverter", ("[roles.battery]\n\n", STEEP + "\n[roles.battery]\n\n")
    )
    path, _, _ = changed(MUSTER, tmp_path, (CURVE, "▶"),
                         ('table = "hallig_sim/battery_inverter"', 'table = "inverter"'))  # fmt: skip
    site = load_site(path)
    assert [(p.load_ratio, p.hold_s) for p in site.hub.batteries["battery_main"].short_time[1:]] == [(1.7, 0.45)]


def test_quicker_feeders_make_up_for_a_slow_one_until_the_curve_is_used_up(tmp_path: Path) -> None:
    """The same slow feeder: a warning while the quick ones relieve the inverter enough, an error when they do not."""
    heavy, _, _ = changed(MUSTER, tmp_path, (CURVE, STEEP), ("rated_w = 4_000", "▶rated_w = 60_000"), LESS_CARS)
    assert [problem.key for problem in problems_of(heavy)] == ["feeders.water.from"]
    light, _, _ = changed(MUSTER, tmp_path, (CURVE, STEEP), ("rated_w = 4_000", "▶rated_w = 20_000"))
    assert {each.key for each in new_warnings(light)} == {"feeders.water.from", "feeders.phones.from"}


# ---- phases ---------------------------------------------------------------------------------------------------------


def test_a_feeder_on_a_phase_that_nobody_feeds(tmp_path: Path) -> None:
    path, line, _ = changed(HYBRID, tmp_path, ('[feeders.medical]', '[feeders.medical]'),
                            ('from = "io_module#2"\ntier = 1\nphases', 'from = "io_module#2"\ntier = 1\n▶phases'),
                            ('rating_va = 30_000', 'rating_va = 30_000\nphases = ["l1", "l3"]'))  # fmt: skip
    found = {problem.key: problem for problem in problems_of(path)}
    assert set(found) == {"feeders.medical.phases", "feeders.hall.phases"}
    medical = found["feeders.medical.phases"]
    assert (medical.line, medical.column, medical.found) == (line, 1, "l2")
    assert medical.wanted == "phases that a forming battery feeds: l1, l3"


# ---- the instrument and its wire ------------------------------------------------------------------------------------

RELAY = 'table = "hallig_sim/poi_relay"\nhost = "192.0.2.10"\nfast_s = 0.02'


def relay_story(tmp_path: Path, entry: str, *changes: tuple[str, str]) -> tuple[Path, int, int]:
    """Musterhallig with a relay of its own kind."""
    own_table(tmp_path, "relay", "hallig_sim/poi_relay", *changes)
    return changed(MUSTER, tmp_path, (RELAY, entry))


@pytest.mark.parametrize(("old", "new", "found"), [
    ("scale = 0.1, minimum = 0, maximum = 400", "scale = 10, minimum = 0, maximum = 400",
     "'poi_relay' with a resolution of 10 V in 'grid_voltage_l1_v'"),
    ("resolution = 0.001", "resolution = 0.001, accuracy = 0.2",
     "'poi_relay' with a resolution of 0.2 Hz in 'grid_frequency_hz'"),
    ("scale = 0.001, sentinel = 65535, minimum = 40, maximum = 60, resolution = 0.001", "scale = 0.1",
     "'poi_relay' with a resolution of 0.1 Hz in 'grid_frequency_hz'"),
], ids=["coarse-volts", "fine-and-wrong", "nothing-declared"])  # fmt: skip
def test_a_coarse_instrument(tmp_path: Path, old: str, new: str, found: str) -> None:
    """What counts is the worst of resolution, accuracy and the step of a whole number."""
    path, _, _ = relay_story(tmp_path, '▶table = "relay"\nhost = "192.0.2.10"\nfast_s = 0.02', (old, new))
    (problem,) = problems_of(path)
    line = (
        path.read_text(encoding="utf-8").split("\n").index('from = "poi_relay"  # one instrument that sees both sides')
    )
    assert (problem.line, problem.column, problem.key, problem.found) == (line + 1, 1, "poi.from", found)
    assert "or finer, for loss and sync" in problem.wanted


def test_an_instrument_that_averages_for_longer_than_a_period(tmp_path: Path) -> None:
    path, _, _ = relay_story(tmp_path, '▶table = "relay"\nhost = "192.0.2.10"\nfast_s = 0.02',
                             ("resolution = 0.001", "resolution = 0.001, refresh_s = 0.04"))  # fmt: skip
    (warning,) = new_warnings(path)
    assert (warning.key, warning.found) == ("poi.from", "'poi_relay', which refreshes 'grid_frequency_hz' every 0.04 s")
    assert warning.wanted.startswith("0.02 s")


def test_a_relay_on_a_slow_line_is_rejected_with_the_arithmetic(tmp_path: Path) -> None:
    entry = 'table = "relay"\nserial_port = "/dev/ttyAMA1"\nbaudrate = 9600\ntimeout_s = 0.1\n▶fast_s = 0.2'
    path, line, column = relay_story(tmp_path, entry, ('protocol = "modbus_tcp"', 'protocol = "modbus_rtu"'))
    found = {problem.key: problem for problem in problems_of(path)}
    assert set(found) == {"devices.poi_relay.fast_s", "poi.from", "poi.opened_by"}
    slow = found["devices.poi_relay.fast_s"]
    assert (slow.line, slow.column) == (line, column)
    assert slow.found == "samples up to 0.286 s old (poll 0.2 + refresh 0 + wire 0.0865)"
    assert "keeps an order waiting for up to 0.266 s" in found["poi.from"].found
    assert found["poi.from"].wanted == "at most breaker_closing_uncertainty_s, which is 0.03"
    assert found["poi.opened_by"].wanted == "at most 0.3 s, after which the breaker is called stuck"


def test_a_breaker_that_opens_by_itself_before_we_are_back(tmp_path: Path) -> None:
    entry = '▶table = "relay"\nhost = "192.0.2.10"\nfast_s = 0.02'
    lets_go = ('on_loss_island = "hold"\nreversion_s = 10.0', 'on_loss_island = "open"\nreversion_s = 5.9')
    path, line, column = relay_story(tmp_path, entry, lets_go)
    (problem,) = problems_of(path)
    assert (problem.line, problem.column, problem.key) == (line, column, "devices.poi_relay.table")
    assert problem.found == "a table that does 'open' in the island 5.9 s without us"
    assert problem.wanted.startswith("at least 6 s (twice our restart)")


@pytest.mark.parametrize("name", ["open", "stop"])
def test_a_breaker_that_lets_go_of_a_good_grid_before_we_are_back(tmp_path: Path, name: str) -> None:
    """A restart of 3 s on a good grid turned the village dark, and the check had said that all was well."""
    entry = '▶table = "relay"\nhost = "192.0.2.10"\nfast_s = 0.02'
    lets_go = 'on_loss = "hold"', f'on_loss = "{name}"'
    path, line, column = relay_story(tmp_path, entry, lets_go, ("reversion_s = 10.0", "reversion_s = 1.0"))
    (problem,) = problems_of(path)
    assert (problem.line, problem.column, problem.key) == (line, column, "devices.poi_relay.table")
    assert problem.found == f"a table that does '{name}' on grid 1 s without us"
    assert problem.wanted == "at least 6 s (twice our restart), or on_loss hold"


def test_a_former_that_stops_on_grid_before_we_are_back(tmp_path: Path) -> None:
    own_table(tmp_path, "stops", "hallig_sim/battery_inverter",
              ('on_loss = "hold"', 'on_loss = "stop"'), ("reversion_s = 10.0", "reversion_s = 5.9"))  # fmt: skip
    path, line, column = changed(MUSTER, tmp_path, ('table = "hallig_sim/battery_inverter"', '▶table = "stops"'))
    (problem,) = problems_of(path)
    assert (problem.line, problem.column, problem.key) == (line, column, "devices.inverter_main.table")
    assert problem.found == "a table that does 'stop' on grid 5.9 s without us"


def test_a_breaker_that_holds_may_do_so_at_once(tmp_path: Path) -> None:
    path, _, _ = relay_story(tmp_path, '▶table = "relay"\nhost = "192.0.2.10"\nfast_s = 0.02',
                             ("reversion_s = 10.0", "reversion_s = 1.0"))  # fmt: skip
    assert problems_of(path) == ()


def test_frequencies_too_coarse_to_show_an_angle_that_sticks_are_told(tmp_path: Path) -> None:
    own_table(tmp_path, "coarse", "hallig_sim/poi_relay", ("resolution = 0.001", "resolution = 0.02"))
    path, _, _ = changed(MUSTER, tmp_path, ('table = "hallig_sim/poi_relay"', '▶table = "coarse"'))
    (told,) = [problem for problem in warnings_in(path) if "sticking angle" in problem.wanted]
    assert told.key == "poi.from"
    assert told.found == "'poi_relay' with frequencies in steps of 0.02 Hz beside closed_by = \"controller\""


# ---- trust ----------------------------------------------------------------------------------------------------------


def test_a_real_site_is_told_of_every_table_that_never_met_its_device(tmp_path: Path) -> None:
    path, line, column = changed(MUSTER, tmp_path, ('[devices.poi_relay]\ntable', '[devices.poi_relay]\n▶table'),
                                 REAL_RELAY, ('grid_code = "demo_short"', 'grid_code = "de_lv_2018"'))  # fmt: skip
    told = [problem for problem in warnings_in(path) if problem.key.endswith(".table")]
    assert [problem.key for problem in told] == [f"devices.{name}.table" for name in load_site(path).devices]
    assert (told[0].line, told[0].column) == (line, column)
    assert "evidence simulated" in told[0].found


def test_a_bench_is_not_told() -> None:
    assert not [problem for problem in warnings_in(MUSTER) if problem.key.endswith(".table")]


def test_numbers_that_nobody_is_sure_of_are_listed_where_they_stand(tmp_path: Path) -> None:
    path, _, _ = changed(MUSTER, tmp_path, ('grid_code = "demo_short"', '▶grid_code = "dk1_lv"'))
    doubtful = [problem for problem in warnings_in(path) if problem.file.stem == "dk1_lv"]
    lines = doubtful[0].file.read_text(encoding="utf-8").split("\n")
    low = [number for number, line in enumerate(lines, start=1) if 'confidence = "low"' in line]
    unread = [number for number, line in enumerate(lines, start=1) if "from memory" in line and "confidence" in line]
    assert {problem.line for problem in doubtful} >= {*low, *unread}
    assert len(low) > 0
    assert len(unread) > len(low)
    assert all(" confidence in " in problem.found for problem in doubtful)
    assert "medium confidence in" in next(each.found for each in doubtful if each.line in set(unread) - set(low))
