"""Events as the controller's journal gives them, and a controller's socket without a controller."""

from __future__ import annotations

from typing import Any

from controller import clock
from controller.model.reasons import EventKind, Reason


def event(seq: int, kind: EventKind, reason: Reason, subject: str = "hub", **values: object) -> dict[str, Any]:
    """One line, `seq` seconds after the first."""
    return {
        "seq": seq,
        "boot": clock.boot_id(),
        "mono_s": clock.now_s() - 3600.0 + seq,
        "unix_s": clock.unix_s() - 3600.0 + seq,
        "clock": "holdover",
        "kind": kind.value,
        "reason": reason.value,
        "subject": subject,
        "values": values,
    }


def blackout() -> list[dict[str, Any]]:
    """A grid is lost, an island formed, and two feeders are shed for one reason."""
    return [
        event(1, EventKind.GRID_VERDICT, Reason.GRID_DEAD, "grid", verdict="lost"),
        event(2, EventKind.MODE_CHANGED, Reason.GRID_DEAD, to="unplanned_islanding"),
        event(3, EventKind.ORDERED_OPEN, Reason.GRID_DEAD, "poi"),
        event(4, EventKind.SHED, Reason.PREPARED_SHED, "ev_posts"),
        event(5, EventKind.SHED, Reason.PREPARED_SHED, "phones"),
        event(6, EventKind.MODE_CHANGED, Reason.ISLAND_FORMED, to="islanded"),
    ]


def blinded_on_the_way() -> list[dict[str, Any]]:
    """In the island the grid returns, and on the way back its instrument falls silent."""
    return [
        *blackout(),
        event(7, EventKind.GRID_VERDICT, Reason.GRID_OK, "grid", verdict="ok"),
        event(8, EventKind.MODE_CHANGED, Reason.GRID_RETURNED, to="reconnection"),
        event(9, EventKind.GRID_VERDICT, Reason.GRID_METER_SILENT, "grid", verdict="unknown"),
        event(10, EventKind.MODE_CHANGED, Reason.GRID_UNSEEN, to="islanded"),
    ]


class FakeController:
    """Answers questions about events as the control socket does; silent while `is_up` is False."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events
        self.is_up = True
        self.asked: list[int | None] = []

    def ask(self, **question: object) -> dict[str, Any]:
        after, limit = question["after"], question["limit"]
        assert isinstance(limit, int)
        assert after is None or isinstance(after, int)
        self.asked.append(after)
        if not self.is_up:
            raise ConnectionRefusedError("nobody there")
        found = self.events[-limit:] if after is None else [e for e in self.events if e["seq"] > after][:limit]
        return {"events": found, "cursor": found[-1]["seq"] if found else after or 0}
