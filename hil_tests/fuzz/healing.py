"""The end of trouble in liveness stories, and what a healthy hub must then reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.config.types import Site
from controller.model.words import Switcher
from hil_tests.bench.scenario import Action
from hil_tests.fuzz.letters import LATCHES, action

HEALING = "healing"  # the name of what the delta debugger must leave in
ASKED_AFTER_S = (15.0, 60.0)


def goal_of(site: Site) -> str:
    """Parallel with the grid; a supplied island where the controller cannot bring this hub back."""
    on_grid = "controller.mode == 'grid_connected' and bus.live"
    if site.hub.poi.switching.closed_by in {Switcher.DEVICE, Switcher.OPEN_TRANSITION}:
        return f"({on_grid}) or (controller.mode == 'islanded' and bus.live)"
    return on_grid


def healing(site: Site, at_s: float) -> Iterator[Action]:
    """The grid is good, nobody holds a button, and people have released what only people may release."""
    yield _heal(at_s, "controller.start")
    yield _heal(at_s, "grid.source", source="public")
    yield _heal(at_s, "grid.rotation", equal=True)
    yield _heal(at_s, "grid.voltage", voltage_ratio=1.0)
    yield _heal(at_s, "grid.return", voltage_ratio=1.0, frequency_hz=50.0)
    yield _heal(at_s, "grid.drift", frequency_hz=50.0, rate_hz_per_s=1.0)
    yield _heal(at_s, "grid.restore_phases")
    yield _heal(at_s, "emergency_off", pressed=False)
    yield _heal(at_s, "local_control", on=False)
    yield _heal(at_s, "poi.dso_lock", on=False)
    yield _heal(at_s, "dso.ask_for_island", on=False)
    yield _heal(at_s, "dso.limit_import")
    yield _heal(at_s, "weather.set", irradiance_w_per_m2=400.0, temperature_c=15.0)
    yield _heal(at_s, "load.set", demand_ratio=0.4)
    for name in site.hub.batteries:
        yield _heal(at_s, "battery.set", battery=name, soc_pct=70.0, temperature_c=18.0)
    for name in site.hub.gensets:
        yield _heal(at_s, "genset.set", genset=name, fuel_l=100.0)
    for wait_s in ASKED_AFTER_S:
        for request in ("manual_off", "observe_off"):
            yield _heal(at_s + wait_s, "operator", request=request)
        for latch in LATCHES:
            yield _heal(at_s + wait_s + 1.0, "operator", request="release_latch", subject=latch)


def _heal(at_s: float, do: str, **parameters: Any) -> Action:
    return action(at_s, do, name=HEALING, **parameters)
