"""A charge that falls at one blow: more is gone than the battery can have given. A BMS corrects itself so, or errs so.

Loads that wait are shed by it at once, but nobody is left in the dark for it while the BMS lets the battery give, and
no genset is cranked for one reading.
"""

from __future__ import annotations

from controller.core.memory import ChargeMemory, CoreMemory
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.image import BatterySeen

BLOW_PCT = 5.0  # what a BMS corrects at its full charge, from judgement; the drivers' cross-check tells people the same
ANCHOR_S = 10.0  # a fall is measured against a charge no older than this
DOUBT_S = 600.0  # as long as people are told of it
NEXT_S = 5.0  # within which the next readings come, of the slowest group as well


def watch_charge(memory: CoreMemory, situation: Situation) -> ChargeMemory | None:
    """The charge of whoever forms, and when it last fell at one blow."""
    former, before, now_s = situation.former or memory.former, memory.charge, situation.now_s  # unseen for a moment
    if former is None:
        return None
    soc_pct = (situation.seen.batteries.get(former) or BatterySeen()).soc_pct
    if soc_pct is None:
        return before
    if before is None or before.battery != former:
        return ChargeMemory(former, soc_pct, now_s)
    battery = situation.hub.batteries[former]
    given_pct = 100.0 * battery.rating_va * (now_s - before.at_s) / 3600.0 / battery.capacity_wh
    if soc_pct < before.soc_pct - BLOW_PCT - given_pct:
        return ChargeMemory(former, soc_pct, now_s, now_s)
    if now_s - before.at_s >= ANCHOR_S:
        return replace(before, soc_pct=soc_pct, at_s=now_s)
    return before


def has_just_fallen(memory: CoreMemory, situation: Situation) -> bool:
    """At one blow, and no further reading has borne it out yet."""
    charge = memory.charge
    return charge is not None and charge.fell_at_s is not None and situation.now_s - charge.fell_at_s < NEXT_S


def is_charge_doubted(memory: CoreMemory, situation: Situation) -> bool:
    """It fell at one blow of late, and its BMS still lets it give."""
    charge = memory.charge
    if charge is None or charge.fell_at_s is None or situation.now_s - charge.fell_at_s >= DOUBT_S:
        return False
    limit_w = (situation.seen.batteries.get(charge.battery) or BatterySeen()).discharge_limit_w
    return limit_w is None or limit_w > 0.0
