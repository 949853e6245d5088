"""What is believed of a device: one flaw of the wire is a doubt, two samples a fact, and a changed map a quarantine."""

from __future__ import annotations

import random

import pytest

from controller.config.types import Device, Protocol
from controller.drivers.board import Board
from controller.drivers.limits import Limit
from controller.drivers.link import IMPOSSIBLE, Reading, Said, Value
from controller.drivers.screen import Screen
from controller.model.reasons import Reason
from hil_tests.tests.drivers.devices import FakeLink, device, point

VOLTS = ("poi.bus_voltage_l1_v", "poi.bus_voltage_l2_v", "poi.bus_voltage_l3_v")
LOCK, POSITION, POWER = "poi.dso_lock", "poi.position", "poi.power_w"
WORD = Limit(is_number=False)
LIMITS = {
    **dict.fromkeys(VOLTS, Limit(11.5)),
    POSITION: WORD,
    LOCK: Limit(is_number=False, samples_count=3, stands_alone=True),
    POWER: Limit(10_000.0, low=-1e6, high=1e6),
}
TRUE: dict[str, Value] = {**dict.fromkeys(VOLTS, 230.0), POSITION: "closed", LOCK: False, POWER: 5_000.0}
PERIOD_S = 0.02


class Told:
    """A device that says what the story tells, every 20 ms."""

    def __init__(self, protocol: Protocol = Protocol.MODBUS_TCP, limits: dict[str, Limit] | None = None) -> None:
        points = [point(name, number, minimum=0, maximum=400) for number, name in enumerate(VOLTS)]
        points += [point(POSITION, 3, enum={1: "open", 2: "closed"}), point(LOCK, 4, "bool"), point(POWER, 5)]
        self.link = FakeLink()
        self.device: Device = device(points, protocol, normal_s=PERIOD_S)
        self.screen = Screen(self.device, self.link, limits or LIMITS, {POSITION})
        self.now_s = 100.0
        self.say()

    def say(self, **changed: Said) -> None:
        """One more reply; a name stands for the point that ends with it."""
        self.now_s += PERIOD_S
        values: dict[str, Said] = {**TRUE, **{_full(name): value for name, value in changed.items()}}
        self.link.impossible = frozenset(n for n, value in values.items() if value is IMPOSSIBLE)
        self.link.readings = {
            n: Reading(value, self.now_s) for n, value in values.items() if value not in {None, IMPOSSIBLE}
        }
        self.screen.refresh(self.now_s)

    def fact(self, name: str) -> Value | None:
        reading = self.screen.facts[_full(name)]
        return None if reading is None else reading.value


def _full(name: str) -> str:
    return next(each for each in TRUE if each.endswith(name))


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_single_jump_is_a_doubt_and_the_last_fact_holds_with_its_own_instant(told: Told) -> None:
    before_s = told.now_s
    told.say(l1_v=102.0)
    assert told.screen.facts[VOLTS[0]] == (230.0, before_s)
    told.say()
    assert told.screen.facts[VOLTS[0]] == (230.0, told.now_s)
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


# ---- quarantine ------------------------------------------------------------------------------------------------------


def drifts(told: Told, for_s: float) -> None:
    """Another firmware: voltages ten times as large, which the decoder does not let through."""
    for _ in range(round(for_s / PERIOD_S)):
        told.say(l1_v=IMPOSSIBLE, l2_v=IMPOSSIBLE, l3_v=IMPOSSIBLE)


def sound(told: Told, for_s: float) -> None:
    for _ in range(round(for_s / PERIOD_S)):
        told.say()


def test_a_device_whose_map_has_drifted_is_neither_believed_nor_written_to(told: Told) -> None:
    drifts(told, 4.0)
    assert told.screen.is_quarantined
    assert told.link.is_barred
    assert set(told.screen.facts.values()) == {None}
    assert told.screen.complaints(told.now_s) == (Reason.DEVICE_IMPLAUSIBLE,)


def test_it_is_released_when_it_has_been_plausible_for_ten_seconds(told: Told) -> None:
    drifts(told, 4.0)
    sound(told, 9.0)
    drifts(told, 0.6)
    sound(told, 9.0)
    assert told.screen.is_quarantined, "it has to be so without a break"
    sound(told, 2.0)
    assert not told.screen.is_quarantined
    assert not told.link.is_barred
    assert told.fact("l1_v") == 230.0


def silent(told: Told, for_s: float) -> None:
    """The link asks in vain; cycles go on."""
    told.link.is_still = True
    for _ in range(round(for_s / PERIOD_S)):
        told.now_s += PERIOD_S
        told.screen.refresh(told.now_s)
    told.link.is_still = False


def test_silence_between_two_half_written_replies_is_not_bad(told: Told) -> None:
    """A device that starts again: half its registers, nothing for ten seconds, half its registers, all of them."""
    drifts(told, 0.6)
    silent(told, 10.0)
    drifts(told, 1.0)
    assert not told.screen.is_quarantined


def test_silence_is_not_good_either(told: Told) -> None:
    drifts(told, 4.0)
    sound(told, 1.0)
    silent(told, 12.0)
    sound(told, 1.0)
    assert told.screen.is_quarantined


def test_a_doubt_does_not_outlive_the_device(told: Told) -> None:
    """While one stands every cycle comes early, and it stood for the whole outage."""
    told.say(position="open")
    assert told.screen.is_waiting
    silent(told, 1.5)
    assert not told.screen.is_waiting
    told.say(position=None)
    told.link.is_up = False
    silent(told, 0.5 + PERIOD_S)
    assert not told.screen.is_waiting


def test_a_device_that_says_nothing_at_all_is_lost_and_not_quarantined(told: Told) -> None:
    for _ in range(300):
        told.say(l1_v=None, l2_v=None, l3_v=None, position=None, dso_lock=None, power_w=None)
    assert not told.screen.is_quarantined


def test_what_is_merely_missing_is_not_impossible(told: Told) -> None:
    """Nodes with a bad status, a refused block, "not implemented": the rest is as good as ever."""
    for _ in range(300):
        told.say(l1_v=None, l2_v=None, l3_v=None, dso_lock=None)
    assert not told.screen.is_quarantined
    assert told.fact("position") == "closed"


def test_a_broken_sensor_is_no_other_firmware(told: Told) -> None:
    for _ in range(300):
        told.say(l1_v=IMPOSSIBLE, l2_v=IMPOSSIBLE)
    assert not told.screen.is_quarantined


def test_words_in_the_other_order_are_impossible_powers() -> None:
    """5000 W as a 32-bit number with its words swapped are 327 MW."""
    names = ("poi.power_l1_w", "poi.power_l2_w", "poi.power_l3_w")
    link = FakeLink()
    meter = device([point(name, 2 * n, "int32") for n, name in enumerate(names)], normal_s=PERIOD_S)
    screen = Screen(meter, link, dict.fromkeys(names, Limit(1e4, low=-1e6, high=1e6)), ())
    for step in range(200):
        link.readings = {name: Reading(float(5000 << 16), 100.0 + step * PERIOD_S) for name in names}
        screen.refresh(100.0 + step * PERIOD_S)
    assert screen.is_quarantined


def test_a_barred_board_takes_no_wish_and_forgets_what_it_had() -> None:
    board = Board(device([point("poi.open", 0, "bool", "rw")]), lambda: 100.0)
    board.write("poi.open", True)
    board.is_barred = True
    assert not board.outbox.has_wish()
    board.write("poi.open", True)
    assert not board.outbox.has_wish(), "nor what is wished from then on"
    board.is_barred = False
    board.write("poi.open", True)
    assert board.outbox.has_wish()
