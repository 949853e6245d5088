"""Which signals are drawn together, on what scale, and within which limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hil_tests.bench.signals import Sample
from hil_tests.bench.trace import Trace
from hil_tests.reports.lines import HEIGHT, Scale, extent, path
from hil_tests.reports.ticks import Tick, steps_of, value_ticks

STYLES_COUNT = 5  # colours and dashes that the page knows


@dataclass(frozen=True, slots=True)
class Series:
    """One quantity over time, in the unit of its panel."""

    name: str
    values: Sequence[Sample]
    style: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """One panel: what it is called, its limits, and the least that its scale shows."""

    title: str
    unit: str
    least: Scale
    limits: tuple[float, ...] = ()
    limits_text: str = ""
    ceiling: Scale = (-1e9, 1e9)  # beyond, the line leaves the panel


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """One series as the page draws it."""

    name: str
    style: int
    path: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel, ready for the page. `inside` is the allowed zone (y, height), `limits` its borders."""

    kind: Kind
    lines: tuple[DrawnLine, ...]
    ticks: tuple[Tick, ...]
    inside: tuple[int, int] | None
    limits: tuple[int, ...]
    summary: str  # for who cannot see it


VOLTAGE = Kind("Voltage", "of nominal", (0.85, 1.15), (0.9, 1.1), "0.9 to 1.1", (0.0, 1.5))
FREQUENCY = Kind("Frequency", "Hz", (49.9, 50.1), (47.5, 51.5), "47.5 to 51.5 Hz", (46.0, 53.0))
POWER = Kind("Power", "kW", (0.0, 1.0))
CHARGE = Kind("Charge", "%", (0.0, 100.0))


def panels(trace: Trace, window_s: Scale) -> list[Panel]:
    """All that this run has something for."""
    drawn = (
        (VOLTAGE, _both_sides(trace, "voltage_ratio")),
        (FREQUENCY, _both_sides(trace, "frequency_hz")),
        (POWER, _powers(trace)),
        (CHARGE, _charges(trace)),
    )
    made = [_panel(kind, [one for one in series if one.values], trace, window_s) for kind, series in drawn]
    return [panel for panel in made if panel is not None]


def _panel(kind: Kind, series: list[Series], trace: Trace, window_s: Scale) -> Panel | None:
    extents = [extent(trace.t_s, one.values, window_s) for one in series]
    seen = [found for found in extents if found is not None]
    if not seen:
        return None
    low, high = scale = _scale(kind, min(one[0] for one in seen), max(one[1] for one in seen))
    lines = [
        DrawnLine(one.name, one.style % STYLES_COUNT, path(trace.t_s, one.values, window_s, scale)) for one in series
    ]
    borders = [round((high - limit) / (high - low) * HEIGHT) for limit in kind.limits]
    return Panel(
        kind=kind,
        lines=tuple(lines),
        ticks=tuple(value_ticks(low, high)),
        inside=_inside(borders),
        limits=tuple(border for border in borders if 0 <= border <= HEIGHT),
        summary=_summary(kind, series, extents),
    )


def _scale(kind: Kind, low: float, high: float) -> Scale:
    """What was seen and the least, on round numbers, and no further than the ceiling."""
    low, high = min(low, kind.least[0]), max(high, kind.least[1])
    low, high = max(low, kind.ceiling[0]), min(high, kind.ceiling[1])
    step = steps_of(low, high, 4) / 2
    return step * ((low + 1e-9) // step), step * -((-high + 1e-9) // step)


def _inside(borders: list[int]) -> tuple[int, int] | None:
    if not borders:
        return None
    lower, upper = (min(max(border, 0), HEIGHT) for border in borders)
    return upper, lower - upper


def _summary(kind: Kind, series: list[Series], extents: list[Scale | None]) -> str:
    ranges = [
        f"{one.name} {found[0]:.4g} to {found[1]:.4g}" if found else f"{one.name} none"
        for one, found in zip(series, extents, strict=True)
    ]
    limits = f"; limits {kind.limits_text}" if kind.limits_text else ""
    return f"{kind.title} ({kind.unit}): {', '.join(ranges)}{limits}"


def _both_sides(trace: Trace, quantity: str) -> list[Series]:
    sides = ("bus", "grid")
    return [Series(side, trace.columns.get(f"{side}.{quantity}", ()), style) for style, side in enumerate(sides)]


def _powers(trace: Trace) -> list[Series]:
    """Sources positive when they deliver; the load positive when it takes."""
    families: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("grid import", lambda name: name == "poi.power_w"),
        ("batteries out", lambda name: name.startswith("battery.")),
        ("PV", lambda name: name.startswith("pv.")),
        ("gensets", lambda name: name.startswith("genset.")),
        ("load", lambda name: name == "load.power_w"),
    )
    found = []
    for style, (title, belongs) in enumerate(families):
        columns = [values for name, values in trace.columns.items() if belongs(name) and name.endswith(".power_w")]
        values = [_kilowatts(row) for row in zip(*columns, strict=True)]
        if any(values):  # a genset that never ran is no line
            found.append(Series(title, values, style))
    return found


def _kilowatts(row: tuple[Sample, ...]) -> float | None:
    numbers = [float(value) for value in row if isinstance(value, int | float)]
    return sum(numbers) / 1000.0 if numbers else None


def _charges(trace: Trace) -> list[Series]:
    charges = {name.split(".")[1]: values for name, values in trace.columns.items() if name.endswith(".soc_pct")}
    return [Series(name, values, style) for style, (name, values) in enumerate(charges.items())]
