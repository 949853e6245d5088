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
from hil_tests.plant.droops import battery_droop, genset_droop, has_line, hold_battery, hold_genset
from hil_tests.plant.grid import IMPEDANCE_PU
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.plant.power_flow import Flow, NoSteadyStateError, beside_grid, in_island
from hil_tests.plant.rest import SLOW_S

DT_S = 10.0
SETTLE_S = 2.0  # dynamic for so long after the last contact moved: ten time constants of the slowest fast state
PACK_S = 5.0  # a sixth of the battery's polarisation time constant, half of what a BMS bears beyond its limits
LIVE_RATIO = 0.05


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
        if not self.may_jump:
            return False
        dt_s = min(dt_s, self.plant.grid.agenda.left_s - 2.0 * SLOW_S)  # what the grid has in mind is met in steps
        return dt_s >= 2.0 * STEP_S and self._jump(dt_s)

    # -- when -----------------------------------------------------------------------------------------------------
    def _is_still(self) -> bool:
        plant = self.plant
        parts_are = plant.grid.is_still and plant.poi.is_still and plant.earthing.is_still
        if not parts_are or self._feeds_dead_line() or self._relay_waits_for_sync():
            return False
        if plant.safety.emergency_off is not plant.is_emergency:
            return False
        return (
            all(battery.is_still and not battery.pack.is_overloaded for battery in plant.batteries.values())
            and all(has_line(battery) for battery in plant.batteries.values() if battery.is_forming)
            and all(transfer.is_still for transfer in plant.transfers.values())
            and all(inverter.is_still for inverter in plant.pv.values())
            and all(genset.is_still for genset in plant.gensets.values())
            and (plant.loads.is_still or self._only_demand_has_moved())
        )

    def _feeds_dead_line(self) -> bool:
        plant = self.plant
        return plant.poi.position is CLOSED and not plant.grid.is_fed and plant.bus != 0

    def _relay_waits_for_sync(self) -> bool:
        """A relay that closes by its own ANSI 25 must see every angle pass."""
        plant = self.plant
        return plant.poi.closes_by_itself and plant.poi.position is not CLOSED and plant.grid.is_fed and plant.bus != 0

    def _only_demand_has_moved(self) -> bool:
        """A demand that was set needs no contactor: the next balance takes it in."""
        closed = BreakerPosition.CLOSED
        return all(
            (feeder.stuck or feeder.is_ordered_closed == (feeder.position is closed)) and not feeder.is_moving
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
        followed = {name: battery.power_va for name, battery in plant.batteries.items()}
        try:
            flow, followed_pu = self._balance(dt_s)
        except NoSteadyStateError:
            for name, power_va in followed.items():
                plant.batteries[name].power_va = power_va
            self._settled_at_s = plant.now_s + SETTLE_S
            return False
        self._take(flow)
        passed_s = self._pass(flow, dt_s)
        self._turn(flow, followed_pu, passed_s)
        self._look(passed_s)
        if plant.forming != held:  # a battery's own protection: what follows is not steady
            self._settled_at_s = plant.now_s + SETTLE_S
        return True

    def _look(self, passed_s: float) -> None:
        """Relay and instruments see where it ended."""
        plant = self.plant
        plant.step_poi(STEP_S)
        plant.hold_instruments(passed_s)
        self._left_at_s = plant.now_s
        plant.rest.disturb()
        self.jumps_count += 1

    def _balance(self, dt_s: float) -> tuple[Flow, float]:
        """Where the bus comes to rest, and what followers give there. Raises NoSteadyStateError."""
        plant, volts, hz = self.plant, abs(self.plant.bus), self.plant.bus_frequency_hz
        yield_ratio, loads, inverters = plant.weather.yield_ratio, plant.loads, tuple(plant.pv.values())
        steady_pu = sum(battery.follow_power(volts, dt_s) for battery in plant.batteries.values())
        loads.step(volts, hz, 0.0)

        def taken(at_ratio: float, at_hz: float) -> complex:
            followed = complex(steady_pu)
            for inverter in inverters:
                followed += inverter.settled_va(at_ratio, at_hz, yield_ratio)
            return at_ratio * at_ratio * loads.step(at_ratio, at_hz, 0.0).conjugate() - followed

        droops = [battery_droop(b) for b in plant.batteries.values() if b.is_forming]
        droops += [genset_droop(g) for g in plant.gensets.values() if g.is_forming]
        if self._is_on_grid:
            flow = beside_grid(droops, taken, plant.grid.source, IMPEDANCE_PU, plant.grid.frequency_hz)
        elif droops:
            flow = in_island(droops, taken, volts if volts > LIVE_RATIO else 1.0, hz)
        else:
            flow = Flow(0j, NOMINAL_HZ, ())
        ratio = abs(flow.volts)
        if not all(droop.can_stay_at(power, ratio) for droop, power in zip(droops, flow.powers, strict=True)):
            raise NoSteadyStateError
        for inverter in inverters:
            inverter.hold(inverter.settled_va(ratio, flow.hz, yield_ratio))
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
            hold_battery(battery, power, ahead)
        for genset, power in zip(gensets, flow.powers[len(formers) :], strict=True):
            hold_genset(genset, power, ahead)
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
        plant.parts.mean_voltage.hold(volts, passed_s)
        for inverter in plant.pv.values():
            power_va = inverter.power_va
            inverter.step(volts, flow.hz, yield_ratio, passed_s)
            inverter.end_slow_step()
            if inverter.is_connected:
                inverter.hold(power_va)  # waits and ramps move on; what they let through shows in the next balance
        self._pass_slowly(flow, passed_s)
        return passed_s

    def _pass_slowly(self, flow: Flow, passed_s: float) -> None:
        """What nobody measures in the balance: agendas, waits, warming loads, radios, the sky."""
        plant, volts = self.plant, abs(flow.volts)
        plant.grid.make_up(passed_s)
        for transfer in plant.transfers.values():
            transfer.step(volts, flow.hz, passed_s)
        plant.loads.step(volts, flow.hz, passed_s)
        plant.loads.warm(passed_s, plant.weather.temperature_c)
        for radio in plant.radios.values():
            radio.step(passed_s)
        plant.parts.step_day(passed_s)

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
