"""A genset below its least load soots: it stops as soon as the battery it was started for can take no more."""

from __future__ import annotations

import pytest

from controller.model.frozen import replace
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import GensetState
from hil_tests.tests.core.hubs import hub, islanded, with_battery
from hil_tests.tests.core.run import Run


def charged_to(seen: ProcessImage, soc_pct: float, charge_limit_w: float) -> ProcessImage:
    for name in ("battery", "second"):
        seen = with_battery(seen, name, soc_pct=soc_pct, charge_limit_w=charge_limit_w)
    return seen


def low(at_s: float) -> ProcessImage:
    return charged_to(islanded(at_s, 3_000.0), 20.0, 20_000.0)


def running(seen: ProcessImage) -> ProcessImage:
    at_s = seen.poi.measured_at_s
    return replace(seen, gensets={"genset": GensetSeen(at_s, GensetState.LOADED, ZERO, 150.0)})


def story() -> Run:
    run = Run(hub())
    run.see(low, 1.0)
    run.see(lambda t: running(low(t)), 60.0)
    assert run.commands.gensets["genset"].power_set_w is not None
    return run


def test_a_full_battery_stops_it_before_its_least_run_is_over() -> None:
    run = story()
    run.see(lambda t: running(charged_to(low(t), 99.0, 0.0)), 1.0)
    command = run.commands.gensets["genset"]
    assert (command.stop, command.cause) == (True, Reason.BATTERY_FULL)
    stops = [event for event in run.events if event.kind is EventKind.ORDERED_STOP]
    assert [(event.subject, event.rule) for event in stops] == [("genset", "stop: battery_full")]


@pytest.mark.parametrize(("soc_pct", "charge_limit_w"), [(99.0, 20_000.0), (40.0, 0.0)])
def test_while_it_finds_load_or_is_needed_its_least_run_holds(soc_pct: float, charge_limit_w: float) -> None:
    run = story()
    run.see(lambda t: running(charged_to(low(t), soc_pct, charge_limit_w)), 10.0)
    assert not run.commands.gensets["genset"].stop


def test_after_its_least_run_it_stops_because_it_is_not_needed() -> None:
    run = story()
    run.see(lambda t: running(charged_to(low(t), 99.0, 20_000.0)), 600.0, cycle_s=1.0)
    command = run.commands.gensets["genset"]
    assert (command.stop, command.cause) == (True, Reason.GENSET_NOT_NEEDED)


def beside_a_deaf_one(at_s: float, former_w: float, genset_w: float, charge_limit_w: float) -> ProcessImage:
    """In the frost: no battery may be charged, and who follows does not hear, and gives what it was told."""
    seen = charged_to(islanded(at_s, 9_000.0), 20.0, charge_limit_w)
    seen = with_battery(seen, power_w=PhaseValues.even(former_w / 3))
    batteries = {name: battery for name, battery in seen.batteries.items() if name != "second"}
    own = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(genset_w / 3), 150.0)
    return replace(seen, batteries=batteries, gensets={"genset": own})


def set_w(run: Run) -> float:
    power_set_w = run.commands.gensets["genset"].power_set_w
    assert power_set_w is not None
    return power_set_w


def test_no_former_is_charged_in_the_frost_for_a_follower_that_does_not_hear() -> None:
    """9 kW of load, 2 kW of them from the deaf one: the genset took them all, and the former 2 kW (fuzz seed 1379)."""
    run = story()
    run.see(lambda t: beside_a_deaf_one(t, -2_000.0, 9_000.0, 0.0))
    assert set_w(run) == pytest.approx(7_000.0)
    run.see(lambda t: beside_a_deaf_one(t, 0.0, 7_000.0, 0.0))
    assert set_w(run) == pytest.approx(7_000.0)


def test_where_it_may_be_charged_the_genset_gives_its_least_load() -> None:
    run = story()
    run.see(lambda t: beside_a_deaf_one(t, -2_000.0, 9_000.0, 20_000.0))
    assert set_w(run) > 9_000.0


LOAD_W = 5_000.0


class Closed:
    """Load, genset, former and a follower that hears: each goes where it is told, the former carries the rest."""

    def __init__(self) -> None:
        self.run, self.genset_w, self.follower_w, self.most_charge_w = story(), 0.0, 0.0, 0.0

    @property
    def former_w(self) -> float:
        return LOAD_W - self.genset_w - self.follower_w

    def image(self, at_s: float) -> ProcessImage:
        """The former may not be charged, in the frost; the other one may."""
        seen = charged_to(islanded(at_s, LOAD_W), 20.0, 20_000.0)
        seen = with_battery(seen, power_w=PhaseValues.even(self.former_w / 3), charge_limit_w=0.0)
        seen = with_battery(seen, "second", power_w=PhaseValues.even(self.follower_w / 3))
        own = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(self.genset_w / 3), 150.0)
        return replace(seen, gensets={"genset": own})

    def play(self, for_s: float, cycle_s: float = 0.25) -> None:
        for _ in range(round(for_s / cycle_s)):
            self.run.see(self.image, cycle_s, cycle_s=cycle_s)
            self.genset_w += (set_w(self.run) - self.genset_w) * cycle_s / 2.0
            self.follower_w += 0.5 * ((self.run.commands.batteries["second"].power_set_w or 0.0) - self.follower_w)
            self.most_charge_w = min(self.most_charge_w, self.former_w)


def test_beside_a_former_in_the_frost_who_follows_is_charged_all_the_same() -> None:
    """It may take 20 kW, and the genset gave the load alone, below its least load, until its tank was empty."""
    closed = Closed()
    closed.play(120.0)
    assert closed.genset_w > 12_000.0
    assert closed.follower_w < -7_000.0
    assert closed.most_charge_w > -500.0, "a step of the genset, for as long as a meter takes"
