"""A hub, an envelope and a guard to tell stories with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.guard.bounds import Bounds
from controller.guard.memory import GuardMemory
from controller.guard.vet import Verdict, vet
from controller.model.commands import (
    BatteryCommand,
    Commands,
    Order,
    PoiCommand,
)
from controller.model.envelope import Envelope
from controller.model.hub import Hub
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import (
    SettingsGroup,
)
from hil_tests.tests.core.hubs import (
    LIVE,
    hub,
    islanded,
    with_poi,
)

NOW_S = 1_000.0
ENVELOPE = Envelope(
    sync_angle_max_deg=10.0,
    sync_slip_max_hz=0.1,
    sync_voltage_difference_max_ratio=0.05,
    sync_angle_error_deg=1.0,
    sample_age_max_s=0.15,
    dead_voltage_ratio=0.2,
    grid_voltage_min_ratio=0.85,
    grid_voltage_max_ratio=1.1,
    grid_frequency_min_hz=47.5,
    grid_frequency_max_hz=50.2,
    island_frequency_min_hz=48.5,
    island_frequency_max_hz=51.4,
    island_voltage_min_ratio=0.9,
    island_voltage_max_ratio=1.1,
    poi_closings_max=2,
    poi_closings_window_s=100.0,
    feeder_closings_max=2,
    feeder_closings_window_s=100.0,
    cranks_max=2,
    cranks_window_s=100.0,
    overload_shed_ratio=1.1,
    underfrequency_shed_hz=48.5,
)
ORDER = Order(Reason.RESTORE, NOW_S, NOW_S + 2.0, 1)
PROVEN = GuardMemory(open_proof_since_s=NOW_S - 1.0, began_at_s=NOW_S - 10.0)
CLOSE_POI = Commands(poi=PoiCommand(close=ORDER))
FORM = Commands(batteries={"battery": BatteryCommand(form=ORDER)})


def bounds(the_hub: Hub | None = None, **changes: Any) -> Bounds:
    return replace(Bounds(the_hub or hub(), ENVELOPE), **changes)


def judged(commands: Commands, seen: ProcessImage, memory: GuardMemory = PROVEN, **changes: Any) -> Verdict:
    return vet(memory, commands, seen, bounds(**changes), NOW_S)


def reasons(verdict: Verdict) -> list[Reason]:
    return [veto.reason for veto in verdict.vetoes]


def in_sync(**changes: Any) -> ProcessImage:
    """An island beside a healthy grid, in step with it."""
    healthy: dict[str, Any] = {
        "grid_voltage_v": LIVE,
        "grid_frequency_hz": 50.0,
        "angle_difference_deg": 2.0,
        "settings_group": SettingsGroup.GRID,
    }
    return with_poi(islanded(NOW_S), **{**healthy, **changes})


OURS = replace(PROVEN, opened_by_us=frozenset({"warm_room"}))
