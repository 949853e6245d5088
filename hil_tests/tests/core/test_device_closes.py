"""closed_by = "device": the inverter closes by itself. We let it, hold it back where we must, and follow."""

from __future__ import annotations

from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Mode, SettingsGroup, Switcher
from hil_tests.tests.core.hubs import LIVE, hub, islanded, on_grid, with_poi
from hil_tests.tests.core.run import Run


def returned(t: float) -> ProcessImage:
    return with_poi(
        islanded(t),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=1.0,
        settings_group=SettingsGroup.GRID,
    )


def locked(t: float) -> ProcessImage:
    return with_poi(returned(t), dso_lock=True)


def too_high(t: float) -> ProcessImage:
    return with_poi(returned(t), grid_voltage_v=PhaseValues.even(1.06 * 230.0))


def by_device() -> Run:
    plain = hub()
    run = Run(replace(plain, poi=replace(plain.poi, switching=PoiSwitching(Switcher.DEVICE, Switcher.DEVICE))))
    run.see(islanded, 0.6)
    return run


def test_it_is_held_open_until_the_grid_has_been_watched_and_then_let() -> None:
    run = by_device()
    run.see(returned, 9.5)
    assert run.commands.poi.open
    run.see(returned, 1.0)
    assert run.memory.mode is Mode.RECONNECTION
    assert not run.commands.poi.open


def test_it_gets_no_order_and_is_followed_when_it_has_closed() -> None:
    run = by_device()
    for _ in range(60):
        run.see(returned, 0.5)
        assert run.commands.poi.close is None
    assert run.commands.batteries["battery"].frequency_set_hz is not None
    run.see(on_grid, 0.1)
    assert (run.memory.mode, run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert run.commands.batteries["battery"].follow


def test_a_lock_and_a_grid_that_does_not_fit_hold_it_open_again() -> None:
    for image in (locked, too_high):
        run = by_device()
        run.see(returned, 11.0)
        run.see(image, 0.1)
        assert run.memory.mode is Mode.RECONNECTION
        assert run.commands.poi.open
