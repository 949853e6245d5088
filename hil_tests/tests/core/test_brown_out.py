"""A short that was there when the grid went: who forms upon it gives all it has, and the island never comes."""

from __future__ import annotations

from controller.core.feeders import shed as shed_feeders
from controller.model.commands import SwitchCommand
from controller.model.image import ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Mode
from hil_tests.tests.core.hubs import OPEN, dark, hub, islanded, on_grid, with_battery, with_feeder, with_poi
from hil_tests.tests.core.run import Run

LOW = PhaseValues.even(90.0)


def brown_out(at_s: float) -> ProcessImage:
    seen = with_poi(islanded(at_s), bus_voltage_v=LOW)
    return with_battery(seen, voltage_v=LOW, power_w=PhaseValues.even(5_000.0))


def transfer() -> Run:
    run = Run(hub())
    run.see(on_grid, 2.0)
    run.see(dark, 1.0)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    return run


def shed(run: Run) -> set[str]:
    return {feeder for feeder, state in run.memory.feeders.items() if state.shed_since_s is not None}


def test_a_short_that_was_there_at_the_loss_is_shed_before_the_inverter_trips() -> None:
    """T2 shed nobody: after three seconds at its limit the inverter tripped, and the desk was dark for a minute."""
    run = transfer()
    before = shed(run)
    run.see(brown_out, 1.8)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert shed(run) > before


def test_a_former_that_is_still_bringing_its_voltage_up_sheds_nobody() -> None:
    run = transfer()
    before = shed(run)
    run.see(brown_out, 0.9)
    run.see(islanded, 1.0)
    assert (run.memory.mode, shed(run)) == (Mode.ISLANDED, before)


def test_who_is_being_picked_up_when_the_voltage_goes_is_the_first_to_stay_off() -> None:
    """Its contactor is slow: the guard refused a pick-up that went on while a lower tier was being shed."""

    def without_phones(at_s: float) -> ProcessImage:
        return with_feeder(islanded(at_s), "phones", position=OPEN, power_w=ZERO)

    run = Run(hub())
    run.see(islanded, 1.0)
    run.memory = shed_feeders(run.memory, ["phones"], Reason.OVERLOAD, run.now_s)
    while not (run.commands.feeders.get("phones") or SwitchCommand()).close:
        run.see(without_phones)
        assert run.now_s < 130.0
    run.see(lambda at_s: with_feeder(brown_out(at_s), "phones", position=OPEN, power_w=ZERO), 0.2)
    assert run.commands.feeders["phones"].close is None
    assert shed(run) == {"phones"}
