"""Every row of the transition table is fired by a story of its own: a row nobody can tell a story about is not needed.

A new row without a story fails here, by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.core import decide as cycle
from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.core.transitions import TRANSITIONS, Transition, next_row
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.image import EarthingSeen, PoiSeen, ProcessImage
from controller.model.memory import Attempt, DurableMemory
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Authority, InverterMode, Mode, SettingsGroup
from hil_tests.tests.core.hubs import CLOSED, DEAD, LIVE, dark, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run

Story = Callable[[Run], object]


def blind(_: float) -> ProcessImage:
    return ProcessImage()


def pressed(at_s: float) -> ProcessImage:
    return replace(on_grid(at_s), emergency_off=True)


def blackout(at_s: float) -> ProcessImage:
    """The grid is gone and the POI has not opened yet."""
    return with_poi(
        on_grid(at_s), grid_voltage_v=DEAD, bus_voltage_v=DEAD, grid_frequency_hz=None, angle_difference_deg=None
    )


def relay_is_gone(at_s: float) -> ProcessImage:
    """The POI's instrument was fed by the grid, and went with it."""
    return replace(with_battery(on_grid(at_s), voltage_v=DEAD), poi=PoiSeen())


def no_transformer(at_s: float) -> ProcessImage:
    """The contact says open, both sides are dead, and the current is not measured."""
    return with_poi(dark(at_s), current_a=None)


def nobody_can_form(at_s: float) -> ProcessImage:
    return with_battery(dark(at_s), mode=InverterMode.FAULT)


def forms_on_grid(at_s: float) -> ProcessImage:
    """The POI has just closed, and the former has not been told yet."""
    return with_battery(on_grid(at_s), mode=InverterMode.GRID_FORMING)


def lying_contact(at_s: float) -> ProcessImage:
    return with_poi(
        islanded(at_s),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=0.0,
        current_a=PhaseValues.even(40.0),
    )


def returned(at_s: float, angle_deg: float = 2.0) -> ProcessImage:
    """The grid is back, the POI still open."""
    return with_poi(
        islanded(at_s),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=angle_deg,
        settings_group=SettingsGroup.GRID,
    )


def far_apart(at_s: float) -> ProcessImage:
    return returned(at_s, 90.0)


def returned_without_island(at_s: float) -> ProcessImage:
    return with_poi(returned(at_s), bus_voltage_v=DEAD, bus_frequency_hz=None, angle_difference_deg=None)


def earthed_and_dark(at_s: float) -> ProcessImage:
    return replace(dark(at_s), earthing=EarthingSeen(at_s, CLOSED))


def seeing(*scenes: tuple[Callable[[float], ProcessImage], float]) -> Story:
    """Scene after scene, each for so many seconds."""

    def story(run: Run) -> None:
        for image, for_s in scenes:
            run.see(image, for_s)

    return story


def a_restart_in_the_transfer(run: Run) -> None:
    run.memory = replace(run.memory, durable=DurableMemory(attempts=(Attempt("battery", "form", run.now_s),)))
    run.see(dark)


def nobody_follows_while_observing(run: Run) -> None:
    run.memory = replace(run.memory, durable=DurableMemory(authority=Authority.OBSERVE))
    seeing((on_grid, 0.2), (blackout, 5.5))(run)


def a_person_releases_the_emergency_off(run: Run) -> None:
    seeing((on_grid, 0.2), (pressed, 0.2), (dark, 0.2))(run)
    release = OperatorRequest("1", RequestKind.RELEASE_LATCH, "emergency_off", "duty", True, run.now_s + 10.0)
    run.see(dark, advice=Advice(requests=(release,)))
    run.see(dark)


STUCK = ((on_grid, 0.2), (blackout, 1.0))
RETURNING = ((islanded, 0.2), (far_apart, 10.2))

STORIES: dict[tuple[Mode, str, Reason | None], Story] = {
    (Mode.UNKNOWN, "recovered_as_grid_connected", Reason.RECOVERED_ON_GRID): seeing((on_grid, 0.1)),
    (Mode.UNKNOWN, "recovered_as_grid_connected", Reason.RECOVERED_RECONNECTED): seeing((forms_on_grid, 0.1)),
    (Mode.UNKNOWN, "recovered_as_islanded", Reason.RECOVERED_ISLANDED): seeing((islanded, 0.1)),
    (Mode.UNKNOWN, "recovered_as_unplanned_islanding", Reason.RECOVERED_TRANSFER): a_restart_in_the_transfer,
    (Mode.UNKNOWN, "recovered_as_dark", Reason.RECOVERED_DARK): seeing((dark, 0.1)),
    (Mode.UNKNOWN, "start_unclear", Reason.START_UNCLEAR): seeing((blind, 10.2)),
    (Mode.GRID_CONNECTED, "poi_opened_by_itself", Reason.POI_OPENED_BY_ITSELF): seeing((on_grid, 0.2), (dark, 0.1)),
    (Mode.GRID_CONNECTED, "grid_lost", None): seeing((on_grid, 0.2), (blackout, 0.2)),
    (Mode.GRID_CONNECTED, "dark_and_blind", Reason.GRID_NOT_MEASURED): seeing((on_grid, 0.2), (relay_is_gone, 0.4)),
    (Mode.UNPLANNED_ISLANDING, "forming_reaches_the_grid", Reason.POI_STUCK): seeing(
        (on_grid, 0.2), (dark, 0.1), (lying_contact, 0.2)
    ),
    (Mode.UNPLANNED_ISLANDING, "island_formed", Reason.ISLAND_FORMED): seeing(
        (on_grid, 0.2), (blackout, 0.2), (earthed_and_dark, 0.2), (islanded, 0.1)
    ),
    (Mode.UNPLANNED_ISLANDING, "poi_stuck", Reason.POI_STUCK): seeing(*STUCK),
    (Mode.UNPLANNED_ISLANDING, "open_not_proven", Reason.POI_UNPROVEN): seeing((on_grid, 0.2), (no_transformer, 6.0)),
    (Mode.UNPLANNED_ISLANDING, "not_formed", Reason.ISLAND_NOT_FORMED): seeing(
        (on_grid, 0.2), (blackout, 0.2), (nobody_can_form, 6.0)
    ),
    (Mode.UNPLANNED_ISLANDING, "nobody_follows", Reason.OBSERVE_ONLY): nobody_follows_while_observing,
    (Mode.ISLANDED, "contact_lies", Reason.POI_STUCK): seeing((islanded, 0.2), (lying_contact, 0.2)),
    (Mode.ISLANDED, "joined_a_good_grid", Reason.POI_CLOSED_UNASKED): seeing(
        (islanded, 0.2), (far_apart, 1.0), (lying_contact, 0.2)
    ),
    (Mode.ISLANDED, "closed_onto_bad_grid", Reason.POI_CLOSED_UNASKED): seeing((islanded, 0.2), (blackout, 0.1)),
    (Mode.ISLANDED, "closed_unasked", Reason.POI_CLOSED_UNASKED): seeing((islanded, 0.2), (on_grid, 0.1)),
    (Mode.ISLANDED, "collapsed", Reason.ISLAND_COLLAPSED): seeing((islanded, 0.2), (dark, 0.5)),
    (Mode.ISLANDED, "may_reconnect", Reason.GRID_RETURNED): seeing(*RETURNING),
    (Mode.RECONNECTION, "closed_unasked", Reason.RECONNECTED): seeing(*RETURNING, (on_grid, 0.1)),
    (Mode.RECONNECTION, "grid_lost_again", Reason.GRID_LOST_AGAIN): seeing(*RETURNING, (islanded, 0.1)),
    (Mode.RECONNECTION, "collapsed", Reason.ISLAND_COLLAPSED): seeing(*RETURNING, (returned_without_island, 0.4)),
    (Mode.RECONNECTION, "will_not_close", Reason.POI_WILL_NOT_CLOSE): seeing(*RETURNING, (returned, 30.0)),
    (Mode.RECONNECTION, "gave_up", Reason.RECONNECTION_TIMEOUT): seeing(*RETURNING, (far_apart, 121.0)),
    (Mode.DARK, "brought_back", Reason.FOUND_MOVED): seeing((dark, 0.2), (islanded, 0.1)),
    (Mode.LOCKED_OUT, "emergency_on_top", Reason.EMERGENCY_OFF): seeing(*STUCK, (pressed, 0.1)),
    (Mode.LOCKED_OUT, "start_clear", Reason.STARTED): seeing((blind, 10.2), (on_grid, 0.1)),
    (Mode.LOCKED_OUT, "emergency_released", Reason.RELEASED_BY_PERSON): a_person_releases_the_emergency_off,
    (Mode.LOCKED_OUT, "proven_open_at_last", Reason.POI_PROVEN_OPEN): seeing(*STUCK, (dark, 0.2)),
    (Mode.LOCKED_OUT, "grid_is_back", Reason.GRID_RETURNED): seeing(*STUCK, (on_grid, 10.2)),
}


def key(row: Transition) -> tuple[Mode, str, Reason | None]:
    return row.source, row.when.__name__, row.reason


def from_every_mode(row: Transition) -> Story:
    """The emergency-off needs no way into the mode: it must be heard in modes that have no other rows yet."""

    def story(run: Run) -> None:
        run.see(on_grid, 0.2)
        run.memory = replace(run.memory, mode=row.source)
        run.see(pressed)

    return story


def name_of(row: Transition) -> str:
    return f"{row.source.value}-{row.when.__name__}-{row.reason.value if row.reason else 'verdict'}"


@pytest.mark.parametrize("row", TRANSITIONS, ids=name_of)
def test_a_story_fires_this_row(row: Transition, monkeypatch: pytest.MonkeyPatch) -> None:
    fired: list[Transition] = []

    def listening(memory: CoreMemory, situation: Situation) -> Transition | None:
        found = next_row(memory, situation)
        fired.extend([found] if found is not None else [])
        return found

    monkeypatch.setattr(cycle, "next_row", listening)
    latched = row.when.__name__ == "emergency_off"
    story = from_every_mode(row) if latched else STORIES[key(row)]
    story(Run(hub()))
    assert row in fired, [name_of(one) for one in fired]


def test_no_story_tells_of_a_row_that_is_gone() -> None:
    assert set(STORIES) <= {key(row) for row in TRANSITIONS}
