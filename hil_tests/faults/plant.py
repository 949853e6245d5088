"""Faults of the plant, bound to the levers of its parts. Parts are looked up anew when a fault ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.model.words import BreakerPosition
from hil_tests.faults.data import put_in
from hil_tests.faults.stage import Inject, Injection, all_of
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.plant import generator
from hil_tests.plant.plant import Plant


def part_of(plant: Plant, unit: str) -> Any:
    """The part that a unit names. Raises CannotInjectError."""
    if unit in {"poi", "earthing"}:
        return getattr(plant, unit)
    for parts in (plant.batteries, plant.pv, plant.gensets, plant.feeders, plant.radios):
        if unit in parts:
            return parts[unit]
    raise CannotInjectError(f"no part {unit!r} in this plant")


def _lever(name: str, wanted: Callable[[Injection], object] = lambda _: True) -> Inject:
    """Set an attribute of the unit, and put it back as it was, however many faults have held it."""

    def begin(injection: Injection) -> Heal:
        part = part_of(injection.plant, injection.unit)
        if not hasattr(part, name):
            raise CannotInjectError(f"{injection.unit} has no lever for {injection.name}")

        def put(value: object) -> None:
            setattr(part_of(injection.plant, injection.unit), name, value)
            injection.plant.rest.disturb()

        return injection.stage.held.hold((injection.unit, name), getattr(part, name), wanted(injection), put)

    return begin


def _call(name: str, undo: str) -> Inject:
    """Call a method of the unit; ended by another one, where the part has it."""

    def begin(injection: Injection) -> Heal:
        strike = getattr(part_of(injection.plant, injection.unit), name, None)
        if strike is None:
            raise CannotInjectError(f"{injection.unit} has no lever for {injection.name}")
        strike()

        def heal() -> None:
            end = getattr(part_of(injection.plant, injection.unit), undo, None)
            if end is not None:
                end()

        return heal

    return begin


def _shown(injection: Injection) -> BreakerPosition:
    shows = injection.values["shows"]
    if shows == "as_it_is":
        return injection.plant.poi.reported_position
    return BreakerPosition(shows)


def _ignores_setpoints(injection: Injection) -> Heal:
    """Every order of the asset but the heartbeat is acknowledged and forgotten."""
    stage = injection.stage
    heals = []
    for name, ref in stage.site.bindings[injection.unit].writes.items():
        device = stage.devices.device(ref.device)
        if ref.point != device.device.table.heartbeat and name != "heartbeat":
            heals.append(put_in(device.mishearings, ref.point, lambda _: None))
    return all_of(heals)


def _motor_start(injection: Injection) -> Heal:
    """The inrush is a multiple of the power, then it runs. Ended when somebody switches it off."""
    power_w, inrush = injection.values["power_w"], injection.values["inrush_ratio"]
    added_w = 0.0

    def draw(wanted_w: float) -> None:
        nonlocal added_w
        feeder = injection.plant.feeders[injection.unit]
        feeder.demand_ratio += (wanted_w - added_w) / feeder.feeder.rated_w
        added_w = wanted_w

    draw(power_w * inrush)
    at_s = injection.plant.now_s + injection.values["start_s"]
    forget = injection.stage.timers.at(at_s, lambda: draw(power_w))
    return all_of([forget, lambda: draw(0.0)])


def _welded(injection: Injection) -> Heal:
    """The poles of the POI or of the earthing relay, or the whole contactor of a feeder."""
    return _lever("is_welded" if injection.unit in {"poi", "earthing"} else "stuck")(injection)


def _no_charging(injection: Injection) -> Heal:
    pack: Any = injection.plant.batteries[injection.unit].pack
    if not hasattr(pack, "override_limits"):
        raise CannotInjectError(f"{injection.unit} has no lever for {injection.name}")
    pack.override_limits(charge_w=0.0)

    def heal() -> None:
        now: Any = injection.plant.batteries[injection.unit].pack
        now.override_limits()

    return heal


def _stalls(injection: Injection) -> Heal:
    """Ended when somebody acknowledges it at the panel."""
    genset: Any = injection.plant.gensets[injection.unit]
    faults = getattr(generator, "GensetFault", None)
    if faults is None:
        raise CannotInjectError(f"{injection.unit} has no lever for {injection.name}")
    genset.trip(faults.STALLED)

    def heal() -> None:
        now: Any = injection.plant.gensets[injection.unit]
        now.reset()

    return heal


def _pv_mass_trip(injection: Injection) -> Heal:
    """Each comes back by its own code: nothing is left to heal."""
    for plant in injection.plant.pv.values():
        plant.trip()
    return lambda: None


def _short_circuit(injection: Injection) -> Heal:
    """A bolted fault behind a feeder's contactor; 0 s: its own protection never clears it."""
    trips_after_s = injection.values["trips_after_s"]
    injection.plant.feeders[injection.unit].short_circuit(trips_after_s=trips_after_s or None)

    def heal() -> None:
        injection.plant.feeders[injection.unit].clear_fault()

    return heal


PLANT_FAULTS: Mapping[str, Inject] = {
    "fails_to_open": _lever("fails_to_open"),
    "fails_to_close": _lever("fails_to_close"),
    "slow_breaker": _lever("is_slow"),
    "false_feedback": _lever("stuck_feedback", _shown),
    "bms_trip": _call("trip_bms", "reset"),
    "no_charging": _no_charging,
    "inverter_trip": _call("trip", "reset"),
    "ignores_setpoints": _ignores_setpoints,
    "fails_to_crank": _lever("fails_to_crank"),
    "stalls": _stalls,
    "fuel_empty": _lever("fuel_l", lambda _: 0.0),
    "motor_start": _motor_start,
    "welded": _welded,
    "charger_dead": _lever("charger_is_dead"),
    "pv_mass_trip": _pv_mass_trip,
    "short_circuit": _short_circuit,
}
