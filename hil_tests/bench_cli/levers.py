"""What a person types beside a served plant: small commands on the grid, the loads and the sun."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hil_tests.plant.plant import Plant


class LeverError(ValueError):
    """What was typed is no command; the text says what would be."""


def blackout(plant: Plant) -> str:
    """The public grid falls."""
    plant.grid.blackout()
    return "the grid is dead"


def returns(plant: Plant) -> str:
    """It is fed again, at some angle."""
    plant.grid.returns()
    return "the grid is back"


def load(plant: Plant, ratio: float) -> str:
    """All feeders draw this share of their rating."""
    for feeder in plant.feeders.values():
        feeder.demand_ratio = ratio
    return f"every feeder asks for {ratio:g} of its rating"


def sun(plant: Plant, irradiance_w_per_m2: float) -> str:
    """On every roof."""
    plant.weather.irradiance_w_per_m2 = irradiance_w_per_m2
    return f"the sun gives {irradiance_w_per_m2:g} W/m²"


def status(plant: Plant) -> str:
    """The truth in a line."""
    frequency_hz = plant.measured_bus_frequency_hz
    hertz = "no frequency" if frequency_hz is None else f"{frequency_hz:.2f} Hz"
    charge = ", ".join(f"{name} {battery.soc_pct:.1f} %" for name, battery in plant.batteries.items())
    load_w = sum(feeder.power_w.total for feeder in plant.feeders.values())
    grid = "fed" if plant.grid.is_fed else "dead"
    return (
        f"{plant.now_s:.1f} s: grid {grid}, POI {plant.poi.position.value}, "
        f"bus {abs(plant.bus):.3f} of nominal, {hertz}, load {load_w / 1000.0:.1f} kW, {charge}"
    )


_PLAIN: Mapping[str, Callable[[Plant], str]] = {"blackout": blackout, "return": returns, "status": status}
_WITH_NUMBER: Mapping[str, tuple[Callable[[Plant, float], str], float]] = {"load": (load, 4.0), "sun": (sun, 1400.0)}
HELP = "blackout, return, load 0..4, sun 0..1400 (W/m²), status"


def pull(plant: Plant, text: str) -> str:
    """Do what was typed; returns what came of it. Raises LeverError."""
    words = text.split()
    if len(words) == 1 and words[0] in _PLAIN:
        return _PLAIN[words[0]](plant)
    if len(words) == 2 and words[0] in _WITH_NUMBER:
        lever, most = _WITH_NUMBER[words[0]]
        return lever(plant, _number(words[1], most))
    raise LeverError(f"'{text}' is no command. There are: {HELP}")


def _number(text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= most:
        raise LeverError(f"'{text}' is no number from 0 to {most:g}")
    return value
