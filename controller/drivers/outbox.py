"""What one device is to be told, and what we know of what it was told.

The newest wish per point counts. A wish that the caller no longer restates dies: an order to close must not arrive
when the device comes back a minute later. A value that the device has is not sent again, apart from restating it once
a second while the caller restates it. A write whose answer was lost is *unknown*: it is read back before anything is
sent again. So is one that a busy device refused, after a second.

A device may have points that nobody can read back. What is a level (open, stop, a limit) is sent there again as long as
it is restated; what sets something in motion only after a second, when the feedback has had its time to show whether it
moves (`docs/decisions/0020-writes-nobody-can-read-back.md`).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from controller.config.types import DeviceTable
from controller.drivers.link import Value
from controller.drivers.motion import sets_in_motion

RESTATE_S = 1.0
WISH_LIFE_S = 0.5  # ten cycles of 50 ms: longer than any transaction, shorter than any order


@dataclass(frozen=True, slots=True)
class Wish:
    """A value that somebody wants in the device."""

    point: str
    value: Value
    at_s: float

    def is_over(self, now_s: float) -> bool:
        """Nobody may want it any more: it waited for its turn, or for an answer that came before it, too long."""
        return now_s - self.at_s > WISH_LIFE_S


@dataclass(frozen=True, slots=True)
class _Sent:
    value: Value
    at_s: float
    is_unknown: bool
    is_waiting: bool = False  # unknown, and not to be asked about at once

    def is_at_rest(self, now_s: float) -> bool:
        """Restating it has time."""
        return (self.is_waiting or not self.is_unknown) and now_s - self.at_s < RESTATE_S


class Outbox:
    """The wishes for one device and the outcomes of its writes. Knows no bytes."""

    def __init__(self, checked: AbstractSet[str], askable: AbstractSet[str] = frozenset()) -> None:
        """Every write of a `checked` point is read back, one of an `askable` point when its fate is unknown."""
        self._checked = checked
        self._askable = checked | askable
        self._wishes: dict[str, Wish] = {}
        self._sent: dict[str, _Sent] = {}
        self._checks: dict[str, Value] = {}

    def put(self, point: str, value: Value, now_s: float) -> bool:
        """Want a value; True if there is something to send."""
        sent = self._sent.get(point)
        if sent is not None and sent.value == value and sent.is_at_rest(now_s):
            self._wishes.pop(point, None)  # an older, different wish is overtaken
            return False
        self._wishes[point] = Wish(point, value, now_s)
        return True

    def take(self, now_s: float, *, switches_only: bool = False) -> Wish | None:
        """The next wish to send: switches (truths) before everything else, each in the order of wishing."""
        if not self._wishes:
            return None
        for point in [wish.point for wish in self._wishes.values() if wish.is_over(now_s)]:
            del self._wishes[point]
        switches = (wish for wish in self._wishes.values() if isinstance(wish.value, bool))
        wish = next(switches, None)
        if wish is None and not switches_only:
            wish = next(iter(self._wishes.values()), None)
        return None if wish is None else self._wishes.pop(wish.point)

    def has_wish(self) -> bool:
        """Something waits to be sent."""
        return bool(self._wishes)

    def has_work(self) -> bool:
        """Something waits to be sent or to be read back."""
        return bool(self._wishes or self._checks)

    def must_check_first(self, wish: Wish) -> bool:
        """Nobody knows whether the same value has arrived before, and the device can be asked."""
        sent = self._sent.get(wish.point)
        return sent is not None and sent.is_unknown and sent.value == wish.value and wish.point in self._askable

    def is_overtaken(self, wish: Wish, now_s: float) -> bool:
        """While the device was asked whether it holds this, another value was wished, or the last wish has died."""
        newest = self._wishes.get(wish.point, wish)
        return newest.value != wish.value or newest.is_over(now_s)

    def sending(self, wish: Wish, now_s: float) -> None:
        """The wish goes out now. Until it is settled, restating it sends nothing."""
        self.has(wish, now_s)
        self._checks.pop(wish.point, None)

    def has(self, wish: Wish, now_s: float) -> None:
        """The device was asked, and holds the value already."""
        self._sent[wish.point] = _Sent(wish.value, now_s, is_unknown=False)
        newest = self._wishes.get(wish.point)
        if newest is not None and newest.value == wish.value:  # restated while the device was asked
            del self._wishes[wish.point]

    def answered(self, wish: Wish) -> None:
        """The device accepted the write; a point that is polled is read at once."""
        if wish.point in self._checked:
            self._checks[wish.point] = wish.value

    def lost(self, wish: Wish) -> None:
        """No answer came, or we were interrupted: it may or may not have happened."""
        self._unknown(wish.point)

    def doubted(self, wish: Wish) -> None:
        """It said that it is busy or failed, or a gateway spoke for it: it may have happened. It is given its time."""
        self._sent[wish.point] = _Sent(wish.value, self._sent[wish.point].at_s, is_unknown=True, is_waiting=True)

    def unchecked(self, point: str) -> None:
        """An accepted write could not be read back: whether the device holds it nobody knows."""
        self._unknown(point)

    def drop(self) -> None:
        """Nothing more is to be sent; what the device was told before is unknown."""
        self._wishes.clear()
        self.forget()

    def forget(self) -> None:
        """The device was away: what it was told before is unknown."""
        self._checks.clear()
        for point in self._sent:
            self._unknown(point)

    def _unknown(self, point: str) -> None:
        sent = self._sent[point]
        is_blind = point not in self._askable and sets_in_motion(point, sent.value)
        self._sent[point] = _Sent(sent.value, sent.at_s, is_unknown=True, is_waiting=is_blind)

    def take_check(self) -> tuple[str, Value] | None:
        """A point to read back, and the value it must have."""
        if not self._checks:
            return None
        point = next(iter(self._checks))
        return point, self._checks.pop(point)


def is_checked(table: DeviceTable) -> frozenset[str]:
    """Writable points whose place is polled, if only under another point's name."""
    places = {point.where for point in table.points.values() if point.readable}
    return frozenset(name for name in _written(table) if table.points[name].where in places)


def can_be_asked(table: DeviceTable) -> frozenset[str]:
    """Writable points that are not polled and can be read."""
    return frozenset(name for name in _written(table) if table.points[name].read_back)


def _written(table: DeviceTable) -> list[str]:
    """All but the heartbeat, of which the newest counts and no other."""
    return [name for name, point in table.points.items() if point.writable and name != table.heartbeat]
