"""The protection inside the POI relay: 27, 59, 81U, 81O and loss of mains on the grid side, with grid settings only.

Stages are of definite time, as IEC 60255-127 (voltage) and IEC 60255-181 (frequency) know them. The measuring window is
the mean of two steps, and a stage drops off at once and at its own limit: own simplifications, for real ones have a
hysteresis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hil_tests.plant.rest import CLOCK_S

NOT_OVERDUE_S = -1.0
SETTLED = 1e-9
LOSS_OF_MAINS = "LOM"  # which has no ANSI number of its own
DEAD_RATIO = 0.2  # below it there is no frequency to measure


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Stages as limit and seconds; the first is the one whose time `PoiBreaker.relay_undervoltage_s` sets."""

    undervoltage: tuple[tuple[float, float], ...] = ((0.45, 0.3),)  # U<< of VDE-AR-N 4105:2018
    overvoltage: tuple[tuple[float, float], ...] = ()
    underfrequency: tuple[tuple[float, float], ...] = ()
    overfrequency: tuple[tuple[float, float], ...] = ()
    detection_s: float | None = None  # active islanding detection, by its outcome: a street that only we feed, so long
    window_s: float = 0.0  # measuring window; one period where the stages are all there


UNDERVOLTAGE_ALONE = RelaySettings()

VDE4105_RELAY = RelaySettings(
    undervoltage=((0.45, 0.3), (0.80, 3.0)),
    overvoltage=((1.25, 0.1), (1.15, 60.0)),
    underfrequency=((47.5, 0.1),),
    overfrequency=((51.5, 0.1),),
    window_s=0.02,
)
"""Grid and plant protection, VDE-AR-N 4105:2018, from memory; its ten-minute mean is left to the inverters."""


ACTIVE_RELAY = RelaySettings(undervoltage=((0.45, 0.3),), detection_s=0.8)
"""With active detection; VDE-AR-N 4105:2018 allows it 5 s (from memory), and makers' methods take less than one."""


RELAYS: Mapping[str, RelaySettings] = MappingProxyType(
    {"undervoltage_alone": UNDERVOLTAGE_ALONE, "vde4105": VDE4105_RELAY, "active_detection": ACTIVE_RELAY}
)


def relay_named(value: object) -> object:
    """Settings by their name; whatever else is left to others. Raises ValueError on an unknown name."""
    if not isinstance(value, str):
        return value
    if value not in RELAYS:
        raise ValueError(f"one of {', '.join(RELAYS)}, or a table of its own")
    return RELAYS[value]


class Relay:
    """Times every stage. `reason` names the stage that tripped last, by its ANSI number."""

    __slots__ = (
        "_hz", "_hz_before", "_inside_hz", "_inside_ratios", "_is_timing", "_ratio", "_ratio_before", "_since_s",
        "_stages", "reason", "settings",
    )  # fmt: skip

    def __init__(self, settings: RelaySettings) -> None:
        self.settings = settings
        self.reason: str | None = None
        self._stages = _stages(settings)
        self._since_s: list[float | None] = [None] * len(self._stages)
        self._is_timing = False
        self._inside_ratios = (max(limit for limit, _ in settings.undervoltage), _lowest(settings.overvoltage))
        self._inside_hz = (_highest(settings.underfrequency), _lowest(settings.overfrequency))
        self._ratio = self._ratio_before = 1.0
        self._hz = self._hz_before = 50.0

    @property
    def sees_a_reason(self) -> bool:
        """At least one stage is outside, whether it has run out or not."""
        return self._is_timing

    @property
    def has_settled(self) -> bool:
        """The measuring window holds nothing old any more."""
        moved = abs(self._ratio - self._ratio_before) + abs(self._hz - self._hz_before)
        return self.settings.window_s == 0.0 or moved < SETTLED

    def forget(self) -> None:
        """Switched off, or with other settings."""
        self._ratio_before, self._hz_before = self._ratio, self._hz
        if self._is_timing:
            self._since_s, self._is_timing = [None] * len(self._stages), False

    def step(self, ratio: float, frequency_hz: float, now_s: float, dt_s: float, *, is_ours: bool = False) -> float:
        """Look once. Returns by how much the most overdue stage has run out, in seconds; negative: none has."""
        self._ratio_before, self._ratio = self._ratio, ratio
        self._hz_before, self._hz = self._hz, frequency_hz
        if self.settings.window_s:
            ratio = 0.5 * (ratio + self._ratio_before)
            frequency_hz = 0.5 * (frequency_hz + self._hz_before)
        low, high = self._inside_ratios
        slow, fast = self._inside_hz
        is_ours = is_ours and self.settings.detection_s is not None
        if not self._is_timing and low <= ratio <= high and slow <= frequency_hz <= fast and not is_ours:
            return NOT_OVERDUE_S
        return self._time(ratio, frequency_hz, now_s, dt_s, is_ours=is_ours)

    def _time(self, ratio: float, frequency_hz: float, now_s: float, dt_s: float, *, is_ours: bool) -> float:
        """Overdue = t - t_outside - T of the stage, the largest. Source: definite time, IEC 60255-127."""
        overdue_s = NOT_OVERDUE_S
        for index, (number, limit, hold_s) in enumerate(self._stages):
            if not (is_ours if number == LOSS_OF_MAINS else _is_outside(number, limit, ratio, frequency_hz)):
                self._since_s[index] = None
                continue
            since_s = self._since_s[index]
            if since_s is None:
                since_s = self._since_s[index] = now_s - dt_s
            if now_s - since_s - hold_s >= max(overdue_s, 0.0) - CLOCK_S:
                overdue_s, self.reason = max(now_s - since_s - hold_s, 0.0), number
        self._is_timing = any(since_s is not None for since_s in self._since_s)
        return overdue_s

    def set_undervoltage_s(self, hold_s: float) -> None:
        """Another time for the first stage."""
        number, limit, _ = self._stages[0]
        self._stages[0] = (number, limit, hold_s)


def _lowest(stages: tuple[tuple[float, float], ...]) -> float:
    return min((limit for limit, _ in stages), default=math.inf)


def _highest(stages: tuple[tuple[float, float], ...]) -> float:
    return max((limit for limit, _ in stages), default=-math.inf)


def _stages(settings: RelaySettings) -> list[tuple[str, float, float]]:
    groups = (
        ("27", settings.undervoltage),
        ("59", settings.overvoltage),
        ("81U", settings.underfrequency),
        ("81O", settings.overfrequency),
        (LOSS_OF_MAINS, () if settings.detection_s is None else ((0.0, settings.detection_s),)),
    )
    return [(number, limit, hold_s) for number, stages in groups for limit, hold_s in stages]


def _is_outside(number: str, limit: float, ratio: float, frequency_hz: float) -> bool:
    if number == "27":
        return ratio < limit
    if number == "59":
        return ratio > limit
    if ratio < DEAD_RATIO:
        return False
    return frequency_hz < limit if number == "81U" else frequency_hz > limit
