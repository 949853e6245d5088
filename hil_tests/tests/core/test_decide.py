"""The heart, story by story, without a plant: what is seen goes in, what is wanted comes out."""

from __future__ import annotations

import pytest

from controller.model.commands import Commands
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, GensetSeen, ProcessImage, PvSeen
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import BusSide, GensetState, InverterMode, Mode
from hil_tests.tests.core.hubs import (
    CLOSED,
    DEAD,
    LIVE,
    OPEN,
    dark,
    hub,
    islanded,
    nothing_left,
    on_grid,
    with_battery,
    with_feeder,
    with_poi,
)
from hil_tests.tests.core.run import Run


def started(image: object = on_grid) -> Run:
    run = Run(hub())
    run.see(image, 0.6)  # type: ignore[arg-type]
    return run


def blackout(at_s: float) -> ProcessImage:
    return with_poi(
        on_grid(at_s), grid_voltage_v=DEAD, bus_voltage_v=DEAD, grid_frequency_hz=None, angle_difference_deg=None
    )


def test_a_start_on_grid_moves_nothing_until_the_plant_is_read() -> None:
    run = Run(hub())
    decision = run.see(lambda _: ProcessImage())
    assert decision.memory.mode is Mode.UNKNOWN
    assert decision.commands == Commands()
    run.see(on_grid)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert run.memory.reason is Reason.RECOVERED_ON_GRID


@pytest.mark.parametrize(
    ("image", "mode"), [(on_grid, Mode.GRID_CONNECTED), (islanded, Mode.ISLANDED), (nothing_left, Mode.DARK)]
)
def test_a_restart_reads_the_mode_off_the_plant_and_moves_no_contactor(image: object, mode: Mode) -> None:
    run = started(image)
    assert run.memory.mode is mode
    run.restart()
    run.see(image, 1.0)  # type: ignore[arg-type]
    assert run.memory.mode is mode
    assert run.commands.feeders == {}
    assert run.commands.poi.close is None


def test_ten_blind_seconds_lock_out_until_the_measurements_come() -> None:
    run = Run(hub())
    run.see(lambda _: ProcessImage(), 10.2)
    assert (run.memory.mode, run.memory.reason) == (Mode.LOCKED_OUT, Reason.START_UNCLEAR)
    run.see(on_grid, 0.2)
    assert run.memory.mode is Mode.GRID_CONNECTED


def test_a_dead_grid_opens_and_sheds_in_one_cycle_once_confirmed() -> None:
    run = started(lambda t: on_grid(t, 90_000.0))
    vanished = lambda t: replace(blackout(t), feeders=on_grid(t, 0.0).feeders)  # noqa: E731
    run.see(vanished, 0.1)
    assert run.memory.mode is Mode.GRID_CONNECTED, "two samples are not yet a tenth of a second"
    run.see(vanished, 0.05)
    assert run.memory.mode.value == "unplanned_islanding"
    assert run.commands.poi.open
    assert run.commands.feeders["ev_posts"].open
    assert "desk" not in run.commands.feeders


def test_the_relay_is_first_and_the_same_answer_runs_in_the_same_cycle() -> None:
    run = started(lambda t: on_grid(t, 90_000.0))
    run.see(lambda t: with_poi(on_grid(t, 90_000.0), position=OPEN, relay_tripped=True))
    assert (run.memory.mode, run.memory.reason) == (Mode.UNPLANNED_ISLANDING, Reason.POI_OPENED_BY_ITSELF)
    assert run.commands.feeders["ev_posts"].open


def test_a_sag_that_the_code_rides_through_moves_nothing() -> None:
    run = started()
    sag = PhaseValues.even(0.3 * 230)
    run.see(lambda t: with_poi(on_grid(t), grid_voltage_v=sag, bus_voltage_v=sag), 0.15)
    run.see(on_grid, 1.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert not any(e.kind is EventKind.ORDERED_OPEN for e in run.events)


def test_forming_waits_for_the_proof_then_for_the_earthing() -> None:
    run = started()
    run.see(blackout, 0.2)
    assert run.commands.batteries["battery"].form is None
    run.see(dark, 0.1)
    assert run.commands.earthing.close is not None, "proven twice: earth first"
    assert run.commands.batteries["battery"].form is None
    run.see(lambda t: replace(dark(t), earthing=EarthingSeen(t, CLOSED)))
    assert run.commands.batteries["battery"].form is not None
    assert run.commands.batteries["second"].form is None, "one dead-bus token"
    run.see(islanded, 0.1)
    assert run.memory.mode is Mode.ISLANDED
    assert run.commands.batteries["battery"].form is None, "answered: the order is over"


def test_an_order_keeps_its_instant_while_it_is_restated() -> None:
    run = started()
    run.see(blackout, 0.2)
    ready = lambda t: replace(dark(t), earthing=EarthingSeen(t, CLOSED))  # noqa: E731
    run.see(ready, 0.1)
    first = run.commands.batteries["battery"].form
    run.see(ready, 0.5)
    assert first is not None
    assert run.commands.batteries["battery"].form == first


def test_a_stuck_breaker_locks_out_and_nobody_forms() -> None:
    run = started()
    run.see(blackout, 1.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert run.commands.poi.open, "the wish to open goes on"
    assert run.commands.batteries["battery"].stop
    run.see(dark, 0.2)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING


def test_current_through_an_open_contact_stops_the_former() -> None:
    run = started(islanded)
    lie = lambda t: with_poi(  # noqa: E731
        islanded(t),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=0.0,
        current_a=PhaseValues.even(40),
    )
    run.see(lie, 0.2)
    assert (run.memory.mode, run.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert run.commands.batteries["battery"].stop


def test_nobody_to_form_ends_dark_and_says_so() -> None:
    run = started()
    run.see(blackout, 0.2)
    run.see(lambda t: replace(with_battery(dark(t), mode=InverterMode.FAULT), gensets={}), 6.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.DARK, Reason.ISLAND_NOT_FORMED)


def test_three_forming_orders_without_voltage_end_dark() -> None:
    run = started()
    run.see(blackout, 0.2)
    run.see(lambda t: replace(dark(t), earthing=EarthingSeen(t, CLOSED)), 20.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.DARK, Reason.ISLAND_NOT_FORMED)
    assert sum(e.kind is EventKind.ORDERED_FORM for e in run.events) == 3


def test_a_fourth_blackout_in_ten_minutes_is_answered_like_the_first() -> None:
    run = started()
    ready = lambda t: replace(dark(t), earthing=EarthingSeen(t, CLOSED))  # noqa: E731
    for _ in range(4):
        run.see(blackout, 0.2)
        run.see(ready, 0.3)
        run.see(islanded, 1.0)
        assert run.memory.mode is Mode.ISLANDED
        run.see(on_grid, 1.0)


def test_a_contact_stuck_closed_cannot_hide_an_open_poi() -> None:
    run = started()
    hidden = lambda t: with_poi(  # noqa: E731
        dark(t), position=CLOSED, grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=None
    )
    run.see(hidden, 0.2)
    assert (run.memory.mode, run.memory.reason) == (Mode.UNPLANNED_ISLANDING, Reason.POI_OPENED_BY_ITSELF)


@pytest.mark.parametrize(("bus", "wanted_w"), [(BusSide.ISLAND, 2_000.0), (BusSide.GRID_SIDE, 5_000.0)])
def test_a_genset_counts_on_the_sun_of_its_own_side_only(bus: BusSide, wanted_w: float) -> None:
    plain = hub()
    run = Run(replace(plain, pv={"pv": replace(plain.pv["pv"], bus=bus)}))
    run.see(islanded, 0.6)

    def sunny(t: float) -> ProcessImage:
        seen = with_battery(islanded(t, 5_000.0), soc_pct=20.0, charge_limit_w=0.0)
        seen = with_battery(seen, "second", soc_pct=20.0, charge_limit_w=0.0)
        return replace(
            seen,
            pv={"pv": PvSeen(t, PhaseValues.even(1_000.0), 50_000.0, True)},
            gensets={"genset": GensetSeen(t, GensetState.LOADED, PhaseValues.even(1_000.0), 100.0)},
        )

    run.see(sunny, 0.4)
    assert run.commands.gensets["genset"].power_set_w == pytest.approx(wanted_w)


def test_a_genset_gives_no_more_than_load_and_a_frozen_battery_take() -> None:
    run = started(islanded)

    def low(t: float) -> ProcessImage:
        return with_battery(with_battery(islanded(t, 5_000.0), soc_pct=20.0), "second", soc_pct=20.0)

    def frozen(t: float) -> ProcessImage:
        seen = with_battery(with_battery(low(t), charge_limit_w=0.0), "second", charge_limit_w=0.0)
        return replace(seen, gensets={"genset": GensetSeen(t, GensetState.LOADED, PhaseValues.even(2_000.0), 100.0)})

    run.see(low, 0.2)
    run.see(frozen, 0.2)
    assert run.commands.gensets["genset"].power_set_w == pytest.approx(5_000.0)


def test_a_collapsed_island_sheds_what_can_wait_and_forms_again() -> None:
    run = started(islanded)
    run.see(dark, 0.5)
    assert (run.memory.mode, run.memory.reason) == (Mode.UNPLANNED_ISLANDING, Reason.ISLAND_COLLAPSED)
    assert {f for f, c in run.commands.feeders.items() if c.open} == {"medical", "warm_room", "phones", "ev_posts"}


def test_overload_sheds_the_highest_tier_on_the_loaded_phase_first() -> None:
    run = started(lambda t: islanded(t, 50_000.0))
    heavy = lambda t: with_battery(islanded(t, 75_000.0), power_w=PhaseValues.even(25_000.0))  # noqa: E731
    run.see(heavy, 2.3)
    shed = {f for f, c in run.commands.feeders.items() if c.open}
    assert shed == {"ev_posts"}
    assert any(e.kind is EventKind.SHED and e.reason is Reason.OVERLOAD for e in run.events)


def test_a_motor_start_is_no_overload() -> None:
    run = started(islanded)
    run.see(lambda t: with_battery(islanded(t), power_w=PhaseValues.even(25_000.0)), 1.5)
    run.see(islanded, 1.0)
    assert not any(e.kind is EventKind.SHED for e in run.events)


def test_a_tripped_feeder_is_never_closed_by_us() -> None:
    run = started(islanded)
    run.see(lambda t: with_feeder(islanded(t), "warm_room", position=OPEN, power_w=ZERO), 30.0)
    assert run.memory.feeders["warm_room"].reason is Reason.TRIPPED
    assert "warm_room" not in run.commands.feeders
