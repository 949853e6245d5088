"""Each criterion that ends a drill, made to happen once in a real one: the report says it, and the hub goes back.

The command's own code asks the real controller on a plant; only the time is virtual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from controller.commands.drill_plan import ABORTS, LASTING, plan_of
from controller.commands.drill_report import write_report
from controller.commands.frame import PROBLEM, CommandError
from controller.model.advice import RequestKind
from controller.model.words import Mode
from hil_tests.bench.verbs import VERBS
from hil_tests.simulation.bench import Bench
from hil_tests.tests.commands.drilled import LASTS_FOR_S, BenchStory, Drilled, Happening


@dataclass(frozen=True)
class Story:
    """What happens in the island, and what the report must say; `after`: what lets the hub come home."""

    happens: Happening
    says: str
    after: tuple[tuple[float, Happening], ...] = ()
    shows: str = ""  # the invariant that the happening itself breaks


def fault(says: str, unit: str, kind: str, **parameters: object) -> Story:
    """A fault that heals ten seconds later."""
    ends: list[Callable[[], None]] = []
    return Story(
        lambda bench: ends.append(bench.desk.inject(unit, kind, parameters)),
        says,
        ((15.0, lambda _: ends.pop()()),),
    )


def of_the_plant(says: str, verb: str, **parameters: object) -> Story:
    return Story(lambda bench: VERBS[verb](bench.scene, **parameters), says)


def void(_: object) -> None:
    """It does not heal by itself."""


NOBODY = ((9.0, lambda bench: bench.start_controller()),)  # the service manager, late
BACK = ((12.0, lambda bench: VERBS["grid.return"](bench.scene)),)
STORIES: dict[str, Story] = {
    "not heard": Story(lambda bench: bench.stop_controller(), ABORTS[0], NOBODY),
    "grid": replace(of_the_plant(ABORTS[1], "grid.blackout"), after=BACK),
    "transfer": Story(
        lambda bench: void(bench.desk.inject("battery_main", "inverter_trip", {})), ABORTS[2], shows="D3"
    ),
    "latch": Story(
        lambda bench: VERBS["poi.dso_lock"](bench.scene, on=True),
        ABORTS[3],
        (
            (8.0, lambda bench: VERBS["poi.dso_lock"](bench.scene, on=False)),
            (10.0, lambda bench: bench.request(RequestKind.RELEASE_LATCH, "dso_lock")),
        ),
    ),
    "tier 0": of_the_plant(f"{ABORTS[4]}: desk", "feeder.trip", feeder="desk"),
    "radio": Story(lambda bench: bench.cut("radio_mesh_node"), f"{ABORTS[5]}: "),
    "somebody else": Story(
        lambda bench: bench.request(RequestKind.ISLAND_OFF), f"{ABORTS[6]}: island_off, asked for by duty officer"
    ),
    "reserve": of_the_plant("charge below 75 %", "battery.set", battery="battery_main", soc_pct=70.0),
    "frequency": fault(LASTING[0], "poi_relay", "miscalibrated", point="poi.bus_frequency_hz", offset=2.0),
    "voltage": fault(LASTING[0], "poi_relay", "miscalibrated", point="poi.bus_voltage_l2_v", offset=-30.0),
    "charge not known": fault(LASTING[1], "inverter_main", "no_number", point="battery.soc_pct"),
}


@pytest.mark.parametrize("name", STORIES)
def test_what_ends_a_drill_is_in_its_report_and_the_hub_goes_back(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    story = STORIES[name]
    drilled = Drilled(Bench.of(), [(5.0, story.happens), *story.after])
    outcome = drilled.play(monkeypatch)
    assert (outcome.result, outcome.reason.startswith(story.says)) == ("aborted", True), outcome
    assert outcome.island_s is None or outcome.island_s < LASTS_FOR_S, "not to its planned end"
    path, report = write_report(tmp_path, plan_of(drilled.look(), drilled.bench.site, LASTS_FOR_S), outcome)
    assert (report["result"], report["reason"]) == ("aborted", outcome.reason)
    assert f"aborted: {story.says}" in path.with_suffix(".txt").read_text(encoding="utf-8")
    while drilled.happens:
        drilled.pause(0.5)
    drilled.bench.run_to(Mode.GRID_CONNECTED, 180.0)
    assert [found for found in drilled.bench.violations if found.source != story.shows] == []


def test_a_drill_in_which_nothing_happens_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spike of the instrument, shorter than a second, is nothing."""
    spike = fault("", "poi_relay", "miscalibrated", point="poi.bus_frequency_hz", offset=2.0)
    drilled = Drilled(Bench.of(), [(5.0, spike.happens), (5.5, spike.after[0][1])])
    outcome = drilled.play(monkeypatch)
    assert (outcome.result, outcome.reason) == ("passed", "")
    assert outcome.island_s == pytest.approx(LASTS_FOR_S, abs=1.0)


def test_whoever_interrupts_it_is_told_and_the_return_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: Bench) -> None:
        raise KeyboardInterrupt

    drilled = Drilled(Bench.of(), [(5.0, interrupt)])
    outcome = drilled.play(monkeypatch)
    assert (outcome.result, outcome.reason) == ("aborted", "interrupted")
    assert drilled.bench.mode is Mode.GRID_CONNECTED


def test_a_journal_that_nobody_can_read_any_more_ends_it_and_the_return_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command ended, and the hub stayed off the grid until the wish was over by itself."""
    read = BenchStory.more

    def unreadable(story: BenchStory) -> list[dict[str, Any]]:
        if story.drilled.bench.mode is not Mode.GRID_CONNECTED:
            raise CommandError("journal", PROBLEM, "the journal cannot be read")
        return read(story)

    monkeypatch.setattr(BenchStory, "more", unreadable)
    drilled = Drilled(Bench.of())
    outcome = drilled.play(monkeypatch)
    assert (outcome.result, outcome.reason) == ("aborted", "the journal cannot be read")
    assert drilled.bench.memory.durable.planned is None
