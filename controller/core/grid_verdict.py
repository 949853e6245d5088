"""The verdict on the public grid: ok, lost, rejected for a reason, or unknown. Times are the grid code's."""

from __future__ import annotations

from controller.core.memory import GridMemory, since
from controller.model.frozen import replace
from controller.model.grid_code import GridCode, LossBand
from controller.model.hub import Hub
from controller.model.image import PoiSeen
from controller.model.reasons import Reason
from controller.model.words import GridSource, GridVerdict

MISSING_PHASE_RATIO = 0.5  # one phase below this while another is healthy
MISSING_PHASE_HOLD_S = 0.3
PHASE_HEALTHY_RATIO = 0.8
PHASE_MISSING = LossBand(Reason.GRID_PHASE_MISSING, "phase_missing", None, None, MISSING_PHASE_HOLD_S)
BLIND_MAX_S = 0.15  # three cycles: more than one lost reply
BLINK_S = 1.0  # from judgement: a good grid that is not measured for so long is watched all the same
BLINKS_COST = 10.0  # times what was unseen, so that no more than a tenth of an observation is
FLICKERS_S = 0.1  # two cycles: what is inside for no longer has not come back, and its time runs on
SOURCE_CONFIRM_S = 0.1  # from judgement: the first word of a relay that was silent may be one flipped bit
SLACK_S = 0.002  # cycles jitter: a hold of two cycles must not cost a third


def judge_grid(memory: GridMemory, poi: PoiSeen, hub: Hub, now_s: float) -> GridMemory:
    """Next memory of the grid. A grid that we cannot measure is one that we do not know, and so do not return to."""
    code = hub.grid_code
    if poi.grid_voltage_v is None:
        return _unseen(memory, now_s)
    ratio = (poi.grid_voltage_v.minimum / hub.nominal_voltage_v, poi.grid_voltage_v.maximum / hub.nominal_voltage_v)
    dead_since_s = since(memory.dead_since_s, ratio[1] < code.dead_voltage_ratio, now_s)
    outside = _outside(code, ratio, poi.grid_frequency_hz)
    inside_since_s = since(memory.inside_since_s, True not in outside, now_s)
    bands = _bands_since(memory.bands_since_s, outside, inside_since_s, now_s)
    good = _is_good(poi, code, ratio)
    memory = GridMemory(
        verdict=memory.verdict,
        reason=memory.reason,
        since_s=memory.since_s,
        genset_since_s=since(memory.genset_since_s, poi.source is GridSource.GENSET, now_s),
        dead_since_s=dead_since_s,
        bands_since_s=bands,
        inside_since_s=inside_since_s,
        good_since_s=since(_less_blinks(memory, now_s), good, now_s),
        failed_returns_at_s=memory.failed_returns_at_s,
        seen_verdict=memory.seen_verdict,
        seen_reason=memory.seen_reason,
    )
    verdict, reason = _verdict(memory, poi, code, now_s)
    return _conclude(memory, verdict, reason, now_s, good_since_s=memory.good_since_s)


def _unseen(memory: GridMemory, now_s: float) -> GridMemory:
    """A short blindness interrupts nothing; after a longer one, what was bad before is not bad "since then".

    A good grid is watched through a blink: else a line that loses an answer now and then would keep the hub off it for
    good, where a code wants ten minutes without a break. Nobody returns to it in the blink itself.
    """
    unseen_since_s = now_s if memory.unseen_since_s is None else memory.unseen_since_s
    is_long = now_s - unseen_since_s >= BLIND_MAX_S
    memory = replace(
        memory,
        unseen_since_s=unseen_since_s,
        dead_since_s=None if is_long else memory.dead_since_s,
        bands_since_s=() if is_long else memory.bands_since_s,
    )
    good_since_s = memory.good_since_s if is_blink(memory, now_s) else None
    return _conclude(memory, GridVerdict.UNKNOWN, Reason.GRID_NOT_MEASURED, now_s, good_since_s=good_since_s)


def _less_blinks(memory: GridMemory, now_s: float) -> float | None:
    """Since when it has been good, and later by what a blink that ends now costs."""
    if memory.good_since_s is None or memory.unseen_since_s is None:
        return memory.good_since_s
    return min(now_s, memory.good_since_s + BLINKS_COST * (now_s - memory.unseen_since_s))


def is_blink(memory: GridMemory, now_s: float) -> bool:
    """The grid is not measured, and was just now."""
    return memory.unseen_since_s is not None and now_s - memory.unseen_since_s < BLINK_S


def _verdict(memory: GridMemory, poi: PoiSeen, code: GridCode, now_s: float) -> tuple[GridVerdict, Reason]:
    if memory.genset_since_s is not None and now_s - memory.genset_since_s >= SOURCE_CONFIRM_S - SLACK_S:
        return GridVerdict.REJECTED, Reason.GRID_IS_GENSET
    if memory.dead_since_s is not None and now_s - memory.dead_since_s >= code.dead_confirm_s - SLACK_S:
        return GridVerdict.LOST, Reason.GRID_DEAD
    if poi.rotation_equal is False:
        return GridVerdict.REJECTED, Reason.GRID_ROTATION
    is_outside = memory.inside_since_s is None
    if is_outside:
        for band, since_s in zip(_all_bands(code), memory.bands_since_s, strict=True):
            if since_s is not None and now_s - since_s >= band.hold_s - SLACK_S:
                return GridVerdict.REJECTED, band.reason
    inside = memory.dead_since_s is None and not is_outside
    not_bad_before = inside and memory.seen_verdict in (GridVerdict.OK, GridVerdict.UNKNOWN)
    if memory.verdict is GridVerdict.OK or memory.good_since_s is not None or not_bad_before:
        return GridVerdict.OK, Reason.GRID_OK
    # Inside the loss bands, yet not good enough to come back: what we thought when we saw it last still stands.
    return (memory.seen_verdict, memory.seen_reason) if inside else (memory.verdict, memory.reason)


def _conclude(
    memory: GridMemory, verdict: GridVerdict, reason: Reason, now_s: float, *, good_since_s: float | None
) -> GridMemory:
    changed = verdict is not memory.verdict or reason is not memory.reason
    is_seen = verdict is not GridVerdict.UNKNOWN
    if not changed and good_since_s == memory.good_since_s:
        return memory
    return GridMemory(
        verdict=verdict,
        reason=reason,
        since_s=now_s if changed else memory.since_s,
        dead_since_s=memory.dead_since_s,
        bands_since_s=memory.bands_since_s,
        inside_since_s=memory.inside_since_s,
        good_since_s=good_since_s,
        unseen_since_s=memory.unseen_since_s,
        failed_returns_at_s=memory.failed_returns_at_s,
        seen_verdict=verdict if is_seen else memory.seen_verdict,
        seen_reason=reason if is_seen else memory.seen_reason,
    )


def _all_bands(code: GridCode) -> tuple[LossBand, ...]:
    return (PHASE_MISSING, *code.loss_bands)


def _outside(code: GridCode, ratio: tuple[float, float], frequency_hz: float | None) -> list[bool]:
    """Of each loss band, whether the grid is beyond it now."""
    missing = ratio[0] < MISSING_PHASE_RATIO and ratio[1] > PHASE_HEALTHY_RATIO
    if ratio[0] <= code.dead_voltage_ratio:
        frequency_hz = None  # of what is nearly nothing, a meter shows anything
    return [missing, *[_is_outside(band, ratio, frequency_hz) for band in code.loss_bands]]


def _bands_since(
    before: tuple[float | None, ...], outside: list[bool], inside_since_s: float | None, now_s: float
) -> tuple[float | None, ...]:
    """Since when it has been beyond each. One that is inside for a moment only has been outside all the while."""
    if not before:
        before = (None,) * len(outside)
    if inside_since_s is None:
        return tuple([since(since_s, out, now_s) for since_s, out in zip(before, outside, strict=True)])
    if before.count(None) == len(before) or now_s - inside_since_s < FLICKERS_S - SLACK_S:
        return before
    return (None,) * len(before)


def _is_outside(band: LossBand, ratio: tuple[float, float], frequency_hz: float | None) -> bool:
    low, high = (frequency_hz, frequency_hz) if band.quantity == "frequency_hz" else ratio
    if low is None or high is None:
        return False
    if band.below is not None:
        return low < band.below
    return band.above is not None and high > band.above


def _is_good(poi: PoiSeen, code: GridCode, ratio: tuple[float, float]) -> bool:
    """Inside the return window now. A frequency that we cannot measure is not good."""
    window = code.return_window
    if poi.grid_frequency_hz is None or poi.rotation_equal is False or poi.source is GridSource.GENSET:
        return False
    return (
        window.voltage_min_ratio <= ratio[0]
        and ratio[1] <= window.voltage_max_ratio
        and window.frequency_min_hz <= poi.grid_frequency_hz <= window.frequency_max_hz
    )
