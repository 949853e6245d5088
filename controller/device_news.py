"""Events about devices: one when a link goes or comes, one when what a device says is doubted or is sound again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller.drivers.crosscheck import Complaint
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason


class DeviceNews:
    """Remembers what was told."""

    def __init__(self) -> None:
        self._lost: tuple[str, ...] | None = None
        self._complaints: frozenset[Complaint] = frozenset()

    def of_links(self, lost: tuple[str, ...], *, may_be_away: bool) -> Iterator[Event]:
        """An event for each link that went or came. `may_be_away`: the hub has just begun, and none has come yet."""
        if self._lost is None:
            if not lost or not may_be_away:
                self._lost = ()
            return
        if lost == self._lost:
            return
        for name in lost:
            if name not in self._lost:
                yield Event(EventKind.DEVICE, Reason.DEVICE_LOST, name)
        for name in self._lost:
            if name not in lost:
                yield Event(EventKind.DEVICE, Reason.DEVICE_BACK, name)
        self._lost = lost

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
