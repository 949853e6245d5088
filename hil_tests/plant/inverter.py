"""A battery inverter: follows a bus as a controlled power, or forms it as a voltage with droop and a current limit."""

from __future__ import annotations

import cmath
import math

from controller.model.hub import Battery
from controller.model.phases import ALL_PHASES, PhaseValues
from controller.model.words import InverterMode
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI, toward
from hil_tests.plant.behaviour import Droop, InverterBehaviour
from hil_tests.plant.bridge import Bridge
from hil_tests.plant.phase_book import PhaseBook
from hil_tests.plant.rest import Rest, Setting
from hil_tests.plant.storage import BatteryPack

POWER_FILTER_S = 0.05  # EPHCC software battery model: firstOrderDig(50e-3)
IMPEDANCE_PU = complex(0.01, 0.10)  # own base
VOLTAGE_DROOP = 0.04
CURRENT_MAX_PU = 2.4
RAMP_PU_PER_S = 1.0  # NREL MGCP information packet, table 20
RESUME_S = 0.2  # a follower waits this long on a healthy bus
FOLLOW_MIN_RATIO = 0.5
OFF, FORMING, FOLLOWING = InverterMode.OFF, InverterMode.GRID_FORMING, InverterMode.GRID_FOLLOWING


class BatteryInverter:
    """One battery with its inverter. `power_va` is what it delivered in the last step, in pu on the common base."""

    __slots__ = (
        "_bridge", "_charge_set_w", "_forming_in_s", "_frequency_set_hz", "_healthy_s", "_ignores_setpoint",
        "_is_following", "_power_set_w", "_voltage_set_ratio", "admittance", "angle_rad", "battery", "behaviour",
        "book", "current", "current_max_pu", "droop", "emf_pu", "is_forming", "mode", "ordered_mode", "p_filtered_pu",
        "pack", "power_va", "q_filtered_pu", "rated_pu", "rest",
    )  # fmt: skip

    power_set_w = Setting[float]("power_set_w")
    charge_set_w = Setting[float | None]("charge_set_w")
    frequency_set_hz = Setting[float]("frequency_set_hz")
    voltage_set_ratio = Setting[float]("voltage_set_ratio")
    ignores_setpoint = Setting[bool]("ignores_setpoint")

    def __init__(
        self, battery: Battery, pack: BatteryPack, rest: Rest, book: PhaseBook, behaviour: InverterBehaviour
    ) -> None:
        self.battery, self.pack, self.rest, self.book, self.behaviour = battery, pack, rest, book, behaviour
        self.rated_pu = battery.rating_va / BASE_VA
        self.current_max_pu = CURRENT_MAX_PU * self.rated_pu
        self.admittance = self.rated_pu / IMPEDANCE_PU
        self.droop = Droop(behaviour, battery.droop_hz_per_w, self.rated_pu)
        self.ordered_mode = self._first_mode
        self._enter(self._first_mode)
        self._forming_in_s = -1.0
        self._healthy_s = RESUME_S
        self.angle_rad, self.emf_pu = 0.0, 1.0
        self.p_filtered_pu, self.q_filtered_pu, self.current, self.power_va = 0.0, 0.0, 0j, 0j
        self._power_set_w = 0.0
        self._charge_set_w: float | None = None
        self._frequency_set_hz = NOMINAL_HZ
        self._voltage_set_ratio = 1.0
        self._ignores_setpoint = False
        self._bridge = Bridge(self.rated_pu, tuple((point.load_ratio, point.hold_s) for point in battery.short_time))

    def set_mode(self, mode: InverterMode) -> None:
        """Order a mode; forming comes after the transfer time. One that transfers by itself is only switched off."""
        by_itself = self.behaviour.transfers_by_itself and mode is not OFF
        if not by_itself or self.ordered_mode is OFF:
            self.order(FOLLOWING if by_itself else mode)

    def order(self, mode: InverterMode) -> None:
        """What `set_mode` leads to. A fault stays."""
        if self.mode is InverterMode.FAULT or mode is self.ordered_mode:
            return
        if mode is FORMING and not self.battery.capabilities.can_form:
            return
        if mode is FOLLOWING and self.behaviour.always_forms:
            return
        self.ordered_mode = mode
        self._forming_in_s = self.behaviour.transfer_s if mode is FORMING else -1.0
        if mode is not FORMING:
            self._enter(mode)
            self._healthy_s = 0.0 if self.current == 0 else RESUME_S
        self.rest.disturb()

    def set_power_w(self, power_w: float) -> None:
        """Following: wanted power, positive out."""
        if not self._ignores_setpoint:
            self.power_set_w = power_w

    def set_frequency_hz(self, frequency_hz: float) -> None:
        """Forming: no-load frequency."""
        if not self._ignores_setpoint:
            self.frequency_set_hz = frequency_hz

    def set_voltage_v(self, voltage_v: float) -> None:
        """Forming: no-load voltage, phase to neutral, of 230 V nominal."""
        if not self._ignores_setpoint:
            self.voltage_set_ratio = voltage_v / 230.0

    def set_charge_limit_w(self, limit_w: float) -> None:
        """A limit narrower than the BMS's own."""
        if not self._ignores_setpoint:
            self.charge_set_w = limit_w

    def stop_now(self) -> None:
        """Off at once, in hardware; may be ordered on again once the hardware lets go."""
        if self.mode not in {InverterMode.FAULT, OFF} or self.ordered_mode is not OFF:
            self.ordered_mode = OFF
            self._fall_to(OFF)

    def trip(self) -> None:
        """The inverter fails: contactor opens; only a person resets it. Its battery still answers."""
        self._fall_to(InverterMode.FAULT)

    def trip_bms(self) -> None:
        """The battery's contactor opens: no limits, no direct voltage, and who formed the bus forms it no more."""
        self.pack.tripped = True
        self.trip()

    def reset(self) -> None:
        """A person has been there: inverter and BMS are as after switching on."""
        self.pack.tripped, self._bridge.overload_pct, self._healthy_s = False, 0.0, 0.0
        self.ordered_mode = self._first_mode
        self._fall_to(self._first_mode)

    @property
    def overload_pct(self) -> float:
        """How far the bridge is towards its trip."""
        return self._bridge.overload_pct

    @property
    def soc_pct(self) -> float:
        """State of charge, in truth."""
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
        return self.pack.charge_limit_w

    @property
    def discharge_limit_w(self) -> float:
        """From the BMS."""
        return self.pack.discharge_limit_w

    @property
    def power_w(self) -> PhaseValues:
        """Delivered into the bus: even over its phases, but for what it must take on as a former of an island."""
        power_pu = self.power_va.real
        if self.is_forming:
            return self.book.of_former(power_pu, self.rated_pu, self.battery.phases or ALL_PHASES)
        return PhaseValues.shared(power_pu * BASE_VA, self.battery.phases or ALL_PHASES)

    @property
    def fast_state(self) -> tuple[float, ...]:
        """All that moves fast, in a frame that turns with the bus."""
        power, turn = self.power_va, self._turn_rad_per_s() if self.is_forming else 0.0
        return power.real, power.imag, self.p_filtered_pu, self.q_filtered_pu, self.emf_pu, turn

    @property
    def is_still(self) -> bool:
        """No transfer is under way, no wait for a healthy bus, and no overload is being timed."""
        return self._forming_in_s < 0.0 and not 0.0 < self._healthy_s <= RESUME_S and self._load_ratio() <= 1.0

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
            power = toward(power, wanted, RAMP_PU_PER_S * self.rated_pu * dt_s)
        self.power_va = complex(power)
        return power

    def begin_step(self, bus: complex, dt_s: float) -> None:
        """A transfer to forming takes its time, then starts where the power that it delivers goes on as it is."""
        if self._forming_in_s < 0.0:
            return
        self._forming_in_s -= dt_s
        if self._forming_in_s < 0.0:
            self._enter(FORMING)
            if abs(bus) > 0.1:
                self.angle_rad = cmath.phase(bus + (self.power_va / bus).conjugate() / self.admittance)
            self.emf_pu = self._voltage_set_ratio
            self.p_filtered_pu, self.q_filtered_pu = self.power_va.real, 0.0
            self.droop.shift_hz = 0.0

    def steer(self, frequency_hz: float, voltage_ratio: float) -> None:
        """Set the no-load values so that the bus comes to these under the present load."""
        self.frequency_set_hz = frequency_hz - self.droop.offset_hz(self.p_filtered_pu)
        self.voltage_set_ratio = voltage_ratio + VOLTAGE_DROOP * self.q_filtered_pu / self.rated_pu

    def carry(self, voltage: complex, current: complex, dt_s: float) -> None:
        """Forming, after the solve: f = f_set - m_p P_f;  E = V_set - n_q Q_f;  P_f' = (P - P_f) / tau.

        Source: Chandorkar, Divan and Adapa 1993 (droop by filtered power); tau of EPHCC's battery model.
        """
        self.current = current
        power = self.power_va = voltage * current.conjugate()
        share = 1.0 - math.exp(-dt_s / POWER_FILTER_S)
        self.p_filtered_pu += (power.real - self.p_filtered_pu) * share
        self.q_filtered_pu += (power.imag - self.q_filtered_pu) * share
        if self.droop.shift_max_hz > 0.0:
            self.droop.shift(self.p_filtered_pu, self.pack.may_charge_w(self._charge_set_w) / BASE_VA, dt_s)
        self.angle_rad += self._turn_rad_per_s() * dt_s
        self.emf_pu = self._voltage_set_ratio - VOLTAGE_DROOP * self.q_filtered_pu / self.rated_pu

    def end_step(self, voltage: complex, dt_s: float) -> None:
        """Every mode, after the solve: overload, and energy from the battery."""
        if not self.is_forming:
            self.current = (self.power_va / voltage).conjugate() if abs(voltage) > 0.1 else 0j
        load = self._load_ratio()
        if load <= 1.0:
            self._bridge.cool_s += dt_s
        elif self._bridge.heat(load, dt_s):
            self.trip()
        if self.is_forming or self._is_following:
            self._bridge.draw(self.power_va, dt_s)

    def end_slow_step(self, ambient_c: float) -> None:
        """Charge and heat, from the mean power since the last time; and the bridge cools."""
        self.angle_rad = math.remainder(self.angle_rad, TWO_PI)  # a week in an island must not cost it digits
        drawn_w, active_s = self._bridge.end_slow_step()
        if active_s > 0.0:
            self.pack.step(drawn_w, ambient_c, active_s)
        gives_up = self.behaviour.trips_on_full_and_empty and self.is_forming
        gives_up = gives_up and self.pack.is_at_its_end(self.p_filtered_pu)
        if (self.pack.tripped or gives_up) and self.mode is not InverterMode.FAULT:
            self.trip()

    def make_up(self, rested_s: float) -> None:
        """Time that passed at rest: the same power, the same speed."""
        if self.is_forming:
            self.angle_rad += self._turn_rad_per_s() * rested_s
        elif self._healthy_s > 0.0:
            self._healthy_s += rested_s
        self._bridge.cool_s += rested_s
        if self.is_forming or self._is_following:
            self._bridge.draw(self.power_va, rested_s)

    @property
    def _first_mode(self) -> InverterMode:
        return FORMING if self.battery.capabilities.always_forms or self.behaviour.always_forms else FOLLOWING

    def _enter(self, mode: InverterMode) -> None:
        self.mode = mode
        self.is_forming, self._is_following = mode is FORMING, mode is FOLLOWING

    def _fall_to(self, mode: InverterMode) -> None:
        """At once, and nothing is delivered any more."""
        self._enter(mode)
        self.current, self.power_va = 0j, 0j
        self._forming_in_s = -1.0
        self.rest.disturb()

    def _wanted_pu(self) -> float:
        """The set-point within what BMS, charge limit and bridge allow."""
        wanted_w = self._power_set_w
        if wanted_w > 0.0:
            wanted_w = min(wanted_w, self.discharge_limit_w)
        elif wanted_w < 0.0:
            wanted_w = max(wanted_w, -self.pack.may_charge_w(self._charge_set_w))
        return max(-self.rated_pu, min(self.rated_pu, wanted_w / BASE_VA))

    def _load_ratio(self) -> float:
        """Current, as a share of rating; of the worst phase where each has its own bridge."""
        ratio = abs(self.current) / self.rated_pu
        if ratio == 0.0 or not self.behaviour.limits_per_phase:
            return ratio
        phases = self.power_w
        return ratio * 3.0 * phases.largest / max(abs(phases.total), 1e-9) if phases.total else ratio

    def _turn_rad_per_s(self) -> float:
        return TWO_PI * (self._frequency_set_hz + self.droop.offset_hz(self.p_filtered_pu) - NOMINAL_HZ)
