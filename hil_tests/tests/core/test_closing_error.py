"""After a return the journal has the contact as the POI's instrument saw it."""

from __future__ import annotations

import pytest

from controller.model.decision import Event
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind
from controller.model.words import SettingsGroup
from hil_tests.tests.core.hubs import LIVE, hub, islanded, on_grid, with_poi
from hil_tests.tests.core.run import Run


def before(t: float, angle_deg: float | None = -2.0) -> ProcessImage:
    return with_poi(
        islanded(t),
        grid_voltage_v=LIVE,
        bus_voltage_v=PhaseValues.even(227.7),
        grid_frequency_hz=50.0,
        bus_frequency_hz=50.02,
        angle_difference_deg=angle_deg,
        settings_group=SettingsGroup.GRID,
    )


def contacts(run: Run) -> list[Event]:
    return [event for event in run.events if event.kind is EventKind.CONTACT_MEASURED]


def returned(angle_deg: float | None = -2.0) -> Run:
    run = Run(hub())
    run.see(islanded, 0.6)
    run.see(lambda t: with_poi(before(t, 90.0), bus_voltage_v=PhaseValues.even(230.0)), 10.5)
    run.see(lambda t: before(t, angle_deg), 0.8)  # a grid that leaps: what the former is told settles first
    run.see(lambda t: with_poi(on_grid(t), angle_difference_deg=0.1, current_a=PhaseValues(9.0, 8.0, 7.0)), 1.0)
    return run


def test_the_last_sample_before_and_the_first_one_after() -> None:
    (contact,) = contacts(returned())
    inputs = contact.inputs
    assert (inputs["angle_deg"], inputs["slip_hz"], inputs["sample_gap_s"]) == (-2.0, 0.02, 0.05)
    assert inputs["contact_angle_deg"] == -2.0, "the slip was closing it"
    assert inputs["voltage_difference_ratio"] == pytest.approx(0.01)
    assert (inputs["angle_after_deg"], inputs["current_after_a"]) == (0.1, 9.0)
    assert inputs["ordered_before_s"] == pytest.approx(0.2)
    assert contact.values["contact_angle_deg"] == -2.0


def test_a_slip_that_opens_the_angle_counts_until_the_next_sample() -> None:
    (contact,) = contacts(returned(2.0))
    assert contact.inputs["contact_angle_deg"] == pytest.approx(2.0 + 360.0 * 0.02 * 0.05)


def test_a_start_on_grid_tells_of_no_contact() -> None:
    run = Run(hub())
    run.see(on_grid, 1.0)
    assert contacts(run) == []
