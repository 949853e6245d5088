"""Forming sources of a plant as a power flow knows them: their droop, whether it is a line, and how they are held."""

from __future__ import annotations

import cmath

from hil_tests.plant.base import BASE_VA, NOMINAL_HZ
from hil_tests.plant.generator import GeneratorSet
from hil_tests.plant.inverter import VOLTAGE_DROOP, BatteryInverter
from hil_tests.plant.power_flow import Droop

ISOCHRONOUS_HZ_PER_PU = 1e-9
GENSET_VOLTAGE_DROOP = 0.04
GENSET_NO_LOAD_RATIO = 1.04


def has_line(battery: BatteryInverter) -> bool:
    """Whether its frequency is a line of its power now: no table, and no shift against charging under way."""
    if battery.behaviour.droop_table:
        return False
    if battery.droop.shift_max_hz == 0.0:
        return True
    return battery.droop.shift_hz == 0.0 and -battery.p_filtered_pu * BASE_VA <= battery.pack.may_charge_w(
        battery.charge_set_w
    )


def battery_droop(battery: BatteryInverter) -> Droop:
    """Its f = f_set - m_p P;  E = E_set - n_q Q behind the output impedance. Source: `BatteryInverter.carry`."""
    impedance = 1.0 / battery.admittance
    return Droop(
        idle_hz=battery.frequency_set_hz,
        hz_per_pu=max(ISOCHRONOUS_HZ_PER_PU, battery.battery.droop_hz_per_w * BASE_VA),
        emf_ratio=battery.voltage_set_ratio,
        emf_per_pu=VOLTAGE_DROOP * BASE_VA / battery.battery.rating_va,
        held_behind=impedance,
        impedance=impedance,
        current_max_pu=battery.rated_pu,  # beyond it an overload is timed, in steps
    )


def genset_droop(genset: GeneratorSet) -> Droop:
    """P = P_ref - w / R - D w, and a regulator that holds the terminals at 1.04 less 4 % of the reactive share.

    Source: `Swing` and `GeneratorSet.carry` with every rate of change at nothing. With an integral, w is nothing.
    """
    rated_pu = genset.rated_pu
    stiffness = rated_pu * (1.0 / genset.swing.droop + genset.swing.damping) / NOMINAL_HZ
    is_isochronous = genset.swing.isochronous_gain > 0.0
    return Droop(
        idle_hz=NOMINAL_HZ if is_isochronous else NOMINAL_HZ + genset.reference_pu / stiffness,
        hz_per_pu=ISOCHRONOUS_HZ_PER_PU if is_isochronous else 1.0 / stiffness,
        emf_ratio=GENSET_NO_LOAD_RATIO,
        emf_per_pu=GENSET_VOLTAGE_DROOP / rated_pu,
        held_behind=0j,
        impedance=1.0 / genset.admittance,
        active_pu_range=(genset.swing.power_min * rated_pu, genset.swing.power_max * rated_pu),
    )


def hold_battery(battery: BatteryInverter, power: complex, bus: complex) -> None:
    """All its fast states where they come to rest at this power: E = V + I / Y, I = (S / V)*.

    Source: the steady state of its `carry`.
    """
    current = (power / bus).conjugate()
    battery.power_va, battery.current = power, current
    battery.p_filtered_pu, battery.q_filtered_pu = power.real, power.imag
    battery.emf_pu = battery.voltage_set_ratio - VOLTAGE_DROOP * power.imag / battery.rated_pu
    battery.angle_rad = cmath.phase(bus + current / battery.admittance)


def hold_genset(genset: GeneratorSet, power: complex, bus: complex) -> None:
    """All its fast states where they come to rest at this power: `genset_droop` solved for the speed."""
    rated_pu, swing = genset.rated_pu, genset.swing
    current = (power / bus).conjugate()
    inner = bus + current / genset.admittance
    genset.power_va, genset.current = power, current
    genset.emf_pu, genset.angle_rad = abs(inner), cmath.phase(inner)
    reference, load = genset.reference_pu / rated_pu, power.real / rated_pu
    if swing.isochronous_gain:
        swing.speed, swing.integral = 0.0, load - reference
        swing.governor = swing.mechanical = load
    else:
        swing.speed = (reference - load) / (1.0 / swing.droop + swing.damping)
        swing.governor = swing.mechanical = reference - swing.speed / swing.droop
