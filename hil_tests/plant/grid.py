"""The public grid: a stiff source behind its impedance, with neighbours who stay on the feeder when it goes dead.

Its source is an infinite bus behind a Thevenin impedance (Kundur 1994, 12.2): what the hub does moves neither its
voltage nor its frequency. The figures of impedance and neighbours are the bench study's own.
"""

from __future__ import annotations

import cmath
import math
import random
from dataclasses import dataclass

from controller.model.phases import Phase, PhaseValues
from hil_tests.plant.agenda import Agenda
from hil_tests.plant.base import NOMINAL_HZ, TWO_PI, toward
from hil_tests.plant.rest import Rest, Setting

IMPEDANCE_PU = complex(0.010, 0.015)  # Thevenin, on 100 kVA
NEIGHBOURS_PU = complex(0.30, -0.06)  # 30 kW of neighbours at a power factor of 0.98: a dead feeder is a load


RECLOSING_GAPS_S = (0.3, 15.0, 180.0)  # a fast reclosing, a slow one, and somebody who tries again
RETURN_RATIOS, RETURN_HZ = (0.94, 1.06), (49.9, 50.1)


@dataclass(frozen=True, slots=True)
class GridStep:
    """One step of a profile; None leaves a quantity as it is."""

    after_s: float  # since the step before
    voltage_ratio: float | None = None
    frequency_hz: float | None = None
    rate_hz_per_s: float = 10.0


UNEASY_PROFILE = (
    GridStep(30.0, voltage_ratio=0.98),
    GridStep(120.0, voltage_ratio=1.0),
    GridStep(60.0, frequency_hz=49.7),
    GridStep(40.0, frequency_hz=50.0),
    GridStep(60.0, voltage_ratio=1.03),
    GridStep(150.0, voltage_ratio=1.0),
    GridStep(60.0, frequency_hz=50.4),
    GridStep(20.0, frequency_hz=50.0),
)
"""Steps as in NREL's test sequence 9 (EPHCC): 2 to 3 % of voltage for 120 to 150 s, 0.3 to 0.6 Hz for 20 to 60 s."""


class PublicGrid:
    """Voltage and frequency at the grid side of the POI. Mutable on purpose: it is stepped a hundred times a second."""

    __slots__ = (
        "_angle_rad", "_fall_ratio_per_s", "_frequency_hz", "_is_fed", "_missing", "_pen_is_broken", "_rate_hz_per_s",
        "_rng", "_rotation_is_swapped", "_sag_left_s", "_sag_ratio", "_target_hz", "_target_ratio", "_voltage_ratio",
        "agenda", "rest",
    )  # fmt: skip

    is_fed = Setting[bool]("is_fed")
    voltage_ratio = Setting[float]("voltage_ratio")
    frequency_hz = Setting[float]("frequency_hz")
    angle_rad = Setting[float]("angle_rad")
    missing = Setting[frozenset[Phase]]("missing")
    pen_is_broken = Setting[bool]("pen_is_broken")
    rotation_is_swapped = Setting[bool]("rotation_is_swapped")

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
        self._target_ratio = 0.0  # of the fall
        self._sag_left_s = 0.0
        self._sag_ratio = 1.0
        self._pen_is_broken = self._rotation_is_swapped = False
        self.agenda = Agenda()

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
        return self._fall_ratio_per_s == 0.0 and self._sag_left_s <= 0.0 and not drifts and self.agenda.is_still

    @property
    def turn_rad_per_s(self) -> float:
        """How fast its angle moves against a frame of 50 Hz: theta' = 2 pi (f - 50 Hz). Source: a definition."""
        return TWO_PI * (self._frequency_hz - NOMINAL_HZ)

    def blackout(self, fall_s: float = 0.02) -> None:
        """The voltage falls to nothing within this time; then the feeder is cut off from its source."""
        self.move_voltage(0.0, fall_s)

    def move_voltage(self, voltage_ratio: float, within_s: float = 0.0) -> None:
        """The voltage goes there evenly, V' = (V_target - V) / t, and stays. At nothing, nobody feeds any more.

        Source: our own simplification; real collapses are no straight lines.
        """
        self._target_ratio = voltage_ratio
        self._fall_ratio_per_s = (self._voltage_ratio - voltage_ratio) / max(within_s, 1e-3)
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

    def returns_anyhow(self) -> None:
        """Fed again, as it happens: voltage, frequency and angle from the grid's own stream."""
        voltage_ratio, frequency_hz = self._rng.uniform(*RETURN_RATIOS), self._rng.uniform(*RETURN_HZ)
        self.returns(voltage_ratio, frequency_hz)

    def brownout(self, voltage_ratio: float, duration_s: float, within_s: float = 0.1) -> None:
        """The voltage sinks (or, above 1, swells), stays, and comes back to what it was."""
        before_ratio = self._voltage_ratio
        self.move_voltage(voltage_ratio, within_s)
        self.agenda.add(within_s + duration_s, "move_voltage", before_ratio, within_s)

    def swell(self, voltage_ratio: float, duration_s: float) -> None:
        """Too high for so long: a lost neutral next door, a tap changer that went the wrong way."""
        self.sag(voltage_ratio, duration_s)

    def flicker(self, gaps_s: tuple[float, ...] = RECLOSING_GAPS_S, on_s: float = 3.0, *, stays: bool = False) -> None:
        """Gone now; after each gap fed again for `on_s`, and gone again. In the end it stays, or does not."""
        self.blackout()
        at_s = 0.0
        for index, gap_s in enumerate(gaps_s):
            at_s += gap_s
            self.agenda.add(at_s, "returns")
            at_s += on_s
            if index + 1 < len(gaps_s) or not stays:
                self.agenda.add(at_s, "blackout")

    def play(self, profile: tuple[GridStep, ...]) -> None:
        """Steps of voltage and frequency, each so long after the one before."""
        at_s = 0.0
        for step in profile:
            at_s += step.after_s
            if step.voltage_ratio is not None:
                self.agenda.add(at_s, "move_voltage", step.voltage_ratio)
            if step.frequency_hz is not None:
                self.agenda.add(at_s, "drift", step.frequency_hz, step.rate_hz_per_s)
        self.rest.disturb()

    def sag(self, voltage_ratio: float, duration_s: float) -> None:
        """A dip to this ratio for this long, with upright edges: own simplification of EN 50160's voltage dips."""
        self._sag_ratio, self._sag_left_s = voltage_ratio, duration_s
        self.rest.disturb()

    def drift(self, frequency_hz: float, rate_hz_per_s: float) -> None:
        """The frequency moves there at this rate, evenly. Source: a definition."""
        self._target_hz, self._rate_hz_per_s = frequency_hz, abs(rate_hz_per_s)
        self.rest.disturb()

    def phase_jump(self, deg: float) -> None:
        """The angle steps."""
        self.angle_rad += math.radians(deg)

    def lose_phase(self, phase: Phase) -> None:
        """One conductor breaks: a flag and a zero in the measurement, no unbalance in the solve. Own simplification."""
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
        for entry in self.agenda.step(dt_s):
            getattr(self, entry.name)(*entry.values)
        if self._fall_ratio_per_s != 0.0:
            self._fall(dt_s)
        if self._sag_left_s > 0.0:
            self._sag_left_s -= dt_s
        if self._rate_hz_per_s > 0.0:
            self._frequency_hz = toward(self._frequency_hz, self._target_hz, self._rate_hz_per_s * dt_s)
        self.turn(dt_s)

    def make_up(self, rested_s: float) -> None:
        """Time that passed at rest: nothing was due."""
        self.agenda.step(rested_s)

    def _fall(self, dt_s: float) -> None:
        before, self._voltage_ratio = self._voltage_ratio, self._voltage_ratio - self._fall_ratio_per_s * dt_s
        if min(before, self._voltage_ratio) <= self._target_ratio <= max(before, self._voltage_ratio):
            self._voltage_ratio, self._fall_ratio_per_s = self._target_ratio, 0.0
            self._is_fed = self._is_fed and self._target_ratio > 0.0

    def turn(self, dt_s: float) -> None:
        """Move the angle forward."""
        if self._frequency_hz != NOMINAL_HZ:
            self._angle_rad = math.remainder(self._angle_rad + self.turn_rad_per_s * dt_s, TWO_PI)
