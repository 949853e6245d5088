"""What a perfect instrument at the POI sees on each conductor: voltages of both sides, power and current."""

from __future__ import annotations

import cmath
from typing import TYPE_CHECKING

from controller.model.phases import PhaseValues, phase_values
from hil_tests.plant.base import BASE_VA, TWO_PI
from hil_tests.plant.breaker import CLOSED
from hil_tests.plant.phase_book import Parts

if TYPE_CHECKING:
    from hil_tests.plant.plant import Plant

DEAD_RATIO = 0.05


def grid_voltage_v(plant: Plant) -> PhaseValues:
    """Grid side, phase to neutral."""
    if plant.grid.pen_is_broken and plant.poi.position is CLOSED:
        return bus_voltage_v(plant)
    return plant.grid.per_phase(abs(plant.grid_side) * plant.hub.nominal_voltage_v)


def bus_voltage_v(plant: Plant) -> PhaseValues:
    """Bus side, phase to neutral; a lost phase, or a lost PEN, is lost on both sides of a closed breaker.

    Own simplification: nothing feeds a lost phase back, neither a motor nor a transformer.
    """
    volts = abs(plant.bus) * plant.hub.nominal_voltage_v
    if plant.poi.position is not CLOSED:
        return PhaseValues.even(volts)
    return _without_neutral(plant, volts) if plant.grid.pen_is_broken else plant.grid.per_phase(volts)


def poi_power_w(plant: Plant) -> PhaseValues:
    """Positive into the hub: on each phase what loads draw there, less what sources deliver there.

    Source: the bookkeeping of `PhaseBook.split`, whose sum is the solve's P.
    """
    l1, l2, l3 = _parts(plant)
    return phase_values((l1.real * BASE_VA, l2.real * BASE_VA, l3.real * BASE_VA))


def poi_current_a(plant: Plant) -> PhaseValues:
    """Magnitude per conductor: |S_k| / V_k. Source: the definition of apparent power, with even voltages."""
    volts = abs(plant.bus)
    if volts < DEAD_RATIO:
        return PhaseValues.even(abs(plant.poi_current) * BASE_VA / (3.0 * plant.hub.nominal_voltage_v))
    scale = BASE_VA / volts / plant.hub.nominal_voltage_v
    l1, l2, l3 = _parts(plant)
    return phase_values((abs(l1) * scale, abs(l2) * scale, abs(l3) * scale))


def source_current_a(plant: Plant, power_w: PhaseValues) -> PhaseValues:
    """Of one source or feeder, from its power on each phase, at the bus's voltage; active current only: I = P / V.

    Source: a definition; its reactive current is left out.
    """
    volts = abs(plant.bus) * plant.hub.nominal_voltage_v
    return power_w.scaled(1.0 / volts) if volts > 1.0 else PhaseValues.even(0.0)


def _parts(plant: Plant) -> Parts:
    if plant.poi_current == 0:
        return 0j, 0j, 0j
    return plant.phase_book.split(plant.bus * plant.poi_current.conjugate())


def _without_neutral(plant: Plant, volts: float) -> PhaseValues:
    """Without PEN the star point floats to where the currents cancel: V_N = sum(V_k Y_k) / sum(Y_k).

    Source: Millman 1940.
    """
    admittances = [part.conjugate() for part in plant.phase_book.needed()]
    phasors = [cmath.rect(1.0, -index * TWO_PI / 3.0) for index in range(3)]
    together = sum(admittances)
    if abs(together) < 1e-6:
        return plant.grid.per_phase(volts)
    star = sum(v * y for v, y in zip(phasors, admittances, strict=True)) / together
    return PhaseValues(*(volts * abs(v - star) for v in phasors))
