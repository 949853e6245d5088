"""What is believed of a device: one flaw of the wire is a doubt, two samples a fact."""

from __future__ import annotations

import random

import pytest

from controller.config.types import Protocol
from controller.drivers.limits import Limit
from controller.drivers.link import Value
from controller.model.reasons import Reason
from hil_tests.tests.drivers.told import LIMITS, PERIOD_S, VOLTS, Told


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_single_jump_is_a_doubt_and_the_last_fact_holds_with_its_own_instant(told: Told) -> None:
    before_s = told.now_s
    told.say(l1_v=102.0)
    assert told.at(VOLTS[0]) == (230.0, before_s)
    told.say()
    assert told.at(VOLTS[0]) == (230.0, told.now_s)
    assert told.screen.refuted_count == 1


def test_the_second_sample_that_agrees_makes_a_new_fact(told: Told) -> None:
    told.say(l1_v=102.0)
    told.say(l1_v=103.0)
    assert told.fact("l1_v") == 103.0
    assert told.screen.refuted_count == 0


def test_two_different_flaws_make_no_fact(told: Told) -> None:
    told.say(l1_v=102.0)
    told.say(l1_v=358.0)
    assert told.fact("l1_v") == 230.0


def test_a_value_on_its_way_is_believed_with_the_third_sample(told: Told) -> None:
    for volts in (200.0, 170.0, 140.0):
        told.say(l1_v=volts)
    assert told.fact("l1_v") == 140.0


def test_what_moves_together_is_believed_at_once(told: Told) -> None:
    told.say(l1_v=0.0, l2_v=0.0, l3_v=0.0)
    assert [told.fact(name) for name in ("l1_v", "l2_v", "l3_v")] == [0.0, 0.0, 0.0]
    told.say(position="open", l1_v=230.0, l2_v=0.0, l3_v=0.0)
    assert told.fact("position") == "open"


def test_an_angle_that_turns_bears_out_no_flaw_of_another_point() -> None:
    """Beside a grid at 47.4 Hz the angle jumps in each sample: a flipped bit in a current stopped the only former."""
    told = Told(limits={**LIMITS, VOLTS[2]: Limit(3.0, 180.0, turns=True)})
    told.say(l1_v=102.0, l3_v=90.0)
    assert told.fact("l1_v") == 230.0
    told.say(l3_v=250.0)
    assert told.fact("l1_v") == 230.0
    told.say(position="open", l3_v=50.0)
    assert told.fact("position") == "closed"
    told.say(position="open", l3_v=200.0)
    assert told.fact("position") == "open"


def test_a_word_that_stands_alone_bears_out_no_flaw_of_another_point() -> None:
    """The relay's settings group changed just then: a flipped bit in a current stopped the only former (ISL-011)."""
    told = Told()
    told.say(l1_v=102.0, dso_lock=True)
    assert told.fact("l1_v") == 230.0


def test_a_contact_alone_waits_for_one_more_sample_and_says_that_it_waits(told: Told) -> None:
    told.say(position="open")
    assert told.fact("position") == "closed"
    assert told.screen.is_waiting
    told.say(position="open")
    assert told.fact("position") == "open"
    assert not told.screen.is_waiting


def test_a_bit_that_nothing_bears_out_needs_three_samples_whatever_moves_beside_it(told: Told) -> None:
    for _ in range(2):
        told.say(dso_lock=True, l1_v=0.0, l2_v=0.0)
        assert told.fact("dso_lock") is False
    told.say(dso_lock=True)
    assert told.fact("dso_lock") is True


def test_what_is_missing_once_holds_and_what_is_missing_twice_is_unknown(told: Told) -> None:
    told.say(l1_v=None)
    assert told.fact("l1_v") == 230.0
    told.say()
    told.say(l1_v=None)
    told.say(l1_v=None)
    told.say(l1_v=None)
    assert told.fact("l1_v") is None


def test_beyond_what_the_thing_can_do_is_never_a_fact(told: Told) -> None:
    for _ in range(4):
        told.say(power_w=3.0e7)
    assert told.fact("power_w") is None


def test_a_line_with_a_checksum_is_believed_at_once() -> None:
    told = Told(Protocol.MODBUS_RTU)
    told.say(l1_v=102.0, position="closed")
    assert told.fact("l1_v") == 102.0
    told.say(l1_v=None)
    assert told.fact("l1_v") is None


def test_an_old_fact_is_no_ground_for_a_doubt(told: Told) -> None:
    told.now_s += 1.0
    told.say(l1_v=102.0)
    assert told.fact("l1_v") == 102.0


def test_many_refuted_samples_are_told_and_silence_ends_it(told: Told) -> None:
    for _ in range(5):
        assert told.screen.complaints(told.now_s) == ()
        told.say(l1_v=102.0)
        told.say()
    assert told.screen.complaints(told.now_s) == (Reason.READINGS_DOUBTED,)
    assert told.screen.complaints(told.now_s + 61.0) == ()


REGISTERS_COUNT = 19  # of the POI relay's block
CLOSED_RAW, VOLTS_RAW = 2, 2300


def flipped(rng: random.Random) -> dict[str, Value | None]:
    """One bit of the block is another, if it is one of those that are looked at here."""
    register, bit = divmod(rng.randrange(16 * REGISTERS_COUNT), 16)
    match register:
        case 0:
            return {"position": {0: "intermediate", 3: "bad"}.get(CLOSED_RAW ^ 1 << bit)}
        case 1:
            return {"dso_lock": True if bit == 0 else None}
        case 2:
            volts = (VOLTS_RAW ^ 1 << bit) * 0.1
            return {"l1_v": volts if volts <= 400.0 else None}
    return {}


@pytest.mark.parametrize("seed", range(10))
def test_flips_in_a_fifth_of_the_samples_move_no_contact_and_lock_nothing(seed: int) -> None:
    rng, told = random.Random(seed), Told()
    for _ in range(1000):
        told.say(**(flipped(rng) if rng.random() < 0.2 else {}))
        assert told.fact("position") == "closed"
        assert told.fact("dso_lock") is False
        volts = told.fact("l1_v")
        assert isinstance(volts, float)
        assert abs(volts - 230.0) <= 11.5
    assert told.screen.refuted_count > 0


def test_a_doubt_does_not_outlive_the_device(told: Told) -> None:
    """While one stands every cycle comes early, and it stood for the whole outage."""
    told.say(position="open")
    assert told.screen.is_waiting
    told.falls_silent(1.5)
    assert not told.screen.is_waiting
    told.say(position=None)
    told.link.is_up = False
    told.falls_silent(0.5 + PERIOD_S)
    assert not told.screen.is_waiting
