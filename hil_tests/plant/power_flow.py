"""One bus in the steady state: who forms it by droop, what it takes, and where voltage and frequency come to rest.

    P_s(f) = (f_s - f) / m_s,  sum of P_s(f) = P(|V|, f)      by a secant on f
    Q_s(P_s, |V|) from |E_s| = E0_s - n_s Q_s, sum of Q_s = Q(|V|, f)      by a secant on |V|

Source: the devices' own droops at rest; one frequency shares the load among them (Kundur 1994, 11.1).
All powers in pu of the common base, sources positive out, the bus at angle zero. Losses inside a source are its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Taken = Callable[[float, float], complex]
"""What the bus takes, loads less followers, as P + jQ at a voltage ratio and a frequency in Hz."""

ROUNDS_MAX = 12
TOLERANCE_PU = 1e-11
PROBE_PU = 1e-4


class NoSteadyStateError(ArithmeticError):
    """Nothing settles there: the bus collapses, or a source is asked for more than its circuit can carry."""


@dataclass(frozen=True, slots=True)
class Droop:
    """A forming source at rest."""

    idle_hz: float  # at no load
    hz_per_pu: float
    emf_ratio: float  # of what it holds, at no reactive power
    emf_per_pu: float
    held_behind: complex  # from the bus to the voltage that follows its droop; 0: the terminals themselves
    impedance: complex  # from the bus to the source of the dynamic model
    current_max_pu: float = math.inf
    active_pu_range: tuple[float, float] = (-math.inf, math.inf)

    def active_pu(self, hz: float) -> float:
        """P at a frequency."""
        return (self.idle_hz - hz) / self.hz_per_pu

    def reactive_pu(self, active_pu: float, volts: float) -> float:
        """Q at a voltage: the root near zero of |V + z (P - jQ) / V|^2 = (E0 - n Q)^2, a square in Q.

        Source: drop across an impedance, squared, with the droop put in.
        """
        r, x = self.held_behind.real, self.held_behind.imag
        z2 = (r * r + x * x) / (volts * volts)
        a = z2 - self.emf_per_pu * self.emf_per_pu
        b = 2.0 * (x + self.emf_ratio * self.emf_per_pu)
        c = volts * volts + 2.0 * r * active_pu + z2 * active_pu * active_pu - self.emf_ratio * self.emf_ratio
        root2 = b * b - 4.0 * a * c
        if root2 < 0.0:
            raise NoSteadyStateError
        return -2.0 * c / (b + math.sqrt(root2))

    def inner(self, power: complex, volts: float) -> complex:
        """The source of the dynamic model, seen from a bus at angle zero."""
        return volts + self.impedance * (power / volts).conjugate()

    def can_stay_at(self, power: complex, volts: float) -> bool:
        """Whether it gives this for as long as it is asked."""
        low_pu, high_pu = self.active_pu_range
        return abs(power) <= self.current_max_pu * volts and low_pu <= power.real <= high_pu


@dataclass(frozen=True, slots=True)
class Flow:
    """Where it comes to rest. `powers` in the order of the sources."""

    volts: complex  # in the frame of the grid; at angle zero in an island
    hz: float
    powers: tuple[complex, ...]


def in_island(droops: Sequence[Droop], taken: Taken, volts: float, hz: float) -> Flow:
    """The island at rest, sought from where it was. Raises NoSteadyStateError."""
    miss, hz = _reactive_miss(droops, taken, volts, hz)
    other = volts + PROBE_PU
    for _ in range(ROUNDS_MAX):
        if abs(miss) < TOLERANCE_PU:
            powers = [droop.active_pu(hz) for droop in droops]
            return Flow(
                volts, hz, tuple(complex(p, d.reactive_pu(p, volts)) for p, d in zip(powers, droops, strict=True))
            )
        other_miss, hz = _reactive_miss(droops, taken, other, hz)
        slope = (other_miss - miss) / (other - volts) if other != volts else 0.0
        if slope == 0.0:
            break
        volts, miss, other = other, other_miss, other - other_miss / slope
        if not 0.3 < other < 2.0:
            break
    raise NoSteadyStateError


def beside_grid(droops: Sequence[Droop], taken: Taken, source: complex, impedance: complex, hz: float) -> Flow:
    """On a stiff grid: V = E + Z conj((S_sources - S_taken) / V), repeated. Raises NoSteadyStateError.

    Source: the fixed point of Teng 2003, with one node.
    """
    active = [droop.active_pu(hz) for droop in droops]
    bus = source
    for _ in range(8 * ROUNDS_MAX):
        volts = abs(bus)
        if volts < 0.3:
            break
        powers = [complex(p, d.reactive_pu(p, volts)) for p, d in zip(active, droops, strict=True)]
        before, bus = bus, source + impedance * ((sum(powers) - taken(volts, hz)) / bus).conjugate()
        if abs(bus - before) < TOLERANCE_PU:
            return Flow(bus, hz, tuple(powers))
    raise NoSteadyStateError


def balanced_hz(droops: Sequence[Droop], taken_pu: Callable[[float], float], hz: float) -> float:
    """The frequency at which the sources give what is taken. Exact after one step where nothing follows frequency."""
    stiffness = sum(1.0 / droop.hz_per_pu for droop in droops)
    idle_pu = sum(droop.idle_hz / droop.hz_per_pu for droop in droops)
    miss = idle_pu - stiffness * hz - taken_pu(hz)
    other = hz + miss / stiffness
    for _ in range(ROUNDS_MAX):
        if abs(other - hz) < 1e-12:
            return other
        other_miss = idle_pu - stiffness * other - taken_pu(other)
        slope = (other_miss - miss) / (other - hz)
        if abs(other_miss) < TOLERANCE_PU or slope == 0.0:
            return other
        hz, miss, other = other, other_miss, other - other_miss / slope
    return other


def _reactive_miss(droops: Sequence[Droop], taken: Taken, volts: float, hz: float) -> tuple[float, float]:
    """What reactive power is missing at this voltage, once the frequency has found its place."""
    hz = balanced_hz(droops, lambda at_hz: taken(volts, at_hz).real, hz)
    given = sum(droop.reactive_pu(droop.active_pu(hz), volts) for droop in droops)
    return given - taken(volts, hz).imag, hz
