"""Which values of a status are kept, under which name, and as which whole number.

A name is place, thing and quantity with its unit last: `battery.home.soc_pct`. A value is kept as a 32-bit number,
`round(value * scale)`; what is not known is `MISSING`. What is one of a few words (a mode, a position) is kept as the
place of its word in the channel's own list, which is written down with the values: an old file stays readable when a
later version has more words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import orjson

from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition, ClockQuality, GensetState, GridVerdict, InverterMode, Mode
from controller.status import Status

MISSING = -(2**31)
VALUE_MAX = 2**31 - 1
CHANNELS_MAX = 1000  # of one hub; more are left out: a status of a megabyte has no more
NO_YES = ("no", "yes")
CLOCK_NAME = "hub.clock"
SECRET_SUFFIX = ".fuel_l"  # kept, and not told to everybody: it would tell thieves where to go
SCALES = {  # counts per unit, each finer than what the instruments resolve
    "w": 1, "v": 10, "hz": 1000, "pct": 10, "deg": 10, "l": 10, "c": 10, "w_per_m2": 1, "count": 1,
    "lateness_max_s": 1_000_000, "s": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Channel:
    """One series of values. With `words`, a value is the place of its word in them, and `scale` is 1."""

    name: str
    scale: int = 1
    words: tuple[str, ...] = ()

    @property
    def is_for_everybody(self) -> bool:
        """Whether the API tells it."""
        return not self.name.endswith(SECRET_SUFFIX)

    def value_of(self, raw: int) -> float | str | None:
        """What a kept number says; None: not known."""
        if raw == MISSING:
            return None
        if self.words:
            return self.words[raw] if 0 <= raw < len(self.words) else None
        return raw / self.scale

    def values_of(self, column: Sequence[int]) -> list[float | str | None]:
        """What several say."""
        if self.words:
            return [self.value_of(raw) for raw in column]
        scale = self.scale
        return [None if raw == MISSING else raw / scale for raw in column]


Layout = tuple[Channel, ...]
Sample = Mapping[Channel, int]


def sample_of(status: Status) -> dict[Channel, int]:
    """All values of a status by channel; what is not known is MISSING."""
    found: dict[Channel, int] = {}
    for name, value in _values(status):
        channel, raw = _kept(name, value)
        found[channel] = raw
        if len(found) == CHANNELS_MAX:
            break
    return found


def dump_layout(layout: Layout) -> str:
    """As JSON."""
    return orjson.dumps([[each.name, each.scale, each.words] for each in layout]).decode()


def load_layout(text: str | bytes) -> Layout:
    """Raises ValueError: it is none."""
    try:
        return tuple(
            Channel(str(name), int(scale), tuple(map(str, words))) for name, scale, words in orjson.loads(text)
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"no list of channels: {error}") from None


def joined(layouts: Iterable[Layout]) -> Layout:
    """Every channel of them by name; of two with the same name the later one."""
    by_name = {channel.name: channel for layout in layouts for channel in layout}
    return tuple(by_name[name] for name in sorted(by_name))


class Coded:
    """A word of an enum, or none, with all the words that it could have been."""

    __slots__ = ("kind", "word")

    def __init__(self, kind: type[Enum], word: Enum | None) -> None:
        self.kind, self.word = kind, word


Value = float | bool | PhaseValues | Coded | None


def _kept(name: str, value: Value) -> tuple[Channel, int]:
    channel = _channel(name, value.kind if isinstance(value, Coded) else None)
    if isinstance(value, Coded):
        return channel, MISSING if value.word is None else channel.words.index(str(value.word.value))
    return channel, _raw(value, channel.scale) if isinstance(value, float | int) else MISSING


@lru_cache(maxsize=4 * CHANNELS_MAX)
def _channel(name: str, kind: type[Enum] | None) -> Channel:
    if kind is not None:
        return Channel(name, 1, tuple(str(word.value) for word in kind))
    if name.rpartition(".")[2].startswith("is_"):
        return Channel(name, 1, NO_YES)
    return Channel(name, _scale(name))


def _scale(name: str) -> int:
    quantity = name.rpartition(".")[2]
    return next(scale for unit, scale in SCALES.items() if quantity == unit or quantity.endswith(f"_{unit}"))


def _raw(value: float, scale: int) -> int:
    """What no 32 bits hold is not known: a wrong number would be worse."""
    scaled = value * scale
    return round(scaled) if math.isfinite(scaled) and abs(scaled) < VALUE_MAX else MISSING


def _values(status: Status) -> Iterator[tuple[str, Value]]:
    yield CLOCK_NAME, Coded(ClockQuality, status.clock)
    yield "hub.mode", Coded(Mode, status.mode)
    yield "hub.hours_left_s", status.hours_left.at_least_s
    yield "hub.import_limit_w", status.import_limit_w
    yield "hub.latches_count", len(status.latches)
    yield "cycle.lateness_max_s", status.cycle.lateness_max_s
    yield "cycle.vetoes_count", status.cycle.vetoes_count
    yield "weather.irradiance_w_per_m2", status.irradiance_w_per_m2
    yield "weather.temperature_c", status.temperature_c
    yield from _poi(status)
    yield from _assets(status)
    for device in status.devices:
        yield f"device.{device.name}.is_up", device.is_up


def _poi(status: Status) -> Iterator[tuple[str, Value]]:
    grid = status.grid
    yield "grid.verdict", Coded(GridVerdict, grid.verdict)
    yield "poi.position", Coded(BreakerPosition, grid.poi_position)
    yield "poi.power_w", grid.power_w
    yield "poi.angle_difference_deg", status.angle_difference_deg
    yield "grid.frequency_hz", grid.frequency_hz
    yield "bus.frequency_hz", status.bus_frequency_hz
    for side, values in (("grid", grid.voltage_v), ("bus", status.bus_voltage_v)):
        for phase in PhaseValues._fields:
            yield f"{side}.voltage_{phase}_v", None if values is None else getattr(values, phase)


def _assets(status: Status) -> Iterator[tuple[str, Value]]:
    for feeder in (each for tier in status.tiers for each in tier.feeders):
        yield f"feeder.{feeder.id}.position", Coded(BreakerPosition, feeder.position)
        yield f"feeder.{feeder.id}.power_w", feeder.power_w
    for battery in status.batteries:
        yield f"battery.{battery.id}.mode", Coded(InverterMode, battery.mode)
        yield f"battery.{battery.id}.soc_pct", battery.soc_pct
        yield f"battery.{battery.id}.power_w", battery.power_w
    for plant in status.pv:
        yield f"pv.{plant.id}.power_w", plant.power_w
        yield f"pv.{plant.id}.limit_w", plant.limit_w
    for genset in status.gensets:
        yield f"genset.{genset.id}.state", Coded(GensetState, genset.state)
        yield f"genset.{genset.id}.power_w", genset.power_w
        yield f"genset.{genset.id}{SECRET_SUFFIX}", genset.fuel_l
    for radio in status.radios:
        yield f"radio.{radio.id}.is_alive", radio.is_alive
        yield f"radio.{radio.id}.is_supplied", radio.is_supplied
        yield f"radio.{radio.id}.reserve_pct", radio.reserve_pct
