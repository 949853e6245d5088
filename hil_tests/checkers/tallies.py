"""What is counted once, at the end of a run: closings, orders, lines of the log, and what the panels of gensets say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from controller.config.types import Site
from controller.model.reasons import EventKind
from controller.model.words import Mode
from hil_tests.bench.scene import Received, Scene
from hil_tests.bench.verdict import Finding

REVERSED_S = 10.0  # an operation taken back within this, without a new cause, was wrong
SET_POINTS = frozenset({"I8", "I8b"})
NOBODY_WAS_TOLD = frozenset({"I12b", "I16"})
COUNTED = (EventKind.ALARM, EventKind.VETOED, EventKind.REQUEST_REFUSED)


def tallies(scene: Scene, findings: Sequence[Finding]) -> dict[str, float]:
    """All of them by their names; of closings only where there were any."""
    values = _closings(scene) | _orders(scene) | _gensets(scene)
    values["backfeed_j"] = scene.plant.backfeed_j
    values["poi_operations_count"] = float(scene.plant.poi.operations_count)
    for kind in COUNTED:
        values[f"{kind.value}_count"] = float(sum(event.kind is kind for _, event in scene.controller.events))
    values["alarms_missed_count"] = float(sum(each.source in NOBODY_WAS_TOLD for each in findings))
    values["setpoint_violations_count"] = float(sum(each.source in SET_POINTS for each in findings))
    for name, feeder in scene.plant.feeders.items():
        if feeder.fridges is not None:
            values[f"cold_chain_c_min.{name}"] = feeder.fridges.warm_c_min
    return values


def tally_names(site: Site) -> set[str]:
    """What can be asked for on this hub."""
    fixed = {
        "backfeed_j", "poi_operations_count", "sync_angle_max_deg", "sync_slip_max_hz", "sync_voltage_max_ratio",
        "reclosing_peak_pu", "operations_count", "wrong_operations_count", "fuel_l", "alarms_missed_count",
        "setpoint_violations_count", *(f"{kind.value}_count" for kind in COUNTED),
    }  # fmt: skip
    fixed |= {f"operations_count.{name}" for name in ("poi", *site.hub.feeders)}
    fixed |= {f"cold_chain_c_min.{name}" for name in site.hub.feeders}
    return fixed | {f"{what}.{name}" for name in site.hub.gensets for what in GENSET}


def detected_at_s(scene: Scene, lost_s: float) -> float | None:
    """When the controller's log first said that the grid is not good, or that it transfers."""
    for at_s, event in scene.controller.events:
        is_verdict = event.kind is EventKind.GRID_VERDICT and event.values.get("verdict") != "ok"
        transfers = event.kind is EventKind.MODE_CHANGED and event.values.get("to") == Mode.UNPLANNED_ISLANDING.value
        if at_s >= lost_s and (is_verdict or transfers):
            return at_s
    return None


def _closings(scene: Scene) -> dict[str, float]:
    """The worst contact between two live sides, and the current that it would have driven."""
    live = [closing for closing in scene.plant.poi.closings if closing.kind == "live_live"]
    if not live:
        return {}
    return {
        "sync_angle_max_deg": max(abs(closing.angle_deg) for closing in live),
        "sync_slip_max_hz": max(abs(closing.slip_hz) for closing in live),
        "sync_voltage_max_ratio": max(closing.voltage_difference_ratio for closing in live),
        "reclosing_peak_pu": max(impact.prospective_pu for impact in scene.plant.impacts),
    }


def _orders(scene: Scene) -> dict[str, float]:
    """Switching orders by contact, and those that were taken back within ten seconds for no new cause."""
    counts: dict[str, float] = {f"operations_count.{name}": 0.0 for name in ("poi", *scene.site.hub.feeders)}
    last: dict[str, tuple[float, bool]] = {}
    wrong = 0
    for name, order, closes in _switchings(scene):
        at_s, closed = last.get(name, (-math.inf, closes))
        is_back = closes is not closed and order.at_s - at_s < REVERSED_S
        wrong += is_back and not _has_happened(scene, name, at_s, order.at_s)
        last[name] = order.at_s, closes
        counts[f"operations_count.{name}"] += 1.0
    return counts | {"operations_count": sum(counts.values()), "wrong_operations_count": float(wrong)}


def _switchings(scene: Scene) -> Iterator[tuple[str, Received, bool]]:
    """Contact, order, and whether it closes."""
    poi = scene.site.hub.poi.id
    for order in scene.orders:
        if order.asset == poi and order.field in {"open", "close"} and order.value is True:
            yield "poi", order, order.field == "close"
        elif order.field == "closed" and order.asset in scene.site.hub.feeders:
            yield order.asset, order, bool(order.value)


def _has_happened(scene: Scene, name: str, after_s: float, until_s: float) -> bool:
    """The bench has done something in between: grid, weather, loads, a person, a fault or its end.

    Or somebody was told to form: a feeder has to be off while a dead bus comes to life, and comes on again.
    """
    formed_s = (at_s for at_s, event in scene.controller.events if event.kind is EventKind.ORDERED_FORM)
    causes_s = (*(at_s for at_s, _ in scene.marks), *(formed_s if name != "poi" else ()))
    return any(after_s < at_s <= until_s for at_s in causes_s)


GENSET = ("genset_starts_count", "genset_run_s", "genset_low_load_s")


def _gensets(scene: Scene) -> dict[str, float]:
    """Fuel, starts that were ordered, and what the panel counts: time it ran, and time with too little load."""
    values: dict[str, float] = {"fuel_l": 0.0}
    for name, genset in scene.plant.gensets.items():
        values["fuel_l"] += genset.run_book.fuel_used_l
        runs = [order for order in scene.orders if order.asset == name and order.field == "run"]
        starts = sum(
            order.value is True and (number == 0 or runs[number - 1].value is not True)
            for number, order in enumerate(runs)
        )
        counted = (float(starts), genset.run_book.run_s, genset.run_book.low_load_s)
        values |= {f"{what}.{name}": value for what, value in zip(GENSET, counted, strict=True)}
    return values
