"""The angle across the POI must move as the difference of the two frequencies says."""

from __future__ import annotations

from dataclasses import replace

from controller.drivers.angle import AngleWitness, turned
from controller.model.image import PoiSeen
from controller.model.words import BreakerPosition

STEP_S = 0.05


class Relay:
    """An instrument between two sides; `is_stuck` holds its angle."""

    def __init__(self, step_hz: float = 0.001) -> None:
        self.step_hz = step_hz
        self.witness = AngleWitness(step_hz)
        self.poi = PoiSeen(0.0, BreakerPosition.OPEN, grid_frequency_hz=50.0, bus_frequency_hz=50.0)
        self.true_deg = self.shown_deg = 0.0
        self.now_s = 100.0

    def turn(self, slip_hz: float, for_s: float, *, is_stuck: bool = False) -> float | None:
        """Time passes; the angle that is believed at the end."""
        seen = self.poi
        for _ in range(round(for_s / STEP_S)):
            self.now_s += STEP_S
            self.true_deg = turned(self.true_deg + 360.0 * slip_hz * STEP_S)
            self.shown_deg = self.shown_deg if is_stuck else self.true_deg
            self.poi = replace(
                self.poi,
                measured_at_s=self.now_s,
                bus_frequency_hz=50.0 + round(slip_hz / self.step_hz) * self.step_hz,
                angle_difference_deg=self.shown_deg,
            )
            seen = self.witness.seen(self.poi)
        return seen.angle_difference_deg


def test_an_honest_angle_is_believed_through_every_turn() -> None:
    relay = Relay()
    for slip_hz in (0.0, 0.05, -0.4, 1.0, 0.01):
        assert relay.turn(slip_hz, 5.0) == relay.true_deg


def test_an_honest_angle_beside_coarse_frequencies_is_believed() -> None:
    """0.029 Hz told as 0.02 Hz expects an angle that is 6.5 degrees behind."""
    relay = Relay(step_hz=0.02)
    for slip_hz in (0.029, 0.009, -0.031, 0.05):
        assert relay.turn(slip_hz, 20.0) == relay.true_deg


def test_an_angle_that_sticks_beside_coarse_frequencies_is_found_where_they_can_show_it() -> None:
    assert Relay(step_hz=0.02).turn(0.04, 10.0, is_stuck=True) is None


def test_a_stuck_angle_is_unknown_before_it_has_gone_far_wrong() -> None:
    relay = Relay()
    relay.turn(0.0, 2.0)
    assert relay.turn(0.05, 1.0, is_stuck=True) is None
    assert abs(relay.true_deg) <= 20.0


def test_a_slow_stuck_angle_is_found_too() -> None:
    relay = Relay()
    assert relay.turn(0.01, 5.0, is_stuck=True) is None


def test_it_stays_unknown_while_the_sides_stand_still() -> None:
    relay = Relay()
    relay.turn(0.05, 2.0, is_stuck=True)
    assert relay.turn(0.0, 30.0, is_stuck=True) is None


def test_it_is_believed_again_when_it_moves_as_it_must() -> None:
    relay = Relay()
    relay.turn(0.05, 2.0, is_stuck=True)
    assert relay.turn(0.05, 8.0) == relay.true_deg


def test_a_step_of_load_turns_the_island_at_once_and_is_forgotten() -> None:
    relay = Relay()
    relay.turn(0.05, 2.0)
    relay.true_deg += 15.0
    relay.turn(0.05, 0.2)
    assert relay.turn(0.05, 6.0) == relay.true_deg


def test_a_closed_breaker_has_one_frequency_and_nobody_asks() -> None:
    relay = Relay()
    relay.turn(0.05, 2.0, is_stuck=True)
    relay.poi = replace(relay.poi, position=BreakerPosition.CLOSED)
    assert relay.turn(0.05, 2.0, is_stuck=True) == relay.shown_deg
