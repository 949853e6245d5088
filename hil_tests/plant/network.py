"""One bus with everything hung on it as a star: voltage sources behind admittances, and a shunt."""

from __future__ import annotations

import cmath
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Injection:
    """A voltage source behind an admittance, all in pu, with the most current it can give."""

    emf: complex
    admittance: complex
    current_max: float


def solve(injections: dict[str, Injection], shunt: complex, before: complex) -> tuple[complex, dict[str, complex]]:
    """Bus voltage and each source's current into the bus.

    V = (sum E Y + sum I_limited) / (sum Y + Y_shunt). A source beyond its limit becomes a current source of that
    magnitude at its own angle, and the bus is solved again. Without any source the bus is dead: V = 0.
    """
    if not injections:
        return 0j, {}
    limited: dict[str, complex] = {}
    for _ in range(1 + len(injections)):
        numerator = sum(limited.values(), 0j)
        denominator = shunt
        for name, source in injections.items():
            if name not in limited:
                numerator += source.emf * source.admittance
                denominator += source.admittance
        if abs(denominator) < 1e-6:
            return before, dict.fromkeys(injections, 0j)
        voltage = numerator / denominator
        beyond = _first_beyond(injections, limited, voltage)
        if beyond is None:
            break
        name, current = beyond
        limited[name] = cmath.rect(injections[name].current_max, cmath.phase(current))
    currents = {
        name: limited.get(name, (source.emf - voltage) * source.admittance) for name, source in injections.items()
    }
    return voltage, currents


def _first_beyond(
    injections: dict[str, Injection], limited: dict[str, complex], voltage: complex
) -> tuple[str, complex] | None:
    for name, source in injections.items():
        if name in limited:
            continue
        current = (source.emf - voltage) * source.admittance
        if abs(current) > source.current_max:
            return name, current
    return None
