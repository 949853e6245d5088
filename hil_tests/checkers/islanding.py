"""The island itself: earthing, tier 0, sources that must not be driven into their own protection, radio."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, InverterMode, IslandEarthing, Mode
from hil_tests.bench.scene import Scene
from hil_tests.checkers.base import About, Attends, Lasting, Spell, is_blind, is_deaf
from hil_tests.checkers.people import Held
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.breaker import CLOSED

EARTHING_GRACE_S = 0.05
DARK_MAX_S = 5.0  # tier 0, while somebody could hold the bus
SETTLING_MAX_S = 30.0  # design §6: no router is meant to be dark for longer, and settling is no better reason
LIVE_RATIO = 0.5
UNSHEDDABLE_S = 1.0  # what is shed later than that before a trip is shed too late
REST_S, RESTED_S = 60.0, 3600.0  # after a start in vain, twice as long after the next
STARTS_MAX, FORMS_MAX = 3, 3  # within the hour; of one transfer
TRIED_S = 2.0
ROOM_RATIO = 0.7  # of what the source carries: a cold pick-up of tier 0 must fit as well
PICKUP_RATIO = 0.8  # after a pick-up at least a fifth stays free
FITS_RATIO = 0.9  # what is measured of the loads may be out
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


@dataclass(slots=True)
class _Rest:
    """Starts came to nothing, or one transfer told all it may to form; what is tried for ever wears out."""

    _failed_s: list[float] = field(default_factory=list)
    _told_s: list[float] = field(default_factory=list)
    _begun_s: float = -math.inf
    _seen_count: int = 0

    def lasts(self, scene: Scene) -> bool:
        """By the controller's own log, so far as it is dark."""
        events, now_s = scene.controller.events, scene.now_s
        for at_s, event in events[self._seen_count :]:
            if event.kind is EventKind.MODE_CHANGED and event.values.get("to") == Mode.BLACK_START.value:
                self._begun_s = at_s
            elif event.kind is EventKind.MODE_CHANGED and event.reason is Reason.BLACK_START_FAILED:
                self._failed_s += [at_s] if at_s - self._begun_s >= TRIED_S else []  # what is given up at once is none
            elif event.kind is EventKind.ORDERED_FORM:
                self._told_s.append(at_s)
        self._seen_count = len(events)
        failed_s = [at_s for at_s in self._failed_s if now_s - at_s < RESTED_S]
        told_s = [at_s for at_s in self._told_s if now_s - at_s < REST_S]
        rest_s = REST_S * 2.0 ** (len(failed_s) - 1) if len(failed_s) < STARTS_MAX else RESTED_S
        has_failed = bool(failed_s) and now_s - failed_s[-1] < rest_s
        return scene.controller.mode is Mode.DARK and (has_failed or len(told_s) >= FORMS_MAX)


@dataclass(slots=True)
class TierZero:
    """D2: tier 0 is not dark for long while a source could hold the bus."""

    about: About = About(
        "D2",
        "Tier 0 is never without supply for long while a source could hold the bus",
        "5 s, or the hub's settling time and a second, 30 s at most",
        "the product's line: the radio stays on as long as physics allows",
    )
    attends: int = Attends.SWITCHES | Attends.MOVES | Attends.LOG
    is_waiting: bool = False  # one is dark
    _held: Held = field(default_factory=Held)
    _rest: _Rest = field(default_factory=_Rest)
    _spell: Spell = field(default_factory=lambda: Spell(DARK_MAX_S))

    def look(self, scene: Scene) -> Iterator[str]:
        """Once per spell."""
        plant = scene.plant
        self._held.update(scene)
        settling_s = scene.site.hub.timing.restore_settle_s + 1.0  # what was shed has to wait
        self._spell.grace_s = min(max(DARK_MAX_S, settling_s), SETTLING_MAX_S)
        dark = [
            name
            for name, feeder in scene.site.hub.feeders.items()
            if feeder.tier == 0 and not plant.feeders[name].is_energised and not self._is_excused(scene, name)
        ]
        self.is_waiting = bool(dark)
        is_excused = _is_picking_up(scene) or self._rest.lasts(scene)
        is_wrong = bool(dark) and _could_be_supplied(scene) and not is_excused
        if self._spell.ends(is_wrong, scene.now_s):
            yield f"tier 0 dark: {', '.join(dark)}"

    def _is_excused(self, scene: Scene, feeder: str) -> bool:
        is_held = feeder in self._held.open_by_person
        is_broken = scene.plant.feeders[feeder].has_fault or is_deaf(scene, feeder)
        is_too_much = _is_too_much_for_a_genset(scene, feeder) or _is_too_much_for_who_forms(scene, feeder)
        return is_held or is_broken or _was_opened_by_others(scene, feeder) or is_too_much

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _was_opened_by_others(scene: Scene, feeder: str) -> bool:
    """By its own protection or a hand: who did not open it does not close it."""
    if scene.plant.feeders[feeder].position is CLOSED:
        return False
    ours = (order.value for order in reversed(scene.orders) if order.asset == feeder and order.field == "closed")
    return next(ours, True) is not False


def _is_too_much_for_a_genset(scene: Scene, feeder: str) -> bool:
    """Gensets carry the island alone, and beside what is on of tier 0 its pick-up does not fit on their phases."""
    hub, plant = scene.site.hub, scene.plant
    alone = [hub.gensets[name] for name, genset in plant.gensets.items() if genset.is_forming]
    if not alone or any(inverter.is_forming for inverter in plant.batteries.values()):
        return False
    on = [f for f in hub.feeders.values() if f.tier == 0 and plant.feeders[f.id].is_energised]
    loads = [PhaseValues.shared(f.rated_w * plant.feeders[f.id].demand_ratio, f.phases) for f in on]
    pickup_w = hub.feeders[feeder].rated_w * plant.feeders[feeder].demand_ratio * hub.feeders[feeder].pickup_ratio
    wanted = PhaseValues.summed([*loads, PhaseValues.shared(pickup_w, hub.feeders[feeder].phases)])
    carried = PhaseValues.summed(PhaseValues.shared(g.load_ceiling_w * FITS_RATIO, g.phases) for g in alone)
    return not wanted.fits(carried)


def _is_too_much_for_who_forms(scene: Scene, feeder: str) -> bool:
    """Beside what is on, the pick-up of all that it is rated for does not fit: what it would draw nobody knows."""
    forming = [inverter for inverter in scene.plant.batteries.values() if inverter.is_forming]
    if not forming:
        return False
    which, battery = scene.site.hub.feeders[feeder], forming[0].battery
    able_w = PICKUP_RATIO * min(forming[0].discharge_limit_w, battery.rating_va)
    pickup = PhaseValues.shared(which.rated_w * which.pickup_ratio, which.phases)
    return not (forming[0].power_w + pickup).fits(PhaseValues.shared(able_w, battery.phases))


def _is_picking_up(scene: Scene) -> bool:
    """Tier 0 comes back one feeder after the other, as far apart as the hub's settling time wants."""
    hub, since_s = scene.site.hub, scene.now_s - scene.site.hub.timing.restore_settle_s - 1.0
    for order in reversed(scene.orders):
        if order.at_s < since_s:
            return False
        if order.field == "closed" and order.value is True and order.asset in hub.feeders:
            return hub.feeders[order.asset].tier == 0
    return False


def _is_unearthed_under_hands(scene: Scene) -> bool:
    """Somebody works at the hub by hand: the relay that earths its island is not closed under their fingers."""
    is_ours = scene.site.hub.earthing.kind is IslandEarthing.SWITCHED_BY_US
    return scene.plant.safety.local_control and is_ours and scene.plant.earthing.position is not CLOSED


def _could_be_supplied(scene: Scene) -> bool:
    """Not with the button pressed or its latch still on, nor while a contact between two dead sides hides itself."""
    plant, controller = scene.plant, scene.controller
    hidden = plant.poi.stuck_feedback is CLOSED and not plant.grid.is_fed
    is_theirs = plant.safety.local_control or controller.authority is not Authority.AUTO
    waits_for_people = controller.mode is Mode.LOCKED_OUT or is_theirs
    if plant.safety.emergency_off or hidden or waits_for_people or not controller.is_running:
        return False
    if is_blind(scene) or _is_unearthed_under_hands(scene) or _cannot_be_earthed(scene):
        return False
    island = {name: inverter for name, inverter in plant.batteries.items() if inverter.is_forming}
    return any(
        inverter.battery.capabilities.can_form
        and inverter.mode is not InverterMode.FAULT
        and not is_deaf(scene, name)
        and inverter.soc_pct > inverter.battery.empty_soc_pct + 1.0
        and ROOM_RATIO * min(inverter.discharge_limit_w, inverter.battery.rating_va) > _tier_zero_w(scene)
        for name, inverter in (island or plant.batteries).items()  # nobody hands an island on that stands
    )


def _cannot_be_earthed(scene: Scene) -> bool:
    """Its relay does not close: earthing comes before load."""
    is_ours = scene.site.hub.earthing.kind is IslandEarthing.SWITCHED_BY_US
    earthing = scene.plant.earthing
    return is_ours and earthing.fails_to_close and earthing.position is not CLOSED


def _tier_zero_w(scene: Scene) -> float:
    hub, plant = scene.site.hub, scene.plant
    return sum(f.rated_w * plant.feeders[f.id].demand_ratio for f in hub.feeders.values() if f.tier == 0)


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
