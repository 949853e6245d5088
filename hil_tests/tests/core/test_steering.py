"""Steering learns what the former runs beside what is asked of it, from the angle alone."""

from __future__ import annotations

from random import Random

import pytest

from controller.core.resync import moving_slip_hz
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.words import Mode, SettingsGroup, Switcher
from hil_tests.tests.core.hubs import LIVE, hub, islanded, with_poi
from hil_tests.tests.core.run import Run

SEEN_W = 3 * 230.0 * 12.0  # twelve amperes a phase, four times what counts as none
OFF_HZ = 0.2  # what the former runs below its set-point, beside what the site file's droop explains


class Former:
    """The angle that a former makes which runs so far beside its set-point; meters of both sides differ by 3 mHz."""

    def __init__(self, run: Run, angle_deg: float, off_hz: float = OFF_HZ) -> None:
        self._run, self.angle_deg, self._off_hz, self._at_s = run, angle_deg, off_hz, 0.0
        self._told_hz = 50.0
        self.delayed_hz: float | None = None
        self.is_measured = True

    @property
    def set_hz(self) -> float:
        """What it was told last."""
        command = self._run.commands.batteries.get("battery")
        if command is not None and command.frequency_set_hz is not None:
            self._told_hz = command.frequency_set_hz
        return self._told_hz

    def __call__(self, t: float) -> ProcessImage:
        image = islanded(t)
        power_w = image.batteries["battery"].power_w
        droop_hz = hub().batteries["battery"].droop_hz_per_w * (power_w.total if power_w is not None else 0.0)
        set_hz = self.set_hz if self.delayed_hz is None else self.delayed_hz
        bus_hz = set_hz - droop_hz - self._off_hz
        if self._at_s:
            self.angle_deg = (self.angle_deg + 360.0 * (bus_hz - 50.0) * (t - self._at_s) + 180.0) % 360.0 - 180.0
        self._at_s = t
        return with_poi(
            image,
            grid_voltage_v=LIVE,
            grid_frequency_hz=50.0,
            bus_frequency_hz=bus_hz + 0.003,
            angle_difference_deg=self.angle_deg if self.is_measured else None,
            settings_group=SettingsGroup.GRID,
        )


def steering(angle_deg: float, off_hz: float = OFF_HZ, closed_by: Switcher = Switcher.CONTROLLER) -> tuple[Run, Former]:
    poi = hub().poi
    run = Run(replace(hub(), poi=replace(poi, switching=replace(poi.switching, closed_by=closed_by))))
    run.see(islanded, 0.6)
    former = Former(run, 170.0)
    run.see(lambda t: with_poi(former(t), angle_difference_deg=170.0), 10.5)
    assert run.memory.mode is Mode.RECONNECTION
    former = Former(run, angle_deg, off_hz)
    return run, former


@pytest.mark.parametrize("off_hz", [OFF_HZ, -OFF_HZ, 0.45])
def test_a_former_beside_its_set_point_is_brought_to_the_window_all_the_same(off_hz: float) -> None:
    run, former = steering(120.0, off_hz)
    while run.commands.poi.close is None:
        assert run.now_s < 150.0
        run.see(former)
    assert abs(former.angle_deg) < 4.0


def test_what_is_learnt_stays_while_the_angle_is_not_seen() -> None:
    run, former = steering(90.0)
    run.see(former, 8.0)
    learnt = run.memory.batteries["battery"].trim
    assert learnt is not None
    assert learnt.offset_hz == pytest.approx(OFF_HZ, abs=0.02)
    former.is_measured = False
    run.see(former, 2.0)
    kept = run.memory.batteries["battery"].trim
    assert kept is not None
    assert kept.offset_hz == learnt.offset_hz


def test_a_grid_that_jumps_is_not_taken_for_a_former_that_runs_off() -> None:
    run, former = steering(60.0, 0.0)
    run.see(former, 8.0)
    former.angle_deg += 10.0
    run.see(former, 0.1)
    trim = run.memory.batteries["battery"].trim
    assert trim is not None
    assert abs(trim.offset_hz) < 0.02


def test_what_was_learnt_is_forgotten_on_the_grid_and_bounded_before() -> None:
    run, former = steering(60.0, 3.0)
    run.see(former, 20.0)
    trim = run.memory.batteries["battery"].trim
    assert trim is not None
    assert trim.offset_hz == 0.5
    run.see(islanded, 1.0)
    assert run.memory.mode is Mode.ISLANDED
    assert run.memory.batteries["battery"].trim is None


def test_while_the_contact_is_on_its_way_nobody_is_told_anything() -> None:
    run, former = steering(2.0, 0.0)
    while run.commands.poi.close is None:
        assert run.commands.batteries
        run.see(former)
        assert run.now_s < 200.0, "it closes"
    assert run.commands.batteries, "what it is timed for is said with it"
    order = run.commands.poi.close
    while run.commands.poi.close is order:
        run.see(former)
        assert run.commands.poi.close is not order or run.commands.batteries == {}
    assert run.commands.batteries == {}, "it may still come"
    run.see(former, 0.4)
    assert run.commands.batteries, "it did not come: steered on"


def test_who_is_joined_to_the_grid_without_a_sign_is_not_left_in_peace() -> None:
    """The contact says open, the angle is none, no current flows: only who moves finds out that he cannot."""
    droop_hz, load_w = hub().batteries["battery"].droop_hz_per_w, 20_000.0
    steeper_hz = 0.05 * droop_hz * load_w  # than its site file says
    run, former = steering(0.3, steeper_hz, Switcher.SYNC_RELAY)
    run.see(former, 20.0)
    while abs(former.angle_deg) > 0.2:
        run.see(former)
    given_w, since_s = load_w, run.now_s

    def joined(t: float) -> ProcessImage:
        nonlocal given_w
        given_w += (former.set_hz - 50.0 - 1.05 * droop_hz * given_w) / droop_hz
        image = with_poi(islanded(t), grid_voltage_v=LIVE, grid_frequency_hz=50.0, bus_frequency_hz=50.0)
        image = with_poi(image, angle_difference_deg=0.0, settings_group=SettingsGroup.GRID)
        battery = replace(image.batteries["battery"], power_w=PhaseValues.even(given_w / 3.0))
        return replace(image, batteries={**image.batteries, "battery": battery})

    while abs(given_w - load_w) < SEEN_W:
        run.see(joined)
        assert run.now_s < since_s + 12.0, "it stands still"


def test_what_we_time_ourselves_is_kept_in_step_until_it_has_been_ordered_once() -> None:
    """An angle that has got stuck hides how far the island moves: it closed 12 degrees off."""
    run, former = steering(0.5, 0.0)
    lame = PhaseValues(1.04 * 230.0, 230.0, 230.0)  # one phase too far off: the closing waits
    seen = []
    for _ in range(1000):
        run.see(lambda t: with_poi(former(t), bus_voltage_v=lame))
        seen.append(former.angle_deg)
    assert run.commands.poi.close is None
    assert max(map(abs, seen[500:])) < 0.6
    while run.commands.poi.close is None:
        run.see(former)
        assert run.now_s < 300.0
    seen.clear()
    for _ in range(400):  # it did not close, or closed without a sign
        run.see(lambda t: with_poi(former(t), bus_voltage_v=lame))
        seen.append(former.angle_deg)
    assert min(seen) < -1.0
    assert max(seen) > 1.0


@pytest.mark.parametrize(("delay_s", "at_most_deg"), [(0.3, 2.8), (0.6, 4.2)])
def test_a_slow_inverter_is_not_driven_ever_further(delay_s: float, at_most_deg: float) -> None:
    """What is learnt while the angle still answers the passing before made the next one quicker."""
    run, former = steering(0.5, 0.0, Switcher.SYNC_RELAY)
    told: list[float] = []
    slow = Former(run, 0.5, 0.0)
    seen = []

    def image(t: float) -> ProcessImage:
        told.append(former.set_hz)
        slow.delayed_hz = told[max(0, len(told) - 1 - round(delay_s / 0.05))]
        return slow(t)

    for _ in range(1200):
        run.see(image)
        seen.append(slow.angle_deg)
    assert max(map(abs, seen[400:])) < at_most_deg


def test_an_island_in_step_passes_through_the_angle_and_comes_back() -> None:
    slip_hz, angle_deg, seen = 0.0, 30.0, []
    for _ in range(4000):
        seen_poi = with_poi(islanded(0.0), angle_difference_deg=angle_deg, grid_frequency_hz=50.0).poi
        slip_hz = moving_slip_hz(seen_poi, slip_hz, hub())
        angle_deg += 360.0 * slip_hz * 0.05
        seen.append(angle_deg)
    assert max(map(abs, seen[1000:])) < 2.5
    assert min(seen[1000:]) < -1.0
    assert max(seen[1000:]) > 1.0


def test_in_a_narrow_window_what_an_instrument_scatters_does_not_hold_it_still() -> None:
    site = replace(hub(), poi=replace(hub().poi, angle_error_deg=3.9))
    slip_hz, angle_deg, seen, scatter = 0.0, 0.5, [], Random(1)
    for _ in range(8000):
        noisy_deg = angle_deg + scatter.gauss(0.0, 0.2)
        seen_poi = with_poi(islanded(0.0), angle_difference_deg=noisy_deg, grid_frequency_hz=50.0).poi
        slip_hz = moving_slip_hz(seen_poi, slip_hz, site)
        angle_deg += 360.0 * slip_hz * 0.05
        seen.append(angle_deg)
    assert min(seen) < -0.4
    assert max(seen) > 0.4


@pytest.mark.parametrize(("closing_s", "unsure_s", "error_deg"), [(0.3, 0.2, 3.0), (1.0, 0.8, 1.0), (0.08, 0.03, 3.9)])
def test_a_breaker_whose_time_is_hardly_known_has_its_window_all_the_same(
    closing_s: float, unsure_s: float, error_deg: float
) -> None:
    poi = replace(
        hub().poi, breaker_closing_s=closing_s, breaker_closing_uncertainty_s=unsure_s, angle_error_deg=error_deg
    )
    site = replace(hub(), poi=poi)
    seen_poi = with_poi(islanded(0.0), angle_difference_deg=0.0, grid_frequency_hz=50.0).poi
    slip_hz = moving_slip_hz(seen_poi, 0.0, site)
    assert 0.0 < slip_hz <= 0.01
    assert 360.0 * slip_hz * (closing_s + unsure_s) + error_deg < 4.0
