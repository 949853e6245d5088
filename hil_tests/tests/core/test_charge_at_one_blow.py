"""A charge that falls at one blow proves nothing while the BMS lets the battery give: nobody is in the dark for it."""

from __future__ import annotations

import pytest

from controller.core.charge_fall import BLOW_PCT, DOUBT_S, NEXT_S
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Mode
from hil_tests.tests.core.hubs import hub, islanded, with_battery
from hil_tests.tests.core.run import Run

EMPTY_PCT = 4.0  # less than the hub keeps for starting again


def giving(at_s: float, soc_pct: float | None, limit_w: float | None = 5_000.0) -> ProcessImage:
    seen = with_battery(islanded(at_s), soc_pct=soc_pct, power_w=PhaseValues.even(500.0), discharge_limit_w=limit_w)
    return replace(seen, gensets={})


def ends(run: Run) -> bool:
    return (run.memory.mode, run.memory.reason) == (Mode.DARK, Reason.LAST_ACT)


@pytest.mark.parametrize("limit_w", [5_000.0, None])
def test_an_island_goes_on(limit_w: float | None) -> None:
    run = Run(hub())
    run.see(lambda t: giving(t, 60.0), 1.0)
    run.see(lambda t: giving(t, EMPTY_PCT, limit_w), 30.0)
    assert run.memory.mode is Mode.ISLANDED


def test_what_is_empty_for_its_bms_too_ends() -> None:
    run = Run(hub())
    run.see(lambda t: giving(t, 60.0), 1.0)
    run.see(lambda t: giving(t, EMPTY_PCT, 0.0), 6.0)
    assert ends(run)


def test_nobody_doubts_for_ever() -> None:
    run = Run(hub())
    run.see(lambda t: giving(t, 60.0), 1.0)
    run.see(lambda t: giving(t, EMPTY_PCT), DOUBT_S - 1.0, cycle_s=0.5)
    assert run.memory.mode is Mode.ISLANDED
    run.see(lambda t: giving(t, EMPTY_PCT), 3.0, cycle_s=0.5)
    assert ends(run)


@pytest.mark.parametrize(("before_pct", "expected"), [(EMPTY_PCT + BLOW_PCT - 0.1, True), (EMPTY_PCT + 6.0, False)])
def test_a_battery_that_has_come_down_to_it_ends(before_pct: float, expected: bool) -> None:
    run = Run(hub())
    run.see(lambda t: giving(t, before_pct), 1.0)
    run.see(lambda t: giving(t, EMPTY_PCT), 6.0)
    assert ends(run) is expected


def test_slowly_is_no_blow_and_a_charge_unseen_meanwhile_may_have_been_given() -> None:
    run = Run(hub())
    began_s = run.now_s
    run.see(lambda t: giving(t, 14.0 - 0.4 * (t - began_s)), 32.0)
    assert ends(run)
    run = Run(hub())
    run.see(lambda t: giving(t, 20.0), 1.0)
    run.see(lambda t: giving(t, None), 3_600.0, cycle_s=5.0)
    run.see(lambda t: giving(t, EMPTY_PCT), 6.0)
    assert ends(run)


def test_a_battery_that_is_silent_for_a_moment_is_doubted_all_the_same() -> None:
    run = Run(hub())
    run.see(lambda t: giving(t, 60.0), 1.0)
    run.see(lambda t: giving(t, EMPTY_PCT), 2.0)
    run.see(lambda t: replace(giving(t, EMPTY_PCT), batteries={}), 0.2)
    run.see(lambda t: giving(t, EMPTY_PCT), 30.0)
    assert run.memory.mode is Mode.ISLANDED


def beside_a_genset(at_s: float, soc_pct: float) -> ProcessImage:
    seen = with_battery(giving(at_s, soc_pct), "second", soc_pct=20.0)
    return replace(seen, gensets=islanded(at_s).gensets)


def is_cranked(run: Run) -> bool:
    return "genset" in run.commands.gensets and run.commands.gensets["genset"].crank is not None


def test_no_genset_is_cranked_for_one_reading() -> None:
    """A starter has few tries and an engine dislikes a minute's run; the next reading was the old one again."""
    run = Run(hub())
    run.see(lambda t: beside_a_genset(t, 60.0), 1.0)
    run.see(lambda t: beside_a_genset(t, 10.0), NEXT_S - 1.0)
    assert not is_cranked(run)
    run.see(lambda t: beside_a_genset(t, 60.0), 20.0)
    assert not is_cranked(run)
    assert "crank" not in {attempt.kind for attempt in run.memory.durable.attempts}


def test_nor_for_another_one_a_little_later() -> None:
    run = Run(hub())
    run.see(lambda t: beside_a_genset(t, 60.0), 1.0)
    for _ in range(4):
        run.see(lambda t: beside_a_genset(t, 10.0))
        assert not is_cranked(run)
        run.see(lambda t: beside_a_genset(t, 60.0), NEXT_S + 1.0)
        assert not is_cranked(run)


def test_nor_for_one_of_a_battery_that_follows() -> None:
    """What starts a genset is the charge of all of them together."""
    run = Run(hub())

    def seen(at_s: float, second_pct: float) -> ProcessImage:
        return with_battery(beside_a_genset(at_s, 30.0), "second", soc_pct=second_pct)

    run.see(lambda t: seen(t, 60.0), 1.0)
    run.see(lambda t: seen(t, 0.0))
    assert not is_cranked(run)
    run.see(lambda t: seen(t, 60.0), 20.0)
    assert not is_cranked(run)
    run.see(lambda t: seen(t, 0.0), NEXT_S + 0.1)
    assert is_cranked(run)


def test_a_charge_that_stays_low_cranks_it() -> None:
    run = Run(hub())
    run.see(lambda t: beside_a_genset(t, 60.0), 1.0)
    run.see(lambda t: beside_a_genset(t, 10.0), NEXT_S + 0.1)
    assert is_cranked(run)


def test_a_charge_that_has_come_down_to_it_cranks_at_once() -> None:
    run = Run(hub())
    run.see(lambda t: beside_a_genset(t, 27.0), 1.0)
    run.see(lambda t: beside_a_genset(t, 24.0))
    assert is_cranked(run)
