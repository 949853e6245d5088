"""Events about devices: one when a link goes or comes, one when what a device says is doubted or is sound again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller.drivers.crosscheck import Complaint
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason

LOST_FOR_S = 0.8  # a connection made anew within this is a hiccup; three timeouts of 0.3 s and this are less than 2 s


class DeviceNews:
    """Remembers what was told."""

    def __init__(self) -> None:
        self._told: frozenset[str] | None = None
        self._lost_since_s: dict[str, float] = {}
        self._complaints: frozenset[Complaint] = frozenset()

    def of_links(self, lost: tuple[str, ...], now_s: float, *, may_be_away: bool) -> Iterator[Event]:
        """An event for each link that is gone or came back. `may_be_away`: the hub has just begun."""
        if self._told is None:
            if not lost or not may_be_away:
                self._told = frozenset()
            return
        if not lost and not self._told:
            self._lost_since_s.clear()  # a hiccup is over
            return
        self._lost_since_s = {name: self._lost_since_s.get(name, now_s) for name in lost}
        for name, since_s in self._lost_since_s.items():
            if name not in self._told and now_s - since_s >= LOST_FOR_S:
                self._told |= {name}
                yield Event(EventKind.DEVICE, Reason.DEVICE_LOST, name)
        for name in sorted(self._told - self._lost_since_s.keys()):
            self._told -= {name}
            yield Event(EventKind.DEVICE, Reason.DEVICE_BACK, name)

    def of_doubts(self, complaints: Iterable[Complaint]) -> Iterator[Event]:
        """An alarm for each new complaint, and its end."""
        now = frozenset(complaints)
        if now == self._complaints:
            return
        for subject, reason in sorted(now - self._complaints, key=_by_name):
            yield Event(EventKind.ALARM, reason, subject)
        for subject, reason in sorted(self._complaints - now, key=_by_name):
            yield Event(EventKind.ALARM_CLEARED, reason, subject)
        self._complaints = now


def _by_name(complaint: Complaint) -> tuple[str, str]:
    return complaint.subject, complaint.reason.value
