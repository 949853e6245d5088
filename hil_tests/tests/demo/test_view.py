"""What the demo shows in a terminal of 80 columns."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from controller.snapshot import encode
from controller.status import HoursLeft
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
