"""Contactors whose coils hang on the bus: they fall with the voltage, and do not come back with it by themselves."""

from __future__ import annotations

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.words import InverterMode, Mode
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_battery, with_feeder
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_dark import fallen


def test_a_contactor_that_fell_with_the_voltage_does_not_come_back_with_it() -> None:
    """Its coil hangs on the bus: told nothing, it would pull in by itself, and all of them at once."""
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(fallen, 0.4)
    run.see(lambda t: with_battery(fallen(t), mode=InverterMode.FAULT), 10.0)
    while run.memory.mode is not Mode.BLACK_START:
        assert run.now_s < 300.0
        run.see(fallen)
    told = {name for name, command in run.commands.feeders.items() if command.open}
    assert told == {"medical", "warm_room", "phones", "ev_posts"}
    assert run.memory.durable.shed_by_us == frozenset(), "and it is not ours to close: it may have tripped"


def test_a_contactor_that_fell_with_the_voltage_comes_back_when_a_person_asks() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(lambda t: with_feeder(islanded(t), "warm_room", position=OPEN), 60.0)
    assert "warm_room" not in run.commands.feeders
    ask = OperatorRequest("1", RequestKind.CLOSE_FEEDER, "warm_room", "duty", True, run.now_s + 10.0)
    run.see(lambda t: with_feeder(islanded(t), "warm_room", position=OPEN), advice=Advice(requests=(ask,)))
    run.see(lambda t: with_feeder(islanded(t), "warm_room", position=OPEN), 0.7)
    assert run.commands.feeders["warm_room"].close is not None
