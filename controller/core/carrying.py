"""The load reference of a genset that carries the island alone: on its droop it sets the frequency.

f = f_n + droop * (reference - load): what it is told beyond its load is a frequency above the nominal one. In the
island the reference follows what it carries. On the way back it steers, as a person at its panel would: the frequency
is led to the grid's, and the angle through zero. One that keeps its frequency by itself (isochronous) does not heed it,
and comes into step by the beat alone: however long that takes, it is told no more than the widest slip asks for. While
the contact may lie it is let slip, as a former is. Its voltage is its own regulator's: there is no order for it.
"""

from __future__ import annotations

from controller.core.contact import may_be_closing, needs_proof, turned_unasked
from controller.core.memory import CoreMemory, LoadReference
from controller.core.resync import SLIP_MAX_HZ, can_follow, proof_hz, wanted_slip_hz
from controller.core.situation import Situation
from controller.model.commands import GensetCommand
from controller.model.hub import AssetId, Genset
from controller.model.image import GensetSeen
from controller.model.reasons import Reason
from controller.model.words import Mode, Switcher

FOLLOWS_S = 10.0  # time constant with which the reference follows the load: slower than loads that swing
STEERS_S = 1.0  # from an error of frequency to the reference that takes it away, on the droop below
DROOP_RATIO = 0.04  # of nominal frequency, from no load to its rating: what governors are usually set to
STIFF_RATIO = 0.02  # the least droop that is steered for: on the usual one it goes twice as far
GAP_MAX_S = 0.5  # between two samples: what a longer one has hidden is not made up for
ISLAND = (Mode.ISLANDED, Mode.RECONNECTION, Mode.BLACK_START)
STEP_RATIO = 0.0025  # of its rating, 5 mHz on this droop: the line to a genset is slow


def next_reference(
    memory: CoreMemory, before: LoadReference | None, genset: Genset, situation: Situation
) -> LoadReference | None:
    """One sample further; None while a battery or the grid holds the bus, or it is not seen what the genset gives."""
    if not _is_alone(memory, genset, situation):
        return None
    given = (situation.seen.gensets.get(genset.id) or GensetSeen()).power_w
    at_s = situation.seen.poi.measured_at_s
    if given is None or at_s is None or (before is not None and at_s == before.measured_at_s):
        return before
    if turned_unasked(memory, situation):
        return LoadReference(_away_w(given.total, genset, situation), at_s)
    if before is None:
        return LoadReference(_within(given.total, genset), at_s)
    return LoadReference(_next_w(memory, before, given.total, genset, situation), at_s)


def _next_w(memory: CoreMemory, before: LoadReference, given_w: float, genset: Genset, situation: Situation) -> float:
    is_timed = situation.hub.poi.switching.closed_by is not Switcher.SYNC_RELAY
    if is_timed and may_be_closing(memory, situation):
        return before.power_w  # set-points stand until the contact; a relay may wait for its own for minutes
    gap_s = max(0.0, min(GAP_MAX_S, (situation.seen.poi.measured_at_s or 0.0) - before.measured_at_s))
    if memory.mode is Mode.RECONNECTION and can_follow(situation):
        steered_w = before.power_w + _steered_w(genset, situation) * gap_s / STEERS_S
        widest_w = _widest_w(genset, situation)
        return _within(max(given_w - widest_w, min(given_w + widest_w, steered_w)), genset)
    return _within(before.power_w + (given_w - before.power_w) * min(1.0, gap_s / FOLLOWS_S), genset)


def stepped_w(reference: LoadReference, genset: Genset) -> float:
    """As it is written: in steps, so that it is not written in every cycle."""
    step_w = STEP_RATIO * genset.rating_va
    return round(reference.power_w / step_w) * step_w


def found_genset_commands(memory: CoreMemory, situation: Situation) -> dict[AssetId, GensetCommand]:
    """After a start, where a contact may lie or proves nothing: on its droop the genset slips, or current flows."""
    name = situation.loaded_genset
    if name is None or situation.former is not None or not needs_proof(memory, situation):
        return {}
    genset, given = situation.hub.gensets[name], situation.seen.gensets[name].power_w
    if given is None:
        return {}
    reference = LoadReference(_away_w(given.total, genset, situation), situation.now_s)
    return {name: GensetCommand(power_set_w=stepped_w(reference, genset), cause=Reason.CONTACT_DOUBTED)}


def _away_w(given_w: float, genset: Genset, situation: Situation) -> float:
    """On the usual droop it slips away from the grid by this; beside it, current flows."""
    away_hz = proof_hz(situation) - situation.hub.nominal_frequency_hz
    return _within(given_w + away_hz / _droop_hz_per_w(genset, situation), genset)


def _widest_w(genset: Genset, situation: Situation) -> float:
    """Beside its load, what takes a stiff one to the grid's frequency and the widest slip. More is not heeded."""
    grid_hz, nominal_hz = situation.seen.poi.grid_frequency_hz, situation.hub.nominal_frequency_hz
    off_hz = abs(grid_hz - nominal_hz) if grid_hz is not None else 0.0
    return (off_hz + SLIP_MAX_HZ) * genset.rating_va / (STIFF_RATIO * nominal_hz)


def _is_alone(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    """Beside the grid nobody forms either; there it is told a power, and the frequency is the grid's."""
    is_island = memory.mode in ISLAND or situation.poi_is_proven_open
    return is_island and situation.former is None and situation.loaded_genset == genset.id


def _steered_w(genset: Genset, situation: Situation) -> float:
    """What would take the frequency where it is wanted, on the usual droop; nothing where it is not measured."""
    poi = situation.seen.poi
    if poi.grid_frequency_hz is None or poi.bus_frequency_hz is None:
        return 0.0
    error_hz = poi.grid_frequency_hz + wanted_slip_hz(poi) - poi.bus_frequency_hz
    return error_hz / _droop_hz_per_w(genset, situation)


def _droop_hz_per_w(genset: Genset, situation: Situation) -> float:
    return DROOP_RATIO * situation.hub.nominal_frequency_hz / genset.rating_va


def _within(power_w: float, genset: Genset) -> float:
    return max(0.0, min(genset.rating_va, power_w))
