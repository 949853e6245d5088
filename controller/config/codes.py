"""Grid codes and envelopes: files -> frozen objects, or located problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.config.code_schema import EnvelopeFile, GridCodeFile, LossBandEntry, Sourced
from controller.config.errors import ConfigError, Problem, errors_of, nearest
from controller.config.toml_file import TomlFile, read_toml
from controller.config.toml_places import KeyPath
from controller.config.validate import validate
from controller.model.envelope import Envelope
from controller.model.grid_code import GridCode, LossBand, ReturnWindow, SyncWindow
from controller.model.reasons import Reason

RETURN_KEYS = (
    "return_voltage_min_ratio",
    "return_voltage_max_ratio",
    "return_frequency_min_hz",
    "return_frequency_max_hz",
    "observation_s",
)
SYNC_KEYS = ("sync_angle_max_deg", "sync_slip_max_hz", "sync_voltage_difference_max_ratio")
OTHER_KEYS = ("dead_voltage_ratio", "dead_confirm_s", "live_voltage_ratio", "ramp_max_pct_per_min")
COUNTS = ("poi_closings_max", "feeder_closings_max", "cranks_max")

RISING = (  # of each pair, the first must be less than the second
    ("dead_voltage_ratio", "live_voltage_ratio"),
    ("return_voltage_min_ratio", "return_voltage_max_ratio"),
    ("return_frequency_min_hz", "return_frequency_max_hz"),
    ("grid_voltage_min_ratio", "grid_voltage_max_ratio"),
    ("grid_frequency_min_hz", "grid_frequency_max_hz"),
    ("island_frequency_min_hz", "island_frequency_max_hz"),
    ("island_voltage_min_ratio", "island_voltage_max_ratio"),
)
SENSIBLE = {"ratio": (0.0, 3.0), "deg": (0.0, 180.0), "s": (0.0, 86_400.0), "max": (1.0, 1000.0)}
FREQUENCIES_HZ = (40.0, 60.0)  # around a nominal 50 Hz
BAND_REASONS = {  # quantity and side -> the reason that an operator will read
    ("voltage_ratio", "below"): Reason.GRID_UNDERVOLTAGE,
    ("voltage_ratio", "above"): Reason.GRID_OVERVOLTAGE,
    ("frequency_hz", "below"): Reason.GRID_UNDERFREQUENCY,
    ("frequency_hz", "above"): Reason.GRID_OVERFREQUENCY,
}


FOR_BENCH_KEY = "for_bench_only"


def load_grid_code(path: Path) -> tuple[GridCode | None, list[Problem]]:
    """One grid code, None when anything is wrong with it; and its errors and warnings."""
    try:
        file = read_toml(path)
    except ConfigError as error:
        return None, list(error.problems)
    code, problems = validate(file, GridCodeFile)
    if code is not None:
        problems += _values(file, RETURN_KEYS + SYNC_KEYS + OTHER_KEYS, code.values)
        for index, band in enumerate(code.loss_bands):
            problems += _band(file, ("loss_bands", index), band)
        problems += _doubts(file, code)
    if errors_of(problems) or code is None or code.name is None:
        return None, problems
    value = {key: sourced.value for key, sourced in code.values.items()}
    return GridCode(
        name=code.name,
        dead_voltage_ratio=value["dead_voltage_ratio"],
        dead_confirm_s=value["dead_confirm_s"],
        live_voltage_ratio=value["live_voltage_ratio"],
        loss_bands=tuple(
            LossBand(Reason(band.reason), band.quantity, band.below, band.above, band.hold_s)
            for band in code.loss_bands
        ),
        return_window=ReturnWindow(*(value[key] for key in RETURN_KEYS)),
        sync=SyncWindow(*(value[key] for key in SYNC_KEYS)),
        automatic_reconnection=bool(code.automatic_reconnection),
        ramp_max_pct_per_min=value["ramp_max_pct_per_min"],
    ), problems


def load_envelope(path: Path) -> tuple[Envelope | None, list[Problem]]:
    """The guard's limits, None when anything is wrong with them; and their errors and warnings."""
    try:
        file = read_toml(path)
    except ConfigError as error:
        return None, list(error.problems)
    envelope, problems = validate(file, EnvelopeFile)
    if envelope is not None:
        problems += _values(file, tuple(Envelope.__dataclass_fields__), envelope.values)
        problems += _doubtful_values(file, envelope.values)
    if errors_of(problems) or envelope is None:
        return None, problems
    numbers = {key: int(v.value) if key in COUNTS else v.value for key, v in envelope.values.items()}
    return Envelope(**numbers), problems  # type: ignore[arg-type]


def _values(file: TomlFile, wanted: tuple[str, ...], values: Mapping[str, Sourced]) -> Iterator[Problem]:
    raw = file.data.get("values", {})
    written = frozenset(raw) if isinstance(raw, dict) else frozenset()
    missing = [key for key in wanted if key not in written]
    for key in written - frozenset(wanted):
        hint = nearest(key, missing) or nearest(key, wanted)
        yield file.problem(("values", key), f"the unknown key '{key}'", "one of this table's keys", hint)
        missing = [each for each in missing if each != hint]
    for key in missing:
        yield file.problem(("values", key), "nothing", f"a value for '{key}'")
    for key, sourced in values.items():
        yield from _sensible(file, key, sourced.value)
    for low, high in RISING:
        if low in values and high in values and values[low].value >= values[high].value:
            found, limit = f"{values[low].value:g}", f"less than '{high}', which is {values[high].value:g}"
            yield file.problem(("values", low), found, limit)


def _sensible(file: TomlFile, key: str, value: float) -> Iterator[Problem]:
    """Catches a slipped decimal point and a percent for a ratio; what is right is for people to judge."""
    unit = key.rpartition("_")[2]
    low, high = FREQUENCIES_HZ if "frequency" in key else SENSIBLE.get(unit, (0.0, float("inf")))
    if not low <= value <= high:
        hint = f"{value / 100:g}" if unit == "ratio" and low <= value / 100 <= high else ""
        yield file.problem(("values", key, "value"), f"{value:g}", f"a value from {low:g} to {high:g}", hint)
    elif key in COUNTS and not value.is_integer():
        yield file.problem(("values", key, "value"), f"{value:g}", "a whole number")


def _band(file: TomlFile, loc: KeyPath, band: LossBandEntry) -> Iterator[Problem]:
    if (band.below is None) == (band.above is None):
        found = "neither below nor above" if band.below is None else "below and above"
        yield file.problem(loc, found, "exactly one of them")
        return
    side = "below" if band.below is not None else "above"
    reason = BAND_REASONS[band.quantity, side]
    if band.reason != reason.value:
        wanted = f"the reason for a {band.quantity} {side} its limit"
        yield file.problem((*loc, "reason"), f'"{band.reason}"', wanted, reason.value)
    limit = band.below if band.below is not None else band.above
    low, high = FREQUENCIES_HZ if band.quantity == "frequency_hz" else SENSIBLE["ratio"]
    if limit is not None and not low <= limit <= high:
        yield file.problem((*loc, side), f"{limit:g}", f"a {band.quantity} from {low:g} to {high:g}")


def _doubts(file: TomlFile, code: GridCodeFile) -> Iterator[Problem]:
    """Numbers that nobody is sure of, and a code that no real grid has."""
    if code.for_bench_only:
        yield file.warning((FOR_BENCH_KEY,), "true", "a grid code that binds this connection, before it is a real one")
        return
    yield from _doubtful_values(file, code.values)
    for index, band in enumerate(code.loss_bands):
        if _is_doubtful(band.confidence, band.source):
            side, limit = ("below", band.below) if band.below is not None else ("above", band.above)
            number = f"{side} {limit:g} for {band.hold_s:g} s" if limit is not None else side
            yield _doubtful(file, ("loss_bands", index, "confidence"), band.confidence, number, band.source)


def _doubtful_values(file: TomlFile, values: Mapping[str, Sourced]) -> Iterator[Problem]:
    for key, sourced in values.items():
        if _is_doubtful(sourced.confidence, sourced.source):
            number = f"{sourced.value:g}"
            yield _doubtful(file, ("values", key, "confidence"), sourced.confidence, number, sourced.source)


def _is_doubtful(confidence: str, source: str) -> bool:
    """What stands from memory was looked up by nobody, however sure of it somebody is."""
    return confidence == "low" or "from memory" in source.lower()


def _doubtful(file: TomlFile, loc: KeyPath, confidence: str, number: str, source: str) -> Problem:
    found = f"{confidence} confidence in {number} ({source})"
    return file.warning(loc, found, "a number that the network operator has confirmed, with its source")
