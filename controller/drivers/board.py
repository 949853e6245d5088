"""One device as the rest of the house sees it: the newest readings, and a place to leave wishes.

The owner of the connection fills it; everybody else only reads values and leaves wishes. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from controller.config.types import Device, PollGroup
from controller.drivers.blocks import Block
from controller.drivers.emptiness import Emptiness
from controller.drivers.link import IMPOSSIBLE, RENEWED_POLLS, Reading, Said, Sample, Value
from controller.drivers.outbox import Outbox, can_be_asked, is_checked
from controller.drivers.schedule import poll_period_s
from controller.drivers.urgent import is_news

_as_reading = tuple.__new__  # a third of the constructor's time

FAILURES_TO_DOWN = 3  # one lost answer is noise on a line, three in a row are an absence


class Board:
    """A `Link` to one device, whatever protocol its owner speaks."""

    def __init__(self, device: Device, clock: Callable[[], float]) -> None:
        points = device.table.points.values()
        self.device = device
        self.outbox = Outbox(is_checked(device.table), can_be_asked(device.table))
        self.wake: Callable[[], None] = _nobody_waits  # the owner of the connection replaces it
        self.is_eager = False  # every sample of an urgent point is news, changed or not
        self._hurry: Callable[[], None] = _nobody_waits
        self._urgent: Mapping[str, float] = {}
        self.failures = 0
        self.changes_count = self.values_count = 0
        self._clock = clock
        self._emptiness = Emptiness(device.table)
        self._is_up = self._is_barred = False
        self._writable = frozenset(p.id for p in points if p.writable)
        self._values: dict[str, Said] = {}
        self._samples: dict[str, Sample] = {}
        self._made: dict[str, Reading] = {}  # when somebody asked
        self._answers: dict[tuple[str, ...], _Answer] = {}  # the last one of each block
        self._renewed_s = {group: RENEWED_POLLS * poll_period_s(device, group) for group in PollGroup}

    @property
    def name(self) -> str:
        """As the site file calls the device."""
        return self.device.name

    @property
    def is_up(self) -> bool:
        """The device answered lately: its connection stands and not three questions in a row went unanswered."""
        return self._is_up

    @property
    def is_empty(self) -> bool:
        """It was away, and has said nothing but zeros since."""
        return self._emptiness.is_empty

    @property
    def is_barred(self) -> bool:
        """Nothing is written to it."""
        return self._is_barred

    @is_barred.setter
    def is_barred(self, is_barred: bool) -> None:
        self._is_barred = is_barred
        if is_barred:
            self.outbox.drop()

    def reading(self, point: str) -> Reading | None:
        """The newest value of a point; old ones stay and show their age. Made when it is asked for, which is more
        seldom than it is polled.
        """
        value = self._values.get(point)
        if value is None or value is IMPOSSIBLE:
            return None
        sample, made = self._samples[point], self._made.get(point)
        if made is None or made[1] is not sample:
            made = self._made[point] = _as_reading(Reading, (value, sample))
        return made

    def impossible_at_s(self, point: str) -> float | None:
        """When it held something that cannot be, if that is the newest it said."""
        return self._samples[point].at_s if self._values.get(point) is IMPOSSIBLE else None

    def write(self, point: str, value: Value) -> None:
        """Want this value in the device; see `Outbox` for what becomes of it."""
        assert point in self._writable, f"{self.name} has no writable point {point}"
        if not self._is_barred and self.outbox.put(point, value, self._clock()):
            self.wake()

    def keep(self, point: str, value: Said, at_s: float) -> None:
        """The device held this value at that instant; None when it had none."""
        before = self._values.get(point)
        self._values[point], self._samples[point] = value, Sample(at_s)
        self.changes_count += 1
        self.values_count += 1
        self._forget_answers(frozenset((point,)))
        if value is not None and self._emptiness.is_asked_for:
            self._emptiness.hears((point,), (value,))
        self._hurry_if_urgent(point, before, value)

    def keep_block(self, block: Block, values: Sequence[Said], asked_at_s: float) -> None:
        """The same for many points that were asked for at once."""
        kept, points = self._values, block.points
        answer = self._answers.get(points)
        self.changes_count += 1
        if self._emptiness.is_asked_for:
            self._emptiness.hears(points, values)
        if answer is not None and answer.is_repeated(values, self._clock(), self._renewed_s[block.group]):
            answer.move_on(asked_at_s)
            for point in self._urgent if self.is_eager else ():
                if point in points:
                    self._hurry()
            return
        urgent = [(point, kept.get(point)) for point in self._urgent if point in points]
        kept.update(zip(points, values, strict=True))
        if answer is None:  # else none of another block speaks of these points: it would have forgotten this one
            self._forget_answers(block.names)
        answer = self._answers[points] = _Answer(values, asked_at_s, block.refresh_s)
        self._samples.update(dict.fromkeys(points, answer.sample))
        self._samples.update(answer.older)
        self.values_count += 1
        for point, before in urgent:
            self._hurry_if_urgent(point, before, kept[point])

    def _forget_answers(self, names: frozenset[str]) -> None:
        """Something else has spoken of these points: what their blocks say next is new, whatever it is."""
        for points in [each for each in self._answers if not names.isdisjoint(each)]:
            del self._answers[points]

    def _hurry_if_urgent(self, point: str, before: Said, after: Said) -> None:
        step = self._urgent.get(point)
        if step is not None and (self.is_eager or is_news(before, after, step)):
            self._hurry()

    def when_urgent(self, points: Mapping[str, float], hurry: Callable[[], None]) -> None:
        """Call `hurry` when one of these points changes by more than its step."""
        self._urgent, self._hurry = points, hurry

    def answered(self) -> None:
        """The device said something sensible."""
        self.failures = 0
        self._is_up = True

    def failed(self) -> None:
        """The device did not answer, or not sensibly."""
        self.failures += 1
        if self.failures >= FAILURES_TO_DOWN:
            self._is_up = False
            self._emptiness.away()  # who starts anew misses more than one question

    def lost(self) -> None:
        """The connection is gone; what the device was told before is unknown from now on."""
        self._is_up = False
        self._emptiness.away()
        self.outbox.forget()


class _Answer:
    """What a block was answered last, and the samples that its points belong to."""

    __slots__ = ("_refresh_s", "_values", "older", "sample")

    def __init__(self, values: Sequence[Said], asked_at_s: float, refresh_s: Mapping[str, float]) -> None:
        self.sample = Sample(asked_at_s)
        self.older = {point: Sample(asked_at_s - by_s) for point, by_s in refresh_s.items()}
        self._values, self._refresh_s = values, refresh_s

    def is_repeated(self, values: Sequence[Said], now_s: float, within_s: float) -> bool:
        """The very same, and so soon that nothing of it can have grown stale before it came."""
        return values == self._values and 0.0 <= now_s - self.sample.at_s <= within_s

    def move_on(self, asked_at_s: float) -> None:
        """It was said again."""
        self.sample.at_s = asked_at_s
        for point, sample in self.older.items():
            sample.at_s = asked_at_s - self._refresh_s[point]


def _nobody_waits() -> None:
    return None
