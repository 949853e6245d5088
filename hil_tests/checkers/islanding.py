"""The island itself: earthing, sources that must not be driven into their own protection, frost, radio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.model.words import Authority, InverterMode, IslandEarthing
from hil_tests.bench.scene import Scene
from hil_tests.checkers.base import About, Attends, Lasting, Spell, is_deaf
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.breaker import CLOSED

EARTHING_GRACE_S = 0.05
LIVE_RATIO = 0.5
UNSHEDDABLE_S = 1.0  # what is shed later than that before a trip is shed too late
LOW_RESERVE_PCT = 10.0  # of a radio's own battery


def earthing_before_load() -> Lasting:
    """D1: no load on an island without earthing."""
    about = About(
        "D1",
        "No feeder is energised in an island whose neutral is not earthed",
        "50 ms",
        "DIN VDE 0100-410: automatic disconnection needs the neutral earthed; design §4",
    )

    def concerns(scene: Scene) -> bool:
        plant = scene.plant
        is_switched = scene.site.hub.earthing.kind is not IslandEarthing.PERMANENT
        return is_switched and plant.poi.position is not CLOSED and plant.earthing.position is not CLOSED

    def asks(scene: Scene) -> str:
        plant = scene.plant
        if not concerns(scene) or abs(plant.bus) <= LIVE_RATIO:
            return ""
        loaded = any(feeder.is_energised for feeder in plant.feeders.values())
        return "island without earthing" if loaded else ""

    return Lasting(about, EARTHING_GRACE_S, asks, Attends.SWITCHES, concerns)


def _could_shed(scene: Scene) -> bool:
    """A feeder is on that may be switched off."""
    feeders = scene.site.hub.feeders.values()
    return any(not f.carries_control and scene.plant.feeders[f.id].position is CLOSED for f in feeders)


@dataclass(slots=True)
class SourceTrips:
    """No inverter is driven into its own protection."""

    about: About = About(
        "D3",
        "No battery inverter trips by overload, by its BMS or by running empty",
        "none",
        "design §6: shedding comes before the inverter's own protection",
    )
    attends: int = Attends.SWITCHES
    is_waiting: bool = False
    _tripped: frozenset[str] = frozenset()
    _unsheddable: Spell = field(default_factory=lambda: Spell(UNSHEDDABLE_S))  # only what is never shed is on

    def look(self, scene: Scene) -> Iterator[str]:
        """Each trip once."""
        batteries = scene.plant.batteries
        self._unsheddable.ends(not _could_shed(scene), scene.now_s)
        tripped = frozenset(name for name, battery in batteries.items() if battery.mode is InverterMode.FAULT)
        for name in sorted(tripped - self._tripped):
            may_act = scene.controller.is_running and scene.controller.authority is not Authority.OBSERVE
            is_overload = batteries[name].overload_pct >= 100.0
            if may_act and not is_deaf(scene, name) and not (is_overload and self._unsheddable.was_said):
                yield f"{name} tripped, overload {batteries[name].overload_pct:.0f} %"
        self._tripped = tripped

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def no_charge_in_frost() -> Lasting:
    """I9: no charging that the BMS forbids."""
    about = About(
        "I9",
        "No battery is charged while its BMS allows no charge (frost, heat, full)",
        "5 s: a former takes what the PV gives until PV is limited",
        "LFP data sheets: no charge below 0 °C; BMS trips at 10 % above its limit for 10 s",
    )

    def asks(scene: Scene) -> str:
        acts = scene.controller.is_running and scene.controller.authority is not Authority.OBSERVE
        for name, battery in scene.plant.batteries.items() if acts else ():
            charging_w = -battery.power_va.real * BASE_VA
            is_allowed = charging_w <= 0.02 * battery.battery.rating_va or battery.charge_limit_w > 0.0
            if is_allowed or is_deaf(scene, name) or any(is_deaf(scene, plant) for plant in scene.plant.pv):
                continue  # what a roof gives that does not hear has to go somewhere
            return f"{name} is charged with {charging_w:.0f} W at {battery.temperature_c:.0f} °C"
        return ""

    return Lasting(about, 5.0, asks)


@dataclass(slots=True)
class RadioWarning:
    """A radio that is about to die is announced."""

    about: About = About(
        "I16",
        "A radio whose own battery falls below a tenth has been announced by an alarm or a device line before",
        "none",
        "study I16: the forecast of the low-voltage disconnect raises an alarm",
        is_hard=False,
    )
    attends: int = Attends.SWITCHES
    is_waiting: bool = False  # one lives on its own battery
    _said: set[str] = field(default_factory=set)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each radio once."""
        self.is_waiting = not all(radio.is_supplied for radio in scene.plant.radios.values())
        for name, radio in scene.plant.radios.items() if self.is_waiting else ():
            if radio.reserve_pct >= LOW_RESERVE_PCT or radio.is_supplied or name in self._said:
                continue
            self._said.add(name)
            if not any(event.subject == name and event.kind.value == "alarm" for _, event in scene.controller.events):
                yield f"{name} has {radio.reserve_pct:.0f} % left and nobody was told"

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()
