"""What looks like a street that is fed, and is none: a meter that lags, a contact that is early or blinks, one false
sample, an answer lost on the way up. A hub that is locked out for it is dark until the grid is back.
"""

from __future__ import annotations

import pytest

from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import PhaseValues
from controller.model.words import Authority, BreakerPosition, InverterMode, Mode
from hil_tests.tests.core.hubs import CLOSED, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_blind_and_slow import SEEN_APART_S, rising, rising_unseen
from hil_tests.tests.core.test_blind_while_forming import forming, open_and_dead
from hil_tests.tests.core.test_borne_out import dragged, joined
from hil_tests.tests.core.test_breaker_failed import always_forms
from hil_tests.tests.core.test_contact_on_the_way import near, steered


def test_an_inverter_that_forms_while_the_breaker_opens_convicts_nobody() -> None:
    """The contact is another device's than the current, and is seen sooner."""
    run = Run(always_forms())
    run.see(on_grid, 1.0)
    run.see(lambda t: with_poi(dragged(t), position=CLOSED), 0.15)
    assert run.commands.poi.open
    run.see(dragged, 0.2)
    run.see(islanded, 0.6)
    assert run.memory.mode is Mode.ISLANDED


def test_blinks_of_who_has_been_seen_apart_are_no_marks() -> None:
    """A slow inverter on its way up, beside a street that is dead."""
    watched = forming()
    for _ in range(4):
        watched.see(rising, SEEN_APART_S)
        watched.see(rising_unseen, 0.5)
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    assert not [a for a in watched.run.memory.durable.attempts if a.kind == "formed_unseen"]


def ramp(at_s: float, amps: float) -> ProcessImage:
    """A slow inverter on its way up."""
    volts = PhaseValues.even(10.0)
    seen = with_poi(open_and_dead(at_s), bus_voltage_v=volts, current_a=PhaseValues.even(amps))
    return with_battery(seen, voltage_v=volts, mode=InverterMode.GRID_FORMING)


def test_one_false_current_on_the_way_up_is_no_street() -> None:
    watched = forming()
    watched.see(lambda t: ramp(t, 0.2), 0.1)
    watched.see(lambda t: ramp(t, 3.5))
    watched.see(lambda t: ramp(t, 0.2), 0.1)
    watched.see(islanded, 0.6)
    assert watched.mode is Mode.ISLANDED


def sagging(at_s: float, position: BreakerPosition | None) -> ProcessImage:
    """The grid has gone, and an inverter that cannot but form holds hub and street at 150 V."""
    volts = PhaseValues.even(150.0)
    seen = with_poi(on_grid(at_s), position=position, grid_voltage_v=volts, bus_voltage_v=volts, grid_frequency_hz=49.9)
    seen = with_poi(seen, bus_frequency_hz=49.9, current_a=PhaseValues.even(40.0))
    return with_battery(seen, mode=InverterMode.GRID_FORMING, voltage_v=volts)


@pytest.mark.parametrize("position", [None, BreakerPosition.OPEN])
def test_while_the_breaker_opens_its_contact_may_blink_or_be_seen_early(position: BreakerPosition | None) -> None:
    run = Run(always_forms())
    run.see(lambda t: with_battery(on_grid(t), mode=InverterMode.GRID_FORMING), 3.0)
    until_s = run.now_s + 10.0
    while run.memory.mode is Mode.GRID_CONNECTED:
        run.see(lambda t: sagging(t, CLOSED))
        assert run.now_s < until_s
    run.see(lambda t: sagging(t, position))
    run.see(islanded, 0.3)
    assert run.memory.mode is Mode.ISLANDED


def test_a_return_in_step_leaves_no_marks() -> None:
    """Its contact turns while its sides do not differ."""
    watched = steered()
    watched.see_until_closing(near)
    watched.see(near)
    watched.see(lambda t: with_poi(on_grid(t), current_a=PhaseValues.even(5.0)), 5.0)
    assert watched.mode is Mode.GRID_CONNECTED
    kinds = {attempt.kind for attempt in watched.run.memory.durable.attempts}
    assert not kinds & {"formed_unseen", "contact_lied", "contact_believed"}


def test_who_only_observes_catches_nobody() -> None:
    run = Run(hub())
    run.memory = replace(run.memory, durable=DurableMemory(authority=Authority.OBSERVE))
    run.see(islanded, 1.0)
    run.see(joined, 5.0)
    assert not [attempt for attempt in run.memory.durable.attempts if attempt.kind == "contact_lied"]
