"""Every field of every asset as a function of the plant: what a perfect instrument would read, what an order does.

Parts are looked up at each call, so that a restored plant is the one that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controller.drivers.link import Value
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import InverterMode, SettingsGroup
from hil_tests.plant.plant import Plant

Reader = Callable[[], Value | None]
Writer = Callable[[Value], None]


def asset_points(plant: Plant, role: str, asset: str) -> tuple[dict[str, Reader], dict[str, Writer]]:
    """The fields of one asset: what can be read, and what can be ordered."""
    match role:
        case "poi":
            return _poi_reads(plant), _poi_writes(plant)
        case "battery":
            return _battery_reads(plant, asset), _battery_writes(plant, asset)
        case "pv":
            return _pv(plant, asset)
        case "genset":
            return _genset(plant, asset)
        case "feeder":
            return _feeder(plant, asset)
        case _:
            return _signals(plant, role, asset), _signal_writes(plant, role)


def _phases(plant: Plant, name: str, unit: str, values: Callable[[], PhaseValues]) -> dict[str, Reader]:
    """Three points of one quantity."""
    return _by_phase(name, unit, _kept(plant, values))


def _kept(plant: Plant, values: Callable[[], PhaseValues]) -> Callable[[], PhaseValues]:
    """Worked out once per step: physics moves only there."""
    at_s, kept = -1.0, ZERO

    def now() -> PhaseValues:
        nonlocal at_s, kept
        if at_s != plant.now_s:
            at_s, kept = plant.now_s, values()
        return kept

    return now


class OnePhase:
    """One phase of a quantity. Who reads several may ask the quantity once: see `at_once`."""

    __slots__ = ("now", "number")

    def __init__(self, now: Callable[[], PhaseValues], number: int) -> None:
        self.now, self.number = now, number

    def __call__(self) -> float:
        """Now, as every reader."""
        return self.now()[self.number]


def at_once(readers: Sequence[Reader]) -> Callable[[], list[Value | None]]:
    """Asks all of them, in any order; a quantity of which several phases are read is worked out once."""
    phases = [reader for reader in readers if isinstance(reader, OnePhase)]
    others = [reader for reader in readers if not isinstance(reader, OnePhase)]
    quantities = [*dict.fromkeys(reader.now for reader in phases)]
    first = {now: len(others) + 3 * number for number, now in enumerate(quantities)}
    single = iter(range(len(others)))
    places = [first[reader.now] + reader.number if isinstance(reader, OnePhase) else next(single) for reader in readers]

    def said() -> list[Value | None]:
        values = [read() for read in others]
        for now in quantities:
            values += now()
        return [values[place] for place in places]

    return said


def _by_phase(name: str, unit: str, now: Callable[[], PhaseValues]) -> dict[str, Reader]:
    return {f"{name}_l{number + 1}_{unit}": OnePhase(now, number) for number in range(3)}


def _power(plant: Plant, values: Callable[[], PhaseValues]) -> dict[str, Reader]:
    now = _kept(plant, values)
    return {**_by_phase("power", "w", now), "power_w": lambda: now().total}


def _poi_reads(plant: Plant) -> dict[str, Reader]:
    return {
        "position": lambda: plant.poi.reported_position.value,
        **_phases(plant, "grid_voltage", "v", lambda: plant.grid_voltage_v),
        **_phases(plant, "bus_voltage", "v", lambda: plant.bus_voltage_v),
        **_power(plant, lambda: plant.poi_power_w),
        **_phases(plant, "current", "a", lambda: plant.poi_current_a),
        "grid_frequency_hz": lambda: plant.grid_frequency_hz,
        "bus_frequency_hz": lambda: plant.measured_bus_frequency_hz,
        "angle_difference_deg": lambda: plant.angle_difference_deg,
        "rotation_equal": lambda: plant.rotation_equal,
        "relay_tripped": lambda: plant.poi.relay_tripped,
        "sync_permitted": lambda: plant.poi.sync_permitted,
        "settings_group": lambda: plant.poi.settings_group.value,
        "dso_lock": lambda: plant.poi.dso_lock,
        "source": lambda: plant.grid_source.value,
    }


def _poi_writes(plant: Plant) -> dict[str, Writer]:
    return {
        "open": lambda value: plant.poi.set_open_level(bool(value)),
        "close": lambda value: plant.poi.set_close_level(bool(value)),
        "close_permit": lambda value: plant.poi.set_close_permit(bool(value)),
        "settings_group": lambda value: plant.poi.set_settings_group(SettingsGroup(value)),
    }


def _battery_reads(plant: Plant, asset: str) -> dict[str, Reader]:
    return {
        "mode": lambda: plant.batteries[asset].mode.value,
        **_power(plant, lambda: plant.batteries[asset].power_w),
        **_phases(plant, "voltage", "v", lambda: plant.bus_voltage_v),
        "frequency_hz": lambda: plant.measured_bus_frequency_hz,
        "soc_pct": lambda: plant.batteries[asset].pack.reported_soc_pct,
        "charge_limit_w": lambda: plant.batteries[asset].charge_limit_w,
        "discharge_limit_w": lambda: plant.batteries[asset].discharge_limit_w,
        "overload_pct": lambda: plant.batteries[asset].overload_pct,
        "temperature_c": lambda: plant.batteries[asset].temperature_c,
        "settings_group": lambda: _group_of(plant, asset).value,
    }


def _group_of(plant: Plant, asset: str) -> SettingsGroup:
    """It changes its group by itself, with its mode."""
    forms = plant.batteries[asset].mode is InverterMode.GRID_FORMING
    return SettingsGroup.ISLAND if forms else SettingsGroup.GRID


def _battery_writes(plant: Plant, asset: str) -> dict[str, Writer]:
    return {
        "mode_set": lambda value: _order_mode(plant, asset, InverterMode(value)),
        "power_set_w": lambda value: plant.batteries[asset].set_power_w(float(value)),
        "frequency_set_hz": lambda value: plant.batteries[asset].set_frequency_hz(float(value)),
        "voltage_set_v": lambda value: plant.batteries[asset].set_voltage_v(float(value)),
        "charge_limit_set_w": lambda value: plant.batteries[asset].set_charge_limit_w(float(value)),
    }


def _order_mode(plant: Plant, asset: str, mode: InverterMode) -> None:
    """A fault can be shown, not ordered."""
    if mode is not InverterMode.FAULT:
        plant.batteries[asset].set_mode(mode)


def _pv(plant: Plant, asset: str) -> tuple[dict[str, Reader], dict[str, Writer]]:
    reads = {
        **_power(plant, lambda: plant.pv[asset].power_w),
        "limit_w": lambda: plant.pv[asset].limit_w,
        "is_connected": lambda: plant.pv[asset].is_connected,
    }
    return reads, {"limit_set_w": lambda value: plant.pv[asset].set_limit_w(float(value))}


def _genset(plant: Plant, asset: str) -> tuple[dict[str, Reader], dict[str, Writer]]:
    reads = {
        "state": lambda: plant.gensets[asset].state.value,
        **_power(plant, lambda: plant.gensets[asset].power_w),
        "fuel_l": lambda: plant.gensets[asset].fuel_l,
    }
    writes: dict[str, Writer] = {
        "run": lambda value: plant.gensets[asset].set_run(bool(value)),
        "power_set_w": lambda value: plant.gensets[asset].set_power_w(float(value)),
    }
    return reads, writes


def _feeder(plant: Plant, asset: str) -> tuple[dict[str, Reader], dict[str, Writer]]:
    reads = {
        "position": lambda: plant.feeders[asset].reported_position.value,
        **_power(plant, lambda: plant.feeders[asset].power_w),
        "has_fault": lambda: plant.feeders[asset].has_fault,
        "closed": lambda: plant.feeders[asset].is_ordered_closed,
    }
    return reads, {"closed": lambda value: plant.feeders[asset].set_closed(bool(value))}


def _signal_writes(plant: Plant, role: str) -> dict[str, Writer]:
    return {"closed": lambda value: plant.earthing.set_closed(bool(value))} if role == "earthing" else {}


def _signals(plant: Plant, role: str, asset: str) -> dict[str, Reader]:
    if role == "earthing":
        return {
            "position": lambda: plant.earthing.position.value,
            "closed": lambda: plant.earthing.is_ordered_closed,
        }
    if role == "radio":
        return {
            "is_alive": lambda: plant.radios[asset].is_alive,
            "reserve_pct": lambda: plant.radios[asset].reserve_pct,
            "is_supplied": lambda: plant.radios[asset].is_supplied,
        }
    if role == "weather":
        return {
            "irradiance_w_per_m2": lambda: plant.weather.irradiance_w_per_m2,
            "temperature_c": lambda: plant.weather.temperature_c,
        }
    if role == "dimming":
        return {"is_limited": lambda: plant.dso.import_limit_w is not None}
    return {
        "emergency_off": lambda: plant.safety.emergency_off,
        "local_control": lambda: plant.safety.local_control,
    }
