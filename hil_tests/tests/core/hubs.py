"""A small hub and a healthy process image, written out in Python so that a story can bend one thing at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from controller.model.frozen import replace
from controller.model.grid_code import GridCode, LossBand, ReturnWindow, SyncWindow
from controller.model.hub import (
    Battery,
    Earthing,
    Feeder,
    Genset,
    Hub,
    Poi,
    PoiSwitching,
    PvPlant,
    ShortTimePoint,
    SourceCapabilities,
    Tier,
    Timing,
)
from controller.model.image import (
    BatterySeen,
    EarthingSeen,
    FeederSeen,
    GensetSeen,
    PoiSeen,
    ProcessImage,
    PvSeen,
)
from controller.model.phases import ALL_PHASES, ZERO, Phase, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    BreakerPosition,
    BusSide,
    GensetConnection,
    GensetState,
    GridSource,
    InverterMode,
    IslandEarthing,
    SettingsGroup,
    Switcher,
)

LABEL = {"de": "Probe", "da": "Prøve", "en": "Sample"}
CLOSED, OPEN = BreakerPosition.CLOSED, BreakerPosition.OPEN
LIVE, DEAD = PhaseValues.even(230.0), ZERO


def grid_code(observation_s: float = 10.0) -> GridCode:
    return GridCode(
        name="sample",
        dead_voltage_ratio=0.2,
        dead_confirm_s=0.1,
        live_voltage_ratio=0.8,
        loss_bands=(
            LossBand(Reason.GRID_UNDERVOLTAGE, "voltage_ratio", 0.45, None, 0.3),
            LossBand(Reason.GRID_UNDERVOLTAGE, "voltage_ratio", 0.80, None, 3.0),
            LossBand(Reason.GRID_OVERVOLTAGE, "voltage_ratio", None, 1.25, 0.1),
            LossBand(Reason.GRID_UNDERFREQUENCY, "frequency_hz", 47.5, None, 0.1),
            LossBand(Reason.GRID_OVERFREQUENCY, "frequency_hz", None, 51.5, 0.1),
        ),
        return_window=ReturnWindow(0.85, 1.10, 47.5, 50.1, observation_s),
        sync=SyncWindow(10.0, 0.1, 0.05),
        automatic_reconnection=True,
        ramp_max_pct_per_min=10.0,
    )


def feeder(name: str, tier: int, rated_w: float, phases: tuple[Phase, ...] = ALL_PHASES, **more: Any) -> Feeder:
    return Feeder(
        id=name,
        label=LABEL,
        tier=tier,
        bus=BusSide.ISLAND,
        phases=phases,
        rated_w=rated_w,
        carries_control=more.get("carries_control", False),
        write_latency_s=more.get("write_latency_s", 0.1),
        pickup_ratio=more.get("pickup_ratio", 1.5),
    )


def battery(name: str = "battery", rating_va: float = 60_000.0, *, can_form: bool = True) -> Battery:
    return Battery(
        id=name,
        label=LABEL,
        bus=BusSide.ISLAND,
        phases=ALL_PHASES,
        rating_va=rating_va,
        capacity_wh=2 * rating_va,
        capabilities=SourceCapabilities(can_form, False, can_form, can_form),
        short_time=(
            ShortTimePoint(1.0, math.inf),
            ShortTimePoint(1.23, 60.0),
            ShortTimePoint(1.5, 20.0),
            ShortTimePoint(2.0, 10.0),
        ),
        droop_hz_per_w=0.5 / rating_va,
        reserve_soc_pct=80.0,
        empty_soc_pct=5.0,
        full_soc_pct=98.0,
    )


def hub(**changes: Any) -> Hub:
    return replace(_plain(), **changes) if changes else _plain()


@cache
def _plain() -> Hub:
    feeders = (
        feeder("desk", 0, 800.0, (Phase.L1,), carries_control=True),
        feeder("medical", 1, 3_000.0, (Phase.L1,)),
        feeder("warm_room", 2, 12_000.0),
        feeder("phones", 3, 2_000.0, (Phase.L2,), write_latency_s=0.8),
        feeder("ev_posts", 3, 22_000.0),
    )
    return Hub(
        name="sample",
        label=LABEL,
        nominal_voltage_v=230.0,
        nominal_frequency_hz=50.0,
        poi=_poi(),
        batteries={"battery": battery(), "second": battery("second", 20_000.0, can_form=False)},
        pv={"pv": PvPlant("pv", LABEL, BusSide.ISLAND, ALL_PHASES, 50_000.0)},
        gensets={"genset": _genset()},
        feeders={f.id: f for f in feeders},
        radios={},
        tiers=tuple(Tier(n, LABEL, low, low + 10.0) for n, low in ((0, 0.0), (1, 10.0), (2, 25.0), (3, 45.0))),
        earthing=Earthing(IslandEarthing.SWITCHED_BY_US, "n_pe"),
        grid_code=grid_code(),
        timing=Timing(),
        has_emergency_off=True,
        has_local_remote=True,
    )


def _poi() -> Poi:
    return Poi(
        id="poi",
        label=LABEL,
        switching=PoiSwitching(Switcher.CONTROLLER, Switcher.CONTROLLER),
        breaker_opening_s=0.2,
        breaker_closing_s=0.08,
        breaker_closing_uncertainty_s=0.03,
        angle_error_deg=1.0,
        import_max_w=100_000.0,
        export_max_w=100_000.0,
        has_settings_groups=True,
    )


def _genset() -> Genset:
    return Genset(
        id="genset",
        label=LABEL,
        bus=BusSide.ISLAND,
        connection=GensetConnection.BUS,
        phases=ALL_PHASES,
        rating_va=40_000.0,
        capabilities=SourceCapabilities(True, False, True, True),
        start_below_soc_pct=25.0,
        stop_above_soc_pct=80.0,
        min_load_w=12_000.0,
        min_run_s=600.0,
        start_time_s=30.0,
        start_attempts_max=3,
        fuel_capacity_l=200.0,
        fuel_l_per_h_at_rating=12.0,
    )


def on_grid(at_s: float = 0.0, load_w: float = 20_000.0) -> ProcessImage:
    """Everything healthy, on grid, importing what the feeders draw in proportion to their rating."""
    feeders = {name: FeederSeen(at_s, CLOSED, power_w, False) for name, power_w in _shares_w(load_w).items()}
    return ProcessImage(
        poi=PoiSeen(
            measured_at_s=at_s,
            position=CLOSED,
            grid_voltage_v=LIVE,
            bus_voltage_v=LIVE,
            grid_frequency_hz=50.0,
            bus_frequency_hz=50.0,
            angle_difference_deg=0.0,
            rotation_equal=True,
            power_w=PhaseValues.even(load_w / 3),
            current_a=PhaseValues.even(load_w / 690),
            relay_tripped=False,
            sync_permitted=True,
            settings_group=SettingsGroup.GRID,
            dso_lock=False,
            source=GridSource.PUBLIC,
        ),
        batteries={name: battery_seen(at_s) for name in _plain().batteries},
        pv={"pv": PvSeen(at_s, ZERO, 50_000.0, True)},
        gensets={"genset": GensetSeen(at_s, GensetState.STOPPED, ZERO, 150.0)},
        feeders=feeders,
        earthing=EarthingSeen(at_s, OPEN),
        emergency_off=False,
        local_control=False,
    )


@cache
def _shares_w(load_w: float) -> Mapping[str, PhaseValues]:
    """What each feeder draws, in proportion to its rating."""
    feeders = _plain().feeders.values()
    ratio = load_w / sum(f.rated_w for f in feeders)
    return {f.id: PhaseValues.shared(ratio * f.rated_w, f.phases) for f in feeders}


def battery_seen(at_s: float = 0.0, **changes: Any) -> BatterySeen:
    plain = BatterySeen(at_s, InverterMode.GRID_FOLLOWING, ZERO, LIVE, 50.0, 90.0, 60_000.0, 60_000.0, 0.0, 20.0)
    return replace(plain, **changes) if changes else plain


def with_poi(seen: ProcessImage, **changes: Any) -> ProcessImage:
    return replace(seen, poi=replace(seen.poi, **changes))


def with_battery(seen: ProcessImage, name: str = "battery", **changes: Any) -> ProcessImage:
    return replace(seen, batteries={**seen.batteries, name: replace(seen.batteries[name], **changes)})


def with_feeder(seen: ProcessImage, name: str, **changes: Any) -> ProcessImage:
    return replace(seen, feeders={**seen.feeders, name: replace(seen.feeders[name], **changes)})


def islanded(at_s: float = 0.0, load_w: float = 20_000.0) -> ProcessImage:
    """The same hub after a blackout: POI open, grid dead, the battery forms, the island is earthed."""
    seen = on_grid(at_s, load_w)
    seen = with_poi(
        seen,
        position=OPEN,
        grid_voltage_v=DEAD,
        grid_frequency_hz=None,
        angle_difference_deg=None,
        power_w=ZERO,
        current_a=ZERO,
        settings_group=SettingsGroup.ISLAND,
    )
    seen = with_battery(seen, mode=InverterMode.GRID_FORMING, power_w=PhaseValues.even(load_w / 3))
    return replace(seen, earthing=EarthingSeen(at_s, CLOSED))


def dark(at_s: float = 0.0) -> ProcessImage:
    """POI open, both sides dead, nobody forms."""
    seen = with_poi(islanded(at_s), bus_voltage_v=DEAD, bus_frequency_hz=None)
    seen = with_battery(seen, mode=InverterMode.GRID_FOLLOWING, power_w=ZERO, voltage_v=DEAD)
    seen = with_battery(seen, "second", power_w=ZERO, voltage_v=DEAD)
    return replace(seen, earthing=EarthingSeen(at_s, OPEN))


def nothing_left(at_s: float) -> ProcessImage:
    """Dark, the battery may not give any more, and of the genset nothing is seen."""
    seen = with_battery(dark(at_s), mode=InverterMode.OFF, soc_pct=1.0, discharge_limit_w=0.0)
    return replace(seen, gensets={})
