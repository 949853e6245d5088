"""The angle across the POI against the two frequencies: an angle that does not move with their difference is no angle.

The angle of two rotating voltages moves by 360 degrees a second for each hertz between them. What the instrument shows
is compared with what its own frequencies make of it; the comparison forgets slowly, because a step of load turns the
island's angle at once, and allows for the steps in which the frequencies are told. Once the two have disagreed for a
while nobody knows which of them is wrong, and the angle is unknown until it has moved again as it must.
"""

from __future__ import annotations

from dataclasses import replace

from controller.model.image import PoiSeen
from controller.model.words import BreakerPosition

FORGET_S = 2.0  # with it 0.01 Hz between the sides shows as 7 degrees on an angle that sticks
APART_DEG = 5.0  # half of the widest angle at which a guard lets a breaker close
APART_FOR_S = 0.3  # longer than a frequency meter lags behind a step of load
TOGETHER_DEG = 2.0
MOVED_DEG = 3.0  # an honest instrument moves by more than its noise before it is believed again
GAP_MAX_S = 1.0  # between two samples; after more, nothing is known of the way between


class AngleWitness:
    """Remembers how the angle has moved."""

    def __init__(self, resolution_hz: float = 0.0) -> None:
        """`resolution_hz` is the step in which the coarser of the two frequencies is told."""
        self._coarse_deg = 360.0 * resolution_hz * FORGET_S
        self.is_doubted = False
        self._expected_deg = 0.0
        self._slip_hz = 0.0
        self._at_s: float | None = None
        self._apart_since_s: float | None = None
        self._stuck_at_deg = 0.0

    def seen(self, poi: PoiSeen) -> PoiSeen:
        """The same, or without its angle."""
        angle_deg, at_s = poi.angle_difference_deg, poi.measured_at_s
        if poi.position is BreakerPosition.CLOSED:  # one voltage: its two meters may lag differently, and nobody cares
            self.is_doubted, self._at_s = False, None
            return poi
        if angle_deg is None or at_s is None or poi.bus_frequency_hz is None or poi.grid_frequency_hz is None:
            self._at_s = self._apart_since_s = None
            return poi
        if at_s != self._at_s:
            self._compare(angle_deg, poi.bus_frequency_hz - poi.grid_frequency_hz, at_s)
        return replace(poi, angle_difference_deg=None) if self.is_doubted else poi

    def _compare(self, angle_deg: float, slip_hz: float, at_s: float) -> None:
        before_s, self._at_s = self._at_s, at_s
        mean_hz, self._slip_hz = (slip_hz + self._slip_hz) / 2.0, slip_hz
        if before_s is None or not 0.0 < at_s - before_s <= GAP_MAX_S:
            self._expected_deg, self._apart_since_s = angle_deg, None
            return
        passed_s = at_s - before_s
        expected_deg = self._expected_deg + 360.0 * mean_hz * passed_s
        error_deg = turned(angle_deg - expected_deg)
        self._expected_deg = expected_deg + error_deg * min(1.0, passed_s / FORGET_S)
        self._judge(angle_deg, abs(error_deg), at_s)

    def _judge(self, angle_deg: float, error_deg: float, at_s: float) -> None:
        if self.is_doubted:
            has_moved = abs(turned(angle_deg - self._stuck_at_deg)) >= MOVED_DEG
            self.is_doubted = not (has_moved and error_deg <= TOGETHER_DEG + self._coarse_deg)
            return
        if error_deg <= APART_DEG + self._coarse_deg:
            self._apart_since_s = None
        elif self._apart_since_s is None:
            self._apart_since_s = at_s
        elif at_s - self._apart_since_s >= APART_FOR_S:
            self.is_doubted, self._stuck_at_deg, self._apart_since_s = True, angle_deg, None


def turned(angle_deg: float) -> float:
    """The same angle between -180 and 180 degrees."""
    return (angle_deg + 180.0) % 360.0 - 180.0
