"""What a crash may not take: whatever was acknowledged, and the intent of every closing, forming and crank."""

from __future__ import annotations

import math
from collections.abc import Sequence

from controller.model.reasons import EventKind, Reason
from hil_tests.bench.scene import Received
from hil_tests.checkers.causes import HELD_BACK_S, INTENTS, RECALLED_S
from hil_tests.simulation.bench import Bench

LASTS_MAX_S = HELD_BACK_S  # between an intent and the order that a device receives of it
PERMIT_LASTS_MAX_S = 400.0  # a permission is restated for as long as a sync relay may take


def lost_at_the_crash(bench: Bench, acknowledged: int, orders: Sequence[Received]) -> list[str]:
    """Compares what a start would find on the disk with what was acknowledged, and with what was ordered.

    `orders` are changes, in their order. Each wants an intent of its own: one that is younger than the last order of
    its kind, so that a retry is not excused by the first try.
    """
    on_disk, lost = list(bench.journal.on_disk()), []
    found = sum(1 for _ in bench.journal.disk.records())
    if found < acknowledged:
        lost.append(f"journal: {acknowledged} lines were acknowledged, {found} are on the disk")
    unsaved = [(at_s, each.subject) for at_s, each in bench.happened(EventKind.JOURNAL, Reason.INTENT_NOT_DURABLE)]
    last_s: dict[tuple[str, EventKind], float] = {}
    for order in orders:
        kind = INTENTS.get((order.field, order.value))
        if kind is None:
            continue
        previous_s = last_s.get((order.asset, kind), -math.inf)
        last_s[order.asset, kind] = order.at_s
        if any(who == order.asset and 0.0 <= order.at_s - at_s <= RECALLED_S for at_s, who in unsaved):
            continue
        intents = [line.at_s for line in on_disk if (line.kind, line.subject) == (kind.value, order.asset)]
        since_s = order.at_s - (PERMIT_LASTS_MAX_S if order.field == "close_permit" else LASTS_MAX_S)
        if not any(since_s <= at_s <= order.at_s and at_s > previous_s for at_s in intents):
            lost.append(f"journal: {order.asset} {order.field} was ordered, and its intent is not on the disk")
    return lost
