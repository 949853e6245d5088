"""A bus that swings goes through step with the grid in one sample, and is out of it at the contact."""

from __future__ import annotations

from controller.guard.memory import GuardMemory, Slip
from controller.guard.proof import Case
from controller.guard.rules import Ask
from controller.guard.sync import is_swinging
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import Switcher
from hil_tests.tests.guard.hubs import hub_closed_by
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    NOTHING,
    OPEN,
    Watch,
    islanded,
    poi_close,
    ready_to_return,
    reasons,
    watch_after,
    with_poi,
)

CALM_CYCLES_COUNT = 4  # a quarter of a second
NEAR_HZ = 0.03125


def sway(slip_hz: float, angle_deg: float = 0.0) -> ProcessImage:
    return ready_to_return(angle_deg, slip_hz)


def swinging(*slips_hz: float) -> Watch:
    """A guard that has seen the island alone, and then these slips, one a cycle."""
    return watch_after(islanded(), *map(sway, slips_hz), is_calm=False)


def is_let(watch: Watch, slip_hz: float, angle_deg: float = 0.0) -> bool:
    verdict = watch.sees(sway(slip_hz, angle_deg), poi_close(watch.order()))
    assert reasons(verdict) in ([], [Reason.VETO_OUT_OF_SYNC])
    return verdict.vetoes == ()


def test_a_genset_swings_through_the_frequency_of_the_grid() -> None:
    """Found by hostile hands: in step at 6 Hz/s, and half a hertz away at the contact."""
    assert not is_let(swinging(1.1, 0.73, 0.36), 0.0)


def test_a_quarter_of_a_second_of_calm_is_what_it_takes() -> None:
    assert not is_let(swinging(*[0.0] * (CALM_CYCLES_COUNT - 1)), 0.0)
    assert is_let(swinging(*[0.0] * CALM_CYCLES_COUNT), 0.0)


def test_the_first_sample_of_all_proves_no_calm() -> None:
    assert not is_let(Watch(is_calm=False), 0.0)


def test_near_is_calm_and_a_step_begins_anew_there() -> None:
    calm = [0.0] * CALM_CYCLES_COUNT
    for sign in (1.0, -1.0):
        assert is_let(swinging(*calm), sign * NEAR_HZ)
        watch = swinging(*calm)
        assert not is_let(watch, sign * 0.032)
        watch.sees_for(sway(sign * 0.032), (CALM_CYCLES_COUNT - 1) * CYCLE_S)
        assert is_let(watch, sign * 0.032)


def test_creeping_is_a_step() -> None:
    assert not is_let(swinging(*[0.0] * CALM_CYCLES_COUNT, 0.02), 0.04)


def test_as_far_as_it_has_moved_it_may_move_again() -> None:
    """Slip: 0.09375 and 0.03125 are 0.125. Angle: 360 * (0.0625 + 0.03125) / 32 of spread, 1.0 of error."""
    assert is_let(swinging(*[0.0625] * CALM_CYCLES_COUNT), 0.09375)
    assert not is_let(swinging(*[0.0635] * CALM_CYCLES_COUNT), 0.0945)
    assert is_let(swinging(*[0.09375] * CALM_CYCLES_COUNT), 0.0625, -9.3515625)
    assert not is_let(swinging(*[0.09375] * CALM_CYCLES_COUNT), 0.0625, -9.352)


def test_a_sample_that_does_not_see_both_sides_begins_anew() -> None:
    for blind in ({"grid_frequency_hz": None}, {"bus_frequency_hz": None}):
        watch = swinging(*[0.0] * CALM_CYCLES_COUNT)
        watch.sees(with_poi(sway(0.0), **blind))
        assert watch.memory.slip is None
        assert not is_let(watch, 0.0)


def test_a_sample_without_an_instant_begins_anew() -> None:
    watch = swinging(*[0.0] * CALM_CYCLES_COUNT)
    watch.sees(sway(0.0), age_s=None)
    assert watch.memory.slip is None


def test_a_gap_may_hide_a_swing() -> None:
    """Three polls are the oldest that a sample may be: as far apart may two be."""
    watch = swinging(*[0.0] * CALM_CYCLES_COUNT)
    watch.now_s += CYCLE_S
    assert is_let(watch, 0.0)
    watch = swinging(*[0.0] * CALM_CYCLES_COUNT)
    watch.now_s += CYCLE_S + 0.001
    assert not is_let(watch, 0.0)


def test_the_same_sample_again_is_no_longer_calm() -> None:
    watch = swinging(*[0.0] * (CALM_CYCLES_COUNT - 1))
    watch.sees(sway(0.0), age_s=CYCLE_S)
    assert watch.memory.slip is not None
    verdict = watch.sees(sway(0.0), poi_close(watch.order()), age_s=2 * CYCLE_S)
    assert reasons(verdict) == [Reason.VETO_OUT_OF_SYNC]


def test_the_rule_answers_for_itself() -> None:
    watch = Watch()
    ask = Ask("poi", watch.order(), OPEN)
    case = Case(GuardMemory(), NOTHING, sway(0.0), watch.bounds, watch.now_s)
    assert is_swinging(case, ask)
    calm = GuardMemory(slip=Slip(0.0, watch.now_s - 0.25, watch.now_s))
    assert not is_swinging(Case(calm, NOTHING, sway(0.0), watch.bounds, watch.now_s), ask)


def test_a_relay_looks_at_the_swing_itself() -> None:
    watch = watch_after(islanded(), hub=hub_closed_by(Switcher.SYNC_RELAY), is_calm=False)
    assert watch.sees(sway(0.0), poi_close(watch.order())).vetoes == ()
