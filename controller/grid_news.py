"""What the journal is told of the verdict on the grid: blindness that is over in a moment is counted, not told.

On a busy machine measurements come too late many times a minute. Core and guard act on each verdict in its own cycle;
only the telling waits here. A verdict behind which something was decided is told before it. Nothing else is held back:
a grid that is lost or rejected is told at once, but for one whose verdict changes again and again: of that the journal
gets so many lines a minute and no more, the newest with the number of those before it that it did not get.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from controller.config.types import PointRef, Site
from controller.drivers.link import Link, Reading
from controller.drivers.screen import Screen
from controller.model.decision import Event, Scalar
from controller.model.reasons import EventKind, Reason
from controller.model.words import GridVerdict

TOLD_AFTER_S = 2.0  # of blindness, longer than a stalled machine takes to come round, from judgement
STEADY_S = 5.0  # measured again for so long: then blindness that was told is over
WINDOW_S = 60.0  # one line for all that was not told in it
LINES_MAX = 10  # of verdicts in a window, from judgement: half of what any one thing may fill
POINTS = ("grid_voltage_l1_v", "grid_voltage_l2_v", "grid_voltage_l3_v", "grid_voltage_v")
DECIDED = frozenset({EventKind.MODE_CHANGED, EventKind.RECOVERED})
UNKNOWN = GridVerdict.UNKNOWN.value


@dataclass(slots=True)
class _Flicker:
    """Blindness that was counted and not told."""

    began_s: float
    longest_s: float = 0.0
    causes: Counter[Reason] = field(default_factory=Counter)


class _Pace:
    """A grid with one phase gone that sags every second changes its verdict a hundred times a minute."""

    def __init__(self) -> None:
        self._lines_at_s: deque[float] = deque(maxlen=LINES_MAX)
        self._newest: Event | None = None  # not told yet
        self._newest_at_s = 0.0
        self._untold_count = 0

    def let_through(self, events: Iterable[Event], now_s: float) -> Iterator[Event]:
        """These events, without the verdicts that are too many for now."""
        for event in events:
            if event.kind is EventKind.GRID_VERDICT:
                self._untold_count += self._newest is not None
                self._newest, self._newest_at_s = event, now_s
                if not self._is_full(now_s):
                    yield self._line(event, now_s)
                continue
            if event.kind in DECIDED and self._newest is not None:
                yield self._line(self._newest, now_s)
            yield event
        if self._newest is not None and not self._is_full(now_s):
            yield self._line(self._newest, now_s)

    def _is_full(self, now_s: float) -> bool:
        return len(self._lines_at_s) == LINES_MAX and now_s - self._lines_at_s[0] < WINDOW_S

    def _line(self, event: Event, now_s: float) -> Event:
        count, self._untold_count, self._newest = self._untold_count, 0, None
        self._lines_at_s.append(now_s)
        late: dict[str, Scalar] = {"untold_count": count} if count else {}
        late |= {"held_s": round(now_s - self._newest_at_s, 2)} if now_s > self._newest_at_s else {}
        return replace(event, values={**event.values, **late}) if late else event


class GridNews:
    """Remembers what was told, and what was not."""

    def __init__(self) -> None:
        self._pace = _Pace()
        self._told: Event | None = None  # the last verdict that stands in the journal
        self._before: Event | None = None  # the one before blindness that was told
        self._unseen: Event | None = None  # not told yet
        self._back: Event | None = None  # measured again, not told yet
        self._held_since_s = 0.0  # one of these two
        self._blind_since_s: float | None = None
        self._cause = Reason.GRID_NOT_MEASURED
        self._is_spell_told = False
        self._flicker: _Flicker | None = None

    def told(self, events: tuple[Event, ...], now_s: float, why: Callable[[], Reason]) -> Iterator[Event]:
        """The events of a cycle as they are written. `why` says why the grid is not measured, while it is not."""
        yield from self._pace.let_through(self._without_blinks(events, now_s, why), now_s)

    def _without_blinks(self, events: tuple[Event, ...], now_s: float, why: Callable[[], Reason]) -> Iterator[Event]:
        if self._blind_since_s is not None:
            self._look(why())
        for event in events:
            if event.kind is EventKind.GRID_VERDICT:
                yield from self._blind(event, now_s, why) if _is_unknown(event) else self._seen(event, now_s)
                continue
            if event.kind in DECIDED:
                yield from self._held_back(now_s)
            yield event
        yield from self._due(now_s)

    def _look(self, cause: Reason) -> None:
        """A stall shows in its first cycle only; what comes of it lasts longer."""
        is_after_a_stall = self._cause is Reason.GRID_MACHINE_BUSY and cause is Reason.GRID_MEASURED_LATE
        self._cause = self._cause if is_after_a_stall else cause

    def _blind(self, event: Event, now_s: float, why: Callable[[], Reason]) -> Iterator[Event]:
        self._blind_since_s, self._cause, self._is_spell_told = now_s, why(), self._told is None
        if self._told is None:
            yield self._say(event)
        elif not _is_unknown(self._told):
            self._unseen, self._held_since_s = event, now_s
        self._back = None

    def _seen(self, event: Event, now_s: float) -> Iterator[Event]:
        was_unseen, self._unseen = self._unseen is not None, None
        if self._blind_since_s is not None and not self._is_spell_told:
            self._count(now_s - self._blind_since_s, now_s)
        self._blind_since_s = None
        if was_unseen and _is_same(event, self._told):
            return
        if self._told is not None and _is_unknown(self._told) and _is_same(event, self._before):
            self._back, self._held_since_s = event, now_s
            return
        self._back = None
        yield self._say(event)

    def _due(self, now_s: float) -> Iterator[Event]:
        held_s = now_s - self._held_since_s
        if (self._unseen is not None and held_s >= TOLD_AFTER_S) or (self._back is not None and held_s >= STEADY_S):
            yield from self._held_back(now_s)
        flicker = self._flicker
        if flicker is not None and now_s - flicker.began_s >= WINDOW_S:
            self._flicker = None
            values = {"times_count": flicker.causes.total(), "longest_s": round(flicker.longest_s, 2)}
            yield Event(EventKind.GRID_FLICKERED, flicker.causes.most_common(1)[0][0], "grid", values)

    def _held_back(self, now_s: float) -> Iterator[Event]:
        """What waits is told now."""
        if self._unseen is not None:
            self._before, self._is_spell_told = self._told, True
            values = {**self._unseen.values, "unseen_s": round(now_s - self._held_since_s, 2)}
            yield self._say(replace(self._unseen, reason=self._cause, values=values))
        elif self._back is not None:
            yield self._say(self._back)
        self._unseen = self._back = None

    def _say(self, event: Event) -> Event:
        self._told = event
        return event

    def _count(self, lasted_s: float, now_s: float) -> None:
        flicker = self._flicker = self._flicker or _Flicker(now_s)
        flicker.longest_s = max(flicker.longest_s, lasted_s)
        flicker.causes[self._cause] += 1


class Blindness:
    """Why the grid's voltage is not in the image."""

    def __init__(self, site: Site) -> None:
        reads = site.bindings[site.hub.poi.id].reads
        self._refs: tuple[PointRef, ...] = tuple(ref for name in POINTS for ref in reads.get(name, ()))
        self._cycle_s = site.hub.timing.cycle_s

    def why(self, links: Mapping[str, Link], screens: Mapping[str, Screen], late_s: float) -> Reason:
        """`late_s`: by how much this cycle began too late. Who answers, and whose last value was good, is only late."""
        up = [ref for ref in self._refs if links[ref.device].is_up]
        if not up:
            return Reason.GRID_METER_SILENT if self._refs else Reason.GRID_NOT_MEASURED
        if not any(_is_late(links[ref.device].reading(ref.point), screens[ref.device].facts[ref.point]) for ref in up):
            return Reason.GRID_NOT_MEASURED
        return Reason.GRID_MACHINE_BUSY if late_s > self._cycle_s else Reason.GRID_MEASURED_LATE


def _is_late(newest: Reading | None, believed: Reading | None) -> bool:
    """Nothing newer than what was believed has come, and that has grown too old."""
    return newest is not None and believed is not None and newest.at_s <= believed.at_s


def _is_unknown(event: Event) -> bool:
    return event.values["verdict"] == UNKNOWN


def _is_same(event: Event, other: Event | None) -> bool:
    return other is not None and (event.reason, event.values["verdict"]) == (other.reason, other.values["verdict"])
