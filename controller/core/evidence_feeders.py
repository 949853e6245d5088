"""What decided over a feeder, a closing or a forming order: numbers with their units, for the journal."""

from __future__ import annotations

from controller.core.evidence import Inputs, by_phase, former_inputs, load_before_w, names, numbers
from controller.core.feeders import OVERDRAWN_RATIO, expected_w
from controller.core.memory import CoreMemory
from controller.core.restoring import PICKUP_CEILING_RATIO, SOC_HYSTERESIS_PCT
from controller.core.resync import OWN_WINDOW_RATIO, voltage_window_ratio
from controller.core.shedding import OVERLOAD_RATIO, THERMAL_SHED_PCT, UNDERFREQUENCY_HZ
from controller.core.situation import Situation
from controller.model.hub import AssetId, Feeder, Tier
from controller.model.reasons import Reason
from controller.model.words import Mode


def shed_inputs(before: CoreMemory, after: CoreMemory, situation: Situation, feeder: AssetId) -> Inputs:
    """Why this feeder was opened: energy, or what the former carries against what it can."""
    unit, reason = situation.hub.feeders[feeder], after.feeders[feeder].reason
    found: Inputs = {"tier": unit.tier, "shed_set": names(_shed_now(before, after))}
    found |= numbers(load_w=load_before_w(before), soc_pct=situation.soc_pct)
    match reason:
        case Reason.LOW_SOC:
            tier = _tier(situation, unit)
            return found | numbers(soc_below_pct=None if tier is None else tier.shed_below_soc_pct)
        case Reason.FEEDER_OVERDRAWN:
            found |= {"overload_limit_ratio": OVERDRAWN_RATIO}  # of its own rating
        case Reason.OVERLOAD:
            found |= {"overload_limit_ratio": OVERLOAD_RATIO, "overload_limit_pct": THERMAL_SHED_PCT}
        case Reason.UNDERFREQUENCY:
            floor_hz = situation.hub.nominal_frequency_hz - UNDERFREQUENCY_HZ
            found |= numbers(bus_frequency_hz=situation.seen.poi.bus_frequency_hz, bus_frequency_below_hz=floor_hz)
        case _:
            found |= by_phase("net_import", "w", before.imported_w)
    return found | former_inputs(situation, situation.former or before.prepared.former)


def restore_inputs(after: CoreMemory, situation: Situation, feeder: AssetId) -> Inputs:
    """Why this feeder may come back: energy, and room for its pick-up."""
    unit = situation.hub.feeders[feeder]
    tier = _tier(situation, unit)
    found: Inputs = {"tier": unit.tier, **numbers(pickup_w=expected_w(after, unit) * unit.pickup_ratio)}
    if after.mode is Mode.GRID_CONNECTED:
        power_w = situation.seen.poi.power_w
        import_w = None if power_w is None else power_w.total
        return found | numbers(net_import_w=import_w, import_max_w=situation.hub.poi.import_max_w)
    found |= numbers(soc_pct=situation.soc_pct, soc_above_pct=None if tier is None else _restore_soc_pct(tier))
    found |= {"pickup_ceiling_ratio": PICKUP_CEILING_RATIO}
    return found | former_inputs(situation, situation.former)


def close_inputs(situation: Situation) -> Inputs:
    """The instant of the closing: both sides of the POI, and our own window."""
    seen, hub, sync = situation.seen.poi, situation.hub, situation.hub.grid_code.sync
    slip_hz = difference_ratio = None
    if seen.grid_frequency_hz is not None and seen.bus_frequency_hz is not None:
        slip_hz = seen.bus_frequency_hz - seen.grid_frequency_hz
    if seen.grid_voltage_v is not None and seen.bus_voltage_v is not None:
        difference_ratio = (seen.grid_voltage_v - seen.bus_voltage_v).largest / hub.nominal_voltage_v
    return numbers(
        angle_deg=seen.angle_difference_deg,
        angle_limit_deg=OWN_WINDOW_RATIO * sync.angle_max_deg,
        slip_hz=slip_hz,
        slip_limit_hz=OWN_WINDOW_RATIO * sync.slip_max_hz,
        voltage_difference_ratio=difference_ratio,
        voltage_difference_limit_ratio=voltage_window_ratio(situation),
        closing_time_s=hub.poi.breaker_closing_s,
        sample_age_s=None if seen.measured_at_s is None else situation.now_s - seen.measured_at_s,
    )


def proof_inputs(after: CoreMemory, situation: Situation) -> Inputs:
    """Behind the proof: what shows the POI open and the bus dead."""
    proven_s, seen = after.poi.proven_open_since_s, situation.seen
    position = None if seen.poi.position is None else seen.poi.position.value
    earthing = None if seen.earthing.position is None else seen.earthing.position.value
    return {
        "poi_position": position,
        "open_signs_count": situation.poi_evidence_count,
        **numbers(held_s=None if proven_s is None else situation.now_s - proven_s),
        "earthing_position": earthing,
        **by_phase("bus_voltage", "v", seen.poi.bus_voltage_v),
        **numbers(soc_pct=situation.soc_pct),
    }


def _shed_now(before: CoreMemory, after: CoreMemory) -> list[AssetId]:
    """Everything that this cycle has shed."""
    return [
        name
        for name, state in after.feeders.items()
        if state.shed_since_s is not None and (name not in before.feeders or before.feeders[name].shed_since_s is None)
    ]


def _tier(situation: Situation, feeder: Feeder) -> Tier | None:
    return next((tier for tier in situation.hub.tiers if tier.number == feeder.tier), None)


def _restore_soc_pct(tier: Tier) -> float:
    return max(tier.restore_above_soc_pct, tier.shed_below_soc_pct + SOC_HYSTERESIS_PCT)
