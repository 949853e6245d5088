"""News begin the next cycle at once; noise does not."""

from __future__ import annotations

import pytest

from controller.config.load import load_site
from controller.config.paths import site_path
from controller.drivers.board import Board
from controller.drivers.link import Value
from controller.drivers.urgent import is_news, urgent_points

SITE = load_site(site_path("musterhallig"))
URGENT = urgent_points(SITE)


def test_positions_modes_and_the_button_are_urgent_at_any_change() -> None:
    assert URGENT["poi_relay"]["poi.position"] == 0.0
    assert URGENT["inverter_main"]["battery.mode"] == 0.0
    assert URGENT["io_module"]["safety.emergency_off"] == 0.0
    assert URGENT["io_module"]["earthing.position"] == 0.0


def test_voltages_and_powers_are_urgent_at_a_jump() -> None:
    assert URGENT["poi_relay"]["poi.grid_voltage_l2_v"] == pytest.approx(23.0)
    assert URGENT["poi_relay"]["poi.bus_voltage_l1_v"] == pytest.approx(23.0)
    powers = [step for point, step in URGENT["inverter_main"].items() if point.startswith("battery.power")]
    assert set(powers) == {6_000.0}


def test_what_can_wait_is_not_watched() -> None:
    watched = {point for points in URGENT.values() for point in points}
    assert not {point for point in watched if "frequency" in point or "soc" in point or "feeder" in point}


@pytest.mark.parametrize(
    ("before", "after", "step", "is_it"),
    [
        ("open", "closed", 0.0, True),
        ("open", "open", 0.0, False),
        (False, True, 0.0, True),
        (230.0, 206.0, 23.0, True),
        (230.0, 208.0, 23.0, False),
        (None, "open", 0.0, False),
        ("open", None, 0.0, False),
        (None, None, 0.0, False),
        (230.0, "open", 23.0, True),
    ],
)
def test_news(before: Value | None, after: Value | None, step: float, is_it: bool) -> None:
    assert is_news(before, after, step) is is_it


def test_a_board_hurries_once_for_each_change_of_a_watched_point() -> None:
    board, told = Board(SITE.devices["poi_relay"], lambda: 0.0), []
    board.when_urgent(URGENT["poi_relay"], lambda: told.append(1))
    for position in ("closed", "closed", "open", "open"):
        board.keep("poi.position", position, 0.0)
    board.keep("poi.grid_frequency_hz", 50.0, 0.0)
    board.keep("poi.grid_frequency_hz", 47.0, 0.0)
    assert told == [1]


def test_while_eager_every_sample_of_a_watched_point_is_news() -> None:
    board, told = Board(SITE.devices["poi_relay"], lambda: 0.0), []
    board.when_urgent(URGENT["poi_relay"], lambda: told.append(1))
    board.is_eager = True
    for position in ("open", "open"):
        board.keep("poi.position", position, 0.0)
    board.keep("poi.grid_frequency_hz", 50.0, 0.0)
    assert told == [1, 1]
