"""After a return to the grid: the sun is let go, and the batteries are filled, at the grid code's pace.

When the grid comes back it comes back to everybody at once. `ramp_max_pct_per_min` of the grid code bounds how much
more each plant may give, and each battery take from the grid, within a minute; after as many minutes as make a hundred
per cent both are free. Loads are not asked to wait: each feeder that comes back has its own pause (`restore_settle_s`).
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.core.attempts import count_attempt
from controller.core.memory import CoreMemory, ReturnRamp
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.hub import AssetId, Battery, PvPlant
from controller.model.image import PvSeen
from controller.model.reasons import Reason
from controller.model.words import Mode

AHEAD_RATIO = 0.03  # of rating: so much a limit lies above what a plant gives, or a cloud would hold it down for good
STEP_RATIO = 0.005  # of rating: a limit is written when it has moved by as much, and not in every cycle
LEFT, RETURNED = "left", "returned"  # kinds of attempts that mark that we were off the grid, and that we came back
AWAY = ReturnRamp()


def follow_ramp(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Remember in every mode off the grid that we were away; on grid, raise the limits by one cycle's share."""
    if memory.mode is Mode.UNKNOWN:
        return memory
    if memory.mode is not Mode.GRID_CONNECTED:
        if memory.ramp == AWAY:
            return memory
        return count_attempt(replace(memory, ramp=AWAY), "hub", LEFT, situation.now_s)
    begun_s = _begun_s(memory, situation)
    if begun_s == situation.now_s:
        memory = count_attempt(memory, "hub", RETURNED, begun_s)
    if begun_s is None or situation.now_s - begun_s >= duration_s(situation):
        return memory if memory.ramp is None else replace(memory, ramp=None)
    before = memory.ramp if memory.ramp is not None else AWAY
    limits = {p.id: _limit_w(before, p, situation) for p in situation.hub.pv.values()}
    return replace(memory, ramp=ReturnRamp(begun_s, situation.now_s, limits))


def duration_s(situation: Situation) -> float:
    """From nothing to everything at the grid code's pace."""
    return 60.0 * 100.0 / situation.hub.grid_code.ramp_max_pct_per_min


def ramp_limits_w(memory: CoreMemory, situation: Situation) -> Mapping[AssetId, float | None]:
    """What each PV plant may give on grid; None: all it has."""
    if memory.ramp is None:
        return dict.fromkeys(situation.hub.pv)
    stepped: dict[AssetId, float | None] = {}
    for plant, limit_w in memory.ramp.limits_w.items():
        step_w = STEP_RATIO * situation.hub.pv[plant].rating_w
        stepped[plant] = limit_w // step_w * step_w
    return stepped


def gentle_charge_w(memory: CoreMemory, situation: Situation, battery: Battery, own_w: float) -> float:
    """How much this battery may charge: what the hub's own sun leaves over, and from the grid a share that grows."""
    if memory.ramp is None or memory.ramp.begun_s is None:
        return battery.rating_va
    share = (situation.now_s - memory.ramp.begun_s) / duration_s(situation)
    return own_w + share * battery.rating_va


def _begun_s(memory: CoreMemory, situation: Situation) -> float | None:
    """When we came back; None: we were not away. After a restart it is what was written down last, leaving or return.

    An order to close is neither: it may have been taken back, and somebody else may have closed the POI since.
    """
    if memory.ramp is not None:
        return memory.ramp.begun_s if memory.ramp.begun_s is not None else situation.now_s
    if memory.mode_since_s != situation.now_s:
        return None
    last = next((each for each in reversed(memory.durable.attempts) if each.kind in (LEFT, RETURNED)), None)
    if memory.reason is Reason.RECOVERED_RECONNECTED:
        return situation.now_s
    if last is None:
        return None
    return last.at_s if last.kind == RETURNED else situation.now_s


def _limit_w(before: ReturnRamp, plant: PvPlant, situation: Situation) -> float:
    """The limit follows the sun down: what a cloud has taken comes back at the code's pace, too."""
    given = (situation.seen.pv.get(plant.id) or PvSeen()).power_w
    ahead_w = AHEAD_RATIO * plant.rating_w + (max(0.0, given.total) if given is not None else 0.0)
    if before.at_s is None or plant.id not in before.limits_w:
        return min(plant.rating_w, ahead_w)
    limit_w = before.limits_w[plant.id]
    if given is not None:
        limit_w = min(limit_w, ahead_w)
    rise_w = plant.rating_w * (situation.now_s - before.at_s) / duration_s(situation)
    return min(plant.rating_w, limit_w + rise_w)
