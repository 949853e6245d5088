"""What the public grid did in a recording, as verbs: from what the instrument at the POI showed of its grid side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from controller.blackbox.reading import Recorded
from controller.model.commands import PoiCommand
from controller.model.hub import Hub
from controller.model.image import PoiSeen
from controller.model.phases import ALL_PHASES, PhaseValues
from controller.model.words import BreakerPosition, GridSource
from hil_tests.bench.scenario import Action

DEAD_RATIO = 0.1
LIVE_RATIO = 0.5
STEP_RATIO = 0.03  # less is the village's own load at the end of the line
STEADY_RATIO = 0.02  # two samples so close are no fall or rise
STEP_HZ = 0.05
DRIFT_EVERY_S = 1.0
OURS_S = 5.0  # a contact that moves so soon after our order moved by it


@dataclass(slots=True)
class _Grid:
    """What the timeline has told so far."""

    is_fed: bool = True
    ratio: float = 1.0
    hz: float = 50.0
    told_hz_at_s: float = 0.0
    missing: set[str] = field(default_factory=set)
    levels: dict[str, object] = field(default_factory=lambda: {"rotation_equal": True, "source": GridSource.PUBLIC})
    before: float | None = None  # ratio of the sample before


def grid_actions(cycles: Sequence[Recorded], hub: Hub) -> Iterator[Action]:
    """Voltage, frequency, conductors, who feeds, the operator's lock, and a POI that moved without us."""
    grid, sampled_at_s = _Grid(), None
    for cycle in cycles:
        poi = cycle.seen.poi
        if poi.measured_at_s is None or poi.measured_at_s == sampled_at_s or poi.grid_voltage_v is None:
            continue
        sampled_at_s = poi.measured_at_s
        ratios = poi.grid_voltage_v.scaled(1.0 / hub.nominal_voltage_v)
        yield from _conductors(grid, ratios, sampled_at_s)
        yield from _voltage(grid, ratios, poi, sampled_at_s)
        yield from _levels(grid, poi, sampled_at_s)
    yield from _own_moves(cycles)


def _conductors(grid: _Grid, ratios: PhaseValues, at_s: float) -> Iterator[Action]:
    gone = {phase.value for phase, ratio in zip(ALL_PHASES, ratios, strict=True) if ratio < DEAD_RATIO}
    if ratios.maximum < LIVE_RATIO or gone == grid.missing:
        return
    if grid.missing - gone:
        yield verb(at_s, "grid.restore_phases")
        grid.missing = set()
    for phase in sorted(gone - grid.missing):
        yield verb(at_s, "grid.lose_phase", phase=phase)
    grid.missing = gone


def _voltage(grid: _Grid, ratios: PhaseValues, poi: PoiSeen, at_s: float) -> Iterator[Action]:
    ratio, before = ratios.maximum, grid.before
    grid.before = ratio
    is_steady = before is not None and abs(ratio - before) < STEADY_RATIO
    hz = poi.grid_frequency_hz
    if ratio < DEAD_RATIO:
        if grid.is_fed:
            grid.is_fed = False
            yield verb(at_s, "grid.blackout")
    elif not grid.is_fed:
        if ratio > LIVE_RATIO and is_steady:
            grid.is_fed, grid.ratio = True, ratio
            grid.hz = hz if hz is not None else grid.hz
            yield verb(at_s, "grid.return", voltage_ratio=round(ratio, 3), frequency_hz=round(grid.hz, 3))
    elif is_steady and abs(ratio - grid.ratio) > STEP_RATIO:
        grid.ratio = ratio
        yield verb(at_s, "grid.voltage", voltage_ratio=round(ratio, 3))
    if grid.is_fed and hz is not None and abs(hz - grid.hz) > STEP_HZ and at_s - grid.told_hz_at_s >= DRIFT_EVERY_S:
        rate = abs(hz - grid.hz) / DRIFT_EVERY_S
        grid.hz, grid.told_hz_at_s = hz, at_s
        yield verb(at_s, "grid.drift", frequency_hz=round(hz, 3), rate_hz_per_s=round(rate, 3))


def _levels(grid: _Grid, poi: PoiSeen, at_s: float) -> Iterator[Action]:
    """What stays as it is until it is told otherwise."""
    for name, value, do, parameter in (
        ("rotation_equal", poi.rotation_equal, "grid.rotation", "equal"),
        ("source", poi.source, "grid.source", "source"),
        ("dso_lock", poi.dso_lock, "poi.dso_lock", "on"),
    ):
        if value is not None and value != grid.levels.get(name, False):
            grid.levels[name] = value
            yield verb(at_s, do, **{parameter: value.value if isinstance(value, GridSource) else value})


def _own_moves(cycles: Sequence[Recorded]) -> Iterator[Action]:
    """The POI opened or closed, and nobody here had asked for it; what its relay does, the bench's relay does too."""
    was: BreakerPosition | None = None
    open_s = closed_s = -OURS_S  # when it was last ordered so
    for cycle in cycles:
        command, poi = cycle.commands.poi if cycle.commands is not None else PoiCommand(), cycle.seen.poi
        open_s = cycle.now_s if command.open else open_s
        closed_s = cycle.now_s if command.close is not None else closed_s
        if poi.position in (BreakerPosition.OPEN, BreakerPosition.CLOSED):
            if was not in (None, poi.position):
                yield from _own_move(poi, cycle.now_s, open_s, closed_s)
            was = poi.position


def _own_move(poi: PoiSeen, now_s: float, open_s: float, closed_s: float) -> Iterator[Action]:
    if poi.position is BreakerPosition.OPEN and now_s - open_s > OURS_S and poi.relay_tripped is not True:
        yield verb(now_s, "poi.trip")
    if poi.position is BreakerPosition.CLOSED and now_s - closed_s > OURS_S:
        yield verb(now_s, "poi.close_by_hand")


def verb(at_s: float, do: str, **parameters: object) -> Action:
    """One line of the timeline; `at_s` still in the recording's time."""
    return Action.model_validate({"at": f"{at_s:.3f} s", "do": do, **parameters})
