"""What the demo shows in a terminal of 80 columns."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.live_render import LiveRender

from controller.snapshot import encode
from controller.status import HoursLeft
from hil_tests.demo.events import line_of
from hil_tests.demo.view import Screen
from hil_tests.tests.web.statuses import islanded


def drawn(at_least_s: float) -> list[str]:
    status = replace(islanded(), hours_left=HoursLeft(at_least_s, "no_sun_no_genset_present_load"))
    battery = replace(status.batteries[0], id="battery_main", soc_pct=85.0)
    status = replace(status, batteries=(battery, replace(battery, id="battery_second")))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(Screen("http://127.0.0.1:8080/").draw(encode(status)))
    return capture.get().splitlines()


def test_hours_are_promised_rounded_down_as_everywhere() -> None:
    assert any("at least 23 h" in line for line in drawn(23.9 * 3600.0))


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    line = next(line for line in drawn(23.9 * 3600.0) if "battery_main" in line)
    assert ("battery_second 85 %" in line, "at least" in line) == (True, True)


# ---- small terminals -------------------------------------------------------------------------------------------------

ADDRESS = "http://127.0.0.1:43521/"
LONG = (
    "27590.227 s  command           warm_room      because: overload shed  kind=open value=True attempt=1 of=3 more=yes"
)


def in_terminal(width: int, height: int, events_count: int = 30, warnings: list[str] | None = None) -> list[str]:
    """What a person sees in a terminal of that size, as the live view draws it."""
    screen = Screen(ADDRESS, line="The grid fails; the island is to form", warnings=warnings or [])
    screen.add_events([f"{number:03d} {LONG}" for number in range(events_count)])
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(LiveRender(screen.draw(encode(islanded()))))  # which crops what is too high, as `Live` does
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 24), (60, 16), (120, 50), (40, 12)])
def test_the_lower_border_is_there_in_a_terminal_of_any_size(width: int, height: int) -> None:
    lines = in_terminal(width, height)
    assert lines[-1].startswith("╰")
    assert "Ctrl-C: end" in lines[-1]
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)


def test_the_address_of_the_page_is_in_the_border_of_60_columns() -> None:
    assert ADDRESS in in_terminal(60, 24)[-1]
    assert "any key: play again" in in_terminal(80, 24)[-1]


def test_the_newest_events_are_shown_each_on_one_line() -> None:
    lines = in_terminal(80, 24)
    shown = [line[2:5] for line in lines if "27590.227" in line]
    assert shown == [f"{number:03d}" for number in range(30 - len(shown), 30)]
    assert len(lines) == 24, "as many as fit"
    assert len(shown) > 5
    assert all("…" in line for line in lines if "27590.227" in line)


def test_a_warning_is_not_pushed_out_by_events() -> None:
    lines = in_terminal(80, 24, warnings=["the controller ended by itself; started again"])
    assert any("started again" in line for line in lines)
    assert lines[-1].startswith("╰")


def test_an_event_has_the_time_that_explain_tells() -> None:
    event = {"mono_s": 27590.22712, "kind": "mode", "reason": "grid_lost", "subject": "hub", "values": {}}
    assert line_of(event).startswith("27590.227 s")
