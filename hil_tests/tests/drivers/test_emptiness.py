"""A device that was away and comes back with empty registers says nothing until it says something."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.types import Protocol
from controller.drivers.blocks import Located, plan
from controller.drivers.board import FAILURES_TO_DOWN, Board
from controller.drivers.emptiness import EMPTY_S
from controller.drivers.link import IMPOSSIBLE, Said
from controller.model.reasons import Reason
from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Tier
from hil_tests.flips.play import judged
from hil_tests.tests.drivers.devices import board, point
from hil_tests.tests.drivers.told import Told
from hil_tests.tests.faults.hubs import Faulted

DARK: dict[str, Said] = {"l1_v": 0.0, "l2_v": 0.0, "l3_v": 0.0, "power_w": 0.0}
EMPTY: dict[str, Said] = {**DARK, "position": IMPOSSIBLE}  # the story's device has no word for 0
LONG_S = 1.0


@pytest.fixture
def told() -> Told:
    return Told()


def comes_back(told: Told, *, away_s: float = LONG_S) -> None:
    told.link.is_up = False
    told.falls_silent(away_s)
    told.link.is_up = told.link.is_empty = True


def test_a_relay_that_restarts_with_empty_registers_shows_no_blackout(told: Told) -> None:
    comes_back(told)
    for _ in range(100):
        told.say(**EMPTY)
        assert told.fact("l1_v") == 230.0
        assert told.fact("position") == "closed"
    assert told.screen.complaints(told.now_s) == (Reason.READINGS_DOUBTED,)
    told.link.is_empty = False
    told.say()
    assert told.at("poi.bus_voltage_l1_v") == (230.0, told.now_s)
    assert told.screen.complaints(told.now_s) == ()


def test_a_blackout_behind_a_relay_that_still_tells_its_position_is_believed_at_once(told: Told) -> None:
    comes_back(told)
    told.link.is_empty = False
    told.say(**DARK)
    assert told.fact("l1_v") == 0.0


def test_zeros_that_stay_are_believed_in_the_end(told: Told) -> None:
    comes_back(told)
    told.say(**DARK)
    began_s = told.now_s
    while told.fact("l1_v") == 230.0:
        told.say(**DARK)
    assert EMPTY_S <= told.now_s - began_s < EMPTY_S + 0.1


def test_single_lost_answers_do_not_put_off_the_end(told: Told) -> None:
    """A meter that has but zeros to tell of a blackout, on a line that loses an answer now and then."""
    comes_back(told)
    for _ in range(round(EMPTY_S / 0.02) + 2):
        told.say(**DARK)
        told.link.is_empty = True
    assert told.fact("l1_v") == 0.0


def test_each_restart_has_its_own_time(told: Told) -> None:
    comes_back(told)
    told.say(**DARK)
    comes_back(told, away_s=2 * EMPTY_S)
    told.say(**DARK)
    assert told.fact("l1_v") == 230.0


def test_what_was_dead_before_is_dead_after_a_lost_answer(told: Told) -> None:
    """A stopped genset reads zero everywhere, and is none the less known for it."""
    for _ in range(3):
        told.say(**DARK, position=IMPOSSIBLE)
    assert told.fact("position") is None
    told.link.is_empty = True
    told.say(**DARK, position=IMPOSSIBLE)
    assert told.at("poi.bus_voltage_l1_v") == (0.0, told.now_s)


POINTS = (
    point("poi.position", 0, enum={1: "open", 2: "closed"}),
    point("poi.grid_voltage_l1_v", 1, scale=0.1, minimum=0, maximum=400),
    point("poi.grid_frequency_hz", 2, scale=0.001, sentinel=65535, minimum=40, maximum=60),
    point("poi.settings_group", 50, access="rw", enum={1: "grid", 2: "island"}),
)
BLOCKS = plan([Located(each, each.where) for each in POINTS], 8)  # type: ignore[arg-type]
ZEROS: tuple[Said, ...] = (IMPOSSIBLE, 0.0, IMPOSSIBLE)


@pytest.fixture
def link() -> Board:
    found = board(POINTS)
    found.answered()
    found.keep_block(BLOCKS[0], ("closed", 230.0, 50.0), 1.0)
    assert not found.is_empty
    return found


@pytest.mark.parametrize("is_reconnected", [True, False])
def test_a_link_is_empty_after_a_silence_until_one_word_differs(link: Board, is_reconnected: bool) -> None:
    if is_reconnected:
        link.lost()
    else:
        for _ in range(FAILURES_TO_DOWN):
            link.failed()
    link.keep_block(BLOCKS[0], ZEROS, 2.0)
    assert link.is_empty
    link.keep_block(BLOCKS[0], ("closed", 0.3, IMPOSSIBLE), 3.0)
    assert not link.is_empty


CLOSED: tuple[Said, ...] = ("closed", 0.0, IMPOSSIBLE)


def test_a_flipped_bit_is_no_word(link: Board) -> None:
    """The word for "closed" is one bit from nothing. It counts when it has come three times in a row."""
    link.lost()
    for answer in (CLOSED, ZEROS, CLOSED, CLOSED, ZEROS, (IMPOSSIBLE, 25.6, IMPOSSIBLE), CLOSED, CLOSED):
        link.keep_block(BLOCKS[0], answer, 2.0)
        assert link.is_empty, answer
    link.keep_block(BLOCKS[0], CLOSED, 2.0)
    assert not link.is_empty


def test_what_no_single_flipped_bit_makes_is_a_word_at_once(link: Board) -> None:
    link.lost()
    link.keep_block(BLOCKS[0], (IMPOSSIBLE, 25.7, IMPOSSIBLE), 2.0)
    assert not link.is_empty


def test_of_who_has_never_spoken_any_word_is_one() -> None:
    link = board(POINTS)
    link.keep_block(BLOCKS[0], ZEROS, 1.0)
    assert link.is_empty
    link.keep_block(BLOCKS[0], CLOSED, 1.0)
    assert not link.is_empty


def test_on_a_wire_with_a_checksum_one_bit_is_a_word() -> None:
    link = board(POINTS, protocol=Protocol.MODBUS_RTU)
    link.keep_block(BLOCKS[0], ("closed", 230.0, 50.0), 1.0)
    link.lost()
    link.keep_block(BLOCKS[0], CLOSED, 2.0)
    assert not link.is_empty


def test_who_says_no_zero_where_there_was_none_is_believed_though_nearly_empty(told: Told) -> None:
    """A contactor has one word to say; a link that was away for a moment keeps nothing back of it."""
    for _ in range(3):
        told.say(**DARK)
    comes_back(told)
    told.say(**DARK)
    assert told.at("poi.bus_voltage_l1_v") == (0.0, told.now_s)
    assert told.screen.complaints(told.now_s) == ()


def test_one_lost_answer_is_no_silence(link: Board) -> None:
    """A blackout is when an answer is lost: a meter that says nothing but zeros then must not wait for seconds."""
    for _ in range(FAILURES_TO_DOWN - 1):
        link.failed()
    link.keep_block(BLOCKS[0], ZEROS, 2.0)
    assert not link.is_empty


def test_the_word_for_no_frequency_is_a_word(link: Board) -> None:
    link.lost()
    link.keep_block(BLOCKS[0], (IMPOSSIBLE, 0.0, None), 2.0)
    assert not link.is_empty


def test_zeros_without_a_silence_are_what_they_say(link: Board) -> None:
    link.keep_block(BLOCKS[0], ZEROS, 2.0)
    assert not link.is_empty


def test_what_we_wrote_ourselves_and_what_was_refused_are_no_signs_of_life(link: Board) -> None:
    link.lost()
    link.keep_block(BLOCKS[1], ("grid",), 2.0)
    assert not link.is_empty
    link.keep_block(BLOCKS[0], ZEROS, 2.0)
    link.keep_block(BLOCKS[1], ("grid",), 2.0)
    link.keep("poi.position", None, 2.0)
    assert link.is_empty


def test_who_has_said_nothing_yet_is_not_empty() -> None:
    link = board(POINTS)
    assert not link.is_empty
    link.keep_block(BLOCKS[0], ZEROS, 1.0)
    assert link.is_empty


@pytest.mark.parametrize("down_s", [0.3, 1.0, 3.0])
def test_the_poi_relay_restarts_empty_and_the_hub_stays_on_a_good_grid(down_s: float) -> None:
    hub = Faulted()
    hub.inject("poi_relay", "empty_restart", down_s=down_s, empty_s=2.0)
    hub.run(8.0)
    assert hub.bench.plant.poi.position.value == "closed"
    assert hub.seen("poi_relay", "poi.position") == "closed"


def test_the_poi_relay_restarts_empty_on_a_wire_that_flips_bits() -> None:
    result = judged(load_scenario(SCENARIOS / "COM-007.toml"))
    assert result.findings == ()
    assert any(event.reason is Reason.READINGS_DOUBTED for _, event in result.events)


BLACKOUT = """\
id = "COM-990"
title = "the blackout comes while the relay restarts"
hub = "small"
until = "10 s"
tiers = ["t0", "t1"]

[[timeline]]
at = "4 s"
do = "fault"
unit = "poi_relay"
type = "silent"
for = "1 s"

[[timeline]]
at = "4.5 s"
do = "grid.blackout"
fall_s = 0.02

[[expect]]
that = "poi.open"
after = "fault.end"
within = "800 ms"
because = "its position is no zero"
"""


@pytest.mark.parametrize("tier", [Tier.T0, Tier.T1])
def test_a_real_blackout_at_the_moment_of_a_reconnect_is_acted_on_at_once(tmp_path: Path, tier: Tier) -> None:
    path = tmp_path / "story.toml"
    path.write_text(BLACKOUT)
    loaded = load_scenario(path)
    assert [str(each) for each in run(loaded.scenario, loaded.site, 1, tier).findings if each.is_hard] == []
