"""Every fault of the catalogue in every virtual tier that it names: the same story with it and without it must differ.

Looked at is everything: the plant, what the controller has read and written down, its process, and both clocks. What
moves nothing of that, a reply that comes twice, is looked for on the wire.
"""

from __future__ import annotations

import time
from functools import cache

import pytest

from controller import clock
from hil_tests.bench.director import Director
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.bench.scene import Scene
from hil_tests.bench.signals import signals_of
from hil_tests.bench.verdict import Result, Verdict
from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.types import FaultType, Unit
from hil_tests.faults.wire import WireFaults
from hil_tests.tests.checkers.stage import the_site

VIRTUAL = (Tier.T0, Tier.T1)
CASES = [(fault, tier) for fault in CATALOGUE.values() for tier in VIRTUAL if tier in fault.tiers]
ELSEWHERE = [(fault, tier) for fault in CATALOGUE.values() for tier in VIRTUAL if tier not in fault.tiers]
UNITS = {
    Unit.DEVICE: "inverter_main", Unit.POI: "poi", Unit.EARTHING: "earthing", Unit.BATTERY: "battery_main",
    Unit.PV: "pv_school", Unit.GENSET: "genset", Unit.FEEDER: "ev_posts", Unit.RADIO: "radio_tetra",
}  # fmt: skip
SPECIAL: dict[str, dict[str, object]] = {
    "line_noise": {"unit": "contactor_water"},
    "unit_swap": {"unit": "contactor_water", "with_device": "contactor_phones"},
    "fails_to_close": {"unit": "earthing"},
    "false_feedback": {"shows": "open"},
    "torn": {"unit": "inverter_second"},
    "disagree": {"unit": "poi_relay"},
    "miscalibrated": {"gain_ratio": 1.1},
    "connection_limit": {"max": 0},
    "bad_status": {"unit": "inverter_second"},
    "session_loss": {"unit": "inverter_second"},
    "expired_certificate": {"unit": "inverter_second"},
    "welded": {"unit": "ev_posts"},
    "trickle": {"byte_s": 0.2},
}
STORY = [
    {"at": "1 s", "do": "operator", "request": "start_genset", "subject": "genset"},
    {"at": "2 s", "do": "feeder.by_hand", "feeder": "water", "closed": False},
    {"at": "3 s", "do": "grid.blackout"},
]
LATE = {"fails_to_crank": "40 s"}  # an engine takes its time, whether it fires or not
ON_THE_WIRE = frozenset({"duplicate"})  # read as if nothing had been


def struck(fault: FaultType) -> dict[str, object]:
    """The fault, as hard as it can be."""
    unit = next((UNITS[each] for each in UNITS if each in fault.units), None)
    hard = {"ratio": 1.0} if fault.parameter("ratio") is not None else {}
    named = {} if unit is None else {"unit": unit}
    at = "2500 ms" if fault.name == "connection_limit" else "1500 ms"
    return {"at": at, "do": "fault", "type": fault.name, **named, **hard, **SPECIAL.get(fault.name, {})}


def seen(scene: Scene, signals: dict[str, object]) -> str:
    bench = scene.controller._bench  # type: ignore[attr-defined]
    plant = [signal(scene) for signal in signals.values()]  # type: ignore[operator]
    process = (scene.controller.is_running, bench.is_frozen, bench.journal.kept, len(scene.controller.events))
    ages_s = [None if bench.loop is None else bench.loop.image]
    clocks = round((clock.unix_s() - time.monotonic()) / 600.0), time.localtime(2e9).tm_gmtoff
    return repr((plant, process, ages_s, clocks))


class Seen:
    """What one run left: samples, and whether a reply on a wire was other than it was made."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, fault: FaultType | None, tier: Tier, until: str = "7 s"
    ) -> None:
        self.samples: list[str] = []
        self.is_on_the_wire = False
        signals, step, reply = signals_of(the_site()), Director.after_step, WireFaults.on_reply

        def after_step(director: Director) -> None:
            step(director)
            if len(self.samples) < director.scene.now_s / 0.1:
                self.samples.append(seen(director.scene, dict(signals)))

        def on_reply(wire: WireFaults, request: bytes, made: bytes) -> object:
            pieces = reply(wire, request, made)
            self.is_on_the_wire |= pieces != [(0.0, made)]
            return pieces

        story = [*STORY, *([] if fault is None else [struck(fault)])]
        keys = {"id": "TST-002", "title": "a fault", "until": until, "timeline": story, "tiers": [tier.value]}
        start = {"demand_ratio": 1.0, "soc_pct": 60.0}
        with monkeypatch.context() as patch:
            patch.setattr(Director, "after_step", after_step)
            patch.setattr(WireFaults, "on_reply", on_reply)
            self.result: Result = run(Scenario.model_validate({**keys, "start": start}), the_site(), 3, tier)


@cache
def without(tier: Tier, until: str = "7 s") -> Seen:
    with pytest.MonkeyPatch.context() as patch:
        return Seen(patch, None, tier, until)


@pytest.mark.parametrize("tier", VIRTUAL, ids=lambda tier: tier.value)
def test_the_same_story_twice_is_the_same(tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else any fault would seem to show."""
    again = Seen(monkeypatch, None, tier)
    assert again.samples == without(tier).samples
    assert not again.is_on_the_wire
    assert again.result.verdict is not Verdict.INVALID


@pytest.mark.parametrize(("fault", "tier"), CASES, ids=lambda each: getattr(each, "name", ""))
def test_a_fault_shows(fault: FaultType, tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    until = LATE.get(fault.name, "7 s")
    with_it = Seen(monkeypatch, fault, tier, until)
    assert with_it.result.verdict is not Verdict.INVALID, with_it.result.findings
    if fault.name in ON_THE_WIRE:
        assert with_it.is_on_the_wire
    else:
        assert with_it.samples != without(tier, until).samples


@pytest.mark.parametrize(("fault", "tier"), ELSEWHERE, ids=lambda each: getattr(each, "name", ""))
def test_elsewhere_it_proves_nothing_and_says_so(fault: FaultType, tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    result = Seen(monkeypatch, fault, tier).result
    assert result.verdict is Verdict.INVALID
    where = ", ".join(sorted(each.value for each in fault.tiers))
    assert (f"'{fault.name}' can be injected only in {where}" if where else fault.note) in result.findings[0].detail
