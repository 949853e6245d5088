"""Back to the grid: when it may be tried, how frequency and voltage are steered, and the instant of the close order."""

from __future__ import annotations

import math

from controller.core.attempts import next_one_s
from controller.core.fuses import why_no_sync
from controller.core.memory import CoreMemory, SourceMemory, Trim
from controller.core.situation import LIVE_RATIO, Situation
from controller.model.frozen import dataclass
from controller.model.hub import AssetId, Hub
from controller.model.image import PoiSeen
from controller.model.words import Authority, BreakerPosition, GridVerdict, Switcher

OWN_WINDOW_RATIO = 0.4  # we aim well inside the code's window; the guard holds the envelope
UNSTEERED_RATIO = 0.8  # of the code's window for the voltage, from judgement: where nothing moves it, it stands still
STEER_TIME_S = 4.0  # angle error to slip: the angle decays with this time constant
SLIP_MAX_HZ, SLIP_MIN_HZ = 0.08, 0.01
TURN_DEG, NOISE_DEG = (
    2.0,
    1.0,
)  # beyond it the angle comes back; nearer than what instruments scatter it turns for nothing
SLIP_SHARE = 0.25  # of the window, from judgement: twice as much is for the angle at which it turns
PROOF_SLIP_HZ = -0.2  # off the grid's frequency: 20 degrees in 0.3 s. Below it, where no PV turns itself down
BLIND_SLIP_HZ = 0.03  # an angle that nobody knows has to move, so that it can be seen to follow the frequencies
TRIM_TIME_S = 2.0  # what a former runs beside its set-point is learnt with this time constant
TRIM_MAX_HZ = 0.5  # the flat curve of a measured 250 kW unit is 0.45 Hz at full load
TURN_HZ, TURN_SHOWS_S = 0.005, 0.6  # what counts as a turn, near step; a slow write, an inverter's lag and its meter
TRIM_GAP_MAX_S = 0.5  # between two samples: a longer one may hide half a turn
VOLTAGE_STEP_RATIO = 0.2  # share of the voltage difference taken back per cycle
FLAP_DOUBLINGS_MAX = 6
CLOSINGS_MAX = (
    6  # of the POI, within an hour: what the shipped envelope lets pass; one more would be refused, and latch
)
CLOSINGS_WINDOW_S = 3600.0
SET_OFF_MAX_HZ = 1.4  # off nominal: an inrush beyond the rating is not steered against; the guard holds the envelope
FOLLOW_MAX_HZ = 0.8  # off nominal: an island that followed further would shed by its own under-frequency rule


@dataclass(frozen=True, slots=True)
class Steering:
    """No-load set-points for the forming source."""

    frequency_set_hz: float
    voltage_set_v: float
    trim: Trim  # to be kept for the next cycle


def return_at_s(memory: CoreMemory, situation: Situation) -> float | None:
    """Earliest instant at which we may reconnect; None while the grid is not inside its return window and our own.

    A grid that looks good all the while is watched anew from the instant at which the POI opened unasked: why it did,
    nobody has told.
    """
    good_since_s, fits_since_s = memory.grid.good_since_s, memory.fits_since_s
    if good_since_s is None or fits_since_s is None or memory.grid.verdict is not GridVerdict.OK:
        return None
    timing = situation.hub.timing
    recent = [at_s for at_s in memory.grid.failed_returns_at_s if situation.now_s - at_s < timing.flap_memory_s]
    doublings = min(len(recent), FLAP_DOUBLINGS_MAX)
    patience_s = timing.flap_patience_s * float(2**doublings - 1)
    watched_since_s = max(good_since_s, fits_since_s, memory.parted_at_s)
    observed_s = watched_since_s + situation.hub.grid_code.return_window.observation_s
    return max(observed_s + patience_s, memory.poi.retry_after_s, next_closing_s(memory, situation))


def next_closing_s(memory: CoreMemory, situation: Situation) -> float:
    """Earliest instant at which the breaker's wear allows one more closing; 0: at any."""
    return next_one_s(memory, situation.hub.poi.id, "close", CLOSINGS_MAX, CLOSINGS_WINDOW_S)


def may_join(memory: CoreMemory, situation: Situation) -> bool:
    """The observation time is over, and nobody has said no."""
    can = can_follow(situation) and situation.hub.poi.switching.closed_by in CLOSABLE
    can = can and why_no_sync(memory, situation) is None and not is_former_silent(memory, situation)
    return can and is_return_due(memory, situation)


def is_former_silent(memory: CoreMemory, situation: Situation) -> bool:
    """Who holds the living bus does not answer: after the contact nobody could tell it to follow, or to stop."""
    if memory.former is None or situation.holder is not None or situation.bus_is_live is not True:
        return False
    state = situation.seen.batteries.get(memory.former)
    return state is None or state.mode is None


def is_return_due(memory: CoreMemory, situation: Situation) -> bool:
    """Observed for long enough, allowed, and not locked; which way of closing is not asked."""
    if memory.durable.planned is not None or situation.seen.poi.position is BreakerPosition.CLOSED:
        return False  # it is wanted off the grid; or nobody would see whether the POI has closed
    earliest_s = return_at_s(memory, situation)
    if earliest_s is None or situation.now_s < earliest_s or must_not_close(memory, situation):
        return False
    return returns_by_itself(memory, situation) or memory.released_return


def returns_by_itself(memory: CoreMemory, situation: Situation) -> bool:
    """No person has to release it."""
    return memory.durable.authority is Authority.AUTO and situation.hub.grid_code.automatic_reconnection


def must_not_close(memory: CoreMemory, situation: Situation) -> bool:
    """The POI is locked, now or until a person releases it; or somebody works at the hub by hand, or nobody knows."""
    lock = situation.seen.poi.dso_lock
    return is_barred(memory, situation) or lock is True or (lock is None and memory.poi.has_dso_lock)


def is_barred(memory: CoreMemory, situation: Situation) -> bool:
    """By a latch or a hand; a lock's own contact aside."""
    is_latched = any(memory.durable.latch(subject) is not None for subject in ("poi_close", "dso_lock"))
    return is_latched or not situation.may_switch_on


def can_follow(situation: Situation) -> bool:
    """The grid's frequency is one to which the island may be steered. The code's window may be wider than that."""
    frequency_hz = situation.seen.poi.grid_frequency_hz
    return frequency_hz is not None and abs(frequency_hz - situation.hub.nominal_frequency_hz) <= FOLLOW_MAX_HZ


CLOSABLE = frozenset({Switcher.CONTROLLER, Switcher.SYNC_RELAY, Switcher.DEVICE})


def steer(memory: CoreMemory, situation: Situation) -> Steering:
    """Set-points that bring the angle through zero and the voltages together.

    slip = -angle / (360 * STEER_TIME_S), limited; the droop of the forming source is added back so that the bus
    runs at the wanted frequency under load (f = f_set - droop * P). What it still runs beside that is trimmed away: a
    slope that is not the site file's, two meters that differ.
    """
    poi = situation.seen.poi
    nominal = situation.hub.nominal_frequency_hz
    grid_hz = poi.grid_frequency_hz if poi.grid_frequency_hz is not None else nominal
    before = _source(memory, situation).trim or Trim()
    moves = _may_be_joined(memory, situation)
    slip_hz = moving_slip_hz(poi, before.slip_hz, situation.hub) if moves else wanted_slip_hz(poi)
    trim = _trim(before, poi, slip_hz)
    return Steering(
        frequency_set_hz=with_droop(grid_hz + slip_hz + trim.offset_hz, situation),
        voltage_set_v=_voltage_set(memory, situation),
        trim=trim,
    )


def _may_be_joined(memory: CoreMemory, situation: Situation) -> bool:
    """Without a sign of it: a relay closes when it likes, and what we have ordered once may have been followed.

    Until then an island in step is kept there: an angle that has got stuck would hide from us that it moves away.
    """
    is_timed = situation.hub.poi.switching.closed_by is Switcher.CONTROLLER
    order = memory.poi.close
    is_new = order is not None and order.issued_at_s == situation.now_s  # timed for what was told until now
    return not is_timed or memory.poi.close_attempts > is_new


def wanted_slip_hz(poi: PoiSeen) -> float:
    """How much faster than the grid the bus is to run, so that the angle comes through zero."""
    if poi.angle_difference_deg is None:
        return BLIND_SLIP_HZ if poi.grid_frequency_hz is not None else 0.0
    return max(-SLIP_MAX_HZ, min(SLIP_MAX_HZ, -poi.angle_difference_deg / (360.0 * STEER_TIME_S)))


def moving_slip_hz(poi: PoiSeen, before_hz: float, hub: Hub) -> float:
    """The same for a battery that must not stand in step: through the angle, and back.

    An island that keeps still beside the grid cannot be told from one that is joined to it. An engine is not asked for
    that: its governor answers too slowly, and its droop makes current of the least difference. A breaker whose time is
    hardly known needs a slower passing: a quarter of what the window leaves is for that.
    """
    slip_hz, angle_deg = wanted_slip_hz(poi), poi.angle_difference_deg
    room_deg = OWN_WINDOW_RATIO * hub.grid_code.sync.angle_max_deg - hub.poi.angle_error_deg
    unsure_s = hub.poi.breaker_closing_s + hub.poi.breaker_closing_uncertainty_s
    least_hz = min(SLIP_MIN_HZ, max(0.0, room_deg) * SLIP_SHARE / (360.0 * unsure_s))
    if angle_deg is None or abs(slip_hz) >= least_hz:
        return slip_hz
    turn_deg = max(NOISE_DEG, min(TURN_DEG, 2.0 * SLIP_SHARE * max(0.0, room_deg)))
    return math.copysign(least_hz, before_hz if abs(angle_deg) <= turn_deg else slip_hz)


def _source(memory: CoreMemory, situation: Situation) -> SourceMemory:
    return memory.batteries.get(situation.former or "", SourceMemory())


def _trim(before: Trim, poi: PoiSeen, slip_hz: float) -> Trim:
    """Learn from one sample: offset' = (wanted slip - slip) / TRIM_TIME_S, the slip from how far the angle has moved.

    The angle and not the two frequencies: their meters may differ by more than the slip that is wanted. Nothing is
    learnt while the angle still answers what was asked before a turn.
    """
    angle_deg, at_s = poi.angle_difference_deg, poi.measured_at_s
    if at_s is None or at_s == before.measured_at_s:
        return before
    offset_hz, gap_s = before.offset_hz, at_s - before.measured_at_s
    is_near = all(angle is not None and abs(angle) <= 2.0 * TURN_DEG for angle in (angle_deg, before.angle_deg))
    has_turned = is_near and abs(slip_hz - before.slip_hz) >= TURN_HZ  # an angle that has leapt is no turn
    turned_at_s = at_s if has_turned else before.turned_at_s
    is_shown = 0.0 < gap_s <= TRIM_GAP_MAX_S and at_s - turned_at_s >= TURN_SHOWS_S
    if angle_deg is not None and before.angle_deg is not None and is_shown:
        moved_deg = math.remainder(angle_deg - before.angle_deg, 360.0)
        offset_hz += (before.slip_hz * gap_s - moved_deg / 360.0) / TRIM_TIME_S
    offset_hz = max(-TRIM_MAX_HZ, min(TRIM_MAX_HZ, offset_hz))
    return Trim(offset_hz, angle_deg, at_s, slip_hz, turned_at_s)


def proof_hz(situation: Situation) -> float:
    """Beside the grid's frequency the sides come apart at once, or current flows: either way it is known."""
    nominal_hz, grid_hz = situation.hub.nominal_frequency_hz, situation.seen.poi.grid_frequency_hz
    wanted_hz = nominal_hz + PROOF_SLIP_HZ
    is_near = grid_hz is not None and abs(wanted_hz - grid_hz) < abs(PROOF_SLIP_HZ) / 2.0
    return wanted_hz + PROOF_SLIP_HZ if is_near else wanted_hz


def with_droop(wanted_hz: float, situation: Situation, former: AssetId | None = None) -> float:
    """No-load frequency that yields the wanted one under the present load, as far as a set-point may go."""
    former = former or situation.former
    if former is None:
        return wanted_hz
    nominal_hz = situation.hub.nominal_frequency_hz
    state = situation.seen.batteries[former]
    power_w = state.power_w.total if state.power_w is not None else 0.0
    set_hz = wanted_hz + situation.hub.batteries[former].droop_hz_per_w * power_w
    return max(nominal_hz - SET_OFF_MAX_HZ, min(nominal_hz + SET_OFF_MAX_HZ, set_hz))


def is_in_window(situation: Situation) -> bool:
    """Would contact, if ordered now, fall inside our own window?

    |angle + 360 * slip * t_close| + 360 * |slip| * t_uncertainty + angle_error <= limit, all three phases present,
    rotation equal, all from the one instrument that sees both sides.
    """
    poi, hub, sync = situation.seen.poi, situation.hub, situation.hub.grid_code.sync
    if poi.grid_frequency_hz is None or poi.bus_frequency_hz is None or poi.angle_difference_deg is None:
        return False
    if not (situation.grid_is_live and situation.bus_is_live) or poi.rotation_equal is not True:
        return False
    slip_hz = poi.bus_frequency_hz - poi.grid_frequency_hz
    age_s = situation.now_s - (poi.measured_at_s if poi.measured_at_s is not None else situation.now_s)
    at_contact = poi.angle_difference_deg + 360.0 * slip_hz * (hub.poi.breaker_closing_s + age_s)
    spread = 360.0 * abs(slip_hz) * hub.poi.breaker_closing_uncertainty_s + hub.poi.angle_error_deg
    return (
        abs(at_contact) + spread <= OWN_WINDOW_RATIO * sync.angle_max_deg
        and abs(slip_hz) <= OWN_WINDOW_RATIO * sync.slip_max_hz
        and _voltage_difference_ratio(situation) <= voltage_window_ratio(situation)
    )


def voltage_window_ratio(situation: Situation) -> float:
    """Of nominal, between the two sides. That of a genset nobody steers: it may be twice as far off as a battery's."""
    own_ratio = OWN_WINDOW_RATIO if situation.former is not None else UNSTEERED_RATIO
    return own_ratio * situation.hub.grid_code.sync.voltage_difference_max_ratio


def _voltage_difference_ratio(situation: Situation) -> float:
    poi = situation.seen.poi
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return 1.0
    return (poi.grid_voltage_v - poi.bus_voltage_v).largest / situation.hub.nominal_voltage_v


def _voltage_set(memory: CoreMemory, situation: Situation) -> float:
    nominal = situation.hub.nominal_voltage_v
    poi = situation.seen.poi
    before = _source(memory, situation).voltage_set_v or nominal
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return before
    if situation.bus_is_live and poi.bus_voltage_v.minimum < LIVE_RATIO * nominal:
        return before  # a phase that is there and not measured: a blown fuse is no low voltage
    error_v = (poi.grid_voltage_v.total - poi.bus_voltage_v.total) / 3.0
    return max(0.9 * nominal, min(1.1 * nominal, before + VOLTAGE_STEP_RATIO * error_v))
