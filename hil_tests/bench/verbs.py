"""What can happen in a scenario: verbs with typed parameters, each a small function on the scene.

Physics and people only. Faults of the catalogue are `do = "fault"`; they live in `hil_tests.faults`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from controller.model.advice import RequestKind
from controller.model.phases import Phase
from controller.model.words import GridSource, InverterMode
from hil_tests.bench.scene import Scene

Ratio = Annotated[float, Field(ge=0, le=10)]
Hertz = Annotated[float, Field(ge=30, le=70)]
Percent = Annotated[float, Field(ge=0, le=100)]
Irradiance = Annotated[float, Field(ge=0, le=1400)]
Celsius = Annotated[float, Field(ge=-40, le=60)]
Span = Annotated[float, Field(ge=0)]  # of time, of litres, of watts
Verb = Callable[..., None]
LIGHTS_OUT_STEPS = 20  # longer than any breaker takes


class UnknownAssetError(ValueError):
    """The hub has no such thing. `known` are those it has."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"one of {', '.join(known) or 'none (this hub has no such asset)'}")
        self.name, self.known = name, known


# -- the public grid ---------------------------------------------------------------------------------------------------
def grid_blackout(scene: Scene, *, fall_s: Span = 0.02) -> None:
    """The voltage falls to nothing within this time."""
    scene.plant.grid.blackout(fall_s)


def grid_return(
    scene: Scene, *, voltage_ratio: Ratio = 1.0, frequency_hz: Hertz = 50.0, angle_deg: float | None = None
) -> None:
    """The grid is fed again; at a random angle unless one is given."""
    scene.plant.grid.returns(voltage_ratio, frequency_hz, angle_deg)


def grid_sag(scene: Scene, *, voltage_ratio: Ratio, for_s: Span) -> None:
    """A dip, or with a ratio above 1 a swell."""
    scene.plant.grid.sag(voltage_ratio, for_s)


def grid_voltage(scene: Scene, *, voltage_ratio: Ratio) -> None:
    """The source voltage steps and stays."""
    scene.plant.grid.voltage_ratio = voltage_ratio


def grid_drift(scene: Scene, *, frequency_hz: Hertz, rate_hz_per_s: Span) -> None:
    """The frequency moves there at this rate."""
    scene.plant.grid.drift(frequency_hz, rate_hz_per_s)


def grid_phase_jump(scene: Scene, *, deg: float) -> None:
    """The angle steps."""
    scene.plant.grid.phase_jump(deg)


def grid_lose_phase(scene: Scene, *, phase: Phase) -> None:
    """One conductor breaks."""
    scene.plant.grid.lose_phase(phase)


def grid_lose_pen(scene: Scene) -> None:
    """The PEN conductor breaks upstream of the POI: the neutral goes where the single-phase loads pull it."""
    scene.plant.grid.pen_is_broken = True


def grid_restore_phases(scene: Scene) -> None:
    """All conductors are whole again, the PEN with them."""
    scene.plant.grid.restore_phases()
    scene.plant.grid.pen_is_broken = False


def grid_source(scene: Scene, *, source: GridSource) -> None:
    """Who feeds the grid side: the public grid, or a genset on an upstream transfer switch."""
    scene.plant.grid_source = source


def grid_rotation(scene: Scene, *, equal: bool) -> None:
    """Somebody upstream has swapped two conductors, or swapped them back."""
    scene.plant.grid.rotation_is_swapped = not equal


def dso_ask_for_island(scene: Scene, *, on: bool) -> None:
    """The grid operator calls: please leave the grid in good order (T1). Whoever is on duty passes it on."""
    kind = RequestKind.ISLAND_ON if on else RequestKind.ISLAND_OFF
    scene.controller.request(kind, None, at_the_hub=False)


def dso_limit_import(scene: Scene, *, limit_w: Span | None = None) -> None:
    """The control box dims (section 14a EnWG): draw no more than this; without a limit it lets go."""
    scene.plant.dso.import_limit_w = limit_w


# -- weather and loads -------------------------------------------------------------------------------------------------
def weather_set(
    scene: Scene,
    *,
    irradiance_w_per_m2: Irradiance | None = None,
    temperature_c: Celsius | None = None,
) -> None:
    """Sun and air."""
    if irradiance_w_per_m2 is not None:
        scene.plant.weather.irradiance_w_per_m2 = irradiance_w_per_m2
    if temperature_c is not None:
        scene.plant.weather.temperature_c = temperature_c


def load_set(scene: Scene, *, demand_ratio: Annotated[float, Field(ge=0, le=100)], feeder: str | None = None) -> None:
    """What one feeder, or every feeder, draws of its rating."""
    for name in [feeder] if feeder is not None else list(scene.plant.feeders):
        _one(scene.plant.feeders, name).demand_ratio = demand_ratio


def load_scale(scene: Scene, *, factor: Annotated[float, Field(ge=0, le=100)], feeder: str | None = None) -> None:
    """More or less of what it draws."""
    for name in [feeder] if feeder is not None else list(scene.plant.feeders):
        _one(scene.plant.feeders, name).demand_ratio *= factor


# -- devices, by hand --------------------------------------------------------------------------------------------------
def feeder_trip(scene: Scene, *, feeder: str) -> None:
    """Its own protection opens it."""
    _one(scene.plant.feeders, feeder).trip()


def feeder_mend(scene: Scene, *, feeder: str) -> None:
    """Somebody at the board has found what was wrong behind it, and resets its protection."""
    _one(scene.plant.feeders, feeder).clear_fault()


def feeder_by_hand(scene: Scene, *, feeder: str, closed: bool) -> None:
    """Somebody at the board moves it."""
    _one(scene.plant.feeders, feeder).set_closed(closed)


def battery_set(
    scene: Scene, *, battery: str, soc_pct: Percent | None = None, temperature_c: Celsius | None = None
) -> None:
    """Another charge or another temperature of the cells."""
    inverter = _one(scene.plant.batteries, battery)
    if soc_pct is not None:
        inverter.soc_pct = soc_pct
    if temperature_c is not None:
        inverter.temperature_c = temperature_c


def genset_local_start(scene: Scene, *, genset: str) -> None:
    """Somebody presses start at its panel."""
    _one(scene.plant.gensets, genset).set_run(True)


def genset_set(scene: Scene, *, genset: str, fuel_l: Span) -> None:
    """What is in its tank."""
    _one(scene.plant.gensets, genset).fuel_l = fuel_l


def poi_trip(scene: Scene) -> None:
    """The POI opens without our order: its relay, or a hand."""
    scene.plant.poi.trip()


def poi_close_by_hand(scene: Scene) -> None:
    """Somebody closes the POI at the board."""
    scene.plant.poi.close()


def poi_own_closing(scene: Scene, *, on: bool) -> None:
    """The device that switches the POI by itself closes it as soon as it sees both sides in step."""
    scene.plant.poi.set_close_permit(on)


def poi_dso_lock(scene: Scene, *, on: bool) -> None:
    """The grid operator's lock."""
    scene.plant.poi.dso_lock = on


def earthing_by_hand(scene: Scene, *, closed: bool) -> None:
    """Somebody at the board moves the N-PE relay."""
    scene.plant.earthing.set_closed(closed)


# -- people ------------------------------------------------------------------------------------------------------------
def emergency_off(scene: Scene, *, pressed: bool) -> None:
    """The red button."""
    scene.plant.safety.emergency_off = pressed


def local_control(scene: Scene, *, on: bool) -> None:
    """The key-switch."""
    scene.plant.safety.local_control = on


def operator(scene: Scene, *, request: RequestKind, subject: str | None = None, at_the_hub: bool = True) -> None:
    """A person asks the controller for something."""
    scene.controller.request(request, subject, at_the_hub=at_the_hub)


# -- the controller's process ------------------------------------------------------------------------------------------
def controller_kill(scene: Scene) -> None:
    """As kill -9; nobody starts it again by himself."""
    scene.controller.kill()


def controller_start(scene: Scene) -> None:
    """The service manager starts it."""
    scene.controller.start()


VERBS: Mapping[str, Verb] = {
    "grid.blackout": grid_blackout,
    "grid.return": grid_return,
    "grid.sag": grid_sag,
    "grid.voltage": grid_voltage,
    "grid.drift": grid_drift,
    "grid.phase_jump": grid_phase_jump,
    "grid.lose_phase": grid_lose_phase,
    "grid.lose_pen": grid_lose_pen,
    "grid.restore_phases": grid_restore_phases,
    "grid.source": grid_source,
    "grid.rotation": grid_rotation,
    "dso.ask_for_island": dso_ask_for_island,
    "dso.limit_import": dso_limit_import,
    "weather.set": weather_set,
    "load.set": load_set,
    "load.scale": load_scale,
    "feeder.trip": feeder_trip,
    "feeder.mend": feeder_mend,
    "feeder.by_hand": feeder_by_hand,
    "battery.set": battery_set,
    "genset.local_start": genset_local_start,
    "genset.set": genset_set,
    "poi.trip": poi_trip,
    "poi.close_by_hand": poi_close_by_hand,
    "poi.own_closing": poi_own_closing,
    "poi.dso_lock": poi_dso_lock,
    "earthing.by_hand": earthing_by_hand,
    "emergency_off": emergency_off,
    "local_control": local_control,
    "operator": operator,
    "controller.kill": controller_kill,
    "controller.start": controller_start,
}
ASSET_PARAMETERS = {"feeder": "feeders", "battery": "batteries", "genset": "gensets", "pv": "pv", "radio": "radios"}


@cache
def parameters_model(verb: str) -> type[BaseModel]:
    """The parameters of a verb as a model that refuses everything else. Raises KeyError for an unknown verb."""
    fields: dict[str, Any] = {}
    signature = inspect.signature(VERBS[verb], eval_str=True)
    for name, parameter in list(signature.parameters.items())[1:]:
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (parameter.annotation, default)
    return create_model(verb, __config__=ConfigDict(extra="forbid", allow_inf_nan=False), **fields)


def lights_out(scene: Scene, off_s: float = 0.0) -> None:
    """As a hub is found after hours or days: grid dead, POI open, every source off, the loads cold."""
    plant = scene.plant
    plant.grid.blackout(0.001)
    plant.poi.trip()
    for battery in plant.batteries.values():
        battery.set_mode(InverterMode.OFF)
    for _ in range(LIGHTS_OUT_STEPS):
        plant.step(0.01)
    for feeder in plant.feeders.values():
        feeder.was_off_for(off_s)


def _one(known: Mapping[str, Any], name: str) -> Any:
    if name not in known:
        raise UnknownAssetError(name, tuple(known))
    return known[name]
