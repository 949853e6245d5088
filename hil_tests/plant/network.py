"""One bus with everything hung on it as a star: voltage sources behind admittances, and a shunt."""

from __future__ import annotations

import cmath
from collections.abc import Sequence

Source = tuple[complex, complex, float]
"""A voltage behind an admittance, and the most current it can give; all in pu."""


def solve(sources: Sequence[Source], shunt: complex, before: complex) -> tuple[complex, list[complex]]:
    """Bus voltage and each source's current into the bus.

    V = (sum E Y + sum I_limited) / (sum Y + Y_shunt). A source beyond its limit becomes a current source of that
    magnitude at its own angle, and the bus is solved again. Without any source the bus is dead: V = 0.

    Source: Millman 1940 (a star of sources); a saturated bridge as a current source: EPHCC's battery model.
    """
    if not sources:
        return 0j, []
    numerator, denominator = 0j, shunt
    for emf, admittance, _ in sources:
        numerator += emf * admittance
        denominator += admittance
    if abs(denominator) < 1e-6:
        return before, [0j] * len(sources)
    voltage = numerator / denominator
    currents = [(emf - voltage) * admittance for emf, admittance, _ in sources]
    for current, (_, _, current_max) in zip(currents, sources, strict=True):
        if abs(current) > current_max:
            return _solve_limited(sources, shunt, before, currents)
    return voltage, currents


def _solve_limited(
    sources: Sequence[Source], shunt: complex, before: complex, currents: list[complex]
) -> tuple[complex, list[complex]]:
    """One more source is limited in each round, the first that is beyond: V = (sum I_limited + sum E Y) / (sum Y).

    Source: as `solve`; the order of limiting is our own.
    """
    limited: dict[int, complex] = {}
    voltage = before
    for _ in sources:
        beyond = _first_beyond(sources, limited, currents)
        if beyond is None:
            break
        limited[beyond] = cmath.rect(sources[beyond][2], cmath.phase(currents[beyond]))
        free = [source for index, source in enumerate(sources) if index not in limited]
        denominator = shunt + sum(admittance for _, admittance, _ in free)
        if abs(denominator) < 1e-6:
            return before, [0j] * len(sources)
        voltage = (sum(limited.values(), 0j) + sum(emf * admittance for emf, admittance, _ in free)) / denominator
        currents = [
            limited.get(index, (emf - voltage) * admittance) for index, (emf, admittance, _) in enumerate(sources)
        ]
    return voltage, currents


def _first_beyond(sources: Sequence[Source], limited: dict[int, complex], currents: list[complex]) -> int | None:
    return next(
        (
            index
            for index, (_, _, current_max) in enumerate(sources)
            if index not in limited and abs(currents[index]) > current_max
        ),
        None,
    )
