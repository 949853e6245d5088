"""A black box's recording as a scenario: what grid, sun, loads and people did, as far as the controller saw it.

The controller and its orders are left out: they are what the scenario is there to try. Before what was recorded comes a
lead, in which the controller finds its mode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from controller.blackbox.reading import BoxFile, Recorded, UnreadableError, open_box
from controller.config.errors import ConfigError
from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.model.hub import Hub
from controller.model.words import Mode
from hil_tests.bench.loading import HUBS
from hil_tests.bench.recorded_grid import grid_actions, verb
from hil_tests.bench.recorded_hub import hub_actions, lost_actions, people_actions, sun_actions
from hil_tests.bench.scenario import Action, Expectation, Scenario, Start
from hil_tests.fuzz.files import as_toml

LEAD_S = 10.0
AT_FIRST_S = 0.5  # what is so early was so when the recording began, and is so from the start
ISLAND_AT_S = 5.0
ISLAND_LEAD_S = 40.0  # with a blackout of its own, when the recording begins in the island
AFTER_S = 30.0
ARRIVES_S = 30.0  # a mode that was reached in the recording is waited for so much longer
STEADY = (Mode.GRID_CONNECTED, Mode.ISLANDED, Mode.LOCKED_OUT)
IN_ISLAND = (Mode.ISLANDED, Mode.DARK, Mode.BLACK_START, Mode.RECONNECTION, Mode.UNPLANNED_ISLANDING)


def write_scenario(file: Path, out: Path) -> tuple[str, ...]:
    """Write it; returns what it could not carry over.

    Raises:
        UnreadableError: there is nothing to make a scenario of, or its hub cannot be rebuilt.
        OSError: the file cannot be written.
    """
    box = open_box(file)
    cycles = list(box.cycles())
    if not cycles:
        raise UnreadableError(f"{file} has no cycle that could become a scenario")
    hub = _hub_of(box, out)
    scenario = _scenario(box, cycles, hub)
    left_out = tuple(_left_out(box, cycles))
    comments = "".join(f"# {line}\n" for line in (f"Made of {file.name} by 'hallig replay --as-scenario'.", *left_out))
    out.write_text(comments + "\n" + as_toml(scenario), encoding="utf-8")
    return left_out


def _hub_of(box: BoxFile, out: Path) -> str:
    """The name of a hub that is here and the very same, else the recorded site file, written beside the scenario."""
    for folder in (HUBS, configs_dir() / "hubs"):
        path = folder / f"{box.head.hub.name}.toml"
        if path.is_file() and _is_same(path, box.head.hub):
            return path.stem
    beside = out.with_name(f"{out.stem}-site.toml")
    beside.write_text(box.head.site_text, encoding="utf-8")
    if not _is_same(beside, box.head.hub):
        beside.unlink()
        what = f"the hub of {box.path} is not here, and its site file alone does not make it again"
        raise UnreadableError(f"{what}: its own device tables, or another grid code, are missing ({box.head.site})")
    return beside.name


def _is_same(path: Path, hub: Hub) -> bool:
    try:
        return load_site(path).hub == hub
    except ConfigError:
        return False


def _scenario(box: BoxFile, cycles: Sequence[Recorded], hub: str) -> Scenario:
    begins_in_island = next((cycle.mode in IN_ISLAND for cycle in cycles if cycle.mode is not None), False)
    lead_s = ISLAND_LEAD_S if begins_in_island else LEAD_S
    zero_s = cycles[0].now_s - lead_s
    found = sorted(_actions(box, cycles), key=lambda action: action.at)
    from_s = cycles[0].now_s + AT_FIRST_S
    timeline = [
        action.model_copy(update={"at": 0.0 if action.at < from_s else round(action.at - zero_s, 3)})
        for action in found
        if not (begins_in_island and action.at < from_s and action.do == "grid.blackout")
    ]
    if begins_in_island:
        timeline = sorted([*timeline, verb(ISLAND_AT_S, "grid.blackout")], key=lambda action: action.at)
    number = re.search(r"box-(\d+)", box.path.name)
    return Scenario.model_validate(
        {
            "id": f"BOX-{number[1] if number else '000001'}",
            "title": f"{box.head.hub.name}, as recorded: {box.marks[0][2] if box.marks else box.head.cause}"[:120],
            "hub": hub,
            "tags": ["recorded"],
            "until": f"{cycles[-1].now_s - zero_s + AFTER_S:.3f} s",
            "start": _start(cycles[0]),
            "timeline": timeline,
            "expect": list(_expectations(cycles, zero_s)),
        }
    )


def _start(first: Recorded) -> Start:
    socs_pct = [seen.soc_pct for seen in first.seen.batteries.values() if seen.soc_pct is not None]
    weather = first.seen.weather
    known = {
        "soc_pct": socs_pct[0] if socs_pct else None,
        "temperature_c": weather.temperature_c,
        "irradiance_w_per_m2": weather.irradiance_w_per_m2,
    }
    return Start.model_validate({name: round(value, 3) for name, value in known.items() if value is not None})


def _actions(box: BoxFile, cycles: Sequence[Recorded]) -> Iterator[Action]:
    hub = box.head.hub
    yield from grid_actions(cycles, hub)
    yield from hub_actions(cycles, hub)
    yield from sun_actions(cycles)
    yield from people_actions(cycles)
    yield from lost_actions(cycles)


def _expectations(cycles: Sequence[Recorded], zero_s: float) -> Iterator[Expectation]:
    """Where the recording came to rest, the scenario should too."""
    before: Mode | None = cycles[0].mode
    for cycle in cycles:
        if cycle.mode is not None and cycle.mode is not before:
            before = cycle.mode
            if cycle.mode in STEADY:
                at_s = cycle.now_s - zero_s
                yield Expectation.model_validate(
                    {
                        "that": f"controller.mode == '{cycle.mode.value}'",
                        "during": [f"{max(0.0, at_s - 1.0):.3f} s", f"{at_s + ARRIVES_S:.3f} s"],
                        "because": "so it came in the recording",
                    }
                )


def _left_out(box: BoxFile, cycles: Sequence[Recorded]) -> Iterator[str]:
    """What was there, or may have been, and is not in the timeline."""
    yield "readings that were wrong, and devices that did not do what they were told: those of the bench are sound"
    yield "what was latched, held open or counted before the first cycle"
    yield "angles: the grid comes back at any; loads follow every ten seconds, and only while they were seen"
    if all(cycle.seen.weather.irradiance_w_per_m2 is None for cycle in cycles) and box.head.hub.pv:
        yield "the sun: nobody measured it"
    if any(cycle.failed for cycle in cycles):
        yield "the failure of judgement itself"
    if box.gaps:
        yield f"{sum(last - first + 1 for first, last in box.gaps)} cycles that are missing in the file"
    if any(cycle.advice.plan or cycle.advice.notices for cycle in cycles):
        yield "plan and notices"
