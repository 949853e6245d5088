"""The public grid: a stiff source behind its impedance, with neighbours who stay on the feeder when it goes dead."""

from __future__ import annotations

import cmath
import math
import random

from controller.model.phases import Phase, PhaseValues
from hil_tests.plant.base import NOMINAL_HZ, TWO_PI, toward
from hil_tests.plant.rest import Rest, Setting

IMPEDANCE_PU = complex(0.010, 0.015)  # Thevenin, on 100 kVA
NEIGHBOURS_PU = complex(0.30, -0.06)  # 30 kW of neighbours at a power factor of 0.98: a dead feeder is a load


class PublicGrid:
    """Voltage and frequency at the grid side of the POI. Mutable on purpose: it is stepped a hundred times a second."""

    __slots__ = (
        "_angle_rad",
        "_fall_ratio_per_s",
        "_frequency_hz",
        "_is_fed",
        "_missing",
        "_rate_hz_per_s",
        "_rng",
        "_rotation_is_swapped",
        "_sag_left_s",
        "_sag_ratio",
        "_target_hz",
        "_voltage_ratio",
        "rest",
    )  # fmt: skip

    is_fed = Setting[bool]("is_fed")
    voltage_ratio = Setting[float]("voltage_ratio")
    frequency_hz = Setting[float]("frequency_hz")
    angle_rad = Setting[float]("angle_rad")
    missing = Setting[frozenset[Phase]]("missing")
    rotation_is_swapped = Setting[bool]("rotation_is_swapped")  # a flag, as a lost phase is

    def __init__(self, rng: random.Random, rest: Rest) -> None:
        self._rng, self.rest = rng, rest
        self._is_fed = True
        self._voltage_ratio = 1.0
        self._frequency_hz = NOMINAL_HZ
        self._angle_rad = 0.0
        self._missing: frozenset[Phase] = frozenset()
        self._rotation_is_swapped = False
        self._target_hz = NOMINAL_HZ
        self._rate_hz_per_s = 0.0
        self._fall_ratio_per_s = 0.0
        self._sag_left_s = 0.0
        self._sag_ratio = 1.0

    @property
    def is_live(self) -> bool:
        """Somebody feeds it. A feeder that only a hub holds up is dead."""
        return self.is_fed

    @property
    def ratio(self) -> float:
        """Magnitude of the source voltage, sag included; 0 when nobody feeds."""
        if not self._is_fed:
            return 0.0
        return self._voltage_ratio * self._sag_ratio if self._sag_left_s > 0.0 else self._voltage_ratio

    @property
    def source(self) -> complex:
        """Source voltage in pu; 0 when nobody feeds."""
        return cmath.rect(self.ratio, self._angle_rad)

    @property
    def is_still(self) -> bool:
        """Its angle may turn; nothing else moves."""
        drifts = self._rate_hz_per_s > 0.0 and self._frequency_hz != self._target_hz
        return self._fall_ratio_per_s == 0.0 and self._sag_left_s <= 0.0 and not drifts

    @property
    def turn_rad_per_s(self) -> float:
        """How fast its angle moves against a frame of 50 Hz."""
        return TWO_PI * (self._frequency_hz - NOMINAL_HZ)

    def blackout(self, fall_s: float = 0.02) -> None:
        """The voltage falls to nothing within this time; then the feeder is cut off from its source."""
        self._fall_ratio_per_s = self._voltage_ratio / max(fall_s, 1e-3)
        self.rest.disturb()

    def returns(
        self, voltage_ratio: float = 1.0, frequency_hz: float = NOMINAL_HZ, angle_deg: float | None = None
    ) -> None:
        """The grid is fed again, at any angle unless one is given."""
        self.is_fed = True
        self.voltage_ratio = voltage_ratio
        self._fall_ratio_per_s = 0.0
        self.frequency_hz = self._target_hz = frequency_hz
        self.angle_rad = math.radians(angle_deg) if angle_deg is not None else self._rng.uniform(-math.pi, math.pi)
        self.rest.disturb()

    def sag(self, voltage_ratio: float, duration_s: float) -> None:
        """A dip to this ratio for this long."""
        self._sag_ratio, self._sag_left_s = voltage_ratio, duration_s
        self.rest.disturb()

    def drift(self, frequency_hz: float, rate_hz_per_s: float) -> None:
        """The frequency moves there at this rate."""
        self._target_hz, self._rate_hz_per_s = frequency_hz, abs(rate_hz_per_s)
        self.rest.disturb()

    def phase_jump(self, deg: float) -> None:
        """The angle steps."""
        self.angle_rad += math.radians(deg)

    def lose_phase(self, phase: Phase) -> None:
        """One conductor breaks: a flag and a zero in the measurement, no unbalance in the solve."""
        self.missing |= {phase}

    def restore_phases(self) -> None:
        """All conductors are whole again."""
        self.missing = frozenset()

    def per_phase(self, volts: float) -> PhaseValues:
        """A voltage as the three conductors show it."""
        if not self._missing:
            return PhaseValues(volts, volts, volts)
        return PhaseValues(*(0.0 if phase in self._missing else volts for phase in Phase))

    def step(self, dt_s: float) -> None:
        """Move angle, frequency, sag and collapse forward."""
        if self._fall_ratio_per_s > 0.0:
            self._voltage_ratio -= self._fall_ratio_per_s * dt_s
            if self._voltage_ratio <= 0.0:
                self._voltage_ratio, self._fall_ratio_per_s, self._is_fed = 0.0, 0.0, False
        if self._sag_left_s > 0.0:
            self._sag_left_s -= dt_s
        if self._rate_hz_per_s > 0.0:
            self._frequency_hz = toward(self._frequency_hz, self._target_hz, self._rate_hz_per_s * dt_s)
        self.turn(dt_s)

    def turn(self, dt_s: float) -> None:
        """Move the angle forward."""
        if self._frequency_hz != NOMINAL_HZ:
            self._angle_rad = math.remainder(self._angle_rad + self.turn_rad_per_s * dt_s, TWO_PI)
