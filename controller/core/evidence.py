"""What a rule looked at when it applied: named numbers with their units, for the journal. Nothing is decided here.

Keys end in their unit. `held_s` is how long something had been so, `hold_s` how long it must be so, `..._limit_...`,
`..._below_...` and `..._above_...` are the bounds; `None` is "not measured".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from controller.core.attempts import form_attempts, recent_attempts
from controller.core.conditions import COLLAPSE_CONFIRM_S, OBSERVED_TRANSFER_S
from controller.core.contact import JOINS_CONFIRM_S
from controller.core.genset_panel import ATTEMPT_MEMORY_S
from controller.core.grid_verdict import MISSING_PHASE_HOLD_S, MISSING_PHASE_RATIO
from controller.core.leaving import PREPARE_MAX_S
from controller.core.memory import CoreMemory
from controller.core.planned import charge_floor_pct, charge_of_former_pct
from controller.core.poi import CLOSE_ATTEMPTS_MAX, FORM_ATTEMPTS_MAX, transfer_since_s
from controller.core.resync import return_at_s
from controller.core.situation import Situation
from controller.core.stuck import STUCK_MARGIN_S, unproven_since_s
from controller.model.decision import Input
from controller.model.grid_code import LossBand
from controller.model.hub import AssetId
from controller.model.phases import ALL_PHASES, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GridVerdict

Inputs = dict[str, Input]
DIGITS = {"hz": 3, "deg": 2, "v": 1, "a": 1, "w": 0, "va": 0, "pct": 1, "s": 3, "ratio": 3}


def rounded(name: str, value: float | None) -> float | None:
    """As many digits as the instruments have, by the unit that the name ends with."""
    if value is None:
        return None
    digits = DIGITS.get(name.rpartition("_")[2], 3)
    return round(value, digits) if digits else float(round(value))


def by_phase(stem: str, unit: str, values: PhaseValues | None) -> Inputs:
    """One quantity on the three phases, each under its own name."""
    names = [f"{stem}_{phase.value}_{unit}" for phase in ALL_PHASES]
    return {name: rounded(name, None if values is None else values[i]) for i, name in enumerate(names)}


def numbers(**values: float | None) -> Inputs:
    """Rounded by their units."""
    return {name: rounded(name, value) for name, value in values.items()}


def transition_inputs(before: CoreMemory, after: CoreMemory, situation: Situation) -> Inputs:
    """What the row that has just applied looked at; `before` is the memory in which it was asked."""
    found: Inputs = {}
    for part in _PARTS.get(after.rule.rpartition(": ")[2], (_contact, grid_side, bus_side)):
        found |= part(before, after, situation)
    return found


def grid_side(_: CoreMemory, after: CoreMemory, situation: Situation) -> Inputs:
    """The grid as it is measured, and the bound that decided."""
    poi = situation.seen.poi
    measured = by_phase("grid_voltage", "v", poi.grid_voltage_v) | numbers(grid_frequency_hz=poi.grid_frequency_hz)
    return {"verdict": after.grid.verdict.value, **measured, **_grid_bound(after, situation)}


def bus_side(_: CoreMemory, __: CoreMemory, situation: Situation) -> Inputs:
    """The hub's own bus."""
    poi = situation.seen.poi
    return by_phase("bus_voltage", "v", poi.bus_voltage_v) | numbers(bus_frequency_hz=poi.bus_frequency_hz)


def former_inputs(situation: Situation, former: AssetId | None) -> Inputs:
    """Who forms, or would, and what it carries now and for ever."""
    found: Inputs = {"former": former}
    if former is None:
        return found
    battery, state = situation.hub.batteries[former], situation.seen.batteries.get(former)
    found |= numbers(former_rating_va=battery.rating_va)
    if state is not None:
        found |= by_phase("former_power", "w", state.power_w)
        found |= numbers(discharge_limit_w=state.discharge_limit_w, overload_pct=state.overload_pct)
    return found


def load_before_w(memory: CoreMemory) -> float:
    """What the feeders drew when the bus was last live: the meters of a dying bus show nothing."""
    is_on = (memory.feeders[name].position is BreakerPosition.CLOSED for name in memory.drawn_w)
    return sum(drawn_w for drawn_w, on in zip(memory.drawn_w.values(), is_on, strict=True) if on)


def names(things: Iterable[str]) -> str:
    """Several names as one value."""
    return " ".join(things)


def _contact(_: CoreMemory, __: CoreMemory, situation: Situation) -> Inputs:
    poi = situation.seen.poi
    position = None if poi.position is None else poi.position.value
    signs: Inputs = {"poi_position": position, "open_signs_count": situation.poi_evidence_count}
    return {**signs, **by_phase("poi_current", "a", poi.current_a), **numbers(angle_deg=poi.angle_difference_deg)}


def _transfer(before: CoreMemory, _: CoreMemory, situation: Situation) -> Inputs:
    """What the prepared answer was made of."""
    return {
        **by_phase("net_import", "w", before.imported_w),
        **numbers(load_w=load_before_w(before), soc_pct=situation.soc_pct),
        **former_inputs(situation, before.prepared.former),
        "shed_set": names(before.prepared.shed),
    }


def _grid_bound(after: CoreMemory, situation: Situation) -> Inputs:
    code, nominal_v, grid, now_s = situation.hub.grid_code, situation.hub.nominal_voltage_v, after.grid, situation.now_s
    if grid.verdict is GridVerdict.OK:
        window = code.return_window
        return numbers(
            grid_voltage_below_v=window.voltage_min_ratio * nominal_v,
            grid_voltage_above_v=window.voltage_max_ratio * nominal_v,
            grid_frequency_below_hz=window.frequency_min_hz,
            grid_frequency_above_hz=window.frequency_max_hz,
            held_s=_age_s(grid.good_since_s, now_s),
        )
    if grid.reason is Reason.GRID_DEAD:
        limit_v, held_s = code.dead_voltage_ratio * nominal_v, _age_s(grid.dead_since_s, now_s)
        return numbers(grid_voltage_below_v=limit_v, hold_s=code.dead_confirm_s, held_s=held_s)
    if grid.reason is Reason.GRID_PHASE_MISSING:
        limit_v, held_s = MISSING_PHASE_RATIO * nominal_v, _age_s(next(iter(grid.bands_since_s), None), now_s)
        return numbers(grid_voltage_below_v=limit_v, hold_s=MISSING_PHASE_HOLD_S, held_s=held_s)
    since_s = grid.bands_since_s[1:]
    for band, outside_since_s in zip(code.loss_bands, since_s, strict=False):
        held_s = _age_s(outside_since_s, now_s)
        if band.reason is grid.reason and held_s is not None and held_s >= band.hold_s - 0.01:
            return _band(band, nominal_v, held_s)
    return {}


def _band(band: LossBand, nominal_v: float, held_s: float) -> Inputs:
    is_frequency = band.quantity == "frequency_hz"
    side, bound = ("below", band.below) if band.below is not None else ("above", band.above)
    name = f"grid_frequency_{side}_hz" if is_frequency else f"grid_voltage_{side}_v"
    value = bound if is_frequency or bound is None else bound * nominal_v
    return {name: rounded(name, value), **numbers(hold_s=band.hold_s, held_s=held_s)}


def _age_s(since_s: float | None, now_s: float) -> float | None:
    return None if since_s is None else now_s - since_s


def _stuck(before: CoreMemory, _: CoreMemory, situation: Situation) -> Inputs:
    limit_s = situation.hub.poi.breaker_opening_s + STUCK_MARGIN_S
    return numbers(held_s=_age_s(before.poi.open_since_s, situation.now_s), hold_s=limit_s)


def _tripped(before: CoreMemory, _: CoreMemory, situation: Situation) -> Inputs:
    limit_s = situation.hub.poi.breaker_opening_s + STUCK_MARGIN_S
    return numbers(held_s=_age_s(before.poi.tripped_since_s, situation.now_s), hold_s=limit_s)


def _unproven(before: CoreMemory, _: CoreMemory, situation: Situation) -> Inputs:
    open_since_s = before.poi.open_since_s
    began_s = before.mode_since_s if open_since_s is None else unproven_since_s(before, open_since_s)
    limit_s = situation.hub.poi.breaker_opening_s + situation.hub.timing.forming_max_s
    return numbers(held_s=situation.now_s - began_s, hold_s=limit_s)


def _lies(before: CoreMemory, _: CoreMemory, situation: Situation) -> Inputs:
    return numbers(held_s=_age_s(before.poi.joins_since_s, situation.now_s), hold_s=JOINS_CONFIRM_S)


def _not_formed(before: CoreMemory, after: CoreMemory, situation: Situation) -> Inputs:
    proven_s = after.poi.proven_open_since_s
    began_s = before.mode_since_s if proven_s is None else max(proven_s, before.mode_since_s)
    return {
        "candidate": situation.candidate,
        "earthing_is_ready": situation.earthing_is_ready,
        "attempts_count": form_attempts(before, situation, transfer_since_s(before)),
        "attempts_max_count": FORM_ATTEMPTS_MAX,
        **numbers(held_s=situation.now_s - began_s, hold_s=situation.hub.timing.forming_max_s),
    }


def _collapse(_: CoreMemory, after: CoreMemory, situation: Situation) -> Inputs:
    limit_v = situation.hub.grid_code.dead_voltage_ratio * situation.hub.nominal_voltage_v
    held_s = _age_s(after.bus_dead_since_s, situation.now_s)
    return numbers(bus_voltage_below_v=limit_v, held_s=held_s, hold_s=COLLAPSE_CONFIRM_S)


def _formed(_: CoreMemory, __: CoreMemory, situation: Situation) -> Inputs:
    return former_inputs(situation, situation.former)


def _good_grid(before: CoreMemory, after: CoreMemory, situation: Situation) -> Inputs:
    good_since_s, earliest_s = after.grid.good_since_s, return_at_s(before, situation)
    wait_s = None if earliest_s is None or before.grid.good_since_s is None else earliest_s - before.grid.good_since_s
    observation_s = situation.hub.grid_code.return_window.observation_s
    held_s = _age_s(good_since_s, situation.now_s)
    return numbers(observation_s=observation_s, held_s=held_s, hold_s=wait_s if wait_s is not None else observation_s)


def _tries(before: CoreMemory, _: CoreMemory, __: Situation) -> Inputs:
    return {"attempts_count": before.poi.close_attempts, "attempts_max_count": CLOSE_ATTEMPTS_MAX}


def _waited(limit_s: Callable[[Situation], float]) -> Callable[[CoreMemory, CoreMemory, Situation], Inputs]:
    def part(before: CoreMemory, _: CoreMemory, situation: Situation) -> Inputs:
        return numbers(held_s=situation.now_s - before.mode_since_s, hold_s=limit_s(situation))

    return part


def _left(_: CoreMemory, __: CoreMemory, situation: Situation) -> Inputs:
    bounds = numbers(soc_pct=charge_of_former_pct(situation), soc_below_pct=charge_floor_pct(situation.hub))
    return {**former_inputs(situation, situation.former or situation.candidate), **bounds}


def _exchange(_: CoreMemory, __: CoreMemory, situation: Situation) -> Inputs:
    net = by_phase("net_import", "w", situation.seen.poi.power_w)
    return {**net, **numbers(load_w=situation.load_w.total), **former_inputs(situation, situation.candidate)}


def _emergency(_: CoreMemory, __: CoreMemory, situation: Situation) -> Inputs:
    return {"emergency_off": situation.seen.emergency_off}


def _recovered(_: CoreMemory, after: CoreMemory, situation: Situation) -> Inputs:
    return {"former": situation.former, "verdict": after.grid.verdict.value}


Part = Callable[[CoreMemory, CoreMemory, Situation], Inputs]
_BACK: tuple[Part, ...] = (_recovered, _contact, grid_side, bus_side)
_PARTS: Mapping[str, tuple[Part, ...]] = {
    "emergency_off": (_emergency,),
    "emergency_on_top": (_emergency,),
    "emergency_released": (_emergency,),
    "recovered_as_grid_connected": _BACK,
    "recovered_as_islanded": _BACK,
    "recovered_as_unplanned_islanding": _BACK,
    "recovered_as_dark": _BACK,
    "brought_back": _BACK,
    "start_clear": _BACK,
    "start_unclear": (_waited(lambda s: s.hub.timing.unknown_max_s), *_BACK),
    "poi_opened_by_itself": (_contact, grid_side, bus_side, _transfer),
    "grid_lost": (grid_side, _transfer),
    "dark_and_blind": (_collapse, _contact, grid_side, bus_side, _transfer),
    "open_not_proven": (_unproven, _contact, grid_side, bus_side),
    "island_formed": (_formed, _contact, bus_side),
    "breaker_failed": (_tripped, _contact, grid_side, bus_side),
    "poi_stuck": (_stuck, _contact, grid_side, bus_side),
    "contact_lies": (_lies, _contact, grid_side, bus_side),
    "joined_a_good_grid": (_lies, _contact, grid_side, bus_side),
    "not_formed": (_not_formed, bus_side),
    "collapsed": (_collapse, bus_side, _transfer),
    "may_reconnect": (_good_grid, grid_side),
    "lockout_released": (_good_grid, _contact, grid_side),
    "grid_is_back": (_good_grid, _contact, grid_side),
    "will_not_close": (_tries, _contact),
    "gave_up": (_waited(lambda s: s.hub.timing.resync_max_s), _contact, grid_side, bus_side),
    "opened_before_our_order": (_contact, grid_side, bus_side, _transfer),
    "former_gone": (_left,),
    "former_low": (_left,),
    "not_prepared": (_waited(lambda _: PREPARE_MAX_S), _exchange),
    "nobody_follows": (_waited(lambda _: OBSERVED_TRANSFER_S), _contact, bus_side),
}
"""By the name of the row's condition; a row that is not here gets contact, grid and bus."""


def crank_inputs(after: CoreMemory, situation: Situation, genset: AssetId) -> Inputs:
    """Why a genset starts, and how often it was tried in the last hour."""
    unit = situation.hub.gensets[genset]
    tried = recent_attempts(after, genset, "crank", situation.now_s - ATTEMPT_MEMORY_S)
    return {
        **numbers(soc_pct=situation.soc_pct, soc_below_pct=unit.start_below_soc_pct, load_w=situation.load_w.total),
        "attempts_count": tried,
        "attempts_max_count": unit.start_attempts_max,
    }


def genset_stop_inputs(before: CoreMemory, situation: Situation, genset: AssetId) -> Inputs:
    """Why a genset is let go."""
    unit, source = situation.hub.gensets[genset], before.gensets.get(genset)
    ran_s = _age_s(source.wanted_since_s if source is not None else None, situation.now_s)
    above_pct = unit.stop_above_soc_pct
    return numbers(soc_pct=situation.soc_pct, soc_above_pct=above_pct, held_s=ran_s, hold_s=unit.min_run_s)
