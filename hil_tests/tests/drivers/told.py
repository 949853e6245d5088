"""A device that says what a test tells it to, behind a screen."""

from __future__ import annotations

from controller.config.types import Device, Protocol
from controller.drivers.limits import Limit
from controller.drivers.link import IMPOSSIBLE, Said, Value
from controller.drivers.screen import Screen
from hil_tests.tests.drivers.devices import FakeLink, device, point, read

VOLTS = ("poi.bus_voltage_l1_v", "poi.bus_voltage_l2_v", "poi.bus_voltage_l3_v")
LOCK, POSITION, POWER = "poi.dso_lock", "poi.position", "poi.power_w"
WORD = Limit(is_number=False)
LIMITS = {
    **dict.fromkeys(VOLTS, Limit(11.5)),
    POSITION: WORD,
    LOCK: Limit(is_number=False, samples_count=3, stands_alone=True),
    POWER: Limit(10_000.0, low=-1e6, high=1e6),
}
TRUE: dict[str, Value] = {**dict.fromkeys(VOLTS, 230.0), POSITION: "closed", LOCK: False, POWER: 5_000.0}
PERIOD_S = 0.02


class Told:
    """A device that says what the story tells, every 20 ms."""

    def __init__(self, protocol: Protocol = Protocol.MODBUS_TCP, limits: dict[str, Limit] | None = None) -> None:
        points = [point(name, number, minimum=0, maximum=400) for number, name in enumerate(VOLTS)]
        points += [point(POSITION, 3, enum={1: "open", 2: "closed"}), point(LOCK, 4, "bool"), point(POWER, 5)]
        self.link = FakeLink()
        self.device: Device = device(points, protocol, normal_s=PERIOD_S)
        self.screen = Screen(self.device, self.link, limits or LIMITS, {POSITION})
        self.now_s = 100.0
        self.say()

    def say(self, **changed: Said) -> None:
        """One more reply; a name stands for the point that ends with it."""
        self.now_s += PERIOD_S
        values: dict[str, Said] = {**TRUE, **{_full(name): value for name, value in changed.items()}}
        self.link.impossible = {n: self.now_s for n, value in values.items() if value is IMPOSSIBLE}
        self.link.readings = {
            n: read(value, self.now_s) for n, value in values.items() if value not in {None, IMPOSSIBLE}
        }
        self.screen.refresh(self.now_s)

    def fact(self, name: str) -> Value | None:
        reading = self.screen.facts[_full(name)]
        return None if reading is None else reading.value

    def at(self, name: str) -> tuple[Value, float] | None:
        """The fact and its instant."""
        reading = self.screen.facts[_full(name)]
        return None if reading is None else (reading.value, reading.at_s)

    def falls_silent(self, for_s: float) -> None:
        """The link asks in vain; cycles go on."""
        self.link.is_still = True
        for _ in range(round(for_s / PERIOD_S)):
            self.now_s += PERIOD_S
            self.screen.refresh(self.now_s)
        self.link.is_still = False


def _full(name: str) -> str:
    return next(each for each in TRUE if each.endswith(name))
