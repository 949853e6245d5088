"""One device between its link and the image: what it says, as far as it may be believed.

One flaw of a wire spoils one point of one reply; physics moves several points at once, or stays. So a jump that no
other point of the same sample shares waits for a second sample, and the last fact holds meanwhile, with its own, older
instant. What moves at other times than all else is no witness. A fact is never held longer than its role allows:
whoever asks for it looks at that instant.

A device of which much is impossible for long is not the one that its table describes: its register map has changed. It
is quarantined: nothing of it is believed and nothing is written to it until it has been plausible again for a while,
for nobody knows which register an order would reach. What is merely missing is not impossible: half of an instrument
may fail, and the rest is as good.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

from controller.config.types import Device, Protocol
from controller.drivers.emptiness import EMPTY_S
from controller.drivers.limits import Limit
from controller.drivers.link import Link, Reading, Value
from controller.drivers.point_doubt import PointDoubt, plain_step, point_doubt
from controller.model.reasons import Reason

SAME_SAMPLE_S = 1e-6
LOOK_S = 0.5
IMPOSSIBLE_MIN = 3  # points; one may be a broken sensor, two its wiring
IMPOSSIBLE_RATIO = 1 / 3  # of those that have bounds and were said; a dead hub or an empty restart never reach it
BAD_S = 2.0  # from judgement: longer than any restart shows half-written registers, a fifth of the ten allowed
GOOD_S = 10.0  # from judgement: a drifted map that looks right now and then never does for so long
TOLD_COUNT = 5  # so many refuted samples within a minute are told to people
TOLD_WINDOW_S = 60.0


class Screen:
    """What is believed of one device. `facts` is what the image is made of."""

    def __init__(self, device: Device, link: Link, limits: Mapping[str, Limit], urgent: Collection[str]) -> None:
        self.name = device.name
        self.facts: dict[str, Reading | None] = dict.fromkeys(limits)
        self.facts_count = 0  # how often any of them may have become another
        self.refuted_count = 0  # samples that were not believed and not borne out
        self.quarantined_since_s: float | None = None
        self.last_good_at_s: float | None = None  # of the newest fact, as of the last look
        self._link = link
        self._is_checked = device.table.protocol is not Protocol.MODBUS_TCP  # a checksum, or a typed encoding
        self._points = tuple(point_doubt(name, limit, device) for name, limit in limits.items())
        self._telling = tuple(point for point in self._points if point.is_telling)
        self._steps = tuple((point.name, plain_step(point.limit), point) for point in self._points)
        self._urgent = frozenset(urgent)
        self._suspected: set[str] = set()
        self._refuted_at_s: deque[float] = deque(maxlen=TOLD_COUNT)
        self._is_told = False
        self._changes_count = self._values_count = -1
        self._is_behind = False  # a fact is not what the device says: its next answer counts, new or not
        self._judged_count = -1  # of values, when it was last asked whether they can be
        self._is_odd: bool | None = None
        self._empty_since_s: float | None = None  # it was away, answers again, and knows nothing yet
        self._look_at_s = 0.0
        self._bad_since_s: float | None = None
        self._good_since_s: float | None = None

    @property
    def is_quarantined(self) -> bool:
        """Nothing of it is believed, and nothing is written to it."""
        return self.quarantined_since_s is not None

    @property
    def is_waiting(self) -> bool:
        """A doubt stands about something urgent: the next sample decides."""
        return not self._suspected.isdisjoint(self._urgent)

    def complaints(self, now_s: float) -> tuple[Reason, ...]:
        """What people should know of this device."""
        newest_s = self._refuted_at_s[-1] if self._refuted_at_s else -TOLD_WINDOW_S
        if not self._is_told:
            is_full = len(self._refuted_at_s) == TOLD_COUNT
            self._is_told = is_full and now_s - self._refuted_at_s[0] <= TOLD_WINDOW_S
        elif now_s - newest_s > TOLD_WINDOW_S:
            self._is_told = False
        told = (Reason.READINGS_DOUBTED,) if self._is_told or self._empty_since_s is not None else ()
        return (*told, Reason.DEVICE_IMPLAUSIBLE) if self.is_quarantined else told

    def refresh(self, now_s: float) -> None:
        """Take what the device has said since the last time. Silence is looked at, too: it is neither bad nor good."""
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_S
            self._look(now_s)
            self._give_up_old_doubts(now_s)
        changes_count = self._link.changes_count
        if changes_count == self._changes_count:
            return
        self._changes_count = changes_count
        if self.is_quarantined or self._knows_nothing(now_s):
            return
        values_count = self._link.values_count
        if values_count != self._values_count or self._is_behind:  # else it has said again what the facts are
            self._values_count = values_count
            self._take(now_s)

    def _knows_nothing(self, now_s: float) -> bool:
        """It was away, and so far reads zero where it did not before."""
        if not self._link.is_empty or not any(self._is_gone(point) for point in self._points):
            self._empty_since_s = None
            return False
        if self._empty_since_s is None:
            self._empty_since_s = now_s
        return now_s - self._empty_since_s < EMPTY_S

    def _is_gone(self, point: PointDoubt) -> bool:
        """It reads zero, and is not known to be."""
        is_zero = _value(self._link.reading(point.name)) == point.zero
        return is_zero and _value(self.facts[point.name]) != point.zero

    def _take(self, now_s: float) -> None:
        self.facts_count += 1
        reading_of, facts, suspected = self._link.reading, self.facts, self._suspected
        doubted: list[PointDoubt] = []
        considered: list[str] = []
        for name, step, point in self._steps:
            reading, fact = reading_of(name), facts[name]
            if reading is fact and not suspected:
                continue
            if reading is None or fact is None:
                considered.append(name)
                self._consider(point, reading, now_s, doubted)
                continue
            value, before = reading[0], fact[0]
            # nearly all are as before, or near it, and there are a hundred in a cycle
            if value == before or (value.__class__ is float and -step <= value - before <= step):  # type: ignore[operator]
                facts[name] = reading
                if suspected and name in suspected:
                    self._refuted(point, now_s)
            else:
                considered.append(name)
                self._consider(point, reading, now_s, doubted)
        if doubted:
            self._weigh(doubted)
        self._is_behind = any(facts[name] is not reading_of(name) for name in considered)

    def _consider(self, point: PointDoubt, reading: Reading | None, now_s: float, doubted: list[PointDoubt]) -> None:
        """What is missing, new, or not near what it was."""
        fact = self.facts[point.name]
        if reading is not None and reading is point.newest and reading.at_s == point.newest_at_s:
            return
        if reading is None or not point.is_possible(reading[0]):
            if fact is not None:
                self._lacks(point, now_s)
            return
        point.newest, point.newest_at_s = reading, reading.at_s
        if fact is None or self._is_checked or point.follows(fact, reading.value, reading.at_s):
            self.facts[point.name] = reading
            if point.name in self._suspected:
                self._refuted(point, now_s)
        else:
            doubted.append(point)

    def _weigh(self, doubted: list[PointDoubt]) -> None:
        """A jump that another point of the same sample shares is no flaw of the wire."""
        for point in doubted:
            at_s = _sampled_at_s(point)
            is_borne_out = any(
                other is not point
                and other.limit.bears_out(point.limit)
                and abs(_sampled_at_s(other) - at_s) < SAME_SAMPLE_S
                for other in doubted
            )
            assert point.newest is not None
            self._suspected.add(point.name)
            if point.suspects(point.newest, is_borne_out=is_borne_out):
                self.facts[point.name] = point.newest
                self._settled(point)

    def _lacks(self, point: PointDoubt, now_s: float) -> None:
        """Nothing possible, this time. In two replies in a row it is unknown; in one it may be a flaw of the wire."""
        if point.lacks_since_s is None and not self._is_checked:
            point.lacks_since_s = now_s
            self._suspected.add(point.name)
        elif self._is_checked or now_s - (point.lacks_since_s or 0.0) >= point.lack_s:
            self.facts[point.name] = None
            self._settled(point)

    def _refuted(self, point: PointDoubt, now_s: float) -> None:
        self.refuted_count += 1
        self._refuted_at_s.append(now_s)
        self._settled(point)

    def _give_up_old_doubts(self, now_s: float) -> None:
        """A doubt waits for the next sample. Where none comes, it waits for nothing."""
        for point in self._points if self._suspected else ():
            if point.name in self._suspected and (not self._link.is_up or now_s - point.doubted_at_s > point.forget_s):
                self._settled(point)

    def _settled(self, point: PointDoubt) -> None:
        self._suspected.discard(point.name)
        point.suspect, point.lacks_since_s = None, None
        point.agreeing_count = point.suspects_count = 0

    # -- quarantine -----------------------------------------------------------------------------------------------
    def _look(self, now_s: float) -> None:
        if not self._link.is_up:
            self._empty_since_s = None
        instants = [fact[1].at_s for fact in self.facts.values() if fact is not None]
        self.last_good_at_s = max(instants, default=self.last_good_at_s)
        verdict = self._is_impossible(now_s)
        self._bad_since_s = _since(self._bad_since_s, verdict is True, now_s)
        self._good_since_s = _since(self._good_since_s, verdict is False, now_s)
        if not self.is_quarantined and _has_lasted(self._bad_since_s, BAD_S, now_s):
            self._bar(now_s)
        elif self.is_quarantined and _has_lasted(self._good_since_s, GOOD_S, now_s):
            self.quarantined_since_s, self._link.is_barred = None, False
            self._values_count = -1

    def _bar(self, now_s: float) -> None:
        self.quarantined_since_s, self._link.is_barred = now_s, True
        self.facts_count += 1
        for point in self._points:
            self.facts[point.name] = point.newest = None
            self._settled(point)

    def _is_impossible(self, now_s: float) -> bool | None:
        """Whether too much of what it says cannot be; None while it says nothing."""
        if not self._link.is_up or not any(self._is_young(point, now_s) for point in self._points):
            return None
        if self._link.values_count != self._judged_count:
            self._judged_count = self._link.values_count
            self._is_odd = self._says_odd_things()
        return self._is_odd

    def _says_odd_things(self) -> bool | None:
        """Of what it says now, whatever its age; None when it says nothing of which that could be told."""
        wrong_count = said_count = 0
        reading_of = self._link.reading
        for point in self._telling:
            reading = reading_of(point.name)
            if reading is not None:
                said_count += 1
                wrong_count += not point.is_possible(reading[0])
            elif self._link.impossible_at_s(point.name) is not None:
                said_count += 1
                wrong_count += 1
        if said_count == 0:
            return None
        return wrong_count >= IMPOSSIBLE_MIN and wrong_count >= IMPOSSIBLE_RATIO * said_count

    def _is_young(self, point: PointDoubt, now_s: float) -> bool:
        reading = self._link.reading(point.name)
        said_at_s = reading.at_s if reading is not None else self._link.impossible_at_s(point.name)
        return said_at_s is not None and now_s - said_at_s <= point.forget_s


def _sampled_at_s(point: PointDoubt) -> float:
    assert point.newest is not None
    return point.newest.at_s


def _value(fact: Reading | None) -> Value | None:
    return None if fact is None else fact.value


def _since(since_s: float | None, is_so: bool, now_s: float) -> float | None:
    if not is_so:
        return None
    return now_s if since_s is None else since_s


def _has_lasted(since_s: float | None, for_s: float, now_s: float) -> bool:
    return since_s is not None and now_s - since_s >= for_s
