"""A device of which much cannot be is another one than its table describes: not believed, not written to."""

from __future__ import annotations

import pytest

from controller.drivers.board import Board
from controller.drivers.limits import Limit
from controller.drivers.link import IMPOSSIBLE, Said
from controller.drivers.screen import Screen
from controller.model.reasons import Reason
from hil_tests.tests.drivers.devices import FakeLink, device, point, read
from hil_tests.tests.drivers.told import PERIOD_S, TRUE, Told


@pytest.fixture
def told() -> Told:
    return Told()


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


def test_since_when_it_is_not_believed_and_when_it_last_was_are_known(told: Told) -> None:
    sound(told, 2.0)
    was_good_at_s = told.now_s
    nothing: dict[str, Said] = dict.fromkeys(TRUE, IMPOSSIBLE)
    for _ in range(round(6.0 / PERIOD_S)):
        told.say(**nothing)
    screen = told.screen
    assert screen.quarantined_since_s is not None
    assert was_good_at_s < screen.quarantined_since_s < told.now_s
    assert screen.last_good_at_s == pytest.approx(was_good_at_s, abs=1.0)
    sound(told, 12.0)
    assert screen.quarantined_since_s is None
    assert screen.last_good_at_s == pytest.approx(told.now_s, abs=1.0)


def test_a_device_of_which_nothing_at_all_can_be_is_quarantined(told: Told) -> None:
    """No sound point beside them: what cannot be has been said all the same."""
    nothing: dict[str, Said] = dict.fromkeys(TRUE, IMPOSSIBLE)
    for _ in range(round(4.0 / PERIOD_S)):
        told.say(**nothing)
    assert told.screen.is_quarantined
    assert told.link.is_barred


def test_what_cannot_be_grows_old_as_well(told: Told) -> None:
    told.say(**dict.fromkeys(TRUE, IMPOSSIBLE))
    told.falls_silent(10.0)
    assert not told.screen.is_quarantined


def test_a_board_knows_when_it_was_told_what_cannot_be() -> None:
    board = Board(device([point("poi.position", 0)]), lambda: 100.0)
    assert board.impossible_at_s("poi.position") is None
    board.keep("poi.position", IMPOSSIBLE, 99.0)
    assert board.impossible_at_s("poi.position") == 99.0
    board.keep("poi.position", None, 99.5)
    assert board.impossible_at_s("poi.position") is None


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


def test_silence_between_two_half_written_replies_is_not_bad(told: Told) -> None:
    """A device that starts again: half its registers, nothing for ten seconds, half its registers, all of them."""
    drifts(told, 0.6)
    told.falls_silent(10.0)
    drifts(told, 1.0)
    assert not told.screen.is_quarantined


def test_silence_is_not_good_either(told: Told) -> None:
    drifts(told, 4.0)
    sound(told, 1.0)
    told.falls_silent(12.0)
    sound(told, 1.0)
    assert told.screen.is_quarantined


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
        link.readings = {name: read(float(5000 << 16), 100.0 + step * PERIOD_S) for name in names}
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
