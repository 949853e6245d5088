"""A charge that falls at one blow: more is gone than was given. A BMS corrects itself so, or errs so.

Loads that wait are shed by it at once, but nobody is left in the dark for it while the BMS lets the battery give, and
no genset is cranked before the next readings have come.
"""

from __future__ import annotations

from controller.core.memory import ChargeMemory, CoreMemory
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.hub import Battery
from controller.model.image import BatterySeen

FLEET = "fleet"  # all batteries together: what gensets are started by
BLOW_PCT = 5.0  # what a BMS corrects at its full charge, from judgement; the drivers' cross-check tells people the same
ANCHOR_S = 10.0  # a fall is measured against a charge no older than this
DOUBT_S = 600.0  # as long as people are told of it
NEXT_S = 5.0  # several polls of a charge, by the shipped tables; one that is read more seldom is believed then


def watch_charge(memory: CoreMemory, situation: Situation) -> ChargeMemory | None:
    """The charge of whoever forms, and when it last fell at one blow."""
    former, before = situation.former or memory.former, memory.charge  # unseen for a moment
    if former is None:
        return None
    soc_pct = (situation.seen.batteries.get(former) or BatterySeen()).soc_pct
    if before is not None and before.battery != former and soc_pct is not None:
        before = None
    return _watched(before, former, soc_pct, [situation.hub.batteries[former]], situation.now_s)


def watch_fleet_charge(memory: CoreMemory, situation: Situation) -> ChargeMemory | None:
    """The same of all batteries together."""
    batteries = list(situation.hub.batteries.values())
    return _watched(memory.fleet_charge, FLEET, situation.soc_pct, batteries, situation.now_s)


def _watched(
    before: ChargeMemory | None, name: str, soc_pct: float | None, batteries: list[Battery], now_s: float
) -> ChargeMemory | None:
    if soc_pct is None:
        return before
    if before is None:
        return ChargeMemory(name, soc_pct, now_s)
    rating_va, capacity_wh = sum(b.rating_va for b in batteries), sum(b.capacity_wh for b in batteries)
    given_pct = 100.0 * rating_va * (now_s - before.at_s) / 3600.0 / capacity_wh
    if soc_pct < before.soc_pct - BLOW_PCT - given_pct:
        return ChargeMemory(name, soc_pct, now_s, now_s)
    if now_s - before.at_s >= ANCHOR_S or soc_pct > before.soc_pct:
        return replace(before, soc_pct=soc_pct, at_s=now_s)
    return before


def has_just_fallen(memory: CoreMemory, situation: Situation) -> bool:
    """Together they fell at one blow, and the next readings have not borne it out yet."""
    charge = memory.fleet_charge
    return charge is not None and charge.fell_at_s is not None and situation.now_s - charge.fell_at_s < NEXT_S


def is_charge_doubted(memory: CoreMemory, situation: Situation) -> bool:
    """It fell at one blow of late, and its BMS still lets it give."""
    charge = memory.charge
    if charge is None or charge.fell_at_s is None or situation.now_s - charge.fell_at_s >= DOUBT_S:
        return False
    limit_w = (situation.seen.batteries.get(charge.battery) or BatterySeen()).discharge_limit_w
    return limit_w is None or limit_w > 0.0
