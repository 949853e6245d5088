"""A hostile hand with one purpose: what chance finds once in some thousand tales is staged here."""

from __future__ import annotations

import random

import pytest

from controller.guard import vet
from controller.model.commands import Commands, GensetCommand, Order
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import GensetState
from hil_tests.hostile.goals import Aim
from hil_tests.hostile.rig import Rig, Wish
from hil_tests.hostile.tale import AT_REST_STEPS_COUNT, sites
from hil_tests.plant.breaker import PoiBehaviour
from hil_tests.plant.plant import PlantOptions
from hil_tests.plant.relay import VDE4105_RELAY

STEADY_S = 0.6  # from its first load to all that it is told to give


# ---- an engine is cranked beside the grid, and the grid goes


class Cranks:
    """Starts the engine, for as much as the street takes; nothing else is on."""

    def __init__(self, played: Rig) -> None:
        self.played, self.order = played, Order(Reason.OPERATOR, 0.0, 600.0, 1)

    def wish(self, seen: ProcessImage, allowed: Commands, now_s: float) -> Wish:
        """One cycle."""
        del seen, allowed, now_s
        hub = self.played.site.hub
        aim = Aim(hub, random.Random(1), 0.0)
        gensets = {g: GensetCommand(crank=self.order, power_set_w=30_000.0) for g in hub.gensets}
        return Wish(Commands(batteries=aim.stopped(), gensets=gensets))


def street_on_a_genset() -> set[str]:
    options = PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=0.1, poi=PoiBehaviour(relay=VDE4105_RELAY))
    played = Rig(sites()[0], 1, options)
    hand, genset = Cranks(played), next(iter(played.plant.gensets.values()))
    while genset.state is not GensetState.LOADED:
        played.cycle(hand, AT_REST_STEPS_COUNT)
        assert played.plant.now_s < 40.0, "it starts"
    played.plant.grid.agenda.add(STEADY_S, "blackout", 0.02)
    until_s = played.plant.now_s + STEADY_S + 4.0
    while played.plant.now_s < until_s:
        played.cycle(hand, AT_REST_STEPS_COUNT)
    return {finding.source for finding in played.findings}


def test_a_street_does_not_live_on_a_genset() -> None:
    assert street_on_a_genset() == set()


def test_without_its_rule_it_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vet, "_feeding", lambda _: {})
    assert street_on_a_genset() == {"I1"}
