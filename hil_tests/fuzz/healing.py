"""The end of trouble in liveness stories, and what a healthy hub must then reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.config.types import Site
from controller.model.words import Switcher
from hil_tests.bench.scenario import Action
from hil_tests.fuzz.letters import LATCHES, action
from hil_tests.plant.base import forked

HEALING = "healing"  # the name of what the delta debugger must leave in
ASKED_AFTER_S = (15.0, 60.0)
GRID_SHARE = 0.75


def has_grid_in_the_end(seed: int) -> bool:
    """In three stories of four the grid comes back for good; in the others it stays away for good."""
    return forked(seed, "the grid in the end").random() < GRID_SHARE


def goal_of(site: Site, *, has_grid: bool) -> str:
    """What a user expects once all is well: every feeder served, in parallel with the grid; without one an island that
    serves tier 0, which a charge of 70 % and half the load allow on every hub of the fuzzer.

    Where only a person or a device may bring the hub back to the grid, an island that serves tier 0 is enough.
    """
    lowest = min(feeder.tier for feeder in site.hub.feeders.values())
    in_island = f"controller.mode == 'islanded' and bus.live and tier.{lowest}.energised_ratio == 1"
    if not has_grid:
        return in_island
    served = " and ".join(f"feeder.{name}.energised" for name in site.hub.feeders)
    on_grid = f"controller.mode == 'grid_connected' and bus.live and {served}"
    if site.hub.poi.switching.closed_by in {Switcher.DEVICE, Switcher.OPEN_TRANSITION}:
        waiting = in_island.replace("== 'islanded'", "== 'reconnection'")  # for who is not in every hub's plant
        return f"({on_grid}) or ({in_island}) or ({waiting})"
    return on_grid


def healing(site: Site, at_s: float, *, has_grid: bool) -> Iterator[Action]:
    """The grid is good, or gone; nobody holds a button or a feeder, and people have released what only people may."""
    yield _heal(at_s, "controller.start")
    yield from _grid(at_s) if has_grid else (_heal(at_s, "grid.blackout", fall_s=0.02),)
    yield _heal(at_s, "emergency_off", pressed=False)
    yield _heal(at_s, "local_control", on=False)
    yield _heal(at_s, "poi.dso_lock", on=False)
    yield _heal(at_s, "dso.ask_for_island", on=False)
    yield _heal(at_s, "dso.limit_import")
    yield _heal(at_s, "weather.set", irradiance_w_per_m2=400.0, temperature_c=15.0)
    yield _heal(at_s, "load.set", demand_ratio=0.4)
    for name in site.hub.batteries:
        yield _heal(at_s, "battery.set", battery=name, soc_pct=70.0, temperature_c=18.0)
    for name in site.hub.feeders:
        yield _heal(at_s, "feeder.mend", feeder=name)
    for name in site.hub.gensets:
        yield _heal(at_s, "genset.set", genset=name, fuel_l=100.0)
    for wait_s in ASKED_AFTER_S:
        for request in ("manual_off", "observe_off"):
            yield _heal(at_s + wait_s, "operator", request=request)
        for latch in (*LATCHES, *site.hub.feeders):
            yield _heal(at_s + wait_s + 1.0, "operator", request="release_latch", subject=latch)
        for feeder in site.hub.feeders:
            yield _heal(at_s + wait_s + 2.0, "operator", request="close_feeder", subject=feeder)


def _grid(at_s: float) -> Iterator[Action]:
    yield _heal(at_s, "grid.source", source="public")
    yield _heal(at_s, "grid.rotation", equal=True)
    yield _heal(at_s, "grid.voltage", voltage_ratio=1.0)
    yield _heal(at_s, "grid.return", voltage_ratio=1.0, frequency_hz=50.0)
    yield _heal(at_s, "grid.drift", frequency_hz=50.0, rate_hz_per_s=1.0)
    yield _heal(at_s, "grid.restore_phases")


def _heal(at_s: float, do: str, **parameters: Any) -> Action:
    return action(at_s, do, name=HEALING, **parameters)
