"""Every state that the page can be in, as the snapshot that leads to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controller.model.reasons import Reason
from controller.model.words import Authority, ClockQuality, GridVerdict, Mode
from controller.status import SCHEMA, DeviceStatus, JournalStatus, LatchStatus, Status
from hil_tests.tests.web.statuses import aged, as_dict, in_mode, islanded, on_grid

SILENT_S = 700.0


def latched() -> Status:
    """All that can be wrong at once, on the longest words there are."""
    status = replace(
        in_mode(Mode.LOCKED_OUT),
        reason=Reason.EMERGENCY_OFF,
        latches=(
            LatchStatus("emergency_off", Reason.EMERGENCY_OFF, 0.0),
            LatchStatus("poi_close", Reason.POI_WILL_NOT_CLOSE, 0.0),
        ),
        journal=JournalStatus(False, 3, 1, "disk", ("journal.db.broken-0",), "disk", is_held=True),
        devices=(DeviceStatus("poi_relay", is_up=False), DeviceStatus("inverter_main", is_up=False)),
    )
    return replace(status, radios=tuple(replace(radio, is_alive=False) for radio in status.radios))


def doubtful() -> Status:
    """One device is in quarantine, one is silent, one was doubted now and then; for engineers."""
    status = on_grid()
    at_s = status.written_at_s
    devices = (
        DeviceStatus("poi_relay", is_up=True, last_good_at_s=at_s - 0.1),
        DeviceStatus("inverter_main", True, 12, True, at_s - 700.0, at_s - 710.0),
        DeviceStatus("inverter_second_with_a_long_name", is_up=False, last_good_at_s=at_s - 9000.0),
        DeviceStatus("io_module", is_up=True, refuted_count=1, last_good_at_s=at_s - 0.4),
    )
    return replace(status, devices=devices)


def returning() -> Status:
    """The grid is back; the hub waits out the observation time."""
    status = islanded()
    grid = replace(
        status.grid,
        verdict=GridVerdict.OK,
        reason=Reason.GRID_OK,
        reconnect_at_s=status.written_at_s + 580.0,
    )
    return replace(status, grid=grid)


def grid_unseen() -> Status:
    """On the way back the grid's instrument has fallen silent: the grid may be as good as before."""
    status = islanded()
    grid = replace(status.grid, verdict=GridVerdict.UNKNOWN, reason=Reason.GRID_METER_SILENT, reconnect_at_s=None)
    return replace(status, reason=Reason.GRID_UNSEEN, grid=grid)


def blind() -> Status:
    """Nothing is measured any more."""
    status = islanded()
    tiers = tuple(
        replace(tier, feeders=tuple(replace(feeder, position=None, reason=None) for feeder in tier.feeders))
        for tier in status.tiers
    )
    batteries = tuple(replace(battery, soc_pct=None, mode=None) for battery in status.batteries)
    return replace(status, tiers=tiers, batteries=batteries, bus_voltage_v=None)


def older() -> dict[str, Any]:
    """As a controller wrote it before there were offers."""
    raw = as_dict(islanded()) | {"schema": SCHEMA - 1}
    return {name: value for name, value in raw.items() if name not in {"offers", "radios", "journal"}}


def newer() -> dict[str, Any]:
    """As a controller writes it whose hours are no longer seconds."""
    return as_dict(islanded()) | {"schema": SCHEMA + 1, "hours_left": {"at_least_s": 41, "assumption": "hours now"}}


def cases() -> dict[str, Status | dict[str, Any] | None]:
    """By name, written as of now. None: no snapshot at all."""
    modes: dict[str, Status | dict[str, Any] | None] = {mode.value: in_mode(mode) for mode in Mode}
    return modes | {
        "observe": replace(on_grid(), authority=Authority.OBSERVE),
        "manual": replace(islanded(), authority=Authority.MANUAL),
        "latched": latched(),
        "doubtful": doubtful(),
        "returning": returning(),
        "grid unseen": grid_unseen(),
        "blind": blind(),
        "stale": aged(islanded(), SILENT_S),
        "no contact": None,
        "clock not good": replace(islanded(), clock=ClockQuality.UNSET),
        "older controller": older(),
        "newer controller": newer(),
    }
