"""The only battery is silent for a moment when the grid goes: no genset is started for a lost answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.frozen import replace
from controller.model.image import BatterySeen, EarthingSeen, ProcessImage
from controller.model.reasons import Reason
from controller.model.words import Mode
from hil_tests.tests.core.hubs import CLOSED, DEAD, on_grid, with_poi
from hil_tests.tests.core.scenes import battery_is_faulty
from hil_tests.tests.core.test_blind_while_forming import open_and_dead
from hil_tests.tests.core.watched import Watched


def silent(seen: Callable[[float], ProcessImage]) -> Callable[[float], ProcessImage]:
    """Of the battery nothing is seen, of all else everything."""
    return lambda t: replace(seen(t), batteries={**seen(t).batteries, "battery": BatterySeen()})


def outage(before_s: float = 0.2) -> Watched:
    """The battery falls silent a moment before the grid goes."""
    watched = Watched()
    watched.see(on_grid, 5.0)
    watched.see(silent(on_grid), before_s)
    watched.see(silent(lambda t: with_poi(on_grid(t), grid_voltage_v=DEAD, bus_voltage_v=DEAD)), 0.3)
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    return watched


@pytest.mark.parametrize("silent_s", [0.3, 2.0])
def test_a_battery_that_answers_again_forms_at_once(silent_s: float) -> None:
    watched = outage()
    watched.see(silent(open_and_dead), silent_s)
    watched.see(open_and_dead, 0.3)
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    assert watched.run.commands.batteries["battery"].form is not None
    assert watched.vetoes == []


def test_one_that_stays_silent_is_not_waited_for() -> None:
    watched = outage()
    watched.see(silent(open_and_dead), 3.5)
    assert (watched.mode, watched.run.memory.reason) == (Mode.BLACK_START, Reason.BLACK_START_GENSET)


def test_nor_is_one_that_is_seen_at_fault() -> None:
    watched = outage()
    watched.see(lambda t: replace(battery_is_faulty(t), earthing=EarthingSeen(t, CLOSED)), 0.3)
    assert (watched.mode, watched.run.memory.reason) == (Mode.BLACK_START, Reason.BLACK_START_GENSET)
