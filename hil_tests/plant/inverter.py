"""A battery inverter: follows a bus as a controlled power, or forms it as a voltage with droop and a current limit."""

from __future__ import annotations

import cmath
import math

from controller.model.hub import Battery
from controller.model.phases import ALL_PHASES, PhaseValues
from controller.model.words import InverterMode
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI, curve_hold_s, toward
from hil_tests.plant.storage import BatteryPack

POWER_FILTER_S = 0.05  # EPHCC software battery model: firstOrderDig(50e-3)
IMPEDANCE_PU = complex(0.01, 0.10)  # own base
VOLTAGE_DROOP = 0.04
CURRENT_MAX_PU = 2.4
TRANSFER_S = 0.015  # following to forming, once ordered
RAMP_PU_PER_S = 1.0  # NREL MGCP information packet, table 20
LOSS = (0.004, 0.010, 0.020)  # no load, linear, square; pu of rating, from memory
COOL_DOWN_S = 600.0
RESUME_S = 0.2  # a follower waits this long on a healthy bus
FOLLOW_MIN_RATIO = 0.5


class BatteryInverter:
    """One battery with its inverter. `power_pu` is what it delivered in the last step, on the common base."""

    __slots__ = (
        "_forming_in_s",
        "_healthy_s",
        "_rated",
        "_set_mode",
        "admittance",
        "angle_rad",
        "battery",
        "charge_set_w",
        "current",
        "emf_pu",
        "frequency_set_hz",
        "mode",
        "overload_pct",
        "p_filtered_pu",
        "pack",
        "power_set_w",
        "power_va",
        "q_filtered_pu",
        "voltage_set_ratio",
    )

    def __init__(self, battery: Battery, pack: BatteryPack) -> None:
        self.battery, self.pack = battery, pack
        self._rated = battery.rating_va / BASE_VA
        self.admittance = self._rated / IMPEDANCE_PU
        self.mode = InverterMode.GRID_FORMING if battery.capabilities.always_forms else InverterMode.GRID_FOLLOWING
        self._set_mode = self.mode
        self._forming_in_s = -1.0
        self._healthy_s = RESUME_S
        self.angle_rad = 0.0
        self.emf_pu = 1.0
        self.p_filtered_pu = 0.0
        self.q_filtered_pu = 0.0
        self.current = 0j
        self.power_va = 0j
        self.power_set_w = 0.0
        self.charge_set_w: float | None = None
        self.frequency_set_hz = NOMINAL_HZ
        self.voltage_set_ratio = 1.0
        self.overload_pct = 0.0

    # -- what the bench's servers use ------------------------------------------------------------------------------
    def set_mode(self, mode: InverterMode) -> None:
        """Order a mode; forming comes after the transfer time. A fault stays."""
        if self.mode is InverterMode.FAULT or mode is self._set_mode:
            return
        if mode is InverterMode.GRID_FORMING and not self.battery.capabilities.can_form:
            return
        self._set_mode = mode
        self._forming_in_s = TRANSFER_S if mode is InverterMode.GRID_FORMING else -1.0
        if mode is not InverterMode.GRID_FORMING:
            self.mode = mode
            self._healthy_s = 0.0 if self.current == 0 else RESUME_S

    def set_power_w(self, power_w: float) -> None:
        """Following: wanted power, positive out."""
        self.power_set_w = power_w

    def set_frequency_hz(self, frequency_hz: float) -> None:
        """Forming: no-load frequency."""
        self.frequency_set_hz = frequency_hz

    def set_voltage_v(self, voltage_v: float) -> None:
        """Forming: no-load voltage, phase to neutral, of 230 V nominal."""
        self.voltage_set_ratio = voltage_v / 230.0

    def set_charge_limit_w(self, limit_w: float) -> None:
        """A limit narrower than the BMS's own."""
        self.charge_set_w = limit_w

    def stop_now(self) -> None:
        """Off at once, in hardware; may be ordered on again once the hardware lets go."""
        if self.mode is not InverterMode.FAULT:
            self.mode = self._set_mode = InverterMode.OFF
            self._forming_in_s = -1.0
            self.current, self.power_va = 0j, 0j

    def trip(self) -> None:
        """Contactor opens; only a person resets it."""
        self.mode, self.current, self.power_va = InverterMode.FAULT, 0j, 0j
        self._forming_in_s = -1.0

    @property
    def soc_pct(self) -> float:
        """State of charge."""
        return self.pack.soc_pct

    @soc_pct.setter
    def soc_pct(self, value: float) -> None:
        self.pack.soc_pct = value

    @property
    def temperature_c(self) -> float:
        """Of the cells."""
        return self.pack.temperature_c

    @temperature_c.setter
    def temperature_c(self, value: float) -> None:
        self.pack.temperature_c = value

    @property
    def charge_limit_w(self) -> float:
        """From the BMS."""
        return 0.0 if self.pack.tripped else self.pack.charge_limit_w

    @property
    def discharge_limit_w(self) -> float:
        """From the BMS."""
        return 0.0 if self.pack.tripped else self.pack.discharge_limit_w

    @property
    def power_w(self) -> PhaseValues:
        """Delivered into the bus, shared over its phases."""
        return PhaseValues.shared(self.power_va.real * BASE_VA, self.battery.phases or ALL_PHASES)

    @property
    def is_forming(self) -> bool:
        """Holds a voltage of its own now."""
        return self.mode is InverterMode.GRID_FORMING

    # -- physics --------------------------------------------------------------------------------------------------
    @property
    def emf(self) -> complex:
        """Inner voltage while forming."""
        return cmath.rect(self.emf_pu, self.angle_rad)

    @property
    def current_max_pu(self) -> float:
        """Limit of the bridge on the common base."""
        return CURRENT_MAX_PU * self._rated

    def follow_power(self, voltage: complex, dt_s: float) -> complex:
        """Complex power of a follower for the next solve; nothing on a dead bus."""
        if self.mode is not InverterMode.GRID_FOLLOWING or abs(voltage) < FOLLOW_MIN_RATIO:
            self._healthy_s = 0.0
            if self.mode is not InverterMode.GRID_FORMING:
                self.power_va = 0j
            return 0j
        self._healthy_s += dt_s
        wanted_w = self.power_set_w if self._healthy_s > RESUME_S else 0.0
        wanted_w = max(-self.charge_limit_w, min(self.discharge_limit_w, wanted_w))
        wanted = max(-self._rated, min(self._rated, wanted_w / BASE_VA))
        self.power_va = complex(toward(self.power_va.real, wanted, RAMP_PU_PER_S * self._rated * dt_s), 0.0)
        return self.power_va

    def begin_step(self, bus: complex, dt_s: float) -> None:
        """A transfer to forming takes its time, then starts at the bus's own angle."""
        if self._forming_in_s >= 0.0:
            self._forming_in_s -= dt_s
            if self._forming_in_s < 0.0:
                self.mode = InverterMode.GRID_FORMING
                if abs(bus) > 0.1:
                    self.angle_rad = cmath.phase(bus)
                self.emf_pu = self.voltage_set_ratio
                self.p_filtered_pu, self.q_filtered_pu = self.power_va.real, 0.0

    def end_step(self, voltage: complex, current: complex, ambient_c: float, dt_s: float) -> None:
        """After the solve: filters, droop, angle, overload, battery.

        f = f_set - m_p P_f;  E = V_set - n_q Q_f;  P_f' = (P - P_f) / tau.
        """
        if self.is_forming:
            self.power_va = voltage * current.conjugate()
            self.current = current
            share = 1.0 - math.exp(-dt_s / POWER_FILTER_S)
            self.p_filtered_pu += (self.power_va.real - self.p_filtered_pu) * share
            self.q_filtered_pu += (self.power_va.imag - self.q_filtered_pu) * share
            droop_hz = self.battery.droop_hz_per_w * self.p_filtered_pu * BASE_VA
            self.angle_rad += TWO_PI * (self.frequency_set_hz - droop_hz - NOMINAL_HZ) * dt_s
            self.emf_pu = self.voltage_set_ratio - VOLTAGE_DROOP * self.q_filtered_pu / self._rated
        else:
            self.current = (self.power_va / voltage).conjugate() if abs(voltage) > 0.1 else 0j
        self._overload(dt_s)
        if self.mode in {InverterMode.GRID_FORMING, InverterMode.GRID_FOLLOWING}:
            self.pack.step(self._dc_power_w(), ambient_c, dt_s)
        if self.pack.tripped and self.mode is not InverterMode.FAULT:
            self.trip()

    def _dc_power_w(self) -> float:
        load = abs(self.power_va) / self._rated
        loss = LOSS[0] + LOSS[1] * load + LOSS[2] * load * load
        return (self.power_va.real + loss * self._rated) * BASE_VA

    def _overload(self, dt_s: float) -> None:
        """Thermal accumulator after the inverter's own short-time curve; at 100 it trips."""
        curve = tuple((point.load_ratio, point.hold_s) for point in self.battery.short_time)
        hold_s = curve_hold_s(curve, abs(self.current) / self._rated)
        if math.isinf(hold_s):
            self.overload_pct = max(0.0, self.overload_pct - 100.0 * dt_s / COOL_DOWN_S)
        else:
            self.overload_pct += 100.0 * dt_s / hold_s
        if self.overload_pct >= 100.0:
            self.trip()
