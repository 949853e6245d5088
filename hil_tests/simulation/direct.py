"""A link without a wire: the device's answers with its poll period and write latency, in virtual time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from controller.config.types import Device, PollGroup, Protocol
from controller.drivers.link import Reading, Value
from hil_tests.servers.points import PlantDevice

WRITE_LATENCY_S = {Protocol.MODBUS_TCP: 0.02, Protocol.OPCUA: 0.05, Protocol.MODBUS_RTU: 0.15}


@dataclass(slots=True)
class DirectLink:
    """One device, polled in its groups' periods; `is_cut` makes it silent."""

    device: Device
    target: PlantDevice
    is_cut: bool = False
    _readings: dict[str, Reading] = field(default_factory=dict)
    _due_at_s: dict[PollGroup, float] = field(default_factory=dict)
    _pending: deque[tuple[float, str, Value]] = field(default_factory=deque)
    _wanted: dict[str, Value] = field(default_factory=dict)
    _now_s: float = 0.0
    _beat: int = 0

    @property
    def is_up(self) -> bool:
        """Answers."""
        return not self.is_cut

    def reading(self, point: str) -> Reading | None:
        """The newest sample."""
        return self._readings.get(point)

    def write(self, point: str, value: Value) -> None:
        """Reaches the device after its latency; what it has already is not sent again."""
        if self._wanted.get(point) == value or self.is_cut:
            return
        self._wanted[point] = value
        self._pending.append((self._now_s + WRITE_LATENCY_S[self.device.table.protocol], point, value))

    def step(self, now_s: float, *, vetted: bool = True) -> None:
        """Deliver what is due and sample what is due. `vetted`: a cycle is being completed, so hearts beat."""
        self._now_s = now_s
        if self.is_cut:
            return
        while self._pending and self._pending[0][0] <= now_s + 1e-9:
            _, point, value = self._pending.popleft()
            self.target.write(point, value)
        heartbeat = self.device.table.heartbeat
        if vetted and heartbeat is not None:
            self._beat = (self._beat + 1) % 65536
            self.target.write(heartbeat, self._beat)
        for group, period_s in (
            (PollGroup.FAST, self.device.fast_s),
            (PollGroup.NORMAL, self.device.normal_s),
            (PollGroup.SLOW, self.device.slow_s),
        ):
            if self._due_at_s.get(group, 0.0) <= now_s + 1e-9:
                self._due_at_s[group] = now_s + period_s
                self._sample(group, now_s)

    def forget(self) -> None:
        """The controller restarted: its side of the link knows nothing any more."""
        self._readings.clear()
        self._wanted.clear()
        self._pending.clear()
        self._due_at_s.clear()

    def _sample(self, group: PollGroup, now_s: float) -> None:
        for point in self.device.table.points.values():
            if point.group is group and point.readable:
                value = self.target.read(point.id)
                if value is None:
                    self._readings.pop(point.id, None)
                else:
                    self._readings[point.id] = Reading(value, now_s - point.refresh_s)
