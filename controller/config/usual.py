"""What each number with a unit usually is in a village's hub. A prefix forgotten is a factor of a thousand beside it.

The bounds are from judgement, not from any standard: so wide that no hub is asked about that somebody would build, and
so narrow that most slips of a thousand fall outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.config import schema
from controller.config.shapes import Part, ShortTimeEntry
from controller.config.vocabulary import DEFAULT_MAX_AGE_S

PREFIXES = (1e3, 1e6)  # kilo, mega: written with the number, or left away
PERCENT = (100.0,)
CLOCK = (3600.0, 60.0)  # hours or minutes where seconds are wanted


@dataclass(frozen=True, slots=True)
class Usual:
    """What a quantity of one device in a village may be. Zero, where a shape allows it, means that there is none."""

    bounds: tuple[float, float]
    unit: str
    why: str = "as in any village"
    error_above: float | None = None  # a safety rule counts on the number: beyond this no hub may run
    of: str = ""  # the bounds are parts of this other key
    factors: tuple[float, ...] = PREFIXES
    factors_when_small: tuple[float, ...] = PREFIXES

    def scaled(self, entry: Part) -> tuple[float, float]:
        """The bounds for this entry."""
        low, high = self.bounds
        whole = float(getattr(entry, self.of)) if self.of else 1.0
        return low * whole, high * whole


# From one balcony's inverter to the largest that still stands behind a low-voltage transformer: 630 kVA feed a village,
# and 2 MVA are beyond any of them.
_POWER_VA: Final = Usual((300.0, 2_000_000.0), "VA")
_POWER_W: Final = Usual((300.0, 2_000_000.0), "W")
# From one module of 48 V and 20 Ah to a container and a half; the largest of these hold 6 MWh.
_ENERGY_WH: Final = Usual((900.0, 10_000_000.0), "Wh")
# What is worth a contactor takes 100 W; a whole transformer's load is not one contactor's.
_LOAD_W: Final = Usual((100.0, 1_000_000.0), "W")
_CONNECTION_W: Final = Usual((1_000.0, 2_000_000.0), "W")
_FEED_IN_W: Final = Usual((500.0, 2_000_000.0), "W")
# The contacts of a circuit-breaker of either voltage part or meet within some tens of milliseconds; a contactor as
# switch takes about as long, a static switch less, a motor-driven transfer switch up to a second or two.
_SWITCHING: Final = "as breakers and contactors take, from judgement"
_BREAKER_S: Final = Usual(
    (0.002, 1.0),
    "s",
    f"{_SWITCHING}; above 3 s nothing starts: core and guard time the closing by it, and know a stuck breaker",
    error_above=3.0,
)
_SCATTER_S: Final = Usual((0.0005, 0.5), "s", _SWITCHING)

_POLLS: Final = "as devices are asked"
_ORDINARY: Final = "from judgement"

USUAL: Mapping[type[Part], Mapping[str, Usual]] = {
    schema.PoiEntry: {
        "breaker_opening_s": _BREAKER_S,
        "breaker_closing_s": _BREAKER_S,
        "breaker_closing_uncertainty_s": _SCATTER_S,
        "angle_error_deg": Usual((0.001, 10.0), "deg", _ORDINARY),
        "import_max_w": _CONNECTION_W,
        "export_max_w": _FEED_IN_W,
    },
    schema.DeviceEntry: {
        "timeout_s": Usual(
            (0.01, 10.0), "s", f"{_POLLS}; a device that does not answer is to be known within 10 s", error_above=10.0
        ),
        "fast_s": Usual((0.005, 2.0), "s", _POLLS),
        "normal_s": Usual((0.01, 10.0), "s", _POLLS),
        "slow_s": Usual((0.05, 300.0), "s", _POLLS),
    },
    schema.BatteryEntry: {
        "rating_va": _POWER_VA,
        "capacity_wh": _ENERGY_WH,
        "droop_pct": Usual((0.1, 20.0), "percent", _ORDINARY, factors=PERCENT, factors_when_small=PERCENT),
    },
    schema.PvEntry: {"rating_w": _POWER_W},
    schema.GensetEntry: {
        "rating_va": _POWER_VA,
        "min_load_w": Usual((0.01, 1.0), "W", "a part of its rating", of="rating_va"),
        "min_run_s": Usual((10.0, 14_400.0), "s", _ORDINARY),
        "start_time_s": Usual((1.0, 600.0), "s", _ORDINARY),
        "fuel_capacity_l": Usual((3.0, 20_000.0), "l"),
        "fuel_l_per_h_at_rating": Usual((0.2, 600.0), "l per hour"),
    },
    schema.FeederEntry: {
        "rated_w": _LOAD_W,
        "average_w": Usual((0.002, 1.0), "W", "a part of its rating", of="rated_w"),
        "contactor_s": Usual((0.002, 2.0), "s", _SWITCHING),
    },
    schema.TierEntry: {
        "hold_s": Usual((600.0, 5_184_000.0), "s", "ten minutes to sixty days", factors_when_small=CLOCK),
    },
    schema.RadioEntry: {"own_reserve_wh": Usual((2.0, 100_000.0), "Wh", "as a radio node's own battery holds")},
    schema.DimmingEntry: {"limit_w": Usual((4_200.0, 1_000_000.0), "W")},
    schema.TimingEntry: {
        "restore_settle_s": Usual((0.5, 600.0), "s", _ORDINARY),
        "resync_max_s": Usual((10.0, 3_600.0), "s", _ORDINARY),
        "return_offset_s": Usual((0.5, 3_600.0), "s", _ORDINARY),
        "flap_patience_s": Usual((1.0, 3_600.0), "s", _ORDINARY),
    },
    ShortTimeEntry: {
        "load_ratio": Usual(
            (1.0, 10.0),
            "times its rating",
            "as inverters carry for seconds; beyond it nothing starts: by the curve is decided what is shed",
            error_above=10.0,
            factors=PERCENT,
        ),
        "hold_s": Usual((0.01, 3_600.0), "s", "as an overload is carried"),
    },
}

JUDGES_SAFETY = frozenset({"poi", "battery", "earthing", "safety"})
AGE_RATIO = 100.0  # of the default, either way


def usual_age(role: str) -> Usual:
    """How old what a role has measured may become. What safety is judged by may not be much older than the default."""
    default_s = DEFAULT_MAX_AGE_S[role]
    high_s = default_s * AGE_RATIO
    why = f"about as by default, {default_s:g} s"
    if role in JUDGES_SAFETY:
        why += "; above it nothing starts: what is older would be taken for what is there now"
    return Usual((default_s / AGE_RATIO, high_s), "s", why, high_s if role in JUDGES_SAFETY else None)
