"""The checked site file as a Hub."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from controller.config.bus_budget import write_latency
from controller.config.capacity import curve_of
from controller.config.schema import (
    BatteryEntry,
    DimmingEntry,
    EarthingEntry,
    FeederEntry,
    GensetEntry,
    LabelEntry,
    OfferEntry,
    PoiEntry,
    SiteFile,
    SourceEntry,
)
from controller.config.types import AssetBinding, Device
from controller.model.grid_code import GridCode
from controller.model.hub import (
    Battery,
    Dimming,
    Earthing,
    Feeder,
    Genset,
    Hub,
    Offer,
    Poi,
    PoiSwitching,
    PvPlant,
    Radio,
    ShortTimePoint,
    SourceCapabilities,
    Tier,
    Timing,
)
from controller.model.phases import Phase
from controller.model.words import BusSide, GensetConnection, IslandEarthing, Switcher


def build_hub(
    site: SiteFile, grid_code: GridCode, devices: Mapping[str, Device], bindings: Mapping[str, AssetBinding]
) -> Hub:
    """Frozen objects with units, signs and latencies."""
    assert site.name is not None, "checked before: REQUIRED"
    assert site.label is not None, "checked before: REQUIRED"
    assert site.poi is not None, "checked before: REQUIRED"
    assert site.earthing is not None, "checked before: REQUIRED"
    return Hub(
        name=site.name,
        label=_label(site.label),
        nominal_voltage_v=site.nominal_voltage_v,
        nominal_frequency_hz=float(site.nominal_frequency_hz),
        poi=_poi(site.poi),
        batteries={
            name: _battery(name, entry, curve_of(entry, devices[bindings[name].writes["mode_set"].device]))
            for name, entry in site.batteries.items()
        },
        pv={
            name: PvPlant(name, _label(entry.label), BusSide(entry.bus), _phases(entry.phases), entry.rating_w)
            for name, entry in site.pv.items()
        },
        gensets={name: _genset(name, entry) for name, entry in site.gensets.items()},
        feeders={
            name: _feeder(
                name,
                entry,
                write_latency(bindings[name].writes["closed"], devices, bindings.values(), site.timing.cycle_s).total_s
                + entry.contactor_s,
            )
            for name, entry in site.feeders.items()
        },
        radios={
            n: Radio(n, _label(entry.label), entry.feeder, entry.own_reserve_wh) for n, entry in site.radios.items()
        },
        tiers=tuple(
            Tier(int(number), _label(entry.label), entry.shed_below_soc_pct, entry.restore_above_soc_pct)
            for number, entry in sorted(site.tiers.items())
        ),
        offers=tuple(_offer(name, entry) for name, entry in site.offers.items()),
        earthing=_earthing(site.earthing),
        grid_code=grid_code,
        timing=Timing(**site.timing.model_dump()),
        has_emergency_off=site.safety is not None,
        has_local_remote=site.safety is not None,
        dimming=_dimming(site.dimming),
    )


def _offer(name: str, entry: OfferEntry) -> Offer:
    return Offer(name, _label(entry.label), tuple(entry.feeders), tuple(entry.radios))


def _dimming(dimming: DimmingEntry | None) -> Dimming | None:
    return None if dimming is None else Dimming(dimming.limit_w, tuple(dimming.feeders))


def _earthing(earthing: EarthingEntry) -> Earthing:
    return Earthing(IslandEarthing(earthing.kind), earthing.relay)


def _poi(poi: PoiEntry) -> Poi:
    return Poi(
        id=poi.id,
        label=_label(poi.label),
        switching=PoiSwitching(Switcher(poi.opened_by), Switcher(poi.closed_by)),
        breaker_opening_s=poi.breaker_opening_s,
        breaker_closing_s=poi.breaker_closing_s,
        breaker_closing_uncertainty_s=poi.breaker_closing_uncertainty_s,
        angle_error_deg=poi.angle_error_deg,
        import_max_w=poi.import_max_w,
        export_max_w=poi.export_max_w,
        has_settings_groups=poi.has_settings_groups,
        is_closed_unattended=poi.unattended == "closed",
        return_voltage_min_ratio=poi.return_voltage_min_ratio,
        return_voltage_max_ratio=poi.return_voltage_max_ratio,
    )


def _battery(name: str, entry: BatteryEntry, beyond_rating: Sequence[ShortTimePoint]) -> Battery:
    return Battery(
        id=name,
        label=_label(entry.label),
        bus=BusSide(entry.bus),
        phases=_phases(entry.phases),
        rating_va=entry.rating_va,
        capacity_wh=entry.capacity_wh,
        capabilities=replace(_capabilities(entry), forms_in_parallel=entry.forms_in_parallel),
        short_time=(ShortTimePoint(1.0, math.inf), *beyond_rating),
        droop_hz_per_w=entry.droop_pct / 100.0 * 50.0 / entry.rating_va,
        reserve_soc_pct=entry.reserve_soc_pct,
        empty_soc_pct=entry.empty_soc_pct,
        full_soc_pct=entry.full_soc_pct,
        gives_up_soc_pct=entry.gives_up_soc_pct,
    )


def _genset(name: str, entry: GensetEntry) -> Genset:
    return Genset(
        id=name,
        label=_label(entry.label),
        bus=BusSide(entry.bus),
        connection=GensetConnection(entry.connection),
        phases=_phases(entry.phases),
        rating_va=entry.rating_va,
        capabilities=_capabilities(entry),
        start_below_soc_pct=entry.start_below_soc_pct,
        stop_above_soc_pct=entry.stop_above_soc_pct,
        min_load_w=entry.min_load_w,
        min_run_s=entry.min_run_s,
        start_time_s=entry.start_time_s,
        start_attempts_max=entry.start_attempts_max,
        fuel_capacity_l=entry.fuel_capacity_l,
        fuel_l_per_h_at_rating=entry.fuel_l_per_h_at_rating,
    )


def _feeder(name: str, entry: FeederEntry, latency_s: float) -> Feeder:
    return Feeder(
        id=name,
        label=_label(entry.label),
        tier=entry.tier,
        bus=BusSide(entry.bus),
        phases=_phases(entry.phases),
        rated_w=entry.rated_w,
        carries_control=entry.carries_control,
        write_latency_s=latency_s,
        pickup_ratio=entry.pickup_ratio,
    )


def _capabilities(entry: SourceEntry) -> SourceCapabilities:
    return SourceCapabilities(entry.can_form, entry.always_forms, entry.can_set_frequency, entry.can_set_voltage)


def _label(entry: LabelEntry) -> dict[str, str]:
    return {"de": entry.de, "da": entry.da, "en": entry.en}


def _phases(names: Sequence[str]) -> tuple[Phase, ...]:  # the schema allows only l1, l2, l3
    return tuple(Phase(name) for name in names)
