"""Emergency-off, locks, keys and latches: the guard holds them by itself, and only a person lets go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.memory import GuardMemory, OwnLatch
from controller.guard.vet import Verdict
from controller.model.commands import BatteryCommand, Commands, GensetCommand, PoiCommand, PvCommand, SwitchCommand
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import Authority
from hil_tests.tests.guard.hubs import hub_with
from hil_tests.tests.guard.scene import (
    NOTHING,
    Watch,
    battery,
    close,
    crank,
    dark_and_earthed,
    earth,
    form,
    genset,
    islanded,
    on_grid,
    poi_close,
    pv,
    ready_to_return,
    reasons,
    shed,
    watch_after,
    with_open,
    with_poi,
)

NO_LATCH = frozenset[str]()
PRESSED = frozenset({"emergency_off"})


def ask_to_close(seen: ProcessImage, watch: Watch) -> Verdict:
    return watch.sees(seen, poi_close(watch.order()))


LATCHES = [
    ("emergency_off", Reason.VETO_EMERGENCY_OFF),
    ("lockout", Reason.VETO_LOCKED_OUT),
    ("dso_lock", Reason.VETO_LOCKED_OUT),
    ("poi_close", Reason.VETO_LOCKED_OUT),
    ("poi", Reason.VETO_LOCKED_OUT),
    ("water", None),
]


@pytest.mark.parametrize("row", LATCHES)
def test_a_latch_keeps_it_open(row: tuple[str, Reason | None]) -> None:
    subject, reason = row
    watch = watch_after(islanded(), islanded(), latched=frozenset({subject}))
    assert reasons(ask_to_close(ready_to_return(), watch)) == ([] if reason is None else [reason])


def test_nothing_closes_under_the_fingers_of_somebody_at_the_hub() -> None:
    for key, reason in ((True, Reason.VETO_LOCKED_OUT), (None, Reason.VETO_STALE)):
        seen = replace(ready_to_return(), local_control=key)
        assert reasons(ask_to_close(seen, watch_after(islanded(), islanded()))) == [reason]


def test_a_hub_without_keys_needs_to_see_none() -> None:
    watch = watch_after(islanded(), hub=hub_with(has_emergency_off=False, has_local_remote=False))
    assert reasons(ask_to_close(replace(ready_to_return(), local_control=None, emergency_off=None), watch)) == []


def test_a_hub_with_an_emergency_off_must_see_it() -> None:
    watch = watch_after(islanded(), hub=hub_with(has_local_remote=False))
    assert reasons(ask_to_close(replace(ready_to_return(), emergency_off=None), watch)) == [Reason.VETO_STALE]


def test_a_hub_without_a_lock_contact_needs_to_see_none() -> None:
    seen = with_poi(ready_to_return(), dso_lock=None)
    assert reasons(ask_to_close(seen, watch_after(with_poi(islanded(), dso_lock=None)))) == []


def test_the_operators_lock_holds_although_the_contact_has_let_go() -> None:
    watch = watch_after(with_poi(islanded(), dso_lock=True))
    assert reasons(ask_to_close(ready_to_return(), watch)) == [Reason.VETO_LOCKED_OUT]


# ---- emergency-off


def pressed(seen: ProcessImage) -> ProcessImage:
    return replace(seen, emergency_off=True)


def test_emergency_off_means_no_forming_no_charging_no_closing_no_crank() -> None:
    watch = watch_after(dark_and_earthed(), with_open(dark_and_earthed(), "water"))
    order = watch.order()
    wish = Commands(
        poi=PoiCommand(close=order),
        batteries={"main": BatteryCommand(form=order), "second": BatteryCommand(power_set_w=-5_000.0)},
        gensets={"genset": GensetCommand(crank=order)},
        feeders={"water": SwitchCommand(close=order)},
        earthing=SwitchCommand(close=order),
    )
    verdict = watch.sees(pressed(with_open(dark_and_earthed(), "water")), wish)
    assert reasons(verdict) == [Reason.VETO_EMERGENCY_OFF] * 6
    stop = Reason.VETO_EMERGENCY_OFF
    assert verdict.allowed == Commands(
        batteries={"main": BatteryCommand(stop=True, cause=stop), "second": BatteryCommand(stop=True, cause=stop)},
        gensets={"genset": GensetCommand(stop=True, cause=stop)},
        feeders={"water": SwitchCommand(open=True)},
    )


def test_the_guard_latches_emergency_off_by_itself() -> None:
    watch = watch_after(dark_and_earthed(), pressed(dark_and_earthed()), dark_and_earthed())
    assert reasons(watch.sees(dark_and_earthed(), form(watch.order()))) == [Reason.VETO_EMERGENCY_OFF]


def test_a_latch_of_the_shell_is_enough() -> None:
    watch = watch_after(dark_and_earthed(), dark_and_earthed(), latched=PRESSED)
    assert reasons(watch.sees(dark_and_earthed(), form(watch.order()))) == [Reason.VETO_EMERGENCY_OFF]


def test_only_the_release_by_a_person_lets_go() -> None:
    watch = watch_after(dark_and_earthed(), dark_and_earthed(), pressed(dark_and_earthed()))
    watch.latched = PRESSED
    for _ in range(3):
        watch.sees(dark_and_earthed())
        assert watch.memory.emergency_off.is_set
    watch.latched = NO_LATCH
    assert watch.sees(dark_and_earthed(), form(watch.order())).vetoes == ()


def test_a_release_while_the_button_is_unseen_counts_as_soon_as_it_is_seen() -> None:
    watch = watch_after(dark_and_earthed(), pressed(dark_and_earthed()))
    watch.latched = PRESSED
    watch.sees(dark_and_earthed())
    watch.latched = NO_LATCH
    watch.sees(replace(dark_and_earthed(), emergency_off=None))
    watch.sees(dark_and_earthed())
    assert not watch.memory.emergency_off.is_set


def test_the_operators_lock_is_released_in_the_same_way() -> None:
    watch = watch_after(with_poi(islanded(), dso_lock=True))
    watch.latched = frozenset({"dso_lock"})
    watch.sees(islanded())
    assert watch.memory.dso_lock.is_set
    watch.latched = PRESSED
    watch.sees(islanded())
    assert not watch.memory.dso_lock.is_set


def test_a_fresh_guard_knows_nothing() -> None:
    assert OwnLatch() == OwnLatch(is_wired=False, is_set=False, is_shared=False)
    assert not GuardMemory().is_proven_open
    assert not GuardMemory().contact_lies
    assert not GuardMemory().is_stuck


def test_a_release_does_not_count_while_the_button_is_pressed_or_unseen() -> None:
    for contact in (True, None):
        watch = watch_after(dark_and_earthed(), dark_and_earthed(), pressed(dark_and_earthed()))
        watch.latched = PRESSED
        watch.sees(dark_and_earthed())
        watch.latched = NO_LATCH
        watch.sees(replace(dark_and_earthed(), emergency_off=contact))
        assert watch.memory.emergency_off.is_set


def test_pressed_again_it_waits_for_a_new_release() -> None:
    watch = watch_after(dark_and_earthed(), pressed(dark_and_earthed()))
    watch.latched = PRESSED
    watch.sees(dark_and_earthed())
    watch.latched = NO_LATCH
    watch.sees(pressed(dark_and_earthed()))
    assert watch.memory.emergency_off == OwnLatch(is_wired=True, is_set=True, is_shared=False)
    watch.sees(dark_and_earthed())
    assert watch.memory.emergency_off.is_set


def test_a_latch_that_the_guard_never_saw_set_leaves_no_trace() -> None:
    watch = watch_after(dark_and_earthed(), latched=PRESSED)
    assert watch.memory.emergency_off == OwnLatch(is_wired=True, is_set=False, is_shared=False)
    assert Watch().memory.emergency_off == OwnLatch()


def test_a_latch_pressed_while_the_shell_has_it_is_shared_at_once() -> None:
    watch = watch_after(pressed(dark_and_earthed()), latched=PRESSED)
    assert watch.memory.emergency_off == OwnLatch(is_wired=True, is_set=True, is_shared=True)


def test_openings_and_stops_pass_under_emergency_off() -> None:
    watch = watch_after(on_grid())
    wish = Commands(
        poi=PoiCommand(open=True),
        batteries={"main": BatteryCommand(stop=True)},
        gensets={"genset": GensetCommand(stop=True)},
        pv={"school": PvCommand(limit_w=0.0)},
        feeders={"desk": SwitchCommand(open=True), "water": SwitchCommand(open=True)},
    )
    verdict = watch.sees(pressed(on_grid()), wish)
    assert verdict.allowed == wish
    assert verdict.vetoes == ()


# ---- locked-out devices


def test_nothing_to_a_locked_out_device_but_its_stop() -> None:
    locked = frozenset({"main", "genset", "water"})
    for wish, subject in (
        (battery(follow=True, power_set_w=1_000.0), "main"),
        (genset(power_set_w=1_000.0), "genset"),
    ):
        verdict = watch_after(on_grid(), latched=locked).sees(on_grid(), wish)
        assert [(v.subject, v.reason) for v in verdict.vetoes] == [(subject, Reason.VETO_LOCKED_OUT)]
        assert verdict.allowed == NOTHING
    for stop in (battery(stop=True), genset(stop=True), shed("water")):
        assert watch_after(on_grid(), latched=locked).sees(on_grid(), stop).allowed == stop


def test_a_locked_out_plant_is_given_no_more_than_before() -> None:
    watch = watch_after(islanded(), latched=frozenset({"school"}))
    assert reasons(watch.sees(islanded(), pv(1_000.0))) == [Reason.VETO_STALE]
    watch = watch_after(islanded())
    watch.sees(islanded(), pv(1_000.0))
    watch.latched = frozenset({"school"})
    assert watch.sees(islanded(), pv(900.0)).allowed == pv(900.0)
    assert watch.sees(islanded(), pv(1_000.0)).allowed == pv(900.0)
    on_grid_too = watch.sees(on_grid(), pv(None))
    assert on_grid_too.allowed == pv(900.0)


def test_a_locked_out_hub_starts_nothing_and_goes_on_with_the_rest() -> None:
    lock = frozenset({"lockout"})
    watch = watch_after(dark_and_earthed(), with_open(dark_and_earthed(), "water"), latched=lock)
    for wish in (form(watch.order()), crank(watch.order()), close(watch.order(), "water"), earth(watch.order())):
        assert reasons(watch.sees(with_open(dark_and_earthed(), "water"), wish)) == [Reason.VETO_LOCKED_OUT]
    assert watch.sees(islanded(), battery(power_set_w=100.0)).allowed == battery(power_set_w=100.0)
    assert watch.sees(islanded(), shed("ev_posts")).allowed == shed("ev_posts")


def test_in_local_control_nothing_is_cranked_and_forming_stays_armed() -> None:
    local = replace(dark_and_earthed(), local_control=True)
    watch = watch_after(local, local)
    assert reasons(watch.sees(local, crank(watch.order()))) == [Reason.VETO_LOCKED_OUT]
    assert reasons(watch.sees(local, earth(watch.order()))) == [Reason.VETO_LOCKED_OUT]
    assert watch.sees(local, form(watch.order())).vetoes == ()


# ---- observe


def test_in_observe_nothing_at_all_is_written() -> None:
    watch = watch_after(on_grid(), authority=Authority.OBSERVE)
    wish = Commands(poi=PoiCommand(open=True), batteries={"main": BatteryCommand(stop=True)})
    verdict = watch.sees(on_grid(), wish)
    assert verdict.allowed == NOTHING
    assert [(v.subject, v.reason) for v in verdict.vetoes] == [("hub", Reason.VETO_OBSERVE)]
    assert watch.sees(on_grid()).vetoes == ()


def test_in_observe_the_guard_goes_on_watching() -> None:
    watch = watch_after(on_grid(), authority=Authority.OBSERVE)
    watch.sees(pressed(on_grid()), shed("water"))
    watch.sees(with_open(on_grid(), "water"), shed("water"))
    assert watch.memory.emergency_off.is_set
    assert not watch.memory.tracks["water"].is_ours
    assert watch.memory.allowed == NOTHING


def test_in_manual_the_guard_is_the_same() -> None:
    watch = watch_after(on_grid(), authority=Authority.MANUAL)
    assert watch.sees(on_grid(), shed("water")).allowed == shed("water")


def test_what_the_hub_does_not_have_is_not_ours_to_command() -> None:
    wish = Commands(
        batteries={"ghost": BatteryCommand(stop=True)},
        pv={"ghost": PvCommand(limit_w=0.0)},
        gensets={"ghost": GensetCommand(stop=True)},
        feeders={"ghost": SwitchCommand(open=True), **shed("water").feeders},
    )
    verdict = watch_after(on_grid()).sees(on_grid(), wish)
    assert [(v.subject, v.reason) for v in verdict.vetoes] == [("ghost", Reason.VETO_NOT_OURS)] * 4
    assert verdict.allowed == shed("water")


def test_silent_by_default() -> None:
    for seen in (on_grid(), islanded(), dark_and_earthed(), ProcessImage()):
        verdict = watch_after(seen).sees(seen)
        assert verdict.allowed == NOTHING
        assert verdict.vetoes == ()
