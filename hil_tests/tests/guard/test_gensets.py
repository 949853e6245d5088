"""Gensets: few starts, never under somebody's fingers, and onto a dead bus only as a source that forms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.memory import Track
from controller.guard.vet import Verdict
from controller.model.commands import Commands
from controller.model.image import ProcessImage
from controller.model.memory import Attempt
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BusSide, GensetConnection, GensetState, InverterMode
from hil_tests.tests.guard.hubs import a_genset, hub_with
from hil_tests.tests.guard.scene import (
    CLOSED,
    CYCLE_S,
    Watch,
    crank,
    dark,
    dark_and_earthed,
    genset,
    islanded,
    on_grid,
    reasons,
    watch_after,
    with_battery,
    with_genset,
    with_poi,
)

FORMING = InverterMode.GRID_FORMING


def ask_to_crank(seen: ProcessImage, watch: Watch | None = None) -> Verdict:
    watch = watch or watch_after(seen, seen)
    return watch.sees(seen, crank(watch.order(hold_s=30.0)))


def test_on_a_live_bus_a_genset_starts() -> None:
    for seen in (islanded(), on_grid()):
        verdict = ask_to_crank(seen)
        assert verdict.vetoes == ()
        assert verdict.allowed.gensets["genset"].crank is not None


CRANKS_REFUSED = [
    (replace(islanded(), local_control=True), Reason.VETO_LOCKED_OUT),
    (with_genset(islanded(), None), Reason.VETO_STALE),
    (replace(islanded(), gensets={}), Reason.VETO_STALE),
    (dark(), Reason.VETO_NO_EARTHING),
    (with_poi(dark_and_earthed(), position=CLOSED), Reason.VETO_NOT_PROVEN_OPEN),
    (with_battery(dark_and_earthed(), mode=FORMING), Reason.VETO_SECOND_FORMER),
    (with_poi(islanded(), bus_voltage_v=None), Reason.VETO_NOT_PROVEN_OPEN),
]


@pytest.mark.parametrize("row", CRANKS_REFUSED)
def test_each_condition_refuses_a_crank_by_itself(row: tuple[ProcessImage, Reason]) -> None:
    seen, reason = row
    verdict = ask_to_crank(seen)
    assert reasons(verdict) == [reason]
    assert verdict.allowed.gensets["genset"].crank is None
    assert not verdict.allowed.gensets["genset"].stop


def test_onto_a_dead_bus_a_genset_comes_first_only_like_any_other_source() -> None:
    assert ask_to_crank(dark_and_earthed()).vetoes == ()


@pytest.mark.parametrize("kind", [k for k in GensetConnection if k is not GensetConnection.BUS])
def test_a_genset_that_is_not_on_the_bus_is_not_ours_to_crank(kind: GensetConnection) -> None:
    watch = watch_after(islanded(), islanded(), hub=hub_with(gensets={"genset": a_genset(connection=kind)}))
    assert reasons(ask_to_crank(islanded(), watch)) == [Reason.VETO_NOT_OURS]


def test_a_genset_on_the_grid_side_is_not_cranked() -> None:
    outside = hub_with(gensets={"genset": a_genset(bus=BusSide.GRID_SIDE)})
    watch = watch_after(islanded(), islanded(), hub=outside)
    assert reasons(ask_to_crank(islanded(), watch)) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_a_starter_rests_and_its_attempts_are_counted() -> None:
    watch = watch_after(islanded(), islanded())
    assert ask_to_crank(islanded(), watch).vetoes == ()
    watch.now_s += 30.0 - 2 * CYCLE_S
    assert reasons(ask_to_crank(islanded(), watch)) == [Reason.VETO_HAMMERING]
    assert ask_to_crank(islanded(), watch).vetoes == ()
    watch.now_s += 100.0
    assert ask_to_crank(islanded(), watch).vetoes == ()
    watch.now_s += 100.0
    assert reasons(ask_to_crank(islanded(), watch)) == [Reason.VETO_ATTEMPTS_USED]


def test_the_window_of_attempts_moves_on() -> None:
    attempts = tuple(Attempt("genset", "crank", 100.0 + n) for n in range(3))
    watch = watch_after(islanded(), islanded(), more={"attempts": attempts})
    watch.now_s = 3_700.0 - 2 * CYCLE_S
    assert reasons(ask_to_crank(islanded(), watch)) == [Reason.VETO_ATTEMPTS_USED]
    assert ask_to_crank(islanded(), watch).vetoes == ()


RUNS = [
    (GensetState.STOPPED, False),
    (GensetState.STARTING, False),
    (GensetState.READY, True),
    (GensetState.LOADED, True),
    (GensetState.COOLING, False),
    (GensetState.FAULT, False),
    (None, None),
]


@pytest.mark.parametrize(("state", "runs"), RUNS)
def test_what_counts_as_running(state: GensetState | None, runs: bool | None) -> None:
    assert watch_after(with_genset(islanded(), state)).memory.tracks["genset"].is_on is runs


def test_blindness_is_no_stop() -> None:
    watch = watch_after(with_genset(islanded(), GensetState.LOADED), with_genset(islanded(), None))
    assert watch.memory.tracks["genset"].is_on
    watch = watch_after(islanded(), with_battery(islanded(), mode=None))
    assert watch.memory.tracks["main"].is_on


def test_a_stop_keeps_its_cause() -> None:
    wish = genset(stop=True, crank=Watch().order(), power_set_w=1e9, cause=Reason.GENSET_NOT_NEEDED)
    assert watch_after(islanded()).sees(islanded(), wish).allowed == genset(stop=True, cause=Reason.GENSET_NOT_NEEDED)


def test_starts_by_hand_count_too() -> None:
    watch = watch_after(islanded())
    for _ in range(3):
        watch.sees(with_genset(islanded(), GensetState.READY))
        watch.sees(islanded())
    watch.now_s += 60.0
    assert reasons(ask_to_crank(islanded(), watch)) == [Reason.VETO_ATTEMPTS_USED]


@pytest.mark.parametrize("state", [GensetState.STARTING, GensetState.READY, GensetState.LOADED])
def test_while_it_runs_the_order_may_be_restated(state: GensetState) -> None:
    watch = watch_after(islanded(), islanded())
    order = watch.order(hold_s=30.0)
    watch.sees(islanded(), crank(order))
    assert watch.sees(with_genset(islanded(), state), crank(order)).vetoes == ()
    assert watch.sees(with_genset(islanded(), state), crank(order)).vetoes == ()


@pytest.mark.parametrize("state", [GensetState.STOPPED, GensetState.COOLING, GensetState.FAULT])
def test_one_order_is_one_run_and_is_taken_back_after_it(state: GensetState) -> None:
    watch = watch_after(islanded(), islanded())
    order = watch.order(hold_s=30.0)
    watch.sees(islanded(), crank(order))
    watch.sees(with_genset(islanded(), GensetState.READY), crank(order))
    verdict = watch.sees(with_genset(islanded(), state), crank(order))
    assert reasons(verdict) == [Reason.VETO_HAMMERING]
    assert verdict.allowed.gensets["genset"].stop


def test_a_genset_that_cranks_several_times_by_itself_keeps_its_order() -> None:
    watch = watch_after(islanded(), islanded())
    order = watch.order(hold_s=30.0)
    watch.sees(islanded(), crank(order))
    for state in (GensetState.STARTING, GensetState.STOPPED, GensetState.STARTING, GensetState.READY):
        assert watch.sees(with_genset(islanded(), state), crank(order)).vetoes == ()


def test_a_start_under_way_is_taken_back_when_the_island_falls_apart() -> None:
    watch = watch_after(islanded(), islanded())
    order = watch.order(hold_s=30.0)
    watch.sees(islanded(), crank(order))
    verdict = watch.sees(with_poi(dark(), position=CLOSED), crank(order))
    assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]
    assert verdict.allowed.gensets["genset"].stop


def test_a_start_under_way_survives_a_short_blindness() -> None:
    watch = watch_after(islanded(), islanded())
    order = watch.order(hold_s=30.0)
    watch.sees(islanded(), crank(order))
    verdict = watch.sees(with_genset(islanded(), None), crank(order))
    assert reasons(verdict) == [Reason.VETO_STALE]
    assert not verdict.allowed.gensets["genset"].stop


SPOILT = PhaseValues(0.0, 0.0, 1.5)  # one bit of a current: more than nothing, and less than what flows


def cranked_onto_nothing(order_s: float = 30.0) -> tuple[Watch, Commands]:
    watch = watch_after(dark_and_earthed(), dark_and_earthed())
    wish = crank(watch.order(hold_s=order_s))
    assert watch.sees(dark_and_earthed(), wish).vetoes == ()
    assert watch.sees(with_genset(dark_and_earthed(), GensetState.STARTING), wish).vetoes == ()
    return watch, wish


def test_one_spoilt_sample_stops_no_starter_and_lets_nothing_pass() -> None:
    """Found by flipped bits in DIS-007: it was stopped for a tenth of a second, three times in one start."""
    watch, wish = cranked_onto_nothing()
    starting = with_genset(dark_and_earthed(), GensetState.STARTING)
    for seen in (with_poi(starting, current_a=SPOILT), starting):
        verdict = watch.sees(seen, wish)
        assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]
        assert verdict.allowed.gensets["genset"].crank is None
        assert not verdict.allowed.gensets["genset"].stop
    assert watch.sees(starting, wish).vetoes == ()


def test_what_stays_unproven_for_a_quarter_of_a_second_is_taken_back() -> None:
    watch, wish = cranked_onto_nothing()
    unproven = with_poi(with_genset(dark_and_earthed(), GensetState.STARTING), current_a=SPOILT)
    stops = [watch.sees(unproven, wish).allowed.gensets["genset"].stop for _ in range(5)]
    assert stops == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("state", "poi"),
    [
        (GensetState.READY, {"current_a": SPOILT}),
        (GensetState.LOADED, {"current_a": SPOILT}),
        (GensetState.STARTING, {"position": CLOSED}),
        (GensetState.STARTING, {"position": None}),
    ],
)
def test_who_is_nearly_on_the_bus_or_not_shown_open_is_stopped_at_once(
    state: GensetState, poi: dict[str, object]
) -> None:
    watch, wish = cranked_onto_nothing()
    verdict = watch.sees(with_poi(with_genset(dark_and_earthed(), state), **poi), wish)
    assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]
    assert verdict.allowed.gensets["genset"].stop


def test_another_reason_than_a_missing_proof_stops_it_at_once() -> None:
    watch, wish = cranked_onto_nothing()
    starting = with_genset(dark_and_earthed(), GensetState.STARTING)
    verdict = watch.sees(with_battery(starting, mode=FORMING), wish)
    assert reasons(verdict) == [Reason.VETO_SECOND_FORMER]
    assert verdict.allowed.gensets["genset"].stop


def test_what_never_passed_has_not_passed_since() -> None:
    assert not Track().has_passed_since(0.0)
    assert Track(passed_at_s=1.0).has_passed_since(1.0)
    assert not Track(passed_at_s=1.0).has_passed_since(1.5)
