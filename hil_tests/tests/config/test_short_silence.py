"""Devices that stop while we start anew: the village loses its sun, its battery or its genset because software did."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests.tests.config.stories import MUSTER, changed, own_table, problems_of

SCHOOL = ("inverter_school", "hallig_sim/pv_inverter", 'on_loss_island = "hold"\nreversion_s = 30.0')
SECOND = ("inverter_second", "hallig_sim/battery_opcua", 'on_loss_island = "hold"\nreversion_s = 15.0')
GENSET = ("genset_panel", "hallig_sim/genset_rtu", 'on_loss_island = "hold"')


def with_table(folder: Path, device: str, like: str, *changes: tuple[str, str]) -> tuple[Path, int, int]:
    own_table(folder, "hasty", like, *changes)
    return changed(MUSTER, folder, (f'[devices.{device}]\ntable = "{like}"', f'[devices.{device}]\n▶table = "hasty"'))


@pytest.mark.parametrize(("device", "like", "silence"), [SCHOOL, SECOND, GENSET])
def test_what_stops_in_the_island_before_we_are_back(tmp_path: Path, device: str, like: str, silence: str) -> None:
    """A restart of three seconds, and the roof was off the bus for a minute: the check had said that all was well."""
    hasty = silence, 'on_loss_island = "stop"\nreversion_s = 2.0'
    path, line, column = with_table(tmp_path, device, like, hasty)
    (problem,) = problems_of(path)
    assert (problem.line, problem.column, problem.key) == (line, column, f"devices.{device}.table")
    assert problem.found == "a table that does 'stop' in the island 2 s without us"
    assert problem.wanted.startswith("at least 6 s (twice our restart), or on_loss_island hold")


def test_what_stops_on_grid_before_we_are_back(tmp_path: Path) -> None:
    hasty = ('on_loss = "free_run"', 'on_loss = "stop"'), ("reversion_s = 30.0", "reversion_s = 2.0")
    path, _, _ = with_table(tmp_path, *SCHOOL[:2], *hasty)
    (problem,) = problems_of(path)
    assert problem.found == "a table that does 'stop' on grid 2 s without us"
    assert problem.wanted == "at least 6 s (twice our restart), or on_loss hold"


@pytest.mark.parametrize("reversion_s", [6.0, 30.0])
def test_what_waits_for_twice_our_restart_may_stop(tmp_path: Path, reversion_s: float) -> None:
    patient = SCHOOL[2], f'on_loss_island = "stop"\nreversion_s = {reversion_s}'
    path, _, _ = with_table(tmp_path, *SCHOOL[:2], patient)
    assert problems_of(path) == ()


def test_a_limit_that_lapses_on_grid_while_we_start_anew_moves_nothing(tmp_path: Path) -> None:
    path, _, _ = with_table(tmp_path, *SCHOOL[:2], ("reversion_s = 30.0", "reversion_s = 2.0"))
    assert problems_of(path) == ()
