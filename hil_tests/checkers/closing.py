"""The POI's closings, its dead grid, and who may form beside it. On plant truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.model.words import Authority, GridSource, InverterMode, Mode, SettingsGroup
from hil_tests.bench.scene import Scene
from hil_tests.checkers.base import About, Attends, Lasting, Spell, is_broken, is_deaf, watches_the_grid
from hil_tests.checkers.in_sync import SURPRISE_S, was_ordered
from hil_tests.plant.breaker import CLOSED
from hil_tests.plant.inverter import BatteryInverter

BACKFEED_MAX_J = 60_000.0  # two seconds of half a hub: longer is a line worker's life
DETECTABLE_MIN, DETECTABLE_MAX = 0.8, 1.15  # a dead street outside these shows at every instrument
JOIN_GRACE_S = 0.5
WINDOW_ROOM_RATIO, WINDOW_ROOM_HZ = 0.005, 0.01  # what a relay's own reading may be out by
BLINK_S = 0.05  # from judgement: two polls of the POI's instrument may pass beside a sag that is over sooner
BLIND_S = 1.0  # and where a fault lies on it: BLINK_S of `grid_verdict.py`
UNOPENED_GRACE_S = 4.0
"""The slowest band of undervoltage, 3.0 s (U< of VDE-AR-N 4105:2018, as in the grid codes' files), two looks of 0.05 s,
the site's breaker, 0.2 s, and one that takes 0.5 s more; the rest, 0.2 s, is for a first look that a fault delays."""


@dataclass(slots=True)
class Observation:
    """A grid that has come back is watched for as long as its code wants before we close onto it."""

    about: About = About(
        "I18",
        "The POI is closed onto the public grid only after V and f were inside the return window for the code's "
        "observation time",
        "0.5 s; 0.25 s after the grid has left the window; sags of 0.05 s; 1 s in all behind a fault of its "
        "instrument; what an instrument is out by",
        "VDE-AR-N 4105 connection conditions, as in the grid code's file",
    )
    attends: int = Attends.PLANT
    is_waiting: bool = False
    _is_good: bool = True
    _since_s: float = 0.0  # it is, or is not
    _before_s: float = 0.0  # since when it was what it was before
    _unseen_s: float = 0.0  # of it, behind a fault
    _closings_count: int = 0

    def look(self, scene: Scene) -> Iterator[str]:
        """Each contact once."""
        now_s, closings, is_good = scene.plant.now_s, scene.plant.poi.closings, _is_inside(scene)
        if is_good is not self._is_good:
            was_a_blink = is_good and self._is_blink(scene, now_s - self._since_s)
            before_s, self._before_s = self._before_s, self._since_s
            self._is_good, self._since_s = is_good, before_s if was_a_blink else now_s
        if len(closings) == self._closings_count:
            return
        self._closings_count = len(closings)
        last = closings[-1]
        if last.kind not in {"live_live", "dead_bus"} or not was_ordered(scene, last):
            return
        lasted_s, wanted_s = last.at_s - self._since_s, scene.site.hub.grid_code.return_window.observation_s
        if is_good and lasted_s < wanted_s - 0.5:
            yield f"closed after {lasted_s:.1f} s of a good grid, the code wants {wanted_s:.0f} s"
        if not is_good and lasted_s > SURPRISE_S:
            yield f"closed onto a grid that has been outside its return window for {lasted_s:.1f} s"

    def _is_blink(self, scene: Scene, lasted_s: float) -> bool:
        """No poll need have seen it; nor one on which a fault lies, which sees no more than a second of an hour."""
        if lasted_s < BLINK_S:
            return True
        self._unseen_s += lasted_s
        return self._unseen_s < BLIND_S and any(is_broken(scene, device) for device in watches_the_grid(scene))

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _is_inside(scene: Scene) -> bool:
    """The public grid is whole, and inside the return window of its code."""
    grid, window = scene.plant.grid, scene.site.hub.grid_code.return_window
    has_voltage = (
        window.voltage_min_ratio - WINDOW_ROOM_RATIO <= grid.ratio <= window.voltage_max_ratio + WINDOW_ROOM_RATIO
    )
    has_frequency = (
        window.frequency_min_hz - WINDOW_ROOM_HZ <= grid.frequency_hz <= window.frequency_max_hz + WINDOW_ROOM_HZ
    )
    return grid.is_fed and has_voltage and has_frequency and not grid.missing


@dataclass(slots=True)
class Backfeed:
    """Nobody's street is kept alive by the hub."""

    about: About = About(
        "I1",
        "A dead public feeder is not fed with more than 60 kJ in one spell",
        "60 kJ",
        "bench study: 55 kJ is an opening delay of 2 s; VDE-AR-N 4105 detection of a balanced island within seconds",
    )
    attends: int = Attends.SWITCHES
    is_waiting: bool = False  # while a dead street hangs on the hub
    _from_j: float = 0.0
    _was_said: bool = False

    def look(self, scene: Scene) -> Iterator[str]:
        """Once per spell."""
        plant = scene.plant
        if plant.poi.position is not CLOSED or plant.grid.is_fed:
            self._from_j, self._was_said = plant.backfeed_j, False
            self.is_waiting = False
            return
        self.is_waiting = True
        fed_j = plant.backfeed_j - self._from_j
        if fed_j > BACKFEED_MAX_J and not self._was_said:
            self._was_said = True
            yield f"{fed_j:.0f} J went into a dead street"

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def stays_on_a_dead_street() -> Lasting:
    """I1, the other half: what shows at the instrument is acted upon."""
    about = About(
        "I1b",
        "The POI does not stay closed on a grid that is visibly lost",
        "4 s",
        "design §5: the slowest loss band is 3 s, and the breaker's time; a POI left closed by the last act excepted",
    )

    def concerns(scene: Scene) -> bool:
        return scene.plant.poi.position is CLOSED and not scene.plant.grid.is_fed

    def asks(scene: Scene) -> str:
        plant = scene.plant
        if not concerns(scene) or plant.poi.fails_to_open:
            return ""
        volts = abs(plant.bus)
        is_visible = not DETECTABLE_MIN <= volts <= DETECTABLE_MAX
        controller = scene.controller
        sleeps = controller.is_asleep and any(kind == "suspend" for _, kind in scene.active_faults)
        may_act = controller.is_running and not sleeps and controller.authority is not Authority.OBSERVE
        is_left = scene.site.hub.poi.is_closed_unattended and not plant.forming and controller.mode is Mode.DARK
        excused = not may_act or is_left or is_deaf(scene, scene.site.hub.poi.id)
        return "closed on a lost grid" if is_visible and not excused else ""

    return Lasting(about, UNOPENED_GRACE_S, asks, Attends.SWITCHES, concerns)


def one_reference() -> Lasting:
    """I4: at most one source says alone what the frequency is."""
    about = About(
        "I4",
        "At most one battery forms, and at most one source is a rigid reference of the bus: a battery that forms "
        "without droop, or a genset that is isochronous",
        "none",
        "design §7: at most one holder of the dead-bus token; two isochronous sources fight",
    )

    def asks(scene: Scene) -> str:
        plant = scene.plant
        formers = [name for name, battery in plant.batteries.items() if battery.is_forming]
        rigid = [name for name in formers if _is_without_droop(plant.batteries[name])]
        rigid += [name for name, g in plant.gensets.items() if g.is_forming and g.behaviour.is_isochronous]
        most = max(formers, rigid, key=len)
        return f"two references: {', '.join(most)}" if len(most) > 1 else ""

    return Lasting(about, 0.0, asks, Attends.SWITCHES)


def _is_without_droop(battery: BatteryInverter) -> bool:
    return battery.battery.droop_hz_per_w == 0.0 and not battery.behaviour.droop_table


def forms_on_the_grid() -> Lasting:
    """I3: nobody forms while the POI ties us to the grid."""
    about = About(
        "I3",
        "No battery forms while the POI is closed",
        "0.5 s after a contact, and the breaker's opening time while who may form beside the grid has it ordered open",
        "design §5: forming only behind proof of open; after a contact the former is made to follow at once",
    )
    began_s: dict[str, float] = {}

    def concerns(scene: Scene) -> bool:
        return bool(_forming_on_the_grid(scene))

    def asks(scene: Scene) -> str:
        forming, now_s, opening_s = _forming_on_the_grid(scene), scene.now_s, scene.site.hub.poi.breaker_opening_s
        for name in began_s.keys() - set(forming):
            del began_s[name]
        late = [n for n, spells in forming.items() if now_s - began_s.setdefault(n, now_s) >= spells * opening_s]
        late = [name for name in late if scene.controller.is_running and not is_deaf(scene, name)]
        return f"forms with the POI closed: {', '.join(late)}" if late else ""

    return Lasting(about, JOIN_GRACE_S, asks, Attends.SWITCHES, concerns)


def _forming_on_the_grid(scene: Scene) -> dict[str, float]:
    """Who could follow, and forms beside the grid; 1 where it may do so for as long as the breaker takes to open."""
    poi = scene.plant.poi
    if poi.position is not CLOSED:
        return {}
    return {
        name: float(battery.battery.capabilities.forms_in_parallel and poi.is_held_open)
        for name, battery in scene.plant.batteries.items()
        if battery.mode is InverterMode.GRID_FORMING and not battery.battery.capabilities.always_forms
    }


@dataclass(slots=True)
class ClosingConditions:
    """What forbids a closing of the POI whatever the phasors say."""

    about: About = About(
        "D6",
        "The POI is never ordered closed towards a genset, with island settings active, under the operator's lock or "
        "with the emergency-off pressed",
        "0.3 s after the condition begins",
        "design §7",
    )
    attends: int = Attends.SWITCHES | Attends.MOVES
    is_waiting: bool = False
    _seen_count: int = 0
    _spell: Spell | None = None

    def look(self, scene: Scene) -> Iterator[str]:
        """Each order once."""
        spell = self._spell = self._spell or Spell(0.3)
        plant, why = scene.plant, _forbidden(scene)
        spell.ends(bool(why), plant.now_s)
        has_lasted = spell.since_s is not None and plant.now_s - spell.since_s > spell.grace_s
        for order in scene.orders[self._seen_count :]:
            is_close = order.asset == scene.site.hub.poi.id and order.field in {"close", "close_permit"}
            if is_close and order.value is True and has_lasted:
                yield f"ordered closed: {why}"
        self._seen_count = len(scene.orders)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _forbidden(scene: Scene) -> str:
    plant = scene.plant
    if plant.grid_source is GridSource.GENSET:
        return "the grid side is a genset"
    if plant.safety.emergency_off:
        return "emergency-off is pressed"
    if plant.poi.dso_lock:
        return "the grid operator has locked it"
    has_groups = scene.site.hub.poi.has_settings_groups
    if has_groups and plant.poi.settings_group is SettingsGroup.ISLAND:
        return "island settings are active"
    return ""
