"""T1, leaving the grid in good order: shed, bring the exchange to nothing, open, form. Conditions of rows, and acts.

Two ways, by the hub's equipment:

- *with a break*: the POI opens, the bus is dead, and one source forms behind the proof, as after a blackout;
- *without a break*: where the site says that its inverter may form beside a healthy grid, and where the island is
  earthed for good, the inverter takes the bus over first. Both sides then live and in step, and nothing proves the POI
  open; so the island runs a little slower than the grid until the angle does. A contact that lies is found the same
  way: current flows, because the grid pulls.

Until the POI is ordered open everything can be taken back. Afterwards the way back is the ordinary one, T3.
"""

from __future__ import annotations

from controller.core.attempts import count_attempt, form_attempts
from controller.core.earthing import could_be_earthed
from controller.core.feeders import shed
from controller.core.keys import are_long_unseen
from controller.core.memory import CoreMemory, LeavingMemory, SourceMemory, since
from controller.core.planned import RUNNING, why_nobody_forms
from controller.core.poi import FORM_ATTEMPTS_MAX
from controller.core.recover import TRANSFER
from controller.core.resync import PROOF_SLIP_HZ, with_droop
from controller.core.situation import Situation
from controller.model.commands import BatteryCommand, Order
from controller.model.frozen import replace
from controller.model.hub import AssetId, Battery, Hub
from controller.model.image import BatterySeen, GensetSeen
from controller.model.reasons import Reason
from controller.model.words import (
    Authority,
    BreakerPosition,
    BusSide,
    GridSource,
    GridVerdict,
    InverterMode,
    IslandEarthing,
    Mode,
)

PREPARE_MAX_S = 20.0  # with opening and forming inside the 30 s that NREL's procurement rules give a planned islanding
QUIET_RATIO = 0.03  # of the former's rating: its voltage then steps by less than 3 %
QUIET_HOLD_S = 1.0
STUCK_MARGIN_S = 0.1  # write, poll and a cycle: nobody forms beside a closed POI for longer than half a second
LIES_S = 0.15  # current through a contact that has said open for so long: longer than two instruments are apart
SAMPLE_AGE_MAX_S = 0.1  # the guard allows half as much again


# -- acts --------------------------------------------------------------------------------------------------------------
def begin_leaving(memory: CoreMemory, now_s: float) -> CoreMemory:
    """What belongs to the moment of entering."""
    memory = replace(memory, leaving=LeavingMemory())
    return shed(memory, memory.prepared.shed, Reason.PREPARED_SHED, now_s)


def plan_leaving(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """One step further, if it is time. The wish to have the POI open follows from `opening_since_s`."""
    if memory.mode is not Mode.PLANNED_ISLANDING:
        return memory
    before, now_s = memory.leaving, situation.now_s
    if before.opening_since_s is not None:
        says_open = situation.seen.poi.position is BreakerPosition.OPEN
        return _with(memory, replace(before, says_open_since_s=since(before.says_open_since_s, says_open, now_s)))
    memory = shed(memory, memory.prepared.shed, Reason.PREPARED_SHED, now_s)
    ready_since_s = since(before.ready_since_s, _is_ready(memory, situation), now_s)
    memory = _with(memory, replace(before, ready_since_s=ready_since_s))
    if _asked(memory) is not None:
        return _await_former(memory, situation)
    if ready_since_s is None or now_s - ready_since_s < QUIET_HOLD_S:
        return memory
    if situation.former is not None or not goes_without_break(situation.hub, situation.candidate):
        return _open(memory, now_s)
    has_tries = form_attempts(memory, situation, memory.mode_since_s) < FORM_ATTEMPTS_MAX
    return _take_over(memory, situation) if has_tries and _may_form_beside_the_grid(memory, situation) else memory


def leaving_command(memory: CoreMemory, battery: Battery, situation: Situation) -> BatteryCommand:
    """While the POI is closed: carry what the grid has carried. Who takes the bus over meets the grid where it is."""
    state = situation.seen.batteries.get(battery.id) or BatterySeen()
    order = memory.batteries.get(battery.id, SourceMemory()).order
    if order is None and situation.former != battery.id:
        power_w = _carried_w(battery, state, situation)
        return BatteryCommand(
            follow=not battery.capabilities.always_forms, power_set_w=power_w, cause=Reason.ISLAND_ASKED
        )
    poi, nominal_v = situation.seen.poi, situation.hub.nominal_voltage_v
    grid_hz = poi.grid_frequency_hz if poi.grid_frequency_hz is not None else situation.hub.nominal_frequency_hz
    is_open = memory.leaving.says_open_since_s is not None
    bus_v = nominal_v if is_open or poi.bus_voltage_v is None else poi.bus_voltage_v.total / 3.0
    wanted_hz = grid_hz + PROOF_SLIP_HZ if is_open else grid_hz
    return BatteryCommand(
        form=order,
        frequency_set_hz=with_droop(wanted_hz, situation, battery.id),
        voltage_set_v=max(0.9 * nominal_v, min(1.1 * nominal_v, bus_v)),
        cause=Reason.ISLAND_ASKED,
    )


def goes_without_break(hub: Hub, former: AssetId | None) -> bool:
    """The inverter can take the bus over beside the grid, and the island is earthed without anybody's doing.

    An N-PE relay closes behind the proof of an open POI and never beside the grid: until then its island must be dead.
    """
    if former is None or hub.earthing.kind is not IslandEarthing.PERMANENT:
        return False
    battery = hub.batteries[former]
    return battery.capabilities.forms_in_parallel and battery.bus is BusSide.ISLAND


def carried_by(former: AssetId | None, memory: CoreMemory, situation: Situation) -> bool:
    """This battery is steered by `leaving_command`, and not as in T2."""
    return memory.leaving.opening_since_s is None or goes_without_break(situation.hub, former)


# -- conditions --------------------------------------------------------------------------------------------------------
def island_wanted(memory: CoreMemory, _: Situation) -> bool:
    """Somebody has asked for a planned island, and nothing forbade it."""
    return memory.durable.planned is not None


def only_watching(memory: CoreMemory, _: Situation) -> bool:
    """On the way out somebody has said: observe only."""
    return memory.durable.authority is Authority.OBSERVE


def opened_before_our_order(memory: CoreMemory, situation: Situation) -> bool:
    """The POI is seen open, and we were still preparing."""
    return _can_turn_back(memory) and situation.seen.poi.position is BreakerPosition.OPEN


def withdrawn(memory: CoreMemory, _: Situation) -> bool:
    """Whoever asked has thought better of it, in time."""
    return _can_turn_back(memory) and memory.durable.planned is None


def under_hands(memory: CoreMemory, situation: Situation) -> bool:
    """Somebody works at the hub by hand."""
    return _can_turn_back(memory) and situation.seen.local_control is True


def keys_stay_unseen(memory: CoreMemory, situation: Situation) -> bool:
    """Nobody has seen the emergency-off or the key-switch for seconds."""
    return _can_turn_back(memory) and are_long_unseen(memory, situation)


def former_gone(memory: CoreMemory, situation: Situation) -> bool:
    """Who was to form cannot any more, or does not say what he has left."""
    return _can_turn_back(memory) and why_nobody_forms(situation) is Reason.ISLAND_NO_FORMER


def former_low(memory: CoreMemory, situation: Situation) -> bool:
    """The battery has little left."""
    return _can_turn_back(memory) and why_nobody_forms(situation) is Reason.LOW_SOC


def not_prepared(memory: CoreMemory, situation: Situation) -> bool:
    """Exchange or loads could not be brought down in time, or the bus could not be taken over."""
    return _can_turn_back(memory) and situation.now_s - memory.mode_since_s > PREPARE_MAX_S


def did_not_open(memory: CoreMemory, situation: Situation) -> bool:
    """Ordered open, and its contact still says closed after the breaker's time. The grid is there: nothing is lost."""
    since_s = memory.leaving.opening_since_s
    if since_s is None or situation.seen.poi.position is not BreakerPosition.CLOSED:
        return False
    return situation.now_s - since_s > situation.hub.poi.breaker_opening_s + STUCK_MARGIN_S


def left_by_a_lying_contact(memory: CoreMemory, situation: Situation) -> bool:
    """The contact says open, and current flows between two sides that live as one."""
    since_s = memory.leaving.says_open_since_s
    return since_s is not None and situation.now_s - since_s >= LIES_S and situation.poi_joins_both


def leaving_not_proven(memory: CoreMemory, situation: Situation) -> bool:
    """Ordered open, no more seen closed, and not proven open for as long as forming may take."""
    since_s = memory.leaving.opening_since_s
    if since_s is None or situation.poi_is_proven_open:
        return False
    limit_s = situation.hub.poi.breaker_opening_s + situation.hub.timing.forming_max_s
    return situation.now_s - since_s > limit_s


def _can_turn_back(memory: CoreMemory) -> bool:
    return memory.leaving.opening_since_s is None


# -- inside ------------------------------------------------------------------------------------------------------------
def _with(memory: CoreMemory, leaving: LeavingMemory) -> CoreMemory:
    return memory if leaving == memory.leaving else replace(memory, leaving=leaving)


def _is_ready(memory: CoreMemory, situation: Situation) -> bool:
    """Nearly nothing flows through the POI, what was to go is gone, keys and earth are seen: one may form behind it."""
    power_w, former = situation.seen.poi.power_w, situation.former or situation.candidate
    if power_w is None or former is None or memory.grid.verdict is not GridVerdict.OK or not situation.keys_are_seen:
        return False
    if not could_be_earthed(memory, situation):
        return False
    is_quiet = abs(power_w.total) <= QUIET_RATIO * situation.hub.batteries[former].rating_va
    is_shed = all(
        state.position is BreakerPosition.OPEN for state in memory.feeders.values() if state.shed_since_s is not None
    )
    return is_quiet and is_shed


def _await_former(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """It forms: now open. What the grid no longer bears is not asked for any more."""
    if situation.former is not None:
        return _open(memory, situation.now_s)
    return memory if _may_form_beside_the_grid(memory, situation) else _without_order(memory)


def _open(memory: CoreMemory, now_s: float) -> CoreMemory:
    """The order to form has done its work; a restart from here on finds a transfer cut in two."""
    memory = count_attempt(_without_order(memory), "hub", TRANSFER, now_s)
    return _with(memory, replace(memory.leaving, opening_since_s=now_s))


def _take_over(memory: CoreMemory, situation: Situation) -> CoreMemory:
    former, now_s = situation.candidate, situation.now_s
    assert former is not None
    before = memory.batteries.get(former, SourceMemory())
    order = Order(memory.reason, now_s, now_s + situation.hub.timing.order_hold_s, before.attempts + 1)
    source = replace(before, order=order, attempts=before.attempts + 1)
    memory = replace(memory, batteries={**memory.batteries, former: source})
    return count_attempt(memory, former, "form", now_s)


def _asked(memory: CoreMemory) -> AssetId | None:
    return next((battery for battery, source in memory.batteries.items() if source.order is not None), None)


def _without_order(memory: CoreMemory) -> CoreMemory:
    asked = _asked(memory)
    if asked is None:
        return memory
    source = replace(memory.batteries[asked], order=None)
    return replace(memory, batteries={**memory.batteries, asked: source})


def _may_form_beside_the_grid(memory: CoreMemory, situation: Situation) -> bool:
    """The public grid is good, seen just now, and on the same bus; nobody else holds it; all keys are seen."""
    poi, hub, asked = situation.seen.poi, situation.hub, _asked(memory)
    order = None if asked is None else memory.batteries[asked].order
    if order is not None and situation.now_s >= order.expires_at_s:
        return False
    is_fresh = poi.measured_at_s is not None and situation.now_s - poi.measured_at_s <= SAMPLE_AGE_MAX_S
    is_public = poi.source is GridSource.PUBLIC and poi.grid_frequency_hz is not None
    is_good = memory.grid.verdict is GridVerdict.OK and memory.grid.good_since_s is not None
    is_joined = poi.position is BreakerPosition.CLOSED and not situation.poi_sides_differ
    alone = all((situation.seen.gensets.get(g) or GensetSeen()).state not in RUNNING for g in hub.gensets)
    same = asked is None or asked == situation.candidate
    return is_fresh and is_public and is_good and is_joined and situation.keys_are_seen and alone and same


def _carried_w(battery: Battery, state: BatterySeen, situation: Situation) -> float | None:
    """This battery's share of what batteries and grid deliver together; None: not known, so left as it is."""
    power_w = situation.seen.poi.power_w
    followers = {
        name: seen
        for name, seen in situation.seen.batteries.items()
        if seen.mode is InverterMode.GRID_FOLLOWING and seen.power_w is not None and _is_behind_the_poi(name, situation)
    }
    if power_w is None or battery.id not in followers:
        return None
    wanted_w = power_w.total + sum(seen.power_w.total for seen in followers.values() if seen.power_w is not None)
    wanted_w *= battery.rating_va / sum(situation.hub.batteries[name].rating_va for name in followers)
    out_w = battery.rating_va if state.discharge_limit_w is None else min(battery.rating_va, state.discharge_limit_w)
    in_w = battery.rating_va if state.charge_limit_w is None else min(battery.rating_va, state.charge_limit_w)
    return max(-in_w, min(out_w, wanted_w))


def _is_behind_the_poi(battery: AssetId, situation: Situation) -> bool:
    return situation.hub.batteries[battery].bus is BusSide.ISLAND
