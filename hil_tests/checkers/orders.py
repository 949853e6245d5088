"""Every single order: inside ratings, to nobody who is not seen, and none where nothing may be ordered."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from controller.drivers.link import Value
from controller.model.words import Authority
from hil_tests.bench.scene import Received, Scene
from hil_tests.checkers.base import About, Attends, EachOrder, is_deaf
from hil_tests.servers.points import PlantDevice

ROUNDING = 1.001  # registers have steps
SAMPLE_GRACE_S = 2.0
TAKE_BACK_S = 10.0  # the hub's own constant, written here once more: a judge has his own
ACTED_GRACE_S = 0.5
SLOW_GRACE_S = 5.0  # longer than any deadline of ours, and than what the fuzzer's wires add
EMERGENCY_GRACE_S = 0.3
QUARANTINE_S = 10.0  # a device with another register map answers well; what it says has to be doubted first
UNSEEN_AFTER_S = {"silent": SAMPLE_GRACE_S, "map_drift": QUARANTINE_S}


def within_ratings() -> EachOrder:
    """I8: no set-point outside what the device is built for."""
    about = About(
        "I8",
        "Every set-point is inside its device's rating, the hub's frequency and voltage band, and no negative limit",
        "none",
        "design §7; envelope file for frequency and voltage",
    )

    misheard: dict[str, float] = {}  # devices that took our orders for something else, and until when

    def asks(scene: Scene, order: Received, before: Value | None) -> str:
        del before
        value = order.value
        for unit, kind in scene.active_faults:
            if kind in {"unit_swap", "map_drift"}:
                misheard[unit] = scene.now_s
        if isinstance(value, str | bool) or scene.now_s - misheard.get(order.device, -math.inf) <= SAMPLE_GRACE_S:
            return ""  # a word, or another number than was sent
        low, high = _range_of(scene, order.asset, order.field)
        inside = math.isfinite(value) and low - 1.0 <= value * 1.0 <= high * ROUNDING + 1.0
        return "" if inside else f"{order.asset} {order.field} {value:g}, allowed {low:g} to {high:g}"

    return EachOrder(about, asks)


def _range_of(scene: Scene, asset: str, name: str) -> tuple[float, float]:
    hub = scene.site.hub
    rating = 0.0
    if asset in hub.batteries:
        rating = hub.batteries[asset].rating_va
    elif asset in hub.gensets:
        rating = hub.gensets[asset].rating_va
    elif asset in hub.pv:
        rating = hub.pv[asset].rating_w
    nominal_v = hub.nominal_voltage_v
    match name:
        case "power_set_w":
            return (-rating * ROUNDING if asset in hub.batteries else 0.0), rating
        case "limit_set_w" | "charge_limit_set_w":
            return 0.0, rating
        case "frequency_set_hz":
            return 47.5 + 1.0, 52.5 + 1.0  # a no-load frequency may stand above the band by the droop
        case "voltage_set_v":
            return 0.85 * nominal_v, 1.15 * nominal_v
    return -math.inf, math.inf


@dataclass(slots=True)
class _Limits:
    """What a BMS allowed, since when: to take and to give, in W; as far back as it excuses an order."""

    _noted: dict[str, deque[tuple[float, float, float]]] = field(default_factory=dict)

    def note(self, scene: Scene) -> None:
        """Now; a new line where something has changed."""
        for name, battery in scene.plant.batteries.items():
            noted = self._noted.setdefault(name, deque())
            if not noted or noted[-1][1:] != (battery.charge_limit_w, battery.discharge_limit_w):
                noted.append((scene.now_s, battery.charge_limit_w, battery.discharge_limit_w))
            while len(noted) > 1 and noted[1][0] <= scene.now_s - SAMPLE_GRACE_S:
                noted.popleft()

    def widest(self, battery: str) -> tuple[float, float]:
        """Within the time that a reading and an order may be old."""
        noted = self._noted[battery]
        return max(each[1] for each in noted), max(each[2] for each in noted)


@dataclass(slots=True)
class ChargeOrders(EachOrder):
    """Looks at the limits whenever the plant has changed, and not only when somebody is told something."""

    limits: _Limits = field(default_factory=_Limits)

    def look(self, scene: Scene) -> Iterable[str]:
        """Note the limits; then as all the others."""
        self.limits.note(scene)
        return EachOrder.look(self, scene)


def no_charge_order_against_the_bms() -> EachOrder:
    """I8b: a follower is not told to charge with more than its BMS allows."""
    about = About(
        "I8b",
        "No charging or discharging order exceeds the BMS's limits as they stood two seconds before",
        "2 s",
        "design §7; study I8: CCL and DCL",
    )
    limits = _Limits()

    def asks(scene: Scene, order: Received, before: Value | None) -> str:
        del before
        battery = scene.plant.batteries.get(order.asset)
        if battery is None or order.field != "power_set_w" or isinstance(order.value, str | bool):
            return ""
        charge_w, discharge_w = limits.widest(order.asset)
        room_w = 0.02 * battery.battery.rating_va
        if is_deaf(scene, order.asset) or -charge_w - room_w <= order.value <= discharge_w + room_w:
            return ""
        return f"{order.asset} ordered to {order.value:.0f} W, its BMS allows {-charge_w:.0f} to {discharge_w:.0f}"

    attends = Attends.LEVELS | Attends.PLANT
    return ChargeOrders(about, asks, frozenset({"power_set_w"}), attends, limits=limits)


def nothing_to_the_stale() -> EachOrder:
    """I10: a device that we do not see is not closed, started or raised."""
    about = About(
        "I10",
        "No closing, forming, starting or raising is ordered of a device that is silent or whose register map has "
        "drifted",
        "2 s; 10 s for the map",
        "design §7: a stale device forbids closings, starts and increases only",
    )
    since: dict[tuple[str, str], float] = {}

    def asks(scene: Scene, order: Received, before: Value | None) -> str:
        unseen = {fault for fault in scene.active_faults if fault[1] in UNSEEN_AFTER_S and _misleads(scene, *fault)}
        for fault in [each for each in since if each not in unseen]:
            del since[fault]
        for fault in unseen:
            since.setdefault(fault, scene.now_s)
        starts = order.field in {"close", "close_permit", "run", "closed"} and order.value is True
        forms = order.field == "mode_set" and order.value == "grid_forming"
        if not (starts or forms or _raises(order, before)) or before == order.value:
            return ""
        for (unit, kind), began_s in since.items():
            lasted_s = scene.now_s - began_s
            if unit == order.device and lasted_s > UNSEEN_AFTER_S[kind] and _hides(scene, unit, kind, order):
                return f"{order.asset} {order.field} ordered, not seen for {lasted_s:.1f} s"
        return ""

    return EachOrder(about, asks)


TELLING = frozenset({"position", "mode", "state"})  # whether an order is due, and whether it was followed
BOUNDING = frozenset(
    {"power_l1_w", "power_l2_w", "power_l3_w", "limit_w", "charge_limit_w", "discharge_limit_w"}
)  # how much there is, and how much more there may be
SET_POINTS = frozenset({"power_set_w", "limit_set_w"})


def _hides(scene: Scene, unit: str, kind: str, order: Received) -> bool:
    """All of the device, or just what this order goes by: one odd temperature hides nobody."""
    points = scene.fault_points.get((unit, kind), {""})
    asked = TELLING | BOUNDING if order.field in SET_POINTS else TELLING
    told_by = {
        ref.point
        for binding in scene.site.bindings.values()
        if binding.asset == order.asset
        for name in asked & binding.reads.keys()
        for ref in binding.reads[name]
        if ref.device == unit
    }
    if kind == "map_drift":
        told_by = {point for point in told_by if not _is_true_by_chance(scene.devices.device(unit), point)}
    return "" in points or not points.isdisjoint(told_by)


def _misleads(scene: Scene, unit: str, kind: str) -> bool:
    """A map that has drifted can be found out from when something else is told than what is."""
    points = scene.fault_points.get((unit, kind), {""})
    if kind != "map_drift" or "" in points:
        return True
    device = scene.devices.device(unit)
    return any(not _is_true_by_chance(device, point) for point in points)


def _is_true_by_chance(device: PlantDevice, point: str) -> bool:
    """Ten times nothing is nothing, whatever its sign: nobody can see that the map has drifted, or is misled."""
    said, true = device.read(point), device.truth(point)
    if isinstance(said, int | float) and isinstance(true, int | float):
        return point in device.lies and math.isclose(said, true, abs_tol=1e-3)
    return point in device.lies and said == true


def _raises(order: Received, before: Value | None) -> bool:
    """More power than stood before, either way."""
    if order.field not in SET_POINTS or isinstance(order.value, str | bool):
        return False
    if before is None or isinstance(before, str | bool):
        return False
    return abs(order.value) > abs(before) * ROUNDING + 1.0


@dataclass(slots=True)
class NothingInEmergency:
    """D4: emergency-off means no forming, no closing, no starting."""

    about: About = About(
        "D4",
        "With the emergency-off pressed nothing is ordered to close, form or start",
        "0.3 s",
        "design §7",
    )
    attends: int = Attends.SWITCHES | Attends.MOVES
    is_waiting: bool = False
    _seen_count: int = 0
    _since_s: float | None = None

    def look(self, scene: Scene) -> Iterator[str]:
        """Each order once; the time counts from the button, whether anything is ordered then or not."""
        if not scene.plant.safety.emergency_off:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = scene.now_s
        for order in scene.orders[self._seen_count :]:
            is_late = self._since_s is not None and order.at_s - self._since_s > EMERGENCY_GRACE_S
            if is_late and _moves_power(scene, order):
                yield f"{order.asset} {order.field} in emergency-off"
        self._seen_count = len(scene.orders)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _moves_power(scene: Scene, order: Received) -> bool:
    """A closing, a forming, a crank. The earthing may close at any time."""
    if order.field == "closed":
        return order.value is True and order.asset in scene.plant.feeders
    if order.field == "mode_set":
        return order.value == "grid_forming"
    return order.field in {"close", "close_permit", "run"} and order.value is True


@dataclass(slots=True)
class SilentObserver:
    """D5: who only watches writes nothing."""

    about: About = About(
        "D5",
        "In `observe` nothing is written; at its beginning a closing of the POI, or a permission to, is taken back",
        "0.5 s, 5 s for what is on its way on a slow wire; 10 s for taking back",
        "design §5, authority observe",
    )
    attends: int = Attends.SWITCHES | Attends.ORDERS | Attends.LOG
    is_waiting: bool = False  # it observes: what is merely restated is no news
    _since_s: float | None = None
    _grace_s: float = ACTED_GRACE_S

    def look(self, scene: Scene) -> Iterator[str]:
        """The first order of each spell."""
        is_observing = scene.controller.is_running and scene.controller.authority is Authority.OBSERVE
        self.is_waiting = is_observing
        if not is_observing:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = scene.now_s
            is_slow = any(kind == "slow" for _, kind in scene.active_faults)
            self._grace_s = SLOW_GRACE_S if is_slow else ACTED_GRACE_S
        elif (
            scene.acted_at_s - self._since_s > self._grace_s or scene.received_at_s - self._since_s > TAKE_BACK_S + 0.5
        ):
            yield "something was written while observing"
            self._since_s = math.inf

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()
