"""Believable statuses of the sample village, written by hand as the controller would publish them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from controller import clock
from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.model.hub import Hub
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    Authority,
    BreakerPosition,
    ClockQuality,
    GensetState,
    GridVerdict,
    InverterMode,
    Mode,
)
from controller.snapshot import NAME, encode
from controller.status import (
    SCHEMA,
    BatteryStatus,
    CycleStatus,
    DeviceStatus,
    FeederStatus,
    GensetStatus,
    GridStatus,
    HoursLeft,
    JournalStatus,
    OfferStatus,
    PvStatus,
    RadioStatus,
    Status,
    TierStatus,
)

HUB: Hub = load_site(configs_dir() / "hubs" / "musterhallig.toml").hub
SHED = {"phones": Reason.LOW_SOC, "ev_posts": Reason.PREPARED_SHED}
NO_POWER = PhaseValues.even(0.0)
POWER = PhaseValues.even(230.0)


def on_grid(now_s: float | None = None) -> Status:
    """A normal day: all on, batteries nearly full."""
    now_s = clock.now_s() if now_s is None else now_s
    return Status(
        schema=SCHEMA,
        version="0.1.0",
        hub=HUB.name,
        label=HUB.label,
        boot_id=clock.boot_id(),
        pid=1,
        sequence=1,
        written_at_s=now_s,
        unix_s=clock.unix_s(),
        clock=ClockQuality.HOLDOVER,
        mode=Mode.GRID_CONNECTED,
        mode_since_s=now_s - 3 * 86_400.0,
        reason=Reason.RECONNECTED,
        authority=Authority.AUTO,
        grid=_grid(GridVerdict.OK, Reason.GRID_OK, now_s - 3 * 86_400.0),
        hours_left=HoursLeft(46.7 * 3600.0, "no_sun_genset_fuel_present_load"),
        bus_voltage_v=POWER,
        bus_frequency_hz=50.0,
        tiers=_tiers({}, now_s),
        batteries=_batteries(94.6, InverterMode.GRID_FOLLOWING),
        pv=tuple(PvStatus(plant.id, plant.label, 4_000.0, None) for plant in HUB.pv.values()),
        gensets=tuple(GensetStatus(g.id, g.label, GensetState.STOPPED, 0.0, 123.4) for g in HUB.gensets.values()),
        radios=tuple(RadioStatus(r.id, r.label, True, True, 100.0) for r in HUB.radios.values()),
        latches=(),
        devices=(DeviceStatus("poi_relay", is_up=True), DeviceStatus("inverter_main", is_up=True)),
        cycle=CycleStatus(1000, 0.0004, 0.002, 0, 0),
        journal=JournalStatus(is_ok=True, pending_count=0, lost_count=0, reason=""),
        offers=tuple(OfferStatus(x.id, x.label, x.feeders, x.radios) for x in HUB.offers),
    )


def islanded(now_s: float | None = None) -> Status:
    """Six hours into a blackout, by night: two services are off."""
    status = on_grid(now_s)
    began_s = status.written_at_s - 22_400.0
    return replace(
        status,
        mode=Mode.ISLANDED,
        mode_since_s=began_s,
        reason=Reason.ISLAND_FORMED,
        grid=_grid(GridVerdict.LOST, Reason.GRID_DEAD, began_s - 0.4),
        hours_left=HoursLeft(41.3 * 3600.0, "no_sun_genset_fuel_present_load"),
        tiers=_tiers(SHED, began_s),
        batteries=(
            *_batteries(71.4, InverterMode.GRID_FORMING)[:1],
            *_batteries(64.2, InverterMode.GRID_FOLLOWING)[1:],
        ),
        pv=tuple(PvStatus(plant.id, plant.label, 0.0, None) for plant in HUB.pv.values()),
    )


def dark(now_s: float | None = None) -> Status:
    """The island has collapsed: contactors stand where they stood, and nothing runs."""
    status = islanded(now_s)
    return replace(
        status,
        mode=Mode.DARK,
        mode_since_s=status.written_at_s - 700.0,
        reason=Reason.ISLAND_COLLAPSED,
        bus_voltage_v=NO_POWER,
        hours_left=HoursLeft(None, "soc_unknown"),
        batteries=_batteries(4.9, InverterMode.OFF),
        radios=tuple(RadioStatus(r.id, r.label, r.id == "radio_tetra", False, 61.0) for r in HUB.radios.values()),
    )


def in_mode(mode: Mode) -> Status:
    """The right status for any mode."""
    if mode is Mode.GRID_CONNECTED:
        return on_grid()
    return dark() if mode is Mode.DARK else replace(islanded(), mode=mode)


def as_dict(status: Status) -> dict[str, Any]:
    """As it stands in the file."""
    raw: dict[str, Any] = orjson.loads(encode(status))
    return raw


def publish(run_dir: Path, status: Status | dict[str, Any] | bytes) -> None:
    """Write the file as the controller does: by rename."""
    match status:
        case bytes():
            text = status
        case dict():
            text = orjson.dumps(status)
        case _:
            text = encode(status)
    (run_dir / "new").write_bytes(text)
    (run_dir / "new").rename(run_dir / NAME)


def aged(status: Status, by_s: float) -> Status:
    """The same, written so long ago."""
    return replace(status, written_at_s=status.written_at_s - by_s, unix_s=status.unix_s - by_s)


def _grid(verdict: GridVerdict, reason: Reason, since_s: float) -> GridStatus:
    return GridStatus(verdict, reason, since_s, None, None, None, BreakerPosition.CLOSED, None)


def _tiers(shed: dict[str, Reason], since_s: float) -> tuple[TierStatus, ...]:
    return tuple(
        TierStatus(tier.number, tier.label, _feeders(tier.number, shed, since_s), tier.restore_above_soc_pct)
        for tier in HUB.tiers
    )


def _feeders(tier: int, shed: dict[str, Reason], since_s: float) -> tuple[FeederStatus, ...]:
    return tuple(
        FeederStatus(f.id, f.label, BreakerPosition.OPEN, 0.0, shed[f.id], since_s)
        if f.id in shed
        else FeederStatus(f.id, f.label, BreakerPosition.CLOSED, 1_234.5, None, None)
        for f in HUB.feeders.values()
        if f.tier == tier
    )


def _batteries(soc_pct: float, mode: InverterMode) -> tuple[BatteryStatus, ...]:
    return tuple(BatteryStatus(b.id, b.label, mode, soc_pct, 1_234.5) for b in HUB.batteries.values())
