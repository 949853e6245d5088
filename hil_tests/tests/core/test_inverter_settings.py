"""An inverter that stays on the settings of another mode is told after ten seconds; what it does not say, is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.frozen import replace
from controller.model.image import ProcessImage, PvSeen
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode, SettingsGroup
from hil_tests.tests.core.hubs import hub, islanded, on_grid, with_battery
from hil_tests.tests.core.run import Run

Image = Callable[[float], ProcessImage]


def battery_on(image: Image, group: SettingsGroup | None) -> Image:
    return lambda at_s: with_battery(image(at_s), settings_group=group)


def roof_on(image: Image, group: SettingsGroup | None) -> Image:
    return lambda at_s: replace(image(at_s), pv={"roof": PvSeen(at_s, settings_group=group)})


def told(run: Run) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.subject) for event in run.events if event.reason is Reason.SETTINGS_LEFT]


@pytest.mark.parametrize(
    ("image", "wrong", "right"),
    [(on_grid, SettingsGroup.ISLAND, SettingsGroup.GRID), (islanded, SettingsGroup.GRID, SettingsGroup.ISLAND)],
    ids=["on the grid", "in the island"],
)
@pytest.mark.parametrize(("shows", "name"), [(battery_on, "battery"), (roof_on, "roof")], ids=["battery", "pv"])
def test_after_ten_seconds_and_until_it_is_right(
    image: Image, wrong: SettingsGroup, right: SettingsGroup, shows: Callable[..., Image], name: str
) -> None:
    run = Run(hub())
    run.see(shows(image, right), 1.0)
    run.see(shows(image, wrong), 9.9)
    assert told(run) == []
    run.see(shows(image, wrong), 0.2)
    run.see(shows(image, None), 20.0, cycle_s=0.5)
    assert told(run) == [(EventKind.ALARM, name)], "not seen is neither right nor new"
    run.see(shows(image, right), 0.1)
    assert told(run) == [(EventKind.ALARM, name), (EventKind.ALARM_CLEARED, name)]


def test_who_does_not_say_raises_none() -> None:
    run = Run(hub())
    run.see(battery_on(on_grid, None), 30.0, cycle_s=0.5)
    assert told(run) == []


def test_what_was_wrong_in_one_mode_says_nothing_of_another() -> None:
    run = Run(hub())
    run.see(battery_on(on_grid, SettingsGroup.ISLAND), 5.0)
    run.memory = replace(run.memory, mode=Mode.RECONNECTION)
    run.see(battery_on(islanded, None), 0.1)
    run.memory = replace(run.memory, mode=Mode.ISLANDED)
    run.see(battery_on(islanded, None), 20.0, cycle_s=0.5)
    assert told(run) == []
