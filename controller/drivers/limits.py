"""What a point may say beside what it said before: the bounds by which one sample is doubted. Data and its sources.

On Modbus TCP no checksum of Modbus guards what a reply says, so a single sample that physics or a rating contradicts
is a doubt and not yet a fact. The steps are from judgement: well above what meters and loads do from one sample to the
next, below what any rule of the hub asks for. A step that is too small costs a sample, never a fact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from controller.config.types import AssetBinding, Site

VOLTAGE_STEP_RATIO = 0.05  # of nominal; half of what makes two sides of a breaker differ
FREQUENCY_STEP_HZ = 0.05
FREQUENCY_STEP_HZ_PER_S = 2.5  # the fastest drift that units must ride through (EN 50549-1, 4.5.2: 2 to 2.5 Hz/s)
ANGLE_STEP_DEG = 3.0  # three times the error of a class 1 pair
ANGLE_STEP_DEG_PER_S = 180.0  # two sides that differ by half a hertz
CURRENT_STEP_A = 3.0  # from here on current counts as flowing
POWER_STEP_RATIO = 0.1  # of the rating
POWER_MAX_RATIO = 10.0  # of all that the hub has; locked rotors draw 6 to 8 times (IEC 60034-12)
SOC_STEP_PCT = 2.0
SURE_COUNT = 3

LATCHED_OR_FINAL = frozenset(
    {
        ("poi", "source"),
        ("poi", "rotation_equal"),
        ("poi", "dso_lock"),
        ("poi", "sync_permitted"),
        ("poi", "relay_tripped"),
        ("poi", "settings_group"),
        ("safety", "emergency_off"),
        ("safety", "local_control"),
        ("feeder", "has_fault"),
        ("dimming", "is_limited"),
    }
)
"""One bit that moves the hub, that nothing else bears out, and that nobody waits 40 ms for: three samples make it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`step` 0: a word, of which every change is one. `math.inf`: nothing is known to contradict it."""

    step: float = 0.0
    step_per_s: float = 0.0
    low: float = -math.inf  # beyond these it cannot be at all
    high: float = math.inf
    is_number: bool = True
    turns: bool = False  # an angle: 179 and -179 are neighbours
    samples_count: int = 2  # that agree, until a contradicted fact is given up
    stands_alone: bool = False  # no other point of the same sample bears it out

    @property
    def is_witness(self) -> bool:
        """Bears out what moves beside it. Across an open POI an angle jumps in every sample, and what stands alone
        (our own settings group) changes at any time.
        """
        return not self.turns and not self.stands_alone


LIMITS = {
    "soc_pct": Limit(SOC_STEP_PCT),
    "hz": Limit(FREQUENCY_STEP_HZ, FREQUENCY_STEP_HZ_PER_S),
    "deg": Limit(ANGLE_STEP_DEG, ANGLE_STEP_DEG_PER_S, turns=True),
    "a": Limit(CURRENT_STEP_A),
    "pct": Limit(5.0),
    "c": Limit(5.0),
    "l": Limit(math.inf),
    "m2": Limit(math.inf),
}
"""By the field, else by its unit."""


def limit_of(name: str, binding: AssetBinding, site: Site) -> Limit:
    """The bounds of one field of one asset; phases have those of their quantity."""
    unit = name.rpartition("_")[2]
    if (binding.role, name) in LATCHED_OR_FINAL:
        return Limit(is_number=False, samples_count=SURE_COUNT, stands_alone=True)
    if unit == "v":
        return Limit(VOLTAGE_STEP_RATIO * site.hub.nominal_voltage_v)
    if unit == "w":
        highest_w = POWER_MAX_RATIO * _capability_w(site)
        return Limit(POWER_STEP_RATIO * rating_of(binding, site), low=-highest_w, high=highest_w)
    return LIMITS.get(name) or LIMITS.get(unit) or Limit(is_number=False)


def _capability_w(site: Site) -> float:
    """What connection and sources give together. A feeder's rating is its plan, and no fuse: an overload is a fact."""
    hub = site.hub
    sources_va = sum(battery.rating_va for battery in hub.batteries.values())
    sources_va += sum(genset.rating_va for genset in hub.gensets.values())
    sources_w = sum(plant.rating_w for plant in hub.pv.values())
    return max(hub.poi.import_max_w, hub.poi.export_max_w) + sources_va + sources_w


def rating_of(binding: AssetBinding, site: Site) -> float:
    """What the asset is made for, in W or VA; inf for what carries no power."""
    hub, asset = site.hub, binding.asset
    match binding.role:
        case "poi":
            return max(hub.poi.import_max_w, hub.poi.export_max_w)
        case "battery":
            return hub.batteries[asset].rating_va
        case "pv":
            return hub.pv[asset].rating_w
        case "genset":
            return hub.gensets[asset].rating_va
        case "feeder":
            return hub.feeders[asset].rated_w
        case _:
            return math.inf
