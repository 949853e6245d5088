"""What is promised when the grid has just gone: no hours before the load of the island has been measured."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from controller.model.image import FeederSeen
from controller.model.words import InverterMode, Mode
from controller.planner.hours_left import METERS_PATIENCE_S, Moment, hours_left
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench

NIGHT = PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=1.0, soc_pct=70.0)


def told(bench: Bench) -> tuple[float | None, str]:
    """What a publication of this instant would say."""
    memory = bench.memory
    moment = Moment(memory.mode, memory.mode_since_s, bench.plant.now_s)
    return hours_left(bench.loop.image, bench.site.hub, memory.prepared, moment)


@pytest.mark.parametrize("hub", ["musterhallig", "hybridhof"])
def test_no_hours_are_promised_on_a_load_that_nobody_has_measured_yet(hub: str) -> None:
    bench = Bench.of(hub, options=NIGHT)
    bench.run_for(5.0)
    before_s, _ = told(bench)
    bench.plant.grid.blackout()
    promises: list[float | None] = []
    until_s = bench.plant.now_s + 4.0
    while bench.plant.now_s < until_s:
        bench.run_for(0.05)
        if bench.plant.grid.is_fed is False and bench.loop.image.poi.bus_voltage_v is not None:
            seconds, assumption = told(bench)
            promises.append(seconds)
            assert (seconds is None) == (assumption == "load_not_measured"), (bench.plant.now_s, assumption)
    assert bench.mode is Mode.ISLANDED
    known = [seconds for seconds in promises if seconds is not None]
    assert before_s is not None
    assert promises[-1] is not None
    assert max(known) < 1.1 * max(before_s, promises[-1]), "nobody was promised what a dead bus draws"
    is_known = [seconds is not None for seconds in promises]
    assert [now for before, now in pairwise(is_known) if now != before] == [False, True], "known again, and it stays so"


def test_in_a_young_island_each_meter_is_waited_for_and_none_for_ever() -> None:
    bench = Bench.of(options=NIGHT)
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(2.0)
    hub, seen, memory = bench.site.hub, bench.loop.image, bench.memory
    young = Moment(Mode.ISLANDED, memory.mode_since_s, bench.plant.now_s)
    known_s, _ = hours_left(seen, hub, memory.prepared, young)
    silent = replace(seen, feeders={**seen.feeders, "water": FeederSeen(position=seen.feeders["water"].position)})
    assert hours_left(silent, hub, memory.prepared, young) == (None, "load_not_measured")
    later = replace(young, now_s=memory.mode_since_s + METERS_PATIENCE_S + 0.1)
    rated_s, assumption = hours_left(silent, hub, memory.prepared, later)
    assert assumption == "no_sun_genset_fuel_present_load"
    assert known_s is not None
    assert rated_s is not None
    assert rated_s < known_s, "a meter that tells nothing counts as its rating"
    moved = replace(young, mode=Mode.RECONNECTION, since_s=young.now_s)
    assert hours_left(seen, hub, memory.prepared, moved)[0] is not None, "the island is older than its last mode"
    shifting = replace(young, mode=Mode.UNPLANNED_ISLANDING)
    assert hours_left(seen, hub, memory.prepared, shifting) == (None, "load_not_measured")


@pytest.mark.parametrize(
    "wrong", [{"mode": InverterMode.FAULT}, {"discharge_limit_w": 0.0}], ids=["faulty", "forbidden"]
)
def test_what_lies_in_a_battery_that_gives_nothing_is_not_promised(wrong: dict[str, Any]) -> None:
    bench = Bench.of(options=NIGHT)
    bench.run_for(5.0)
    hub, seen, prepared = bench.site.hub, bench.loop.image, bench.memory.prepared
    now = Moment(Mode.GRID_CONNECTED, 0.0, bench.plant.now_s)

    def promised_s(*names: str) -> float:
        batteries = {**seen.batteries, **{name: replace(seen.batteries[name], **wrong) for name in names}}
        seconds, _ = hours_left(replace(seen, batteries=batteries), hub, prepared, now)
        assert seconds is not None
        return seconds

    assert promised_s("battery_second") < promised_s()
    assert promised_s("battery_main") == 0.0, "it alone could form: without it the hub has no power when the grid goes"
    island = replace(now, mode=Mode.RECONNECTION)
    batteries = {**seen.batteries, "battery_second": replace(seen.batteries["battery_second"], **wrong)}
    one_s, both_s = (hours_left(each, hub, prepared, island)[0] for each in (replace(seen, batteries=batteries), seen))
    assert one_s is not None
    assert both_s is not None
    assert one_s < both_s
