"""What a crash may not take: whatever was acknowledged, and the intent of every closing, forming and crank."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model.reasons import EventKind, Reason
from hil_tests.bench.scene import Received
from hil_tests.checkers.causes import INTENTS
from hil_tests.simulation.bench import Bench

LASTS_MAX_S = 400.0  # between an order and the last time that it is restated: a sync relay may take that long


def lost_at_the_crash(bench: Bench, acknowledged: int, orders: Sequence[Received]) -> list[str]:
    """Compares what a start would find on the disk with what was acknowledged, and with what was ordered."""
    on_disk, lost = list(bench.journal.on_disk()), []
    found = sum(1 for _ in bench.journal.disk.records())
    if found < acknowledged:
        lost.append(f"journal: {acknowledged} lines were acknowledged, {found} are on the disk")
    unsaved = {event.subject for _, event in bench.happened(EventKind.JOURNAL, Reason.INTENT_NOT_DURABLE)}
    for order in orders:
        kind = INTENTS.get((order.field, order.value))
        if kind is None or order.asset in unsaved:
            continue
        intents = [line.at_s for line in on_disk if (line.kind, line.subject) == (kind.value, order.asset)]
        if not any(0.0 <= order.at_s - at_s <= LASTS_MAX_S for at_s in intents):
            lost.append(f"journal: {order.asset} {order.field} was ordered, and its intent is not on the disk")
    return lost
