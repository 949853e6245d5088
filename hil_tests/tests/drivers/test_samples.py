"""A device that says the same again has moved the instant of its sample on, and nothing else."""

from __future__ import annotations

import pytest

from controller.drivers.blocks import Block, Located, plan, single
from controller.drivers.board import Board
from controller.drivers.limits import Limit
from controller.drivers.link import IMPOSSIBLE, Said
from controller.drivers.schedule import polls
from controller.drivers.screen import Screen
from hil_tests.tests.drivers.devices import device, held, point

POWER, VOLTS, LOCK, STATE = "pv.power_w", "pv.voltage_v", "pv.lock", "pv.state"
POLL_S = 0.05  # `normal_s` of the test's device


def block_of(link: Board) -> Block:
    located = [Located(each, each.where) for each in link.device.table.points.values()]  # type: ignore[arg-type]
    (block,) = plan(located, 8)
    return block


class Meter:
    """A board that is answered block by block."""

    def __init__(self) -> None:
        self.now_s = 100.0
        points = [point(POWER, 0), point(VOLTS, 1), point(STATE, 2, refresh_s=1.0)]
        self.link = Board(device(points), lambda: self.now_s)
        self.link.answered()
        self.block = block_of(self.link)

    def says(self, *values: Said, after_s: float = POLL_S, late_s: float = 0.0) -> None:
        """Asked so long after the last answer, and answered so much later."""
        asked_at_s = self.now_s + after_s
        self.now_s = asked_at_s + late_s
        self.link.keep_block(self.block, list(values), asked_at_s)


@pytest.fixture
def meter() -> Meter:
    meter = Meter()
    meter.says(5.0, 230.0, 1.0)
    return meter


def test_the_same_again_is_the_same_reading_of_a_newer_instant(meter: Meter) -> None:
    before, counts = held(meter.link, POWER), (meter.link.changes_count, meter.link.values_count)
    meter.says(5.0, 230.0, 1.0)
    assert held(meter.link, POWER) is before
    assert before.at_s == meter.now_s
    assert (meter.link.changes_count, meter.link.values_count) == (counts[0] + 1, counts[1])


def test_what_the_device_renews_seldom_stays_as_much_older(meter: Meter) -> None:
    meter.says(5.0, 230.0, 1.0)
    assert held(meter.link, STATE).at_s == meter.now_s - 1.0


def test_what_was_read_before_another_answer_keeps_its_instant(meter: Meter) -> None:
    before, said_at_s = held(meter.link, VOLTS), meter.now_s
    meter.says(6.0, 230.0, 1.0)
    meter.says(6.0, 230.0, 1.0)
    assert before.at_s == said_at_s
    assert held(meter.link, VOLTS).at_s == meter.now_s


@pytest.mark.parametrize(("after_s", "is_new"), [(2.0 * POLL_S, False), (2.1 * POLL_S, True)])
def test_after_a_poll_that_failed_the_same_is_something_new(meter: Meter, after_s: float, is_new: bool) -> None:
    """What may have grown stale meanwhile comes back as something that everybody looks at."""
    before = meter.link.values_count
    meter.says(5.0, 230.0, 1.0, after_s=after_s)
    assert (meter.link.values_count > before) is is_new


def test_an_answer_that_comes_late_is_something_new_though_it_was_asked_for_in_time(meter: Meter) -> None:
    """What counts is whether anything can have grown stale before it came."""
    before = meter.link.values_count
    meter.says(5.0, 230.0, 1.0, after_s=2.0 * POLL_S, late_s=0.09)
    assert meter.link.values_count > before


@pytest.mark.parametrize("read_back", [5.0, 9.0])
def test_a_write_that_was_read_back_makes_the_next_block_new(meter: Meter, read_back: float) -> None:
    """It comes as a block of its own, of one point: the two answers must not both speak of that point."""
    where = meter.link.device.table.points[POWER].where
    alone = single(Located(meter.link.device.table.points[POWER], where))  # type: ignore[arg-type]
    meter.link.keep_block(alone, [read_back], meter.now_s + 0.01)
    for _ in range(3):
        meter.says(5.0, 230.0, 1.0)
    assert (held(meter.link, POWER).value, held(meter.link, POWER).at_s) == (5.0, meter.now_s)


def test_a_point_that_was_read_alone_makes_the_next_block_new(meter: Meter) -> None:
    """A write was read back in between; a device that falls back to what it said before has said something else."""
    meter.link.keep(POWER, 9.0, meter.now_s + 0.01)
    meter.says(5.0, 230.0, 1.0)
    assert held(meter.link, POWER).value == 5.0


def test_a_value_that_goes_away_is_no_reading_and_comes_back_as_one(meter: Meter) -> None:
    meter.says(None, 230.0, 1.0)
    assert meter.link.reading(POWER) is None
    meter.says(None, 230.0, 1.0)
    assert meter.link.reading(POWER) is None
    meter.says(5.0, 230.0, 1.0)
    assert held(meter.link, POWER).at_s == meter.now_s


def test_an_urgent_point_hurries_an_eager_reader_though_it_says_the_same(meter: Meter) -> None:
    hurries: list[float] = []
    meter.link.when_urgent({STATE: 0.0}, lambda: hurries.append(meter.now_s))
    meter.says(5.0, 230.0, 1.0)
    assert not hurries
    meter.link.is_eager = True
    meter.says(5.0, 230.0, 1.0)
    assert hurries == [meter.now_s]


def screened(meter: Meter) -> Screen:
    """Voltages do not leap by more than 11 V from one sample to the next, unless two samples say so."""
    screen = Screen(meter.link.device, meter.link, {POWER: Limit(1e4), VOLTS: Limit(11.5), STATE: Limit(9.0)}, ())
    screen.refresh(meter.now_s)
    return screen


def test_a_doubted_value_that_is_said_again_becomes_a_fact(meter: Meter) -> None:
    """The second answer is equal to the first, to the bit: it is a second answer all the same."""
    screen, known_at_s = screened(meter), meter.now_s
    meter.says(5.0, 330.0, 1.0)
    screen.refresh(meter.now_s)
    fact = screen.facts[VOLTS]
    assert fact is not None
    assert (fact.value, fact.at_s) == (230.0, known_at_s)
    meter.says(5.0, 330.0, 1.0)
    screen.refresh(meter.now_s)
    fact = screen.facts[VOLTS]
    assert fact is not None
    assert (fact.value, fact.at_s) == (330.0, meter.now_s)


def test_looking_twice_at_one_answer_is_no_second_answer(meter: Meter) -> None:
    screen = screened(meter)
    meter.says(5.0, 330.0, 1.0)
    screen.refresh(meter.now_s)
    screen.refresh(meter.now_s + 0.01)
    meter.link.keep(STATE, 1.0, meter.now_s + 0.02)  # something else of the device is new
    screen.refresh(meter.now_s + 0.02)
    fact = screen.facts[VOLTS]
    assert fact is not None
    assert fact.value == 230.0


def test_facts_grow_younger_with_their_samples_and_are_not_taken_anew(meter: Meter) -> None:
    screen = screened(meter)
    before, fact = screen.facts_count, screen.facts[POWER]
    assert fact is not None
    meter.says(5.0, 230.0, 1.0)
    screen.refresh(meter.now_s)
    assert screen.facts_count == before
    assert screen.facts[POWER] is fact
    assert fact.at_s == meter.now_s


def test_a_doubt_that_was_given_up_does_not_outlive_what_is_said(meter: Meter) -> None:
    """It jumps, falls silent for less than two polls, and goes on saying what it jumped to."""
    screen = screened(meter)
    meter.says(5.0, 330.0, 1.0)
    screen.refresh(meter.now_s)
    meter.link.lost()
    screen.refresh(meter.now_s + 0.6)  # looks, and waits for nothing any more
    meter.link.answered()
    for _ in range(3):
        meter.says(5.0, 330.0, 1.0)
        screen.refresh(meter.now_s)
    fact = screen.facts[VOLTS]
    assert fact is not None
    assert (fact.value, fact.at_s) == (330.0, meter.now_s)


def test_after_a_quarantine_all_is_believed_that_is_said_again() -> None:
    """What a slow group has said in between is taken when the device is let in again, not with the next new value."""
    meter = Meter()
    names = [f"pv.power_l{number}_w" for number in (1, 2, 3)]
    points = [point(name, 10 + n, "int32", minimum=0, maximum=9) for n, name in enumerate(names)]
    link = Board(device([*points, point(STATE, 30)], slow_s=20.0), lambda: meter.now_s)
    slow = single(Located(link.device.table.points[STATE], link.device.table.points[STATE].where))  # type: ignore[arg-type]
    blocks = [plan([Located(each, each.where)], 0)[0] for each in points]  # type: ignore[arg-type]
    screen = Screen(link.device, link, {**dict.fromkeys(names, Limit(5.0, low=0.0, high=9.0)), STATE: Limit(9.0)}, ())
    link.answered()
    link.keep_block(slow, [1.0], meter.now_s)
    for step in range(400):
        meter.now_s += POLL_S
        for block in blocks:
            link.keep_block(block, [5.0 if step > 100 else IMPOSSIBLE], meter.now_s)
        screen.refresh(meter.now_s)
        if step == 90:
            assert screen.is_quarantined
    assert not screen.is_quarantined
    fact = screen.facts[STATE]
    assert fact is not None
    assert fact.value == 1.0


def test_an_answer_is_worked_out_once_however_often_it_comes(meter: Meter) -> None:
    (poll,) = polls(meter.link.device, [meter.block], phase=0.0, now_s=0.0)
    once = b"\0\1\0\2\0\3"
    said = poll.values(once)
    assert said == meter.block.decode(once)
    assert poll.values(bytes(once)) is said
    other = b"\0\1\0\2\0\4"
    assert poll.values(other) == meter.block.decode(other) != said
    assert poll.values(once) == said
