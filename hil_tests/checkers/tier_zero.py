"""Tier 0: never dark for long while a source could hold the bus, and what counts as could."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.drivers.link import Value
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, InverterMode, IslandEarthing, Mode
from hil_tests.bench.scene import Scene
from hil_tests.checkers.base import About, Attends, Spell, is_blind, is_deaf, was_meant_for_another
from hil_tests.checkers.people import Held
from hil_tests.checkers.tiers import has_own_fault
from hil_tests.plant.breaker import CLOSED

DARK_MAX_S = 5.0  # tier 0, while somebody could hold the bus
SETTLING_MAX_S = 30.0  # design §6: no router is meant to be dark for longer, and settling is no better reason
REST_S, RESTED_S = 60.0, 3600.0  # after a start in vain, twice as long after the next
STARTS_MAX, FORMS_MAX = 3, 3  # within the hour; of one transfer
TRIED_S = 2.0
ROOM_RATIO = 0.7  # of what the source carries: a cold pick-up of tier 0 must fit as well
PICKUP_RATIO = 0.8  # after a pick-up at least a fifth stays free
FITS_RATIO = 0.9  # what is measured of the loads may be out


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
    _others: set[str] = field(default_factory=set)  # open before we said so, for a fault of their own, or by mistake
    _standing: dict[str, Value] = field(default_factory=dict)
    _closed: set[str] = field(default_factory=set)  # when we last looked
    _seen_count: int = 0

    def look(self, scene: Scene) -> Iterator[str]:
        """Once per spell."""
        plant = scene.plant
        self._held.update(scene)
        self._note_others(scene)
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

    def _note_others(self, scene: Scene) -> None:
        """Who was opened by others than us: by mistake, for a fault of its own, or before we said anything."""
        feeders = scene.plant.feeders
        for order in scene.orders[self._seen_count :]:
            if order.field != "closed" or order.asset not in feeders:
                continue
            self._standing[order.asset] = order.value
            is_fault = has_own_fault(scene, order.asset) or was_meant_for_another(scene, order)
            if order.value is False and is_fault:
                self._others.add(order.asset)
            elif order.value is True or order.asset in self._closed:
                self._others.discard(order.asset)
        self._seen_count = len(scene.orders)
        closed = {name for name, feeder in feeders.items() if feeder.position is CLOSED}
        self._others |= {name for name in self._closed - closed if self._standing.get(name) is not False}
        self._closed = closed

    def _is_excused(self, scene: Scene, feeder: str) -> bool:
        is_held = feeder in self._held.open_by_person or feeder in self._others
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
    """Beside what is on, the pick-up of all that it is rated for, or drew, does not fit: what it will nobody knows."""
    forming = [inverter for inverter in scene.plant.batteries.values() if inverter.is_forming]
    if not forming:
        return False
    which, battery = scene.site.hub.feeders[feeder], forming[0].battery
    able_w = PICKUP_RATIO * min(forming[0].discharge_limit_w, battery.rating_va)
    drawn_ratio = max(1.0, scene.plant.feeders[feeder].demand_ratio)
    pickup = PhaseValues.shared(which.rated_w * drawn_ratio * which.pickup_ratio, which.phases)
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
    does_not_close = earthing.fails_to_close or earthing.is_welded  # where it stands: open
    return is_ours and does_not_close and earthing.position is not CLOSED


def _tier_zero_w(scene: Scene) -> float:
    hub, plant = scene.site.hub, scene.plant
    return sum(f.rated_w * plant.feeders[f.id].demand_ratio for f in hub.feeders.values() if f.tier == 0)
