"""A hub as large as a real one, with its envelope, and variants of it. Limits are binary fractions, so exact."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from controller.model.envelope import Envelope
from controller.model.grid_code import GridCode, ReturnWindow, SyncWindow
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
)
from controller.model.phases import ALL_PHASES, Phase
from controller.model.words import (
    BusSide,
    GensetConnection,
    IslandEarthing,
    Switcher,
)

LABEL = {"de": "Probe", "da": "Prøve", "en": "Sample"}

ENVELOPE = Envelope(
    sync_angle_max_deg=10.0,
    sync_slip_max_hz=0.125,
    sync_voltage_difference_max_ratio=0.0625,
    sync_angle_error_deg=1.0,
    sample_age_max_s=0.125,
    dead_voltage_ratio=0.25,
    grid_voltage_min_ratio=0.875,
    grid_voltage_max_ratio=1.125,
    grid_frequency_min_hz=47.5,
    grid_frequency_max_hz=50.25,
    island_frequency_min_hz=48.0,
    island_frequency_max_hz=52.0,
    island_voltage_min_ratio=0.875,
    island_voltage_max_ratio=1.125,
    poi_closings_max=3,
    poi_closings_window_s=600.0,
    feeder_closings_max=3,
    feeder_closings_window_s=60.0,
    cranks_max=3,
    cranks_window_s=3600.0,
    overload_shed_ratio=1.25,
    underfrequency_shed_hz=48.5,
)
SOURCES = SourceCapabilities(can_form=True, always_forms=False, can_set_frequency=True, can_set_voltage=True)


def a_feeder(name: str, tier: int, phases: tuple[Phase, ...] = ALL_PHASES, *, carries_control: bool = False) -> Feeder:
    return Feeder(name, LABEL, tier, BusSide.ISLAND, phases, 3_000.0, carries_control, 0.1, 1.5)


def a_battery(name: str, rating_va: float, **changes: Any) -> Battery:
    plain = Battery(
        id=name,
        label=LABEL,
        bus=BusSide.ISLAND,
        phases=ALL_PHASES,
        rating_va=rating_va,
        capacity_wh=2.0 * rating_va,
        capabilities=SOURCES,
        short_time=(ShortTimePoint(1.0, math.inf),),
        droop_hz_per_w=0.0,
        reserve_soc_pct=80.0,
        empty_soc_pct=5.0,
        full_soc_pct=98.0,
    )
    return replace(plain, **changes)


def a_genset(**changes: Any) -> Genset:
    plain = Genset(
        id="genset",
        label=LABEL,
        bus=BusSide.ISLAND,
        connection=GensetConnection.BUS,
        phases=ALL_PHASES,
        rating_va=40_000.0,
        capabilities=SOURCES,
        start_below_soc_pct=25.0,
        stop_above_soc_pct=80.0,
        min_load_w=12_000.0,
        min_run_s=600.0,
        start_time_s=30.0,
        start_attempts_max=3,
        fuel_capacity_l=200.0,
        fuel_l_per_h_at_rating=12.0,
    )
    return replace(plain, **changes)


FEEDERS = (
    a_feeder("desk", 0, (Phase.L1,), carries_control=True),
    a_feeder("medical", 1, (Phase.L1,)),
    a_feeder("water", 1),
    a_feeder("warm_room", 2),
    a_feeder("cold_chain", 2),
    a_feeder("phones", 3, (Phase.L2,)),
    a_feeder("ev_posts", 3),
)
POI = Poi(
    id="poi",
    label=LABEL,
    switching=PoiSwitching(Switcher.CONTROLLER, Switcher.CONTROLLER),
    breaker_opening_s=0.25,
    breaker_closing_s=0.0625,
    breaker_closing_uncertainty_s=0.03125,
    angle_error_deg=1.0,
    import_max_w=100_000.0,
    export_max_w=100_000.0,
    has_settings_groups=True,
)
HUB = Hub(
    name="sample",
    label=LABEL,
    nominal_voltage_v=230.0,
    nominal_frequency_hz=50.0,
    poi=POI,
    batteries={"main": a_battery("main", 60_000.0), "second": a_battery("second", 20_000.0)},
    pv={
        "school": PvPlant("school", LABEL, BusSide.ISLAND, ALL_PHASES, 50_000.0),
        "barn": PvPlant("barn", LABEL, BusSide.ISLAND, ALL_PHASES, 30_000.0),
    },
    gensets={"genset": a_genset()},
    feeders={feeder.id: feeder for feeder in FEEDERS},
    radios={},
    tiers=(),
    earthing=Earthing(IslandEarthing.SWITCHED_BY_US, "n_pe"),
    grid_code=GridCode(
        "sample", 0.2, 0.1, 0.8, (), ReturnWindow(0.85, 1.1, 47.5, 50.1, 60.0), SyncWindow(10.0, 0.1, 0.05), True, 10.0
    ),
    has_emergency_off=True,
    has_local_remote=True,
)


def hub_with(**changes: Any) -> Hub:
    return replace(HUB, **changes)


def hub_with_poi(**changes: Any) -> Hub:
    return replace(HUB, poi=replace(POI, **changes))


def hub_closed_by(switcher: Switcher) -> Hub:
    return hub_with_poi(switching=PoiSwitching(Switcher.CONTROLLER, switcher))


def hub_with_battery(name: str = "main", **changes: Any) -> Hub:
    return replace(HUB, batteries={**HUB.batteries, name: replace(HUB.batteries[name], **changes)})


def hub_with_feeder(name: str, **changes: Any) -> Hub:
    return replace(HUB, feeders={**HUB.feeders, name: replace(HUB.feeders[name], **changes)})


ALWAYS_FORMS = hub_with_battery(capabilities=replace(SOURCES, always_forms=True))
