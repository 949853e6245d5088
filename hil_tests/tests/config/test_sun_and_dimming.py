"""Batteries that are full and PV that runs free; the network operator's control box."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_site
from controller.model.hub import Dimming
from hil_tests.tests.config.stories import MUSTER, changed, own_table, problems_of, warnings_in

FREE = ('on_loss_island = "hold"\nreversion_s = 30.0', 'on_loss_island = "free_run"\nreversion_s = 30.0')
ROOF = ('[devices.inverter_school]\ntable = "hallig_sim/pv_inverter"', '[devices.inverter_school]\n▶table = "free"')
SHIFTS = ("droop_pct = 1.0", 'droop_pct = 1.0\nshifts_frequency = true\nshifts_frequency_source = "a test"')
WEATHER = '[weather]\nfrom = "weather_mast"'
DIMMED = f'[dimming]\nfrom = "io_module"\nlimit_w = 4_200\nfeeders = ["ev_posts"]\n\n{WEATHER}'


def test_pv_that_runs_free_beside_a_former_that_cannot_turn_it_down(tmp_path: Path) -> None:
    own_table(tmp_path, "free", "hallig_sim/pv_inverter", FREE)
    path, line, column = changed(MUSTER, tmp_path, ROOF)
    (problem,) = problems_of(path)
    assert (problem.line, problem.column, problem.key) == (line, column, "devices.inverter_school.table")
    assert problem.found == "a table that does 'free_run' in the island 30 s without us"
    assert problem.wanted.startswith("on_loss_island hold or stop, or shifts_frequency = true")


def test_a_former_that_shifts_its_frequency_by_itself_turns_it_down(tmp_path: Path) -> None:
    own_table(tmp_path, "free", "hallig_sim/pv_inverter", FREE)
    path, _, _ = changed(MUSTER, tmp_path, ROOF, SHIFTS)
    assert problems_of(path) == ()


def test_pv_whose_table_never_notices_our_silence_forgets_nothing(tmp_path: Path) -> None:
    never = (FREE[0], 'on_loss_island = "free_run"'), ('heartbeat = "pv.heartbeat"\n', "")
    own_table(tmp_path, "free", "hallig_sim/pv_inverter", *never)
    path, _, _ = changed(MUSTER, tmp_path, ROOF)
    assert problems_of(path) == ()


@pytest.mark.parametrize(
    ("fact", "key"),
    [("shifts_frequency = true", "shifts_frequency_source"), ("gives_up_soc_pct = 98", "gives_up_source")],
)
def test_a_fact_is_asked_for_its_source(tmp_path: Path, fact: str, key: str) -> None:
    path, _, _ = changed(MUSTER, tmp_path, ("droop_pct = 1.0", f"▶droop_pct = 1.0\n{fact}"))
    told = {problem.key: problem.found for problem in warnings_in(path)}
    assert told[f"batteries.battery_main.{key}"] == "nothing"


@pytest.mark.parametrize(
    ("old", "new", "key", "found"),
    [
        ("limit_w = 4_200", "▶limit_w = 4_199", "dimming.limit_w", "4199"),
        ('"ev_posts"', '▶"ev_post"', "dimming.feeders.0", "the unknown feeder 'ev_post'"),
        ('"ev_posts"', '▶"desk"', "dimming.feeders.0", "'desk'"),
        ('from = "io_module"', '▶from = "poi_relay"', "dimming.from", "'poi_relay', whose table serves poi"),
    ],
)
def test_a_control_box_that_cannot_be_followed(tmp_path: Path, old: str, new: str, key: str, found: str) -> None:
    path, line, _ = changed(MUSTER, tmp_path, (WEATHER, DIMMED.replace(old, new)))
    (problem,) = problems_of(path)
    assert (problem.key, problem.found, problem.line) == (key, found, line)


def test_a_control_box_at_an_input_of_the_module(tmp_path: Path) -> None:
    path, _, _ = changed(MUSTER, tmp_path, (WEATHER, "▶" + DIMMED))
    site = load_site(path)
    assert site.hub.dimming == Dimming(4_200.0, ("ev_posts",))
    assert site.bindings["dimming"].reads["is_limited"][0].point == "dimming.is_limited"
