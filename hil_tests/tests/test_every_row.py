"""Every row of the transition table is fired by a story of its own; a new one without a story fails here, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.core import borne_out
from controller.core import decide as cycle
from controller.core.attempts import HUB
from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.core.transitions import TRANSITIONS, Transition, next_row
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.hub import PoiSwitching
from controller.model.image import ProcessImage
from controller.model.memory import Attempt, DurableMemory
from controller.model.reasons import Reason
from controller.model.words import Authority, Mode, Switcher
from hil_tests.tests.core.hubs import dark, hub, islanded, nothing_left, on_grid
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import (
    battery_is_faulty,
    beside_a_good_grid,
    blackout,
    blind,
    broken,
    by_hand,
    earthed_and_dark,
    far_apart,
    formed_and_blind,
    forms_on_grid,
    good_grid_beside_the_dark,
    idle_street,
    keys_unseen,
    low,
    lying_contact,
    nearly_dry,
    no_transformer,
    nobody_can_form,
    old_flag,
    pressed,
    quiet,
    quiet_and_joined,
    quiet_and_unclear,
    relay_is_gone,
    returned,
    returned_without_island,
    runs_dry,
    sunrise,
    tripped,
    unseen_in_the_dark,
    unseen_on_the_way,
)
from hil_tests.tests.core.test_killed_on_the_way import killed_while_the_engine_starts
from hil_tests.tests.core.test_taken_over import taken_over_on_the_way

Story = Callable[[Run], object]


def seeing(*scenes: tuple[Callable[[float], ProcessImage], float]) -> Story:
    """Scene after scene, each for so many seconds."""

    def story(run: Run) -> None:
        for image, for_s in scenes:
            run.see(image, for_s)

    return story


def a_restart_in_the_transfer(run: Run) -> None:
    run.memory = replace(run.memory, durable=DurableMemory(attempts=(Attempt("battery", "form", run.now_s),)))
    run.see(dark)


def a_restart_after_a_lie(run: Run) -> None:
    lied = Attempt(HUB, borne_out.LIED, run.now_s)
    run.memory = replace(run.memory, durable=DurableMemory(attempts=(lied,)))
    run.see(nothing_left)


def blind_whenever_somebody_forms(*first: tuple[Callable[[float], ProcessImage], float]) -> Story:
    return seeing(*first, *3 * ((earthed_and_dark, 1.0), (formed_and_blind, 0.4)), (earthed_and_dark, 0.2))


def nobody_follows_while_observing(run: Run) -> None:
    run.memory = replace(run.memory, durable=DurableMemory(authority=Authority.OBSERVE))
    seeing((on_grid, 0.2), (blackout, 15.5))(run)


def a_person_releases_the_emergency_off(run: Run) -> None:
    seeing((on_grid, 0.2), (pressed, 0.2), (dark, 0.2))(run)
    release = OperatorRequest("1", RequestKind.RELEASE_LATCH, "emergency_off", "duty", True, run.now_s + 10.0)
    run.see(dark, advice=Advice(requests=(release,)))
    run.see(dark)


def a_person_releases_the_lock_out(run: Run) -> None:
    seeing(*STUCK)(run)
    run.see(old_flag, 10.2)
    release = OperatorRequest("1", RequestKind.RELEASE_LATCH, "lockout", "duty", True, run.now_s + 10.0)
    run.see(old_flag, advice=Advice(requests=(release,)))


def returning_over_a_dead_bus(run: Run) -> None:
    """Nothing left in the dark, and the grid has been good for its observation time."""
    seeing((nothing_left, 0.2), (good_grid_beside_the_dark, 10.4))(run)


def then(first: Story, *scenes: tuple[Callable[[float], ProcessImage], float]) -> Story:
    """One story after the other."""

    def story(run: Run) -> None:
        first(run)
        seeing(*scenes)(run)

    return story


def asked(kind: RequestKind, at_s: float) -> Advice:
    return Advice(requests=(OperatorRequest(kind.value, kind, None, "duty", True, at_s + 10.0),))


def after_asking(*scenes: tuple[Callable[[float], ProcessImage], float]) -> Story:
    """On a quiet grid somebody asks for an island; then the scenes."""

    def story(run: Run) -> None:
        run.see(quiet, 0.2)
        run.see(quiet, advice=asked(RequestKind.ISLAND_ON, run.now_s))
        seeing(*scenes)(run)

    return story


def that_cannot_synchronise(story: Story) -> Story:
    """The same on a hub whose POI closes over a dead bus alone."""

    def on_such_a_hub(run: Run) -> None:
        switching = PoiSwitching(Switcher.OPEN_TRANSITION, Switcher.OPEN_TRANSITION)
        run.hub = replace(run.hub, poi=replace(run.hub.poi, switching=switching))
        story(run)

    return on_such_a_hub


def thought_better(kind: RequestKind) -> Story:
    def story(run: Run) -> None:
        after_asking((quiet, 0.2))(run)
        run.see(quiet, advice=asked(kind, run.now_s))
        run.see(quiet)

    return story


OPENING = ((quiet, 1.2),)  # by now the POI is ordered open
STUCK = ((on_grid, 0.2), (blackout, 1.0))
LOST = ((on_grid, 0.2), (blackout, 0.2))
FORMED = (*LOST, (earthed_and_dark, 0.2), (islanded, 0.1))
RETURNING = ((islanded, 0.2), (far_apart, 10.2))

STORIES: dict[tuple[Mode, str, Reason | None], Story] = {
    (Mode.UNKNOWN, "recovered_as_grid_connected", Reason.RECOVERED_ON_GRID): seeing((on_grid, 0.1)),
    (Mode.UNKNOWN, "recovered_as_grid_connected", Reason.RECOVERED_RECONNECTED): seeing((forms_on_grid, 0.1)),
    (Mode.UNKNOWN, "recovered_as_islanded", Reason.RECOVERED_ISLANDED): seeing((islanded, 0.1)),
    (Mode.UNKNOWN, "recovered_as_unplanned_islanding", Reason.RECOVERED_TRANSFER): a_restart_in_the_transfer,
    (Mode.UNKNOWN, "recovered_as_locked_out", Reason.POI_STUCK): a_restart_after_a_lie,
    (Mode.UNKNOWN, "recovered_as_dark", Reason.RECOVERED_DARK): seeing((nothing_left, 0.1)),
    (Mode.UNKNOWN, "start_unclear", Reason.START_UNCLEAR): seeing((blind, 10.2)),
    (Mode.GRID_CONNECTED, "poi_opened_by_itself", Reason.POI_OPENED_BY_ITSELF): seeing((on_grid, 0.2), (dark, 0.1)),
    (Mode.GRID_CONNECTED, "grid_lost", None): seeing((on_grid, 0.2), (blackout, 0.2)),
    (Mode.GRID_CONNECTED, "dark_and_blind", Reason.GRID_NOT_MEASURED): seeing((on_grid, 0.2), (relay_is_gone, 0.4)),
    (Mode.GRID_CONNECTED, "breaker_failed", Reason.POI_STUCK): seeing((on_grid, 0.2), (tripped, 0.7)),
    (Mode.GRID_CONNECTED, "island_wanted", Reason.ISLAND_ASKED): after_asking((quiet, 0.1)),
    (Mode.PLANNED_ISLANDING, "only_watching", Reason.OBSERVE_ONLY): thought_better(RequestKind.OBSERVE_ON),
    (Mode.PLANNED_ISLANDING, "left_by_a_lying_contact", Reason.POI_STUCK): after_asking(
        *OPENING, (quiet_and_joined, 0.3)
    ),
    (Mode.PLANNED_ISLANDING, "island_formed", Reason.ISLAND_FORMED): after_asking(*OPENING, (far_apart, 0.2)),
    (Mode.PLANNED_ISLANDING, "opened_before_our_order", Reason.POI_OPENED_BY_ITSELF): after_asking((dark, 0.1)),
    (Mode.PLANNED_ISLANDING, "grid_lost", None): after_asking((blackout, 0.3)),
    (Mode.PLANNED_ISLANDING, "dark_and_blind", Reason.GRID_NOT_MEASURED): after_asking((relay_is_gone, 0.4)),
    (Mode.PLANNED_ISLANDING, "breaker_failed", Reason.POI_STUCK): after_asking((tripped, 0.7)),
    (Mode.PLANNED_ISLANDING, "withdrawn", Reason.OPERATOR): thought_better(RequestKind.ISLAND_OFF),
    (Mode.PLANNED_ISLANDING, "under_hands", Reason.LOCAL_CONTROL): after_asking((by_hand, 0.1)),
    (Mode.PLANNED_ISLANDING, "keys_stay_unseen", Reason.KEYS_UNSEEN): after_asking((keys_unseen, 5.2)),
    (Mode.PLANNED_ISLANDING, "former_gone", Reason.ISLAND_NO_FORMER): after_asking((broken, 0.1)),
    (Mode.PLANNED_ISLANDING, "former_low", Reason.LOW_SOC): after_asking((low, 0.1)),
    (Mode.PLANNED_ISLANDING, "not_prepared", Reason.ISLAND_NOT_PREPARED): after_asking((on_grid, 20.2)),
    (Mode.PLANNED_ISLANDING, "did_not_open", Reason.POI_DID_NOT_OPEN): after_asking(*OPENING, (quiet, 0.6)),
    (Mode.PLANNED_ISLANDING, "leaving_not_proven", Reason.POI_UNPROVEN): after_asking(
        *OPENING, (quiet_and_unclear, 5.5)
    ),
    (Mode.PLANNED_ISLANDING, "not_formed", Reason.ISLAND_NOT_FORMED): after_asking(*OPENING, (beside_a_good_grid, 5.5)),
    (Mode.UNPLANNED_ISLANDING, "forming_reaches_the_grid", Reason.POI_STUCK): seeing(
        (on_grid, 0.2), (blackout, 0.2), (earthed_and_dark, 0.2), (lying_contact, 0.2)
    ),
    (Mode.UNPLANNED_ISLANDING, "formed_unseen", Reason.POI_STUCK): blind_whenever_somebody_forms(*LOST),
    (Mode.UNPLANNED_ISLANDING, "island_formed", Reason.ISLAND_FORMED): seeing(*FORMED),
    (Mode.UNPLANNED_ISLANDING, "poi_stuck", Reason.POI_STUCK): seeing(*STUCK),
    (Mode.UNPLANNED_ISLANDING, "open_not_proven", Reason.POI_UNPROVEN): seeing((on_grid, 0.2), (no_transformer, 6.0)),
    (Mode.UNPLANNED_ISLANDING, "not_formed", Reason.ISLAND_NOT_FORMED): seeing(*LOST, (nobody_can_form, 6.0)),
    (Mode.UNPLANNED_ISLANDING, "only_genset_can_start", Reason.BLACK_START_GENSET): seeing(
        *LOST, (battery_is_faulty, 0.3)
    ),
    (Mode.UNPLANNED_ISLANDING, "nobody_follows", Reason.OBSERVE_ONLY): nobody_follows_while_observing,
    (Mode.ISLANDED, "contact_lies", Reason.POI_STUCK): seeing((islanded, 0.2), (lying_contact, 0.2)),
    (Mode.ISLANDED, "formed_in_step", Reason.POI_STUCK): seeing(*FORMED, (idle_street, 1.2)),
    (Mode.ISLANDED, "joined_a_good_grid", Reason.POI_CLOSED_UNASKED): seeing(
        (islanded, 0.2), (far_apart, 1.0), (lying_contact, 0.2)
    ),
    (Mode.ISLANDED, "closed_onto_bad_grid", Reason.POI_CLOSED_UNASKED): seeing((islanded, 0.2), (blackout, 0.1)),
    (Mode.ISLANDED, "closed_unasked", Reason.POI_CLOSED_UNASKED): seeing((islanded, 0.2), (on_grid, 0.1)),
    (Mode.ISLANDED, "collapsed", Reason.ISLAND_COLLAPSED): seeing((islanded, 0.2), (dark, 0.5)),
    (Mode.ISLANDED, "supply_ends", Reason.LAST_ACT): seeing((nearly_dry, 0.2), (runs_dry, 5.2)),
    (Mode.ISLANDED, "may_make_a_break", Reason.DEAD_BUS_RETURN): that_cannot_synchronise(seeing(*RETURNING)),
    (Mode.ISLANDED, "may_reconnect", Reason.GRID_RETURNED): seeing(*RETURNING),
    (Mode.RECONNECTION, "closed_unasked", Reason.RECONNECTED): seeing(*RETURNING, (on_grid, 0.1)),
    (Mode.RECONNECTION, "taken_over", Reason.OPERATOR): taken_over_on_the_way,
    (Mode.RECONNECTION, "grid_lost_again", Reason.GRID_LOST_AGAIN): seeing(*RETURNING, (islanded, 0.1)),
    (Mode.RECONNECTION, "grid_unseen", Reason.GRID_UNSEEN): seeing(*RETURNING, (unseen_on_the_way, 0.1)),
    (Mode.RECONNECTION, "grid_unseen_over_dead_bus", Reason.GRID_UNSEEN): then(
        returning_over_a_dead_bus, (unseen_in_the_dark, 0.2)
    ),
    (Mode.RECONNECTION, "collapsed_on_the_way", Reason.ISLAND_COLLAPSED): seeing(
        *RETURNING, (returned_without_island, 0.4)
    ),
    (Mode.RECONNECTION, "grid_lost_over_dead_bus", Reason.GRID_LOST_AGAIN): then(
        returning_over_a_dead_bus, (nothing_left, 0.2)
    ),
    (Mode.RECONNECTION, "will_not_close_over_dead_bus", Reason.POI_WILL_NOT_CLOSE): then(
        returning_over_a_dead_bus, (good_grid_beside_the_dark, 40.0)
    ),
    (Mode.RECONNECTION, "gave_up_over_dead_bus", Reason.RECONNECTION_TIMEOUT): that_cannot_synchronise(
        seeing(*RETURNING, (returned, 121.0))
    ),
    (Mode.RECONNECTION, "will_not_close", Reason.POI_WILL_NOT_CLOSE): seeing(*RETURNING, (returned, 30.0)),
    (Mode.RECONNECTION, "gave_up", Reason.RECONNECTION_TIMEOUT): seeing(*RETURNING, (far_apart, 121.0)),
    (Mode.DARK, "brought_back", Reason.FOUND_MOVED): seeing((nothing_left, 0.2), (islanded, 0.1)),
    (Mode.DARK, "forming_reaches_the_grid", Reason.POI_STUCK): killed_while_the_engine_starts,
    (Mode.DARK, "may_close_in_the_dark", Reason.DEAD_BUS_RETURN): returning_over_a_dead_bus,
    (Mode.DARK, "battery_can_start", Reason.BLACK_START_BATTERY): seeing((dark, 0.2)),
    (Mode.DARK, "genset_can_start", Reason.BLACK_START_GENSET): seeing((battery_is_faulty, 0.2)),
    (Mode.DARK, "sun_can_start", Reason.BLACK_START_SUN): seeing((nothing_left, 0.2), (sunrise, 60.2)),
    (Mode.BLACK_START, "forming_reaches_the_grid", Reason.POI_STUCK): seeing(
        (dark, 0.2), (earthed_and_dark, 4.0), (lying_contact, 0.2)
    ),
    (Mode.BLACK_START, "formed_unseen", Reason.POI_STUCK): blind_whenever_somebody_forms((dark, 0.2)),
    (Mode.BLACK_START, "closed_unasked_and_good", Reason.POI_CLOSED_UNASKED): seeing((dark, 0.2), (on_grid, 0.1)),
    (Mode.BLACK_START, "started", Reason.BLACK_STARTED): seeing((dark, 0.2), (earthed_and_dark, 3.2), (islanded, 31.0)),
    (Mode.BLACK_START, "start_failed", Reason.BLACK_START_FAILED): seeing((dark, 9.0)),
    (Mode.LOCKED_OUT, "emergency_on_top", Reason.EMERGENCY_OFF): seeing(*STUCK, (pressed, 0.1)),
    (Mode.LOCKED_OUT, "start_clear", Reason.STARTED): seeing((blind, 10.2), (on_grid, 0.1)),
    (Mode.LOCKED_OUT, "emergency_released", Reason.RELEASED_BY_PERSON): a_person_releases_the_emergency_off,
    (Mode.LOCKED_OUT, "proven_open_at_last", Reason.POI_PROVEN_OPEN): seeing(*STUCK, (dark, 0.2)),
    (Mode.LOCKED_OUT, "lockout_released", Reason.RELEASED_BY_PERSON): a_person_releases_the_lock_out,
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
