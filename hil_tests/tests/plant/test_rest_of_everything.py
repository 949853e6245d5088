"""Rest changes nothing in a plant that has everything: transfers, motors, clouds, agendas, refrigerators."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hil_tests.plant.behaviour import InverterBehaviour
from hil_tests.plant.breaker import PoiBehaviour
from hil_tests.plant.cold_chain import FridgeGroup
from hil_tests.plant.motor import Motor
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.plant.relay import VDE4105_RELAY
from hil_tests.plant.weather import Cloud, Sky
from hil_tests.tests.plant.test_rest import CLOSE_ENOUGH, Act, reading
from hil_tests.tests.servers.benches import site

MAIN = "battery_main"

STORIES: Mapping[str, tuple[PlantOptions, Mapping[float, Act]]] = {
    "a transfer and back by itself": (
        PlantOptions(inverters={MAIN: InverterBehaviour(transfers_by_itself=True)}, soc_pct=60.0),
        {5.0: lambda p: p.grid.blackout(), 10.03: lambda p: p.grid.returns(1.0, 49.98, 10.0), 90.0: lambda p: p.rest},
    ),
    "a flickering grid and a full relay": (
        PlantOptions(poi=PoiBehaviour(relay=VDE4105_RELAY)),
        {
            5.0: lambda p: p.grid.brownout(0.9, 8.0),
            20.0: lambda p: p.grid.flicker((0.33, 5.07), on_s=3.04, stays=True),
            31.0: lambda p: p.poi.close_by_hand(),
        },
    ),
    "clouds, refrigerators and a motor": (
        PlantOptions(
            sky=Sky(clouds=(Cloud(10.0, 0.6, 25.0, 30.0),)),
            fridges={"cold_chain": FridgeGroup(12)},
            motors={"water": Motor(2_000.0)},
        ),
        {20.0: lambda p: p.feeders["water"].set_closed(False), 30.0: lambda p: p.feeders["water"].set_closed(True)},
    ),
    "a genset that cranks in vain": (
        PlantOptions(),
        {
            5.0: lambda p: setattr(p.gensets["genset"], "fails_to_crank", True),
            6.0: lambda p: p.gensets["genset"].set_run(True),
            70.0: lambda p: p.gensets["genset"].set_run(False),
        },
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_rest_changes_nothing(name: str) -> None:
    options, story = STORIES[name]
    resting, restless = (Plant(site().hub, 11, options) for _ in range(2))
    until = {round(at_s / STEP_S): act for at_s, act in story.items()}
    rested_count = 0
    for step in range(round((max(story) + 10.0) / STEP_S)):
        for plant in (resting, restless):
            if step in until:
                until[step](plant)
        rested_count += resting.rest.holds
        restless.rest.disturb()
        resting.step(STEP_S)
        restless.step(STEP_S)
        seen, wanted = reading(resting), reading(restless)
        apart = {key: (value, wanted[key]) for key, value in seen.items() if abs(value - wanted[key]) > CLOSE_ENOUGH}
        assert not apart, f"{name} at {resting.now_s:.2f} s: {apart}"
    assert rested_count * STEP_S > 5.0
