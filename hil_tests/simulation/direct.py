"""A link without a wire: the device's answers with its poll period and write latency, in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import repeat

from controller.config.types import Device, Point, PollGroup, Protocol
from controller.drivers.emptiness import Emptiness
from controller.drivers.link import IMPOSSIBLE, RENEWED_POLLS, Reading, Said, Sample, Value
from hil_tests.plant.rest import STEP_S
from hil_tests.servers.plant_points import at_once
from hil_tests.servers.points import PlantDevice
from hil_tests.simulation.trouble import Trouble, as_decoded

WRITE_LATENCY_S: Mapping[Protocol, float] = {Protocol.MODBUS_TCP: 0.02, Protocol.OPCUA: 0.05, Protocol.MODBUS_RTU: 0.15}
RESTATE_S = 1.0  # a value that stands is sent again after this, as the real links do
BEAT_S = 0.5
TICK_S = 1e-9


@dataclass(frozen=True, slots=True)
class Latency:
    """How slow the wires are. `poll_factor` stretches every poll period."""

    write_s: Mapping[Protocol, float] = field(default_factory=lambda: WRITE_LATENCY_S)
    poll_factor: float = 1.0


class DirectLink:
    """One device, polled in its groups' periods; `is_cut` makes it silent, and what was under way is lost."""

    def __init__(self, device: Device, target: PlantDevice, latency: Latency | None = None) -> None:
        latency = latency or Latency()
        self._target = target
        self._write_s = latency.write_s[device.table.protocol]
        self._heartbeat = device.table.heartbeat
        self._groups = _groups(device, target, latency.poll_factor)
        self._newest: dict[str, Reading | None] = {}
        self.reading: Callable[[str], Reading | None] = self._newest.get  # two hundred are asked for in a cycle
        self._sent: dict[str, tuple[Value, float]] = {}
        self._pending: deque[tuple[float, str, Value]] = deque()
        self.next_s = 0.0  # nothing to do before
        self.now_s = 0.0  # what is written now bears this instant
        self._beat = 0
        self._beat_at_s = 0.0
        self.is_cut = self._is_barred = False
        self.troubles: list[Trouble] = []
        self.on_frame: Callable[[], None] | None = None  # every request on the wire, if there were one
        self._timeout_s = device.timeout_s
        self._deaf_until_s = 0.0
        self.changes_count = self.values_count = 0
        self._emptiness = Emptiness(device.table)

    @property
    def is_up(self) -> bool:
        """Answers."""
        return not self.is_cut

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
        """As a `Board` does: what waits is dropped."""
        self._is_barred = is_barred
        if is_barred:
            for _, point, _ in self._pending:
                self._sent.pop(point, None)
            self._pending.clear()

    def impossible_at_s(self, point: str) -> float | None:
        """When it held something that cannot be, if that is the newest it said."""
        for group in self._groups:
            if point in group.impossible:
                return group.sampled_at_s
        return None

    def write(self, point: str, value: Value) -> None:
        """Reaches the device after its latency; what it has already is sent again only once a second."""
        if self.is_cut or self._is_barred:
            return
        sent = self._sent.get(point)
        if sent is not None and sent[0] == value and self.now_s - sent[1] < RESTATE_S:
            return
        self._sent[point] = (value, self.now_s)
        extra_s = sum(trouble.steady_s for trouble in self.troubles)
        self._pending.append((self.now_s + self._write_s + extra_s, point, value))
        self.next_s = min(self.next_s, self._pending[0][0])

    def step(self, now_s: float, *, vetted: bool = True) -> None:
        """Deliver what is due and sample what is due. `vetted`: cycles are being completed, so the heart beats."""
        self.now_s = now_s
        if now_s < self.next_s - TICK_S:
            return
        if self.is_cut:
            self._lose_everything()
            return
        if now_s < self._deaf_until_s - TICK_S:
            self.next_s = self._deaf_until_s
            return
        self._deliver()
        if vetted and not self._is_barred and self._heartbeat is not None and now_s >= self._beat_at_s - TICK_S:
            self._beat_at_s = now_s + BEAT_S
            self._beat = (self._beat + 1) % 0x8000
            self._target.write(self._heartbeat, self._beat)
        for group in self._groups:
            if group.due_s <= now_s + TICK_S:
                self._poll(group)
        self.next_s = self._next_due_s()

    def hurry(self) -> bool:
        """What is under way arrives now: where a stride is longer than a wire is slow. True if any of it is new."""
        is_new = False
        while self._pending and not self.is_cut:
            _, point, value = self._pending.popleft()
            is_new = is_new or self._target.written.get(point) != value
            self._target.write(point, value)
        return is_new

    def forget(self) -> None:
        """The controller restarted: its side of the link knows nothing any more."""
        self.is_barred = False
        self._newest.clear()
        self._emptiness.away()
        self.changes_count += 1
        self.values_count += 1
        self._sent.clear()
        self._pending.clear()
        self.next_s = 0.0
        for group in self._groups:
            group.forget()

    def _lose_everything(self) -> None:
        self._emptiness.away()
        self._pending.clear()
        self._sent.clear()
        for group in self._groups:
            group.asked_at_s = None

    def _poll(self, group: _Group) -> None:
        """Ask; what is asked now is answered at once, later, or never."""
        now_s, asked_at_s = self.now_s, group.asked_at_s
        group.due_s = now_s + group.period_s
        if asked_at_s is None:
            delay_s = self._fate_s(is_write=False)
            if delay_s is None:
                return
            if delay_s > 0.0:
                group.asked_at_s, group.due_s = now_s, now_s + delay_s
                return
            asked_at_s = now_s
        group.asked_at_s = None
        group.due_s = max(asked_at_s + group.period_s, now_s + STEP_S)
        self.changes_count += 1
        if group.sample(asked_at_s, now_s):
            self.values_count += 1
            self._newest.update(group.readings())
        if self._emptiness.is_asked_for:
            self._emptiness.hears(group.names, group.said())

    def _fate_s(self, *, is_write: bool) -> float | None:
        """How much longer one frame takes; None when it is refused, or waited for in vain, which blocks the others."""
        if self.on_frame is not None:
            self.on_frame()
        total_s = 0.0
        for trouble in self.troubles:
            if trouble.refuses(is_write=is_write):
                return None
            total_s += trouble.delay_s()
        if total_s > self._timeout_s:
            self._deaf_until_s = self.now_s + self._timeout_s
            self._emptiness.away()
            return None
        return total_s

    def _deliver(self) -> None:
        while self._pending and self._pending[0][0] <= self.now_s + TICK_S:
            _, point, value = self._pending.popleft()
            if self._fate_s(is_write=True) is not None:
                self._target.write(point, value)
            elif self._deaf_until_s > self.now_s:
                self._sent.pop(point, None)  # not acknowledged: it is stated again
                return

    def _next_due_s(self) -> float:
        due_s = self._pending[0][0] if self._pending else self.now_s + BEAT_S
        for group in self._groups:
            due_s = min(due_s, group.due_s)
        return min(due_s, self._beat_at_s) if self._heartbeat is not None else due_s


class _Group:
    """Points that are polled together. While the plant has not changed, the values stand and only their age is new."""

    __slots__ = (
        "_change", "_read_all", "_refresh_s", "_refreshes_s", "_rest", "_sees_angle", "_target", "asked_at_s", "due_s",
        "impossible", "names", "period_s", "points", "sampled_at_s", "samples", "values",
    )  # fmt: skip

    def __init__(self, points: tuple[Point, ...], target: PlantDevice, period_s: float) -> None:
        self.points, self.period_s, self.due_s = points, period_s, 0.0
        self.sampled_at_s = 0.0
        self.asked_at_s: float | None = None  # a slow answer is under way
        self.values: list[Value | None] = [None] * len(points)
        self.impossible: frozenset[str] = frozenset()
        self.samples: dict[float, Sample] = {}  # by how much older than the question; none before the first answer
        self._target = target
        self.names = [point.id for point in points]
        self._refresh_s = [point.refresh_s for point in points]
        self._refreshes_s = frozenset(self._refresh_s)
        self._read_all = at_once([target.readers[point.id] for point in points])
        self._sees_angle = target.sees_angle
        self._rest, self._change = target.plant.rest, -1

    def sample(self, at_s: float, now_s: float) -> bool:
        """Look at every point; it was asked at an instant, and answers now. False: it says the same again, and its
        samples have but moved on.

        A restored plant is another one, with another count of its changes.
        """
        before_s, self.sampled_at_s = self.sampled_at_s, at_s
        is_soon = self.samples and now_s - before_s <= RENEWED_POLLS * self.period_s
        if not self._says_anything_new() and is_soon:
            for refresh_s, sample in self.samples.items():
                sample.at_s = at_s - refresh_s
            return False
        self.samples = {refresh_s: Sample(at_s - refresh_s) for refresh_s in self._refreshes_s}
        return True

    def _says_anything_new(self) -> bool:
        if self._target.lies:
            self._change = -1  # what is said may change while the plant rests
            said = [as_decoded(point, self._target) for point in self.points]
            self.values = [None if value is IMPOSSIBLE else value for value in said]
            self.impossible = frozenset(n for n, value in zip(self.names, said, strict=True) if value is IMPOSSIBLE)
            return True
        was_odd, self.impossible = bool(self.impossible), frozenset()
        rest = self._target.plant.rest
        change = rest.changes_count + rest.turns_count if self._sees_angle else rest.changes_count
        if change == self._change and rest is self._rest:
            return was_odd
        self._rest, self._change = rest, change
        before, self.values = self.values, self._read_all()
        return was_odd or self.values != before

    def readings(self) -> Iterable[tuple[str, Reading | None]]:
        """What it says now, point by point."""
        samples = self.samples
        pairs = zip(self.values, [samples[refresh_s] for refresh_s in self._refresh_s], strict=True)
        said: Iterable[tuple[str, Reading | None]] = zip(
            self.names, map(_as_reading, repeat(Reading), pairs), strict=False
        )
        if None not in self.values:
            return said
        return [(name, None if reading is None or reading[0] is None else reading) for name, reading in said]

    def said(self) -> list[Said]:
        """The newest answer, in the order of the names."""
        return [
            IMPOSSIBLE if name in self.impossible else value
            for name, value in zip(self.names, self.values, strict=True)
        ]

    def forget(self) -> None:
        """Nothing was ever sampled."""
        self.values, self._change, self.due_s, self.asked_at_s = [None] * len(self.points), -1, 0.0, None
        self.impossible, self.samples = frozenset(), {}


_as_reading: Callable[[type[Reading], Iterable[object]], Reading] = tuple.__new__  # a third of the constructor's time


def _groups(device: Device, target: PlantDevice, factor: float) -> list[_Group]:
    """What is polled how often; points that serve no asset are not worth a look."""
    periods_s = {PollGroup.FAST: device.fast_s, PollGroup.NORMAL: device.normal_s, PollGroup.SLOW: device.slow_s}
    groups = []
    for group, period_s in periods_s.items():
        points = tuple(
            point
            for point in device.table.points.values()
            if point.group is group and point.readable and point.id in target.readers
        )
        if points:
            groups.append(_Group(points, target, period_s * factor))
    return groups
