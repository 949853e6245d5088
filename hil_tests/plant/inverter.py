"""A battery inverter: follows a bus as a controlled power, or forms it as a voltage with droop and a current limit."""

from __future__ import annotations

import cmath
import math

from controller.model.hub import Battery
from controller.model.phases import ALL_PHASES, PhaseValues
from controller.model.words import InverterMode
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI, curve_hold_s, toward
from hil_tests.plant.rest import Rest, Setting
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
        "_active_s", "_charge_set_w", "_cool_s", "_dc_j", "_dc_power_w", "_dc_valid_for_va", "_forming_in_s",
        "_frequency_set_hz", "_healthy_s", "_is_following", "_power_set_w", "_rated", "_set_mode", "_voltage_set_ratio",
        "admittance", "angle_rad", "battery", "current", "current_max_pu", "emf_pu", "is_forming", "mode",
        "overload_pct", "p_filtered_pu", "pack", "power_va", "q_filtered_pu", "rest",
    )  # fmt: skip

    power_set_w = Setting[float]("power_set_w")
    charge_set_w = Setting[float | None]("charge_set_w")
    frequency_set_hz = Setting[float]("frequency_set_hz")
    voltage_set_ratio = Setting[float]("voltage_set_ratio")

    def __init__(self, battery: Battery, pack: BatteryPack, rest: Rest) -> None:
        self.battery, self.pack, self.rest = battery, pack, rest
        self._rated = battery.rating_va / BASE_VA
        self.current_max_pu = CURRENT_MAX_PU * self._rated
        self.admittance = self._rated / IMPEDANCE_PU
        self._set_mode = InverterMode.GRID_FORMING if battery.capabilities.always_forms else InverterMode.GRID_FOLLOWING
        self._enter(self._set_mode)
        self._forming_in_s = -1.0
        self._healthy_s = RESUME_S
        self.angle_rad = 0.0
        self.emf_pu = 1.0
        self.p_filtered_pu = 0.0
        self.q_filtered_pu = 0.0
        self.current = 0j
        self.power_va = 0j
        self._power_set_w = 0.0
        self._charge_set_w: float | None = None
        self._frequency_set_hz = NOMINAL_HZ
        self._voltage_set_ratio = 1.0
        self.overload_pct = 0.0
        self._dc_power_w, self._dc_valid_for_va = 0.0, complex(math.nan)
        self._dc_j = self._active_s = self._cool_s = 0.0  # since the last slow step

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
            self._enter(mode)
            self._healthy_s = 0.0 if self.current == 0 else RESUME_S
        self.rest.disturb()

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
        if self.mode not in {InverterMode.FAULT, InverterMode.OFF} or self._set_mode is not InverterMode.OFF:
            self._set_mode = InverterMode.OFF
            self._enter(InverterMode.OFF)
            self._forming_in_s = -1.0
            self.current, self.power_va = 0j, 0j
            self.rest.disturb()

    def trip(self) -> None:
        """Contactor opens; only a person resets it."""
        self._enter(InverterMode.FAULT)
        self.current, self.power_va = 0j, 0j
        self._forming_in_s = -1.0
        self.rest.disturb()

    def trip_bms(self) -> None:
        """The BMS opens its contactor: the same, and it offers no power any more."""
        self.pack.tripped = True
        self.trip()

    @property
    def soc_pct(self) -> float:
        """State of charge."""
        return self.pack.soc_pct

    @soc_pct.setter
    def soc_pct(self, value: float) -> None:
        self.pack.soc_pct = value
        self.rest.disturb()

    @property
    def temperature_c(self) -> float:
        """Of the cells."""
        return self.pack.temperature_c

    @temperature_c.setter
    def temperature_c(self, value: float) -> None:
        self.pack.temperature_c = value
        self.rest.disturb()

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
    def fast_state(self) -> tuple[float, ...]:
        """All that moves fast, in a frame that turns with the bus."""
        power, turn = self.power_va, self._turn_rad_per_s() if self.is_forming else 0.0
        return power.real, power.imag, self.p_filtered_pu, self.q_filtered_pu, self.emf_pu, turn

    @property
    def is_still(self) -> bool:
        """No transfer is under way, no wait for a healthy bus, and no overload is being timed."""
        waits = 0.0 < self._healthy_s <= RESUME_S
        return self._forming_in_s < 0.0 and not waits and abs(self.current) <= self._rated

    # -- physics --------------------------------------------------------------------------------------------------
    @property
    def emf(self) -> complex:
        """Inner voltage while forming."""
        return cmath.rect(self.emf_pu, self.angle_rad)

    def follow_power(self, volts: float, dt_s: float) -> float:
        """Power of a follower for the next solve, at a power factor of one; nothing on a dead bus."""
        if not self._is_following or volts < FOLLOW_MIN_RATIO:
            self._healthy_s = 0.0
            if not self.is_forming:
                self.power_va = 0j
            return 0.0
        self._healthy_s += dt_s
        wanted = self._wanted_pu() if self._healthy_s > RESUME_S else 0.0
        power = self.power_va.real
        if power != wanted:
            power = toward(power, wanted, RAMP_PU_PER_S * self._rated * dt_s)
        self.power_va = complex(power)
        return power

    def _wanted_pu(self) -> float:
        """The set-point within what BMS and bridge allow."""
        wanted_w = self._power_set_w
        if wanted_w > 0.0:
            wanted_w = min(wanted_w, self.discharge_limit_w)
        elif wanted_w < 0.0:
            wanted_w = max(wanted_w, -self.charge_limit_w)
        return max(-self._rated, min(self._rated, wanted_w / BASE_VA))

    def begin_step(self, bus: complex, dt_s: float) -> None:
        """A transfer to forming takes its time, then starts at the bus's own angle."""
        if self._forming_in_s < 0.0:
            return
        self._forming_in_s -= dt_s
        if self._forming_in_s < 0.0:
            self._enter(InverterMode.GRID_FORMING)
            if abs(bus) > 0.1:
                self.angle_rad = cmath.phase(bus)
            self.emf_pu = self._voltage_set_ratio
            self.p_filtered_pu, self.q_filtered_pu = self.power_va.real, 0.0

    def carry(self, voltage: complex, current: complex, dt_s: float) -> None:
        """Forming, after the solve: filters, droop, angle.

        f = f_set - m_p P_f;  E = V_set - n_q Q_f;  P_f' = (P - P_f) / tau.
        """
        self.current = current
        power = self.power_va = voltage * current.conjugate()
        share = 1.0 - math.exp(-dt_s / POWER_FILTER_S)
        self.p_filtered_pu += (power.real - self.p_filtered_pu) * share
        self.q_filtered_pu += (power.imag - self.q_filtered_pu) * share
        self.angle_rad += self._turn_rad_per_s() * dt_s
        self.emf_pu = self._voltage_set_ratio - VOLTAGE_DROOP * self.q_filtered_pu / self._rated

    def end_step(self, voltage: complex, dt_s: float) -> None:
        """Every mode, after the solve: overload, and energy from the battery."""
        if not self.is_forming:
            self.current = (self.power_va / voltage).conjugate() if abs(voltage) > 0.1 else 0j
        load = abs(self.current) / self._rated
        if load > 1.0:
            self._overload(load, dt_s)
        else:
            self._cool_s += dt_s
        self._draw(dt_s)

    def end_slow_step(self, ambient_c: float) -> None:
        """Charge and heat, from the mean power since the last time; and the bridge cools."""
        self.overload_pct = max(0.0, self.overload_pct - 100.0 * self._cool_s / COOL_DOWN_S)
        self._cool_s = 0.0
        self.angle_rad = math.remainder(self.angle_rad, TWO_PI)  # a week in an island must not cost it digits
        if self._active_s > 0.0:
            self.pack.step(self._dc_j / self._active_s, ambient_c, self._active_s)
            self._dc_j = self._active_s = 0.0
        if self.pack.tripped and self.mode is not InverterMode.FAULT:
            self.trip()

    def make_up(self, rested_s: float) -> None:
        """Time that passed at rest: the same power, the same speed."""
        if self.is_forming:
            self.angle_rad += self._turn_rad_per_s() * rested_s
        elif self._healthy_s > 0.0:
            self._healthy_s += rested_s
        self._cool_s += rested_s
        self._draw(rested_s)

    def _enter(self, mode: InverterMode) -> None:
        self.mode = mode
        self.is_forming, self._is_following = mode is InverterMode.GRID_FORMING, mode is InverterMode.GRID_FOLLOWING

    def _turn_rad_per_s(self) -> float:
        droop_hz = self.battery.droop_hz_per_w * self.p_filtered_pu * BASE_VA
        return TWO_PI * (self._frequency_set_hz - droop_hz - NOMINAL_HZ)

    def _draw(self, dt_s: float) -> None:
        """Count what the battery gives, losses included."""
        if not (self.is_forming or self._is_following):
            return
        if self.power_va != self._dc_valid_for_va:
            self._dc_valid_for_va = self.power_va
            load = abs(self.power_va) / self._rated
            loss = LOSS[0] + LOSS[1] * load + LOSS[2] * load * load
            self._dc_power_w = (self.power_va.real + loss * self._rated) * BASE_VA
        self._dc_j += self._dc_power_w * dt_s
        self._active_s += dt_s

    def _overload(self, load_ratio: float, dt_s: float) -> None:
        """Thermal accumulator after the inverter's own short-time curve; at 100 it trips."""
        curve = tuple((point.load_ratio, point.hold_s) for point in self.battery.short_time)
        self.overload_pct += 100.0 * dt_s / curve_hold_s(curve, load_ratio)
        if self.overload_pct >= 100.0:
            self.trip()
