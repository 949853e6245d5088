"""The public grid: a stiff source behind its impedance, with neighbours who stay on the feeder when it goes dead."""

from __future__ import annotations

import cmath
import math
import random

from controller.model.phases import Phase, PhaseValues
from hil_tests.plant.base import NOMINAL_HZ, TWO_PI, toward

IMPEDANCE_PU = complex(0.010, 0.015)  # Thevenin, on 100 kVA
NEIGHBOURS_PU = complex(0.30, -0.06)  # 30 kW of neighbours at a power factor of 0.98: a dead feeder is a load


class PublicGrid:
    """Voltage and frequency at the grid side of the POI. Mutable on purpose: it is stepped a hundred times a second."""

    __slots__ = (
        "_fall_ratio_per_s",
        "_rate_hz_per_s",
        "_rng",
        "_sag_left_s",
        "_sag_ratio",
        "_target_hz",
        "angle_rad",
        "frequency_hz",
        "is_fed",
        "missing",
        "voltage_ratio",
    )

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.is_fed = True
        self.voltage_ratio = 1.0
        self.frequency_hz = NOMINAL_HZ
        self.angle_rad = 0.0
        self.missing: frozenset[Phase] = frozenset()
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
    def source(self) -> complex:
        """Source voltage in pu; 0 when nobody feeds."""
        ratio = self.voltage_ratio * (self._sag_ratio if self._sag_left_s > 0 else 1.0)
        return cmath.rect(ratio, self.angle_rad) if self.is_fed else 0j

    def blackout(self, fall_s: float = 0.02) -> None:
        """The voltage falls to nothing within this time; then the feeder is cut off from its source."""
        self._fall_ratio_per_s = self.voltage_ratio / max(fall_s, 1e-3)

    def returns(
        self, voltage_ratio: float = 1.0, frequency_hz: float = NOMINAL_HZ, angle_deg: float | None = None
    ) -> None:
        """The grid is fed again, at any angle unless one is given."""
        self.is_fed = True
        self.voltage_ratio = voltage_ratio
        self._fall_ratio_per_s = 0.0
        self.frequency_hz = self._target_hz = frequency_hz
        self.angle_rad = math.radians(angle_deg) if angle_deg is not None else self._rng.uniform(-math.pi, math.pi)

    def sag(self, voltage_ratio: float, duration_s: float) -> None:
        """A dip to this ratio for this long."""
        self._sag_ratio, self._sag_left_s = voltage_ratio, duration_s

    def drift(self, frequency_hz: float, rate_hz_per_s: float) -> None:
        """The frequency moves there at this rate."""
        self._target_hz, self._rate_hz_per_s = frequency_hz, abs(rate_hz_per_s)

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
        return PhaseValues(*(0.0 if phase in self.missing else volts for phase in Phase))

    def step(self, dt_s: float) -> None:
        """Move angle, frequency, sag and collapse forward."""
        if self._fall_ratio_per_s > 0.0:
            self.voltage_ratio -= self._fall_ratio_per_s * dt_s
            if self.voltage_ratio <= 0.0:
                self.voltage_ratio, self._fall_ratio_per_s, self.is_fed = 0.0, 0.0, False
        if self._sag_left_s > 0.0:
            self._sag_left_s -= dt_s
        if self._rate_hz_per_s > 0.0:
            self.frequency_hz = toward(self.frequency_hz, self._target_hz, self._rate_hz_per_s * dt_s)
        self.angle_rad += TWO_PI * (self.frequency_hz - NOMINAL_HZ) * dt_s
