"""Quasi-steady: while nothing switches, a plant needs no swing equation; it goes from one balance to the next.

The objects are the plant's own, so a wrapper may come and go: `advance_to` takes jumps of up to `dt_s` where every
timer allows it, steps of 10 ms where one does not, and leaves a plant from which both may go on. Fast states are set
to where they would come to rest. A wait that ends within a jump (a PV inverter's minute) ends with the jump.
"""

from __future__ import annotations

import cmath
import math

from controller.model.words import BreakerPosition
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI
from hil_tests.plant.breaker import CLOSED
from hil_tests.plant.generator import GeneratorSet
from hil_tests.plant.grid import IMPEDANCE_PU
from hil_tests.plant.inverter import VOLTAGE_DROOP, BatteryInverter
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.plant.power_flow import Droop, Flow, NoSteadyStateError, beside_grid, in_island

DT_S = 10.0
SETTLE_S = 2.0  # dynamic for so long after the last contact moved: ten time constants of the slowest fast state
PACK_S = 5.0  # a sixth of the battery's polarisation time constant, half of what a BMS bears beyond its limits
LIVE_RATIO = 0.05
ISOCHRONOUS_HZ_PER_PU = 1e-9
GENSET_VOLTAGE_DROOP = 0.04
GENSET_NO_LOAD_RATIO = 1.04


class QuasiSteady:
    """Moves one plant. Remembers only when it last saw something switch."""

    def __init__(self, plant: Plant, dt_s: float = DT_S) -> None:
        self.plant, self.dt_s = plant, dt_s
        self.jumps_count = self.steps_count = 0
        self._settled_at_s = plant.now_s + SETTLE_S
        self._left_at_s = -1.0  # where the last jump ended, if nobody has moved the plant since

    @property
    def may_jump(self) -> bool:
        """Nothing switches, no timer runs that is shorter than a jump, and what did has had time to settle."""
        if not self._is_still():
            self._settled_at_s = self.plant.now_s + SETTLE_S
            return False
        return self.plant.now_s >= self._settled_at_s - 1e-9

    def advance(self, duration_s: float) -> None:
        """Let time pass."""
        self.advance_to(self.plant.now_s + duration_s)

    def advance_to(self, instant_s: float) -> None:
        """Let time pass until then, to within half a step."""
        plant = self.plant
        while (left_s := instant_s - plant.now_s) > STEP_S / 2.0:
            if not self.jump(min(self.dt_s, left_s)):
                plant.step(STEP_S)
                self.steps_count += 1

    def jump(self, dt_s: float) -> bool:
        """One balance, held for this long. False, and nothing moved but a step at most, where there is none."""
        return dt_s >= 2.0 * STEP_S and self.may_jump and self._jump(dt_s)

    # -- when -----------------------------------------------------------------------------------------------------
    def _is_still(self) -> bool:
        plant = self.plant
        parts_are = plant.grid.is_still and plant.poi.is_still and plant.earthing.is_still
        if not parts_are or self._feeds_dead_line() or self._relay_waits_for_sync():
            return False
        return (
            all(battery.is_still and not battery.pack.is_overloaded for battery in plant.batteries.values())
            and all(inverter.is_still for inverter in plant.pv.values())
            and all(genset.is_still for genset in plant.gensets.values())
            and (plant.loads.is_still or self._contactors_stand())
        )

    def _feeds_dead_line(self) -> bool:
        plant = self.plant
        return plant.poi.position is CLOSED and not plant.grid.is_fed and plant.bus != 0

    def _relay_waits_for_sync(self) -> bool:
        """A relay that closes by its own ANSI 25 must see every angle pass."""
        plant = self.plant
        return not plant.poi.bypass_25 and plant.poi.position is not CLOSED and plant.grid.is_fed and plant.bus != 0

    def _contactors_stand(self) -> bool:
        """A demand that was set needs no contactor: the next balance takes it in."""
        closed = BreakerPosition.CLOSED
        return all(
            feeder.stuck or feeder.is_ordered_closed == (feeder.position is closed)
            for feeder in self.plant.feeders.values()
        )

    # -- a jump ---------------------------------------------------------------------------------------------------
    def _jump(self, dt_s: float) -> bool:
        plant = self.plant
        if plant.now_s != self._left_at_s:  # a plant at rest owes itself the time it rested
            plant.rest.disturb()
            plant.step(STEP_S)
            dt_s -= STEP_S
        held = plant.forming
        try:
            flow, followed_pu = self._balance(dt_s)
        except NoSteadyStateError:
            self._settled_at_s = plant.now_s + SETTLE_S
            return False
        self._take(flow)
        passed_s = self._pass(flow, dt_s)
        self._turn(flow, followed_pu, passed_s)
        self._left_at_s = plant.now_s
        plant.rest.disturb()
        self.jumps_count += 1
        if plant.forming != held:  # a battery's own protection: what follows is not steady
            self._settled_at_s = plant.now_s + SETTLE_S
        return True

    def _balance(self, dt_s: float) -> tuple[Flow, float]:
        """Where the bus comes to rest, and what followers give there."""
        plant, volts, hz = self.plant, abs(self.plant.bus), self.plant.bus_frequency_hz
        yield_ratio, loads, inverters = plant.weather.yield_ratio, plant.loads, tuple(plant.pv.values())
        steady_pu = sum(battery.follow_power(volts, dt_s) for battery in plant.batteries.values())
        loads.step(volts, hz, 0.0)

        def taken(at_ratio: float, at_hz: float) -> complex:
            followed_pu = steady_pu
            for inverter in inverters:
                followed_pu += inverter.settled_pu(at_ratio, at_hz, yield_ratio)
            return at_ratio * at_ratio * loads.step(at_ratio, at_hz, 0.0).conjugate() - followed_pu

        droops = [battery_droop(b) for b in plant.batteries.values() if b.is_forming]
        droops += [genset_droop(g) for g in plant.gensets.values() if g.is_forming]
        if self._is_on_grid:
            flow = beside_grid(droops, taken, plant.grid.source, IMPEDANCE_PU, plant.grid.frequency_hz)
        elif droops:
            flow = in_island(droops, taken, volts if volts > LIVE_RATIO else 1.0, hz)
        else:
            flow = Flow(0j, NOMINAL_HZ, ())
        ratio = abs(flow.volts)
        for inverter in inverters:
            inverter.power_pu = inverter.settled_pu(ratio, flow.hz, yield_ratio)
        loads.step(ratio, flow.hz, 0.0)
        return flow, steady_pu + sum(inverter.power_pu for inverter in inverters)

    def _take(self, flow: Flow) -> None:
        """Bus and forming sources stand where the balance puts them."""
        plant, volts = self.plant, abs(flow.volts)
        plant.bus = flow.volts if self._is_on_grid else cmath.rect(volts, cmath.phase(plant.bus))
        plant.bus_frequency_hz = flow.hz
        ahead = plant.bus * cmath.rect(1.0, TWO_PI * (flow.hz - NOMINAL_HZ) * STEP_S)  # a step turns after it solves
        formers = [*(b for b in plant.batteries.values() if b.is_forming)]
        gensets = [*(g for g in plant.gensets.values() if g.is_forming)]
        for battery, power in zip(formers, flow.powers, strict=False):
            _hold_battery(battery, power, ahead)
        for genset, power in zip(gensets, flow.powers[len(formers) :], strict=True):
            _hold_genset(genset, power, ahead)
        for battery in plant.batteries.values():
            if not battery.is_forming:
                battery.current = (battery.power_va / plant.bus).conjugate() if volts > LIVE_RATIO else 0j

    def _pass(self, flow: Flow, dt_s: float) -> float:
        """Charge, heat, fuel, timers, warming loads and radios; less than asked when a BMS begins to time its trip."""
        plant, volts, yield_ratio = self.plant, abs(flow.volts), self.plant.weather.yield_ratio
        slices_count = math.ceil(dt_s / PACK_S - 1e-9)
        passed_s = 0.0
        for number in range(slices_count):
            for battery in plant.batteries.values():
                battery.make_up(dt_s / slices_count)
                battery.end_slow_step(plant.weather.temperature_c)
            passed_s = dt_s * (number + 1) / slices_count
            if any(battery.pack.is_overloaded for battery in plant.batteries.values()):
                break
        for genset in plant.gensets.values():
            genset.make_up(passed_s)
            genset.end_slow_step()
        for inverter in plant.pv.values():
            power_pu = inverter.power_pu
            inverter.step(volts, flow.hz, yield_ratio, passed_s)
            inverter.power_pu = power_pu  # waits and ramps move on; what they let through shows in the next balance
        plant.loads.step(volts, flow.hz, passed_s)
        plant.loads.warm(passed_s, plant.weather.temperature_c)
        for radio in plant.radios.values():
            radio.step(passed_s)
        return passed_s

    def _turn(self, flow: Flow, followed_pu: float, dt_s: float) -> None:
        """The bus and the grid have turned, and energy has flowed; forming sources turned as their time passed."""
        plant = self.plant
        through = (plant.grid.source - plant.bus) / IMPEDANCE_PU if self._is_on_grid else 0j
        delivered_pu = followed_pu + sum(flow.powers).real + (plant.bus * through.conjugate()).real
        plant.source_j += delivered_pu * BASE_VA * dt_s
        plant.load_j += plant.loads.power_pu * BASE_VA * dt_s
        spin = cmath.rect(1.0, math.remainder(TWO_PI * (flow.hz - NOMINAL_HZ) * dt_s, TWO_PI))
        plant.bus, plant.poi_current = plant.bus * spin, through * spin
        plant.grid.turn(dt_s)
        plant.now_s += dt_s

    @property
    def _is_on_grid(self) -> bool:
        return self.plant.poi.position is CLOSED and self.plant.grid.is_fed


def battery_droop(battery: BatteryInverter) -> Droop:
    """Its f = f_set - m_p P;  E = E_set - n_q Q behind the output impedance."""
    impedance = 1.0 / battery.admittance
    return Droop(
        idle_hz=battery.frequency_set_hz,
        hz_per_pu=max(ISOCHRONOUS_HZ_PER_PU, battery.battery.droop_hz_per_w * BASE_VA),
        emf_ratio=battery.voltage_set_ratio,
        emf_per_pu=VOLTAGE_DROOP * BASE_VA / battery.battery.rating_va,
        held_behind=impedance,
        impedance=impedance,
    )


def genset_droop(genset: GeneratorSet) -> Droop:
    """P = P_ref - w / R - D w, and a regulator that holds the terminals at 1.04 less 4 % of the reactive share."""
    rated_pu = genset.genset.rating_va / BASE_VA
    stiffness = rated_pu * (1.0 / genset.swing.droop + genset.swing.damping) / NOMINAL_HZ
    return Droop(
        idle_hz=NOMINAL_HZ + genset.power_set_w / BASE_VA / stiffness,
        hz_per_pu=1.0 / stiffness,
        emf_ratio=GENSET_NO_LOAD_RATIO,
        emf_per_pu=GENSET_VOLTAGE_DROOP / rated_pu,
        held_behind=0j,
        impedance=1.0 / genset.admittance,
    )


def _hold_battery(battery: BatteryInverter, power: complex, bus: complex) -> None:
    rated_pu = battery.battery.rating_va / BASE_VA
    current = (power / bus).conjugate()
    inner = bus + current / battery.admittance
    battery.power_va, battery.current = power, current
    battery.p_filtered_pu, battery.q_filtered_pu = power.real, power.imag
    battery.emf_pu = battery.voltage_set_ratio - VOLTAGE_DROOP * power.imag / rated_pu
    battery.angle_rad = cmath.phase(inner)


def _hold_genset(genset: GeneratorSet, power: complex, bus: complex) -> None:
    rated_pu = genset.genset.rating_va / BASE_VA
    current = (power / bus).conjugate()
    inner = bus + current / genset.admittance
    genset.power_va, genset.current = power, current
    genset.emf_pu, genset.angle_rad = abs(inner), cmath.phase(inner)
    swing = genset.swing
    swing.speed = (genset.power_set_w / BASE_VA - power.real) / rated_pu / (1.0 / swing.droop + swing.damping)
    swing.governor = swing.mechanical = genset.power_set_w / BASE_VA / rated_pu - swing.speed / swing.droop
