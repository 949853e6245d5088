"""What carries our own supply or a radio, and hands: it is never ordered open, whatever has become of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.decide import fresh_memory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.image import ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import EventKind
from hil_tests.tests.core.hubs import OPEN, dark, islanded, on_grid, with_feeder
from hil_tests.tests.core.scenes import earthed_and_dark
from hil_tests.tests.core.watched import Watched


def off(image: Callable[[float], ProcessImage], feeder: str = "desk") -> Callable[[float], ProcessImage]:
    return lambda at_s: with_feeder(image(at_s), feeder, position=OPEN, power_w=ZERO)


def asked(feeder: str = "desk") -> Watched:
    """Somebody has turned it off at its switch, and then somebody asks for it."""
    hub = Watched()
    hub.see(on_grid, 1.0)
    hub.see(off(on_grid, feeder), 1.0)
    now_s = hub.run.now_s
    request = OperatorRequest("1", RequestKind.CLOSE_FEEDER, feeder, "duty", True, now_s + 10.0)
    hub.see(off(on_grid, feeder), advice=Advice(requests=(request,)))
    return hub


def sees(hub: Watched, image: Callable[[float], ProcessImage], for_s: float) -> None:
    """And is never ordered open meanwhile."""
    for _ in range(round(for_s / 0.05)):
        hub.see(image)
        command = hub.run.commands.feeders.get("desk")
        assert command is None or not command.open
    assert not [veto for veto in hub.vetoes if veto.subject == "desk"]


def closings(hub: Watched, feeder: str = "desk") -> int:
    return sum(e.kind is EventKind.ORDERED_CLOSE and e.subject == feeder for e in hub.run.events)


def test_it_is_picked_up_when_its_time_has_come() -> None:
    hub = asked()
    sees(hub, off(on_grid), 20.0)
    assert closings(hub) > 0


@pytest.mark.parametrize("feeder", ["desk", "warm_room"])
def test_one_that_a_hand_turns_on_meanwhile_is_on_and_stays_on_in_the_next_blackout(feeder: str) -> None:
    hub = asked(feeder)
    sees(hub, on_grid, 20.0)
    assert closings(hub, feeder) == 0
    assert not hub.run.memory.feeders[feeder].quarantined
    sees(hub, dark, 0.5)
    sees(hub, earthed_and_dark, 0.5)
    sees(hub, islanded, 20.0)


def test_one_that_does_not_follow_is_not_ordered_open_either() -> None:
    hub = asked()
    sees(hub, off(on_grid), 60.0)
    sees(hub, on_grid, 5.0)


def test_nor_after_a_restart_while_it_waits() -> None:
    hub = asked()
    durable = hub.run.memory.durable
    assert "desk" in durable.shed_by_us
    hub.run.memory = fresh_memory(durable, hub.run.now_s)
    sees(hub, off(on_grid), 20.0)
