"""What every tier offers to scenarios, checkers, metrics and reports: the same truth, the same log, the same levers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.config.types import Site
from controller.drivers.link import Value
from controller.model.advice import RequestKind
from controller.model.decision import Event
from controller.model.words import Authority, Mode
from hil_tests.plant.plant import Plant
from hil_tests.servers.points import PlantDevices

CLOSINGS = frozenset({"close", "close_permit"})  # by which the POI closes, at once or when a relay likes


@dataclass(frozen=True, slots=True)
class Received:
    """One order as a device got it: the wire, the drivers, the cycle and the decision lie behind."""

    at_s: float  # the plant's time
    device: str
    asset: str
    field: str  # "close", "mode_set", "power_set_w" ...
    value: Value


class Controller(Protocol):
    """The controller under test, whatever runs it."""

    @property
    def is_running(self) -> bool:
        """Its process lives."""
        ...

    @property
    def is_asleep(self) -> bool:
        """It lives and gets no processor."""
        ...

    @property
    def mode(self) -> Mode | None:
        """What it believes; None while nobody runs or nothing is known."""
        ...

    @property
    def authority(self) -> Authority:
        """How far it may act."""
        ...

    @property
    def events(self) -> list[tuple[float, Event]]:
        """Its log so far, in the plant's time; only ever grows."""
        ...

    def request(self, kind: RequestKind, subject: str | None, *, at_the_hub: bool) -> None:
        """A person asks for something."""
        ...

    def kill(self) -> None:
        """As kill -9."""
        ...

    def start(self) -> None:
        """A new process: it has the durable memory and looks at the plant."""
        ...


class FaultDesk(Protocol):
    """Puts faults of the catalogue in and takes them out again."""

    def inject(self, unit: str, kind: str, parameters: Mapping[str, object]) -> Callable[[], None]:
        """Begin a fault; the answer ends it. Raises ValueError where this tier cannot."""
        ...


@dataclass(slots=True)
class Scene:
    """One run. `orders` and `controller.events` only grow; the plant's parts are looked up at each use.

    Drivers restate what stands, once a second: `orders` keeps what is new, and every `run`, because a genset that has
    failed cranks again when it is told again. `received_count` counts everything.

    `log_lag_s`: in real time, log and snapshot are read so much later than the orders that they explain arrive.
    """

    site: Site
    plant: Plant
    devices: PlantDevices
    controller: Controller
    faults: FaultDesk
    seed: int = 1
    log_lag_s: float = 0.0
    orders: list[Received] = field(default_factory=list)
    received_count: int = 0
    received_at_s: float = 0.0  # the last of them
    acted_at_s: float = 0.0  # the last that does more than take a closing of the POI back
    marks: list[tuple[float, str]] = field(default_factory=list)  # what the bench did
    active_faults: list[tuple[str, str]] = field(default_factory=list)  # unit and type of those that last
    fault_points: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # of these; "" is the whole unit
    last_trouble: dict[str, tuple[float, float]] = field(default_factory=dict)  # by unit: from when to when, inf: still

    def __post_init__(self) -> None:
        listen(self)

    @property
    def now_s(self) -> float:
        """The plant's time."""
        return self.plant.now_s


def listen(scene: Scene) -> None:
    """Know every order by the asset and field that it serves."""
    served = {
        (ref.device, ref.point): (binding.asset, name)
        for binding in scene.site.bindings.values()
        for name, ref in binding.writes.items()
    }
    for device in scene.devices.all():
        device.on_write = _taker(scene, device.device.name, served)


def _taker(
    scene: Scene, device: str, served: Mapping[tuple[str, str], tuple[str, str]]
) -> Callable[[str, Value], None]:
    standing: dict[str, Value] = {}

    def took(point: str, value: Value) -> None:
        place = served.get((device, point))
        if place is None:
            return
        scene.received_count += 1
        scene.received_at_s = scene.devices.instant_s
        if value is not False or place[1] not in CLOSINGS:
            scene.acted_at_s = scene.received_at_s
        if standing.get(point) != value or place[1] == "run":
            standing[point] = value
            scene.orders.append(Received(scene.received_at_s, device, *place, value))

    return took
