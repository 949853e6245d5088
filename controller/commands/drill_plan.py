"""What a drill would do here and now, what forbids it, and what ends it early. Nothing is asked of the hub."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.model.words import Authority, BreakerPosition, ClockQuality, GridVerdict, Mode

if TYPE_CHECKING:
    from controller.commands.situation import Look
    from controller.config.types import Site
    from controller.status import Status

USED_UP_PCT = 5.0  # of charge: a drill may cost so much of the reserve
BAD_MODES = (Mode.DARK, Mode.LOCKED_OUT, Mode.UNPLANNED_ISLANDING, Mode.UNKNOWN)
ABORTS = (
    "the controller is not heard",
    "the grid is not known to be good any more",
    "dark, locked out, or an unplanned transfer",
    "a latch is set",
    "a feeder of tier 0 is off",
    "a radio that answered does not answer",
    "the planned island has been ended by somebody else",
)
LASTING = ("the island's voltage or frequency is out of its band", "the charge of who forms is not known")
LASTS_S = 1.0  # four published states: a motor that starts is no reason to end a drill


@dataclass(frozen=True, slots=True)
class Plan:
    """One drill, before it."""

    hub: str
    former: str | None  # which battery would form
    lasts_s: float
    shed: tuple[str, ...]  # what would be switched off before the grid is left
    charge_pct: float | None  # of the one that would form
    reserve_pct: float  # below this no drill begins
    abort_below_pct: float
    radios: frozenset[str]  # those that answer now
    band_hz: tuple[float, float]  # of the island, from the site's envelope
    band_v: tuple[float, float]  # each phase against neutral
    refusals: tuple[str, ...]  # why there will be none; empty: nothing is against it

    def lines(self) -> Iterator[str]:
        """For people."""
        charge = "not known" if self.charge_pct is None else f"{self.charge_pct:.1f} %"
        yield f"Drill of '{self.hub}': off the grid for {self.lasts_s:.0f} s, and back."
        yield f"Shed before:  {', '.join(self.shed) or 'nothing'}"
        yield f"Charge:       {charge}; a drill begins above {self.reserve_pct:.0f} %"
        yield f"Ends early:   charge below {self.abort_below_pct:.0f} %"
        yield from (f"              {abort}" for abort in ABORTS)
        yield from (f"              for {LASTS_S:.0f} s {abort}" for abort in LASTING)
        yield from (f"Not now:      {refusal}" for refusal in self.refusals)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "lasts_s": self.lasts_s,
            "shed": list(self.shed),
            "charge_pct": self.charge_pct,
            "reserve_pct": self.reserve_pct,
            "abort_below_pct": self.abort_below_pct,
            "aborts": [*ABORTS, *LASTING],
            "refusals": list(self.refusals),
        }


def plan_of(look: Look, site: Site, lasts_s: float) -> Plan:
    """The plan for a hub as it is now."""
    status = look.status
    former = next(iter(site.hub.forming_order), None)
    reserve_pct = 100.0 if former is None else site.hub.batteries[former].reserve_soc_pct
    charge_pct = next((battery.soc_pct for battery in status.batteries if battery.id == former), None)
    refusals = [
        *_refusals(look),
        *_charge(charge_pct, reserve_pct),
        *_season(status, look.now.unix_s, site.drill_months),
    ]
    limits, nominal_v = site.envelope, site.hub.nominal_voltage_v
    return Plan(
        hub=look.hub.name,
        former=former,
        lasts_s=lasts_s,
        shed=status.prepared_shed,
        charge_pct=charge_pct,
        reserve_pct=reserve_pct,
        abort_below_pct=max(0.0, reserve_pct - USED_UP_PCT),
        radios=frozenset(radio.id for radio in status.radios if radio.is_alive),
        band_hz=(limits.island_frequency_min_hz, limits.island_frequency_max_hz),
        band_v=(limits.island_voltage_min_ratio * nominal_v, limits.island_voltage_max_ratio * nominal_v),
        refusals=tuple(refusals),
    )


def why_abort(look: Look, plan: Plan) -> str | None:
    """What ends the drill now; None: nothing does."""
    status = look.status
    silent = [radio.id for radio in status.radios if radio.id in plan.radios and radio.is_alive is not True]
    off = [
        f.id for tier in status.tiers if tier.number == 0 for f in tier.feeders if f.position is BreakerPosition.OPEN
    ]
    charge_pct = next((b.soc_pct for b in status.batteries if b.id == plan.former), None)
    reasons = (
        (not look.has_contact, ABORTS[0]),
        (status.grid.verdict is not GridVerdict.OK, ABORTS[1]),
        (status.mode in BAD_MODES, ABORTS[2]),
        (bool(status.latches), ABORTS[3]),
        (bool(off), f"{ABORTS[4]}: {', '.join(off)}"),
        (bool(silent), f"{ABORTS[5]}: {', '.join(silent)}"),
        (charge_pct is not None and charge_pct < plan.abort_below_pct, f"charge below {plan.abort_below_pct:.0f} %"),
        (status.planned is None, ABORTS[6]),
    )
    return next((reason for is_so, reason in reasons if is_so), None)


def why_abort_soon(look: Look, plan: Plan) -> str | None:
    """What ends the drill once it has been so for `LASTS_S`; None: nothing does. A voltage not seen is in its band."""
    status = look.status
    (low_hz, high_hz), (low_v, high_v) = plan.band_hz, plan.band_v
    hz, volts = status.bus_frequency_hz, status.bus_voltage_v
    slips = [f"{hz:.2f} Hz"] if hz is not None and not low_hz <= hz <= high_hz else []
    slips += [f"{v:.0f} V" for v in (volts or ()) if not low_v <= v <= high_v]
    if slips:
        return f"{LASTING[0]}: {', '.join(slips)}"
    is_known = any(b.id == plan.former and b.soc_pct is not None for b in status.batteries)
    return None if is_known else LASTING[1]


def _refusals(look: Look) -> Iterator[str]:
    status = look.status
    if not look.has_contact:
        yield "the controller is not heard"
    if status.mode is not Mode.GRID_CONNECTED or status.grid.verdict is not GridVerdict.OK:
        yield "the hub is not on a good grid"
    if status.authority is not Authority.AUTO:
        yield f"the hub is not automatic but in '{status.authority.value}'"
    if look.problems:
        yield f"something needs a person first: {', '.join(look.problems)}"


def _charge(charge_pct: float | None, reserve_pct: float) -> Iterator[str]:
    if charge_pct is None:
        yield "the charge of who would form is not known"
    elif charge_pct < reserve_pct:
        yield f"the charge, {charge_pct:.1f} %, is below the reserve of {reserve_pct:.0f} %"


def _season(status: Status, unix_s: float, months: frozenset[int]) -> Iterator[str]:
    if len(months) == 12:
        return
    if status.clock is ClockQuality.UNSET:
        yield "the clock is not set, so the season is not known"
    elif time.localtime(unix_s).tm_mon not in months:
        yield f"the site's [drill] allows months {', '.join(map(str, sorted(months)))} only"
