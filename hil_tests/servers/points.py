"""What each device of a site would answer: points of its table, read from and written to the plant.

One mapping for the direct links of virtual time and for all protocol servers. Values in our units and our signs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from controller.config.types import Device, OnLoss, Site
from controller.drivers.link import Value
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition, InverterMode, SettingsGroup
from hil_tests.plant.plant import Plant

Reader = Callable[[], Value | None]
Writer = Callable[[Value], None]


@dataclass(slots=True)
class PlantDevice:
    """One device: its points as functions of the plant, and its own dead-man."""

    device: Device
    plant: Plant
    readers: dict[str, Reader] = field(default_factory=dict)
    writers: dict[str, Writer] = field(default_factory=dict)
    written: dict[str, Value] = field(default_factory=dict)
    fed_at_s: float = 0.0
    reverted: bool = False

    def read(self, point: str) -> Value | None:
        """The value now; None where the device would answer its sentinel."""
        reader = self.readers.get(point)
        return reader() if reader is not None else self.written.get(point)

    def write(self, point: str, value: Value) -> None:
        """Take an order. A heartbeat feeds the dead-man when it changes."""
        if point == self.device.table.heartbeat:
            if self.written.get(point) != value:
                self.fed_at_s, self.reverted = self.plant.now_s, False
        self.written[point] = value
        writer = self.writers.get(point)
        if writer is not None:
            writer(value)

    def check_dead_man(self) -> None:
        """After the table's reversion time without a new heartbeat the device does what it declares."""
        reversion_s = self.device.table.reversion_s
        if reversion_s is None or self.reverted or self.plant.now_s - self.fed_at_s < reversion_s:
            return
        self.reverted = True
        islanded = self.plant.poi.position is not BreakerPosition.CLOSED
        match self.device.table.on_loss_island if islanded else self.device.table.on_loss:
            case OnLoss.OPEN:
                self._order("closed", False)  # noqa: FBT003
            case OnLoss.STOP:
                self._order("mode_set", InverterMode.OFF.value)
            case OnLoss.FREE_RUN:
                self._free()
            case OnLoss.HOLD | OnLoss.KEEP_FORMING:
                pass

    def _order(self, ending: str, value: Value) -> None:
        for point, writer in self.writers.items():
            if point.rpartition(".")[2] == ending:
                writer(value)

    def _free(self) -> None:
        for plant in self.plant.pv.values():
            if any(point.startswith("pv.") for point in self.writers):
                plant.set_limit_w(plant.plant.rating_w)


class PlantDevices:
    """All devices of a site around one plant."""

    def __init__(self, site: Site, plant: Plant) -> None:
        self.site, self.plant = site, plant
        self.devices = {name: PlantDevice(device, plant) for name, device in site.devices.items()}
        for binding in site.bindings.values():
            readers, writers = _asset(plant, binding.role, binding.asset)
            for name, references in binding.reads.items():
                for ref in references:
                    if name in readers:
                        self.devices[ref.device].readers[ref.point] = readers[name]
            for name, ref in binding.writes.items():
                if name in writers:
                    self.devices[ref.device].writers[ref.point] = writers[name]

    def device(self, name: str) -> PlantDevice:
        """One device by its name in the site file."""
        return self.devices[name]

    def check_dead_men(self) -> None:
        """Let every device look at its heartbeat."""
        for device in self.devices.values():
            device.check_dead_man()


def _asset(plant: Plant, role: str, asset: str) -> tuple[dict[str, Reader], dict[str, Writer]]:
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
        case "earthing":
            return (
                {"position": lambda: plant.earthing.position.value, "closed": lambda: plant.earthing.is_ordered_closed},
                {"closed": lambda value: plant.earthing.set_closed(bool(value))},
            )
        case _:
            return _signals(plant, role, asset), {}


def _phases(name: str, unit: str, values: Callable[[], PhaseValues]) -> dict[str, Reader]:
    return {
        f"{name}_l1_{unit}": lambda: values().l1,
        f"{name}_l2_{unit}": lambda: values().l2,
        f"{name}_l3_{unit}": lambda: values().l3,
    }


def _power(values: Callable[[], PhaseValues]) -> dict[str, Reader]:
    return {**_phases("power", "w", values), "power_w": lambda: values().total}


def _poi_reads(plant: Plant) -> dict[str, Reader]:
    return {
        "position": lambda: plant.poi.reported_position.value,
        **_phases("grid_voltage", "v", lambda: plant.grid_voltage_v),
        **_phases("bus_voltage", "v", lambda: plant.bus_voltage_v),
        **_phases("power", "w", lambda: plant.poi_power_w),
        **_phases("current", "a", lambda: plant.poi_current_a),
        "power_w": lambda: plant.poi_power_w.total,
        "grid_frequency_hz": lambda: plant.grid_frequency_hz,
        "bus_frequency_hz": lambda: plant.measured_bus_frequency_hz,
        "angle_difference_deg": lambda: plant.angle_difference_deg,
        "rotation_equal": lambda: True,
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
    battery = plant.batteries[asset]
    return {
        "mode": lambda: battery.mode.value,
        **_power(lambda: battery.power_w),
        **_phases("voltage", "v", lambda: plant.bus_voltage_v),
        "frequency_hz": lambda: plant.measured_bus_frequency_hz,
        "soc_pct": lambda: battery.soc_pct,
        "charge_limit_w": lambda: battery.charge_limit_w,
        "discharge_limit_w": lambda: battery.discharge_limit_w,
        "overload_pct": lambda: battery.overload_pct,
        "temperature_c": lambda: battery.temperature_c,
    }


def _battery_writes(plant: Plant, asset: str) -> dict[str, Writer]:
    battery = plant.batteries[asset]
    return {
        "mode_set": lambda value: battery.set_mode(InverterMode(value)),
        "power_set_w": lambda value: battery.set_power_w(float(value)),
        "frequency_set_hz": lambda value: battery.set_frequency_hz(float(value)),
        "voltage_set_v": lambda value: battery.set_voltage_v(float(value)),
        "charge_limit_set_w": lambda value: battery.set_charge_limit_w(float(value)),
    }


def _pv(plant: Plant, asset: str) -> tuple[dict[str, Reader], dict[str, Writer]]:
    solar = plant.pv[asset]
    reads = {
        **_power(lambda: solar.power_w),
        "limit_w": lambda: solar.limit_w,
        "is_connected": lambda: solar.is_connected,
    }
    return reads, {"limit_set_w": lambda value: solar.set_limit_w(float(value))}


def _genset(plant: Plant, asset: str) -> tuple[dict[str, Reader], dict[str, Writer]]:
    genset = plant.gensets[asset]
    reads = {
        "state": lambda: genset.state.value,
        **_power(lambda: genset.power_w),
        "fuel_l": lambda: genset.fuel_l,
    }
    writes: dict[str, Writer] = {
        "run": lambda value: genset.set_run(bool(value)),
        "power_set_w": lambda value: genset.set_power_w(float(value)),
    }
    return reads, writes


def _feeder(plant: Plant, asset: str) -> tuple[dict[str, Reader], dict[str, Writer]]:
    feeder = plant.feeders[asset]
    reads = {
        "position": lambda: feeder.position.value,
        **_power(lambda: feeder.power_w),
        "has_fault": lambda: feeder.has_fault,
        "closed": lambda: feeder.is_ordered_closed,
    }
    return reads, {"closed": lambda value: feeder.set_closed(bool(value))}


def _signals(plant: Plant, role: str, asset: str) -> dict[str, Reader]:
    if role == "radio":
        radio = plant.radios[asset]
        return {
            "is_alive": lambda: radio.is_alive,
            "reserve_pct": lambda: radio.reserve_pct,
            "is_supplied": lambda: radio.is_supplied,
        }
    if role == "weather":
        return {
            "irradiance_w_per_m2": lambda: plant.weather.irradiance_w_per_m2,
            "temperature_c": lambda: plant.weather.temperature_c,
        }
    return {
        "emergency_off": lambda: plant.safety.emergency_off,
        "local_control": lambda: plant.safety.local_control,
    }
