"""The way back to the grid, people and their latches, story by story, without a plant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.decide import decide, fresh_memory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Authority, GridVerdict, Mode, SettingsGroup
from hil_tests.tests.core.hubs import (
    DEAD,
    LIVE,
    dark,
    hub,
    islanded,
    nothing_left,
    on_grid,
    with_battery,
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


def returned(t: float, angle_deg: float = 2.0, bus_hz: float = 50.0) -> ProcessImage:
    return with_poi(
        islanded(t),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        bus_frequency_hz=bus_hz,
        angle_difference_deg=angle_deg,
        settings_group=SettingsGroup.GRID,
    )


def test_back_to_the_grid_after_the_observation_time_inside_the_window() -> None:
    run = started(islanded)
    run.see(lambda t: returned(t, 90.0), 9.5)
    assert run.memory.mode is Mode.ISLANDED
    run.see(lambda t: returned(t, 90.0), 1.0)
    assert run.memory.mode.value == "reconnection"
    assert run.commands.poi.close is None
    slower = run.commands.batteries["battery"].frequency_set_hz
    assert slower is not None
    assert slower < 50.0 + hub().batteries["battery"].droop_hz_per_w * 20_000.0, "ahead of the grid: run slower"
    run.see(returned, 0.6)
    assert run.commands.poi.close is None, "the angle has leapt: what the former is told settles first"
    run.see(returned)
    assert run.commands.poi.close is not None
    assert not run.commands.poi.open
    run.see(on_grid, 0.1)
    assert (run.memory.mode, run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert run.commands.batteries["battery"].follow
    assert run.commands.earthing.open is True


def test_an_inrush_beyond_the_rating_is_not_steered_against() -> None:
    run = started(islanded)
    surge = PhaseValues.even(100_000.0)
    for image in (islanded, returned):
        run.see(image, 15.0)
        run.see(lambda t, image=image: with_battery(image(t), power_w=surge))  # type: ignore[misc]
        wanted_hz = run.commands.batteries["battery"].frequency_set_hz
        assert wanted_hz is not None
        assert 50.0 < wanted_hz <= 51.4, "what the envelope allows"


def test_no_closing_with_island_settings_active() -> None:
    run = started(islanded)
    run.see(lambda t: with_poi(returned(t), settings_group=SettingsGroup.ISLAND), 12.0)
    assert run.memory.mode is Mode.RECONNECTION
    assert run.commands.poi.settings_group is SettingsGroup.GRID
    assert run.commands.poi.close is None


def test_the_grid_lost_again_at_the_closing_instant_opens_at_once() -> None:
    run = started(islanded)
    while run.commands.poi.close is None:
        run.see(returned)
    run.see(islanded, 0.15)
    assert (run.memory.mode, run.memory.reason) == (Mode.ISLANDED, Reason.GRID_LOST_AGAIN)
    assert run.commands.poi.open
    assert run.commands.poi.close is None


def blinded(at_s: float) -> ProcessImage:
    return with_poi(returned(at_s), grid_voltage_v=None, grid_frequency_hz=None, angle_difference_deg=None)


def half_blinded(at_s: float) -> ProcessImage:
    return with_poi(returned(at_s), grid_frequency_hz=None)


@pytest.mark.parametrize("image", [blinded, half_blinded])
def test_a_grid_that_is_only_not_measured_is_not_said_to_be_gone(image: Callable[[float], ProcessImage]) -> None:
    run = started(islanded)
    run.see(lambda t: returned(t, 90.0), 10.5)
    run.see(image)
    assert (run.memory.mode, run.memory.reason) == (Mode.ISLANDED, Reason.GRID_UNSEEN)


def test_a_grid_outside_its_window_is_said_to_be_no_longer_good() -> None:
    run = started(islanded)
    run.see(lambda t: returned(t, 90.0), 10.5)
    run.see(lambda t: with_poi(returned(t), grid_frequency_hz=50.15))
    assert (run.memory.mode, run.memory.reason) == (Mode.ISLANDED, Reason.GRID_LOST_AGAIN)


def test_a_flapping_grid_earns_growing_patience() -> None:
    run = started(islanded)
    waits = []
    for _ in range(3):
        begin_s = run.now_s
        while run.memory.mode is Mode.ISLANDED:
            run.see(lambda t: returned(t, 90.0))
        waits.append(run.now_s - begin_s)
        run.see(islanded, 0.6)
    assert waits[0] < waits[1] < waits[2]


def wait_for_the_grid(run: Run) -> float:
    begin_s = run.now_s
    while run.memory.mode is Mode.ISLANDED:
        run.see(lambda t: returned(t, 90.0))
    return run.now_s - begin_s


def test_a_grid_that_goes_again_soon_after_the_return_earns_patience_too() -> None:
    run = started(islanded)
    first_s = wait_for_the_grid(run)
    run.see(on_grid, 20.0)
    assert run.memory.reason is Reason.RECONNECTED
    run.see(islanded, 0.6)
    assert wait_for_the_grid(run) == pytest.approx(first_s + run.hub.timing.flap_patience_s, abs=0.2)


def test_a_grid_that_was_never_left_by_us_earns_none() -> None:
    run = started(on_grid)
    run.see(islanded, 0.6)
    assert wait_for_the_grid(run) < run.hub.timing.flap_patience_s


def at_voltage(image: Callable[[float], ProcessImage], ratio: float) -> Callable[[float], ProcessImage]:
    return lambda t: with_poi(image(t), grid_voltage_v=PhaseValues.even(ratio * 230.0))


def test_a_grid_inside_the_codes_window_and_outside_our_own_is_waited_for() -> None:
    run = started(islanded)
    run.see(at_voltage(returned, 1.06), 30.0)
    assert (run.memory.mode, run.memory.grid.verdict) == (Mode.ISLANDED, GridVerdict.OK)
    run.see(at_voltage(returned, 1.04), 9.5)
    assert run.memory.mode is Mode.ISLANDED, "observed anew"
    run.see(at_voltage(returned, 1.04), 1.0)
    assert run.memory.mode.value == "reconnection"


@pytest.mark.parametrize("ratio", [0.91, 1.06])
def test_on_the_way_back_nothing_is_closed_outside_our_own_window(ratio: float) -> None:
    run = started(islanded)
    run.see(lambda t: returned(t, 90.0), 10.5)
    alike = lambda t: with_poi(at_voltage(returned, ratio)(t), bus_voltage_v=PhaseValues.even(ratio * 230.0))  # noqa: E731
    run.see(alike, 5.0)
    assert run.memory.mode.value == "reconnection"
    assert run.commands.poi.close is None


def test_a_hub_that_sheds_for_want_of_energy_takes_what_the_code_allows() -> None:
    run = started(islanded)
    high = at_voltage(returned, 1.09)
    run.see(lambda t: with_battery(with_battery(high(t), soc_pct=8.0), "second", soc_pct=8.0), 10.5)
    assert run.memory.mode.value == "reconnection"


def by_hand(image: Callable[[float], ProcessImage]) -> Callable[[float], ProcessImage]:
    return lambda t: replace(image(t), local_control=True)


def test_who_turns_the_key_to_local_is_not_closed_upon() -> None:
    run = started(islanded)
    while run.commands.poi.close is None:
        run.see(returned)
    run.see(by_hand(returned))
    assert run.commands.poi.close is None
    run.see(by_hand(returned), 30.0)
    assert run.commands.poi.close is None
    for _ in range(400):
        run.see(returned)
        if run.commands.poi.close is not None:
            return
    raise AssertionError("the key is back, and nobody closes")


def test_the_network_operators_lock_holds_until_a_person_releases_it() -> None:
    run = started(islanded)
    run.see(lambda t: with_poi(islanded(t), dso_lock=True), 1.0)
    run.see(returned, 30.0)
    assert run.memory.mode is Mode.ISLANDED
    release = OperatorRequest("1", RequestKind.RELEASE_LATCH, "dso_lock", "duty", True, run.now_s + 10)
    run.see(returned, advice=Advice(requests=(release,)))
    run.see(returned, 1.0)
    assert run.memory.mode.value == "reconnection"


def test_three_orders_without_contact_leave_the_island_and_call_a_person() -> None:
    run = started(islanded)
    run.see(returned, 60.0)
    assert run.memory.mode is Mode.ISLANDED
    assert run.memory.durable.latch("poi_close") is not None
    release = OperatorRequest("1", RequestKind.RELEASE_LATCH, "poi_close", "duty", True, run.now_s + 10)
    run.see(islanded, advice=Advice(requests=(release,)))
    assert run.memory.durable.latch("poi_close") is None


@pytest.mark.parametrize("image", [on_grid, islanded, dark])
def test_emergency_off_stops_everything_in_every_mode_and_only_a_person_at_the_hub_releases_it(image: object) -> None:
    run = started(image)
    pressed = lambda t: replace(image(t), emergency_off=True)  # type: ignore[operator]  # noqa: E731
    run.see(pressed, 0.1)
    assert (run.memory.mode, run.memory.reason) == (Mode.LOCKED_OUT, Reason.EMERGENCY_OFF)
    assert run.commands.poi.open
    assert all(command.stop for command in run.commands.batteries.values())
    run.restart()
    run.see(dark, 0.2)
    assert run.memory.mode is Mode.LOCKED_OUT, "a latch survives a restart"
    from_afar = OperatorRequest("1", RequestKind.RELEASE_LATCH, "emergency_off", "x", False, run.now_s + 10)
    at_hub = replace(from_afar, id="2", at_the_hub=True)
    run.see(dark, advice=Advice(requests=(from_afar,)))
    assert run.memory.mode is Mode.LOCKED_OUT
    run.see(dark, advice=Advice(requests=(at_hub,)))
    run.see(nothing_left, 0.2)
    assert run.memory.mode.value == "dark"


def test_a_grid_that_is_a_genset_is_rejected() -> None:
    from controller.model.words import GridSource

    run = started(islanded)
    run.see(lambda t: with_poi(returned(t), source=GridSource.GENSET), 20.0)
    assert run.memory.grid.verdict is GridVerdict.REJECTED
    assert run.memory.mode is Mode.ISLANDED


def test_pv_is_limited_to_what_the_island_can_absorb() -> None:
    run = started(islanded)
    full = lambda t: with_battery(islanded(t), charge_limit_w=0.0)  # noqa: E731
    run.see(full, 0.1)
    limit_w = run.commands.pv["pv"].limit_w
    assert limit_w is not None
    assert limit_w < 20_000.0, "less than the load, for the largest load may go"
    run.see(islanded, 0.1)
    roomy_w = run.commands.pv["pv"].limit_w
    assert roomy_w is not None
    assert roomy_w > limit_w


def test_in_manual_a_return_waits_for_a_person() -> None:
    run = started(islanded)
    manual = OperatorRequest("m", RequestKind.MANUAL_ON, None, "duty", True, run.now_s + 10)
    run.see(islanded, advice=Advice(requests=(manual,)))
    assert run.memory.durable.authority is Authority.MANUAL
    run.see(returned, 30.0)
    assert run.memory.mode is Mode.ISLANDED
    please = OperatorRequest("r", RequestKind.RECONNECT, None, "duty", True, run.now_s + 10)
    run.see(returned, advice=Advice(requests=(please,)))
    run.see(returned, 0.1)
    assert run.memory.mode.value == "reconnection"


def test_an_expired_request_never_was() -> None:
    run = started()
    late = OperatorRequest("l", RequestKind.OBSERVE_ON, None, "duty", True, run.now_s - 1)
    run.see(on_grid, advice=Advice(requests=(late,)))
    assert run.memory.durable.authority is Authority.AUTO


def test_the_same_arguments_give_the_same_decision() -> None:
    memory = fresh_memory(DurableMemory(), 0.0)
    assert decide(memory, on_grid(1.0), Advice(), hub(), 1.0) == decide(memory, on_grid(1.0), Advice(), hub(), 1.0)
