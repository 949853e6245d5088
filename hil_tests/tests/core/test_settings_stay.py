"""A relay that stays on the wrong group of settings bars the return for as long as nobody knows: somebody is told."""

from __future__ import annotations

from controller.model.image import ProcessImage
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode, SettingsGroup
from hil_tests.tests.core.hubs import hub, islanded, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import far_apart


def stuck(at_s: float) -> ProcessImage:
    return with_poi(far_apart(at_s), settings_group=SettingsGroup.ISLAND)


def silent(at_s: float) -> ProcessImage:
    return with_poi(far_apart(at_s), settings_group=None)


def told(run: Run) -> list[EventKind]:
    return [event.kind for event in run.events if event.reason is Reason.SETTINGS_NOT_FOLLOWED]


def on_the_way() -> Run:
    run = Run(hub())
    run.see(islanded, 0.5)
    run.see(far_apart, 10.5)
    assert run.memory.mode is Mode.RECONNECTION
    return run


def test_after_ten_seconds_and_until_it_follows() -> None:
    run = on_the_way()
    run.see(stuck, 9.9)
    assert told(run) == []
    run.see(stuck, 20.0)
    assert told(run) == [EventKind.ALARM]
    run.see(silent, 20.0)
    assert told(run) == [EventKind.ALARM], "not seen is not followed"
    run.see(far_apart, 0.1)
    assert told(run) == [EventKind.ALARM, EventKind.ALARM_CLEARED]


def test_a_relay_that_does_not_say_raises_none() -> None:
    run = on_the_way()
    run.see(silent, 30.0)
    assert told(run) == []
