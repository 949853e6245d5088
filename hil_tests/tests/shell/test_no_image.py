"""No image can be made, or no words be found for a veto: the guard's fallback acts on the last image, or on none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.vet import Verdict
from controller.loop import CoreFailedError, Loop
from controller.model.commands import Commands, PoiCommand, SwitchCommand
from controller.model.decision import PreparedAnswer
from controller.model.image import BatterySeen
from controller.model.reasons import EventKind
from controller.model.words import InverterMode
from hil_tests.tests.shell.test_loop import ORDER, a_loop


def cannot_see(*_: object) -> None:
    raise ZeroDivisionError("planted")


def applied_without_an_image(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> Commands:
    monkeypatch.setattr(loop.assembler, "image", cannot_see)
    return applied_in_the_failing_cycle(loop, monkeypatch)


def applied_in_the_failing_cycle(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What reaches the outputs."""
    applied: list[Commands] = []
    monkeypatch.setattr(loop.outputs, "apply", lambda _links, allowed, _now_s: applied.append(allowed))
    with pytest.raises(CoreFailedError, match="planted"):
        loop.cycle(1.1)
    return applied[0]


def test_the_overload_of_the_cycle_before_is_shed_and_what_was_to_close_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, _, journal = a_loop()
    loop.cycle(1.05)
    overloaded = BatterySeen(mode=InverterMode.GRID_FORMING, overload_pct=95.0)
    loop.image = replace(loop.image, batteries={"battery_main": overloaded})
    loop.memory = replace(loop.memory, prepared=PreparedAnswer(shed=("ev_posts",)))
    loop._allowed = replace(loop._allowed, feeders={"warm_room": SwitchCommand(close=ORDER)})
    allowed = applied_without_an_image(loop, monkeypatch)
    assert {name for name, command in allowed.feeders.items() if command.open} == {"ev_posts"}
    assert not any(command.close for command in allowed.feeders.values())
    assert journal.events[-1].kind is EventKind.FALLBACK
    assert loop.vetted_at_s == 1.05, "no heart beats for a cycle that failed"


def test_in_the_first_cycle_there_is_no_image_and_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, _, journal = a_loop()
    assert applied_without_an_image(loop, monkeypatch) == Commands()
    assert [event.kind for event in journal.events] == [EventKind.FALLBACK]


def test_a_mistake_while_a_cycle_is_written_down_does_not_keep_its_openings(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, _, journal = a_loop()
    loop.cycle(1.05)
    opens = Verdict(loop.guard_memory, Commands(poi=PoiCommand(open=True)), ())
    loop.guard = lambda *_: opens
    monkeypatch.setattr(Loop, "_remember", cannot_see)
    assert applied_in_the_failing_cycle(loop, monkeypatch).poi.open
    assert journal.events[-1].kind is EventKind.FALLBACK
