"""One field of an asset: the first source that has it fresh, in the form that the process image wants.

Prepared once per field, called once per cycle: nothing is looked up by name in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from controller.config.types import AssetBinding, PointRef, Site
from controller.drivers.limits import rating_of
from controller.drivers.link import Reading, Sample, Value
from controller.drivers.schedule import poll_period_s
from controller.drivers.screen import SAME_SAMPLE_S, Screen
from controller.model.phases import ALL_PHASES, Phase, PhaseValues, phase_values

SUM_ERROR_RATIO = 0.05  # of the rating: four values of a class 1 meter, rounded, from judgement
UNKNOWN_HIDES_OVERLOAD = frozenset({"poi", "battery"})
POLLS_MISSED_MAX = 2.5  # a point of the slow group is not stale before it can have been read again twice

Seen = object
Convert = Callable[[Value], Seen | None]
Found = tuple[Seen, Sample, str, float, bool]
"""Value, the sample it is of, device, for how long it is fresh, and whether it is the same as long as what it was made
of moves on and no more."""

Take = Callable[[float], Found | None]


class Kind(Enum):
    """What a field is, apart from the enums, which bring their own conversion."""

    NUMBER = "number"
    TRUTH = "truth"
    PHASE_POWERS = "phase_powers"  # a total is shared out over the asset's phases
    PHASE_LEVELS = "phase_levels"  # voltages, currents: one value stands for each phase


FieldKind = Kind | type[Enum]


@dataclass(frozen=True, slots=True)
class _Source:
    reading: Callable[[str], Reading | None]
    points: tuple[str | None, ...]  # one, or one per phase; None: a phase that the asset does not have
    max_age_s: float
    device: str
    convert: Convert


def field_taker(
    name: str, kind: FieldKind, binding: AssetBinding, site: Site, screens: Mapping[str, Screen]
) -> Take | None:
    """A function from the time to the field's value; None when no device has such a point."""
    if isinstance(kind, Kind) and kind in (Kind.PHASE_POWERS, Kind.PHASE_LEVELS):
        return _first_of(_phase_takers(name, kind, binding, site, screens))
    convert = _converter(kind)
    sources = [_source(ref, (ref.point,), convert, binding, site, screens) for ref in binding.reads.get(name, ())]
    return _first_of([_taker(source) for source in sources])


def _source(
    ref: PointRef,
    points: tuple[str | None, ...],
    convert: Convert,
    binding: AssetBinding,
    site: Site,
    screens: Mapping[str, Screen],
) -> _Source:
    return _Source(screens[ref.device].facts.get, points, age_limit_s(ref, binding, site), ref.device, convert)


def age_limit_s(ref: PointRef, binding: AssetBinding, site: Site) -> float:
    """How old a value may be that the asset takes from this point: as its role needs it, or as it is polled."""
    device = site.devices[ref.device]
    point = device.table.points[ref.point]
    polled_s = POLLS_MISSED_MAX * poll_period_s(device, point.group) + point.refresh_s
    return max(site.max_age_s[binding.role], polled_s)


def _converter(kind: FieldKind) -> Convert:
    if kind is Kind.NUMBER:
        return _number
    if kind is Kind.TRUTH:
        return _truth
    assert not isinstance(kind, Kind)
    members: dict[Value, Enum] = {member.value: member for member in kind}
    return members.get


def _number(value: Value) -> float | None:
    return None if isinstance(value, (str, bool)) else value


def _truth(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _taker(source: _Source) -> Take:
    return _three_taker(source) if len(source.points) > 1 else _one_taker(source)


def _first_of(takers: Sequence[Take]) -> Take | None:
    """The first that has something fresh, in the site file's order."""
    if len(takers) < 2:
        return takers[0] if takers else None

    first, *others = takers

    def take(now_s: float) -> Found | None:
        found = first(now_s)
        if found is not None:
            return found
        for taker in others:
            found = taker(now_s)
            if found is not None:
                return *found[:4], False  # the first may be believed again
        return None

    return take


def _one_taker(source: _Source) -> Take:
    reading_of, max_age_s, convert, device = source.reading, source.max_age_s, source.convert, source.device
    point = source.points[0] or ""

    def take(now_s: float) -> Found | None:
        reading = reading_of(point)
        if reading is None:
            return None
        value, sample = reading
        if now_s - sample.at_s > max_age_s:
            return None
        is_plain = convert is _number and value.__class__ is float  # as most are: a call less
        seen = value if is_plain else convert(value)
        return None if seen is None else (seen, sample, device, max_age_s, True)

    return take


def _three_taker(source: _Source) -> Take:
    """All phases from one device, the oldest counts; a phase that the asset does not have carries nothing."""
    reading_of, max_age_s, device = source.reading, source.max_age_s, source.device
    points = source.points

    def take(now_s: float) -> Found | None:
        values: list[float] = []
        oldest: Sample | None = None
        is_one = True  # all are of the same sample
        for point in points:
            if point is None:
                values.append(0.0)
                continue
            reading = reading_of(point)
            if reading is None:
                return None
            value, sample = reading
            if isinstance(value, str):
                return None
            values.append(value)
            if sample is not oldest:
                is_one = oldest is None
                oldest = sample if oldest is None or sample.at_s < oldest.at_s else oldest
        assert oldest is not None, "an asset has a phase"
        if now_s - oldest.at_s > max_age_s:
            return None
        return phase_values((values[0], values[1], values[2])), oldest, device, max_age_s, is_one

    return take


def _phase_takers(
    name: str, kind: Kind, binding: AssetBinding, site: Site, screens: Mapping[str, Screen]
) -> list[Take]:
    """For each device in order of preference: its three phases, then its total. Where the two contradict each other
    another device is asked first, and people are told. With none, those of the POI and of a battery count, of which no
    power would be no overload; any other asset's are unknown, and a feeder of unknown power counts at its rating.
    """
    phases = phases_of(binding, site)
    stem, unit = name.rsplit("_", 1)
    by_phase = {phase: binding.reads.get(f"{stem}_{phase.value}_{unit}", ()) for phase in ALL_PHASES}
    totals = binding.reads.get(name, ())
    spread = _spread(kind, phases)
    takers: list[Take] = []
    contradicted: list[Take] = []
    for device in _devices_in_order((*by_phase.values(), totals)):
        refs = [_ref_of(device, by_phase[phase]) for phase in ALL_PHASES]
        present = [ref for ref in refs if ref is not None]
        has_all = all(ref is not None or phase not in phases for ref, phase in zip(refs, ALL_PHASES, strict=True))
        three = whole = None
        if present and has_all:
            absent = None if kind is Kind.PHASE_POWERS else present[0].point  # no power; no voltage of its own
            points = tuple(absent if ref is None else ref.point for ref in refs)
            three = _taker(_source(present[0], points, _number, binding, site, screens))
        total = _ref_of(device, totals)
        if total is not None:
            whole = _taker(_source(total, (total.point,), spread, binding, site, screens))
        if three is not None and whole is not None and kind is Kind.PHASE_POWERS:
            takers.append(_agreeing(three, whole, sum_error_w(binding, site)))
            contradicted.append(three)
        else:
            takers += [taker for taker in (three, whole) if taker is not None]
    return takers + contradicted if binding.role in UNKNOWN_HIDES_OVERLOAD else takers


def sum_error_w(binding: AssetBinding, site: Site) -> float:
    """By how much three phases may differ from their total."""
    return SUM_ERROR_RATIO * rating_of(binding, site)


def _agreeing(three: Take, whole: Take, error_w: float) -> Take:
    """The phases, unless their sum contradicts the total of the same sample."""

    def take(now_s: float) -> Found | None:
        phases, total = three(now_s), whole(now_s)
        if phases is None or total is None:
            return phases or total
        if phases[1] is not total[1]:  # two answers: whether they are of one instant is another question each time
            phases = (*phases[:4], False)
            if abs(phases[1].at_s - total[1].at_s) > SAME_SAMPLE_S:
                return phases
        assert isinstance(phases[0], PhaseValues)
        assert isinstance(total[0], PhaseValues)
        return phases if abs(phases[0].total - total[0].total) <= error_w else None

    return take


def _spread(kind: Kind, phases: tuple[Phase, ...]) -> Convert:
    def spread(value: Value) -> PhaseValues | None:
        number = _number(value)
        if number is None:
            return None
        return PhaseValues.shared(number, phases) if kind is Kind.PHASE_POWERS else PhaseValues.even(number)

    return spread


def _devices_in_order(lists: Sequence[tuple[PointRef, ...]]) -> list[str]:
    """The site file's order: every field lists its sources in it, though not each has all of them."""
    longest = max(lists, key=len)
    names = [ref.device for ref in longest] + [ref.device for refs in lists for ref in refs]
    return list(dict.fromkeys(names))


def _ref_of(device: str, refs: tuple[PointRef, ...]) -> PointRef | None:
    return next((ref for ref in refs if ref.device == device), None)


def phases_of(binding: AssetBinding, site: Site) -> tuple[Phase, ...]:
    """The phases that an asset is connected to; the POI to all."""
    hub = site.hub
    match binding.role:
        case "battery":
            return hub.batteries[binding.asset].phases
        case "pv":
            return hub.pv[binding.asset].phases
        case "genset":
            return hub.gensets[binding.asset].phases
        case "feeder":
            return hub.feeders[binding.asset].phases
        case _:
            return ALL_PHASES
