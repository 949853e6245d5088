"""What each device of a site would answer: points of its table, read from and written to the plant.

One mapping for the direct links of virtual time and for all protocol servers. Values in our units and our signs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from controller.config.types import Device, PointRef, Site
from controller.drivers.link import Value
from controller.model.words import BreakerPosition
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.plant.rest import CLOCK_S
from hil_tests.servers.dead_man import act_without_us
from hil_tests.servers.plant_points import Reader, Writer, asset_points, at_once

Lie = Callable[[Value | None], Value | None]
"""From what is so to what the device says; or from an order to what it understands, None when to nothing."""

CATCH_UP_MAX_S = 1.0  # a machine that slept longer has lost that time: the plant does not race after it


@dataclass(slots=True)
class PlantDevice:
    """One device: its points as functions of the plant, and its own dead-man, which runs from power-on."""

    device: Device
    plant: Plant
    readers: dict[str, Reader] = field(default_factory=dict)
    writers: dict[str, Writer] = field(default_factory=dict)
    assets: list[tuple[str, str]] = field(default_factory=list)  # role and asset of what it serves
    written: dict[str, Value] = field(default_factory=dict)
    fed_at_s: float = 0.0
    has_reverted: bool = False
    on_write: Callable[[str, Value], None] | None = None  # who wants to know of every order, and when it came
    listeners: list[Callable[[], None]] = field(default_factory=list)  # called with every order but the heartbeat
    lies: dict[str, list[Lie]] = field(default_factory=dict)  # faults of what it says, by point; the last one wins
    mishearings: dict[str, list[Lie]] = field(default_factory=dict)  # faults of what it understands
    sees_angle: bool = False  # across an open POI, which turns while all else rests
    _together: dict[tuple[str, ...], Callable[[], list[Value | None]]] = field(default_factory=dict)

    def read(self, point: str) -> Value | None:
        """What it says now; None where the device would answer its sentinel."""
        reader = self.readers.get(point)
        value = reader() if reader is not None else self.written.get(point)
        if not self.lies:
            return value
        for lie in self.lies.get(point, ()):
            value = lie(value)
        return value

    def read_all(self, points: tuple[str, ...]) -> list[Value | None]:
        """The same for several, asked for together again and again."""
        if self.lies:
            return [self.read(point) for point in points]
        together = self._together.get(points)
        if together is None:
            truths = [self.readers.get(point) or partial(self.written.get, point) for point in points]
            together = self._together[points] = at_once(truths)
        return together()

    def truth(self, point: str) -> Value | None:
        """What it would say without a fault of its own."""
        reader = self.readers.get(point)
        return reader() if reader is not None else self.written.get(point)

    def is_live(self, point: str) -> bool:
        """It is read of the plant, not of the device's own memory."""
        return point in self.readers

    def standing(self) -> object:
        """The same as long as all that is live is the same: the plant has not moved. None: somebody bends it."""
        if self.lies:
            return None
        rest = self.plant.rest
        return rest, rest.changes_count + rest.turns_count if self.sees_angle else rest.changes_count

    def write(self, point: str, value: Value) -> None:
        """Take an order, as it is understood."""
        understood: Value | None = value
        for lie in self.mishearings.get(point, ()):
            understood = None if understood is None else lie(understood)
        if understood is not None:
            self.obey(point, understood)

    def obey(self, point: str, value: Value) -> None:
        """Do what an order says. A heartbeat feeds the dead-man when it changes."""
        if point == self.device.table.heartbeat and self.written.get(point) != value:
            self.fed_at_s, self.has_reverted = self.plant.now_s, False
        if self.listeners and point != self.device.table.heartbeat:
            for listener in tuple(self.listeners):
                listener()
        if self.on_write is not None:
            self.on_write(point, value)
        self.written[point] = value
        writer = self.writers.get(point)
        if writer is not None:
            writer(value)

    @property
    def reverts_at_s(self) -> float:
        """Not before this instant; inf without a reversion time. One that has reverted must be fed to do it again."""
        if self.device.table.reversion_s is None:
            return math.inf
        return (self.plant.now_s if self.has_reverted else self.fed_at_s) + self.device.table.reversion_s

    def check_dead_man(self) -> None:
        """After the table's reversion time without a new heartbeat the device does, once, what it declares."""
        table = self.device.table
        if table.reversion_s is None or self.has_reverted or self.plant.now_s - self.fed_at_s < table.reversion_s:
            return
        self.has_reverted = True
        islanded = self.plant.poi.position is not BreakerPosition.CLOSED
        on_loss = table.on_loss_island if islanded else table.on_loss
        for role, asset in self.assets:
            act_without_us(self.plant, role, asset, on_loss)


class PlantDevices:
    """All devices of a site around one plant.

    With a `clock` the plant follows it: `catch_up` steps to its instant, and whoever serves a request calls that first.
    Without one, somebody else steps the plant and calls `after_step`.
    """

    def __init__(
        self,
        site: Site,
        plant: Plant,
        clock: Callable[[], float] | None = None,
        on_step: Callable[[], None] | None = None,
    ) -> None:
        self.site, self.plant = site, plant
        self.skipped_s = 0.0
        self._clock, self._on_step = clock, on_step
        self._offset_s = plant.now_s - clock() if clock is not None else 0.0
        self._devices = {
            name: PlantDevice(device, plant, fed_at_s=plant.now_s) for name, device in site.devices.items()
        }
        self._bind()
        self._check_instruments()
        self._watched = [d for d in self._devices.values() if d.device.table.reversion_s is not None]
        self._next_look_s = 0.0

    def device(self, name: str) -> PlantDevice:
        """One device by its name in the site file."""
        return self._devices[name]

    @property
    def instant_s(self) -> float:
        """The plant's time as the clock shows it, between two steps too."""
        return self.plant.now_s if self._clock is None else self._clock() + self._offset_s

    def instant_of(self, clock_s: float) -> float:
        """The plant's time at an instant of the clock."""
        return clock_s + self._offset_s

    def all(self) -> Iterable[PlantDevice]:
        """Every device of the site."""
        return self._devices.values()

    def leave_to_others(self, names: Collection[str]) -> None:
        """These are somebody else's: nobody feeds them here, so no dead-man of theirs acts on this plant."""
        self._watched = [device for device in self._watched if device.device.name not in names]

    def resume(self) -> None:
        """Let the plant's time run on from now, whatever the clock did meanwhile."""
        if self._clock is not None:
            self._offset_s = self.plant.now_s - self._clock()

    def catch_up(self) -> float:
        """Step the plant to the clock's instant. Returns how far behind it was, in seconds; 0 without a clock."""
        if self._clock is None:
            return 0.0
        target_s = self._clock() + self._offset_s
        late_s = target_s - self.plant.now_s
        if late_s > CATCH_UP_MAX_S:
            self.skipped_s += late_s - CATCH_UP_MAX_S
            self._offset_s -= late_s - CATCH_UP_MAX_S
            target_s = self.plant.now_s + CATCH_UP_MAX_S
        while self.plant.now_s + STEP_S <= target_s + 1e-9:
            self.plant.step(STEP_S)
            self.after_step()
        return late_s

    @property
    def next_step_in_s(self) -> float:
        """How long until the clock is a whole step ahead of the plant; 0 when it is."""
        if self._clock is None:
            return 0.0
        return max(0.0, self.plant.now_s + STEP_S - self._clock() - self._offset_s)

    def after_step(self) -> None:
        """Let every device look at its heartbeat, and whoever watches look at the plant."""
        if self.plant.now_s >= self._next_look_s:
            for device in self._watched:
                device.check_dead_man()
            self._next_look_s = min((device.reverts_at_s for device in self._watched), default=math.inf) - CLOCK_S
        if self._on_step is not None:
            self._on_step()

    def _seen_by(self, ref: PointRef, reader: Reader) -> Reader:
        """The truth, or an instrument that the plant's options make worse than that."""
        name = f"{ref.device}.{ref.point}"
        return self.plant.bind_instrument(name, reader) if name in self.plant.instruments else reader

    def _bind(self) -> None:
        """The site says which asset takes which field from which points; this is the same, seen from the devices."""
        for binding in self.site.bindings.values():
            readers, writers = asset_points(self.plant, binding.role, binding.asset)
            served = set()
            for name, references in binding.reads.items():
                for ref in references:
                    served.add(ref.device)
                    if name in readers:
                        self._devices[ref.device].readers[ref.point] = self._seen_by(ref, readers[name])
            for name, ref in binding.writes.items():
                served.add(ref.device)
                if name in writers:
                    self._devices[ref.device].writers[ref.point] = writers[name]

            for device in served:
                self._devices[device].assets.append((binding.role, binding.asset))
                self._devices[device].sees_angle |= binding.role == "poi"

    def _check_instruments(self) -> None:
        points = {f"{name}.{point}" for name, device in self._devices.items() for point in device.readers}
        if unknown := self.plant.instruments.names() - points:
            raise ValueError(
                f"no device reads {', '.join(sorted(unknown))}: an instrument is a device.point of the site"
            )
