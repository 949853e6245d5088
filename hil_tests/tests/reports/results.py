"""Results as a bench would make them, without playing anything."""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import replace
from typing import Any

from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from hil_tests.bench.scenario import Tier
from hil_tests.bench.trace import Trace
from hil_tests.bench.verdict import Finding, Result, Verdict
from hil_tests.reports.circumstances import Circumstances
from hil_tests.reports.names import in_order
from hil_tests.reports.records import Green, Report

ABOUT = Circumstances(
    1_795_000_000.0, "bench-pc, Linux, 2 cores", "9.8.7", "Python 3.11", "abc123", "feed", "hallig bench run"
)
LOST = Event(
    EventKind.GRID_VERDICT, Reason.GRID_DEAD, "grid", {"verdict": "lost"}, "grid: grid_verdict", {"held_s": 0.1}
)
ISLAND = Event(EventKind.MODE_CHANGED, Reason.ISLAND_FORMED, "hub", {"from": "grid_connected", "to": "islanded"})
BROKEN = Finding("I2", 10.2, "closed 14° apart <b>&</b>")


def trace(seconds: int = 30, per_s: int = 4) -> Trace:
    """A blackout at 10 s; the bus is dark for a while."""
    t_s = array("d", [number / per_s for number in range(seconds * per_s)])
    after = [t >= 10.0 for t in t_s]
    dark = [10.0 <= t < 10.5 for t in t_s]
    return Trace(
        t_s,
        {
            "bus.voltage_ratio": [0.0 if is_dark else 0.99 for is_dark in dark],
            "bus.frequency_hz": [None if is_dark else 50.0 for is_dark in dark],
            "grid.voltage_ratio": [0.0 if is_late else 1.0 for is_late in after],
            "poi.power_w": [0.0 if is_late else 40_000.0 for is_late in after],
            "poi.closed": [not is_late for is_late in after],
            "controller.mode": ["islanded" if is_late else "grid_connected" for is_late in after],
            "battery.main.power_w": [35_000.0 if is_late else 0.0 for is_late in after],
            "battery.main.soc_pct": [80.0 - 0.01 * t for t in t_s],
            "genset.diesel.power_w": [0.0 for _ in t_s],
        },
    )


def busy_trace(seed: int) -> Trace:
    """Nothing rests: the worst that a page can have to draw."""
    rng = random.Random(seed)
    t_s = array("d", [number / 20.0 for number in range(6000)])
    spans = {"voltage_ratio": (0.0, 1.3), "frequency_hz": (47.0, 52.0), "power_w": (-6e4, 6e4), "soc_pct": (0.0, 100.0)}
    names = ["bus.voltage_ratio", "grid.voltage_ratio", "bus.frequency_hz", "grid.frequency_hz", "poi.power_w"]
    names += ["load.power_w", "battery.a.power_w", "pv.a.power_w", "genset.a.power_w", "battery.a.soc_pct"]
    columns: dict[str, list[Any]] = {
        name: [rng.uniform(*spans[name.rpartition(".")[2]]) for _ in t_s] for name in names
    }
    return Trace(t_s, columns | {"controller.mode": ["islanded"] * len(t_s)})


def result(scenario_id: str = "ISL-003", **changes: Any) -> Result:
    """A pass, but for the changes."""
    seed, tier = changes.get("seed", 42), changes.get("tier", Tier.T0)
    plain = Result(
        scenario_id=scenario_id,
        title="Blackout at night",
        tier=tier,
        seed=seed,
        verdict=Verdict.PASS,
        findings=(),
        metrics={"backfeed_j": 12.5, "poi_operations_count": 1.0},
        trace=trace(),
        events=((10.16, LOST), (10.46, ISLAND)),
        marks=((10.0, "grid.blackout fall_s=0.02"),),
        trace_hash="f018ee049291aa",
        plant_s=30.0,
        wall_s=0.25,
        repeat_line=f"hallig bench run {scenario_id} --seeds {seed} --tier {tier.value}",
        clauses=("IEEE 2030.7 T2", "hub risk R-07"),
        tags=("islanding",),
        properties={"hub": "musterhallig"},
    )
    return replace(plain, **changes)


def one_of_each() -> list[Result]:
    """Every outcome there is."""
    gap: dict[str, Any] = {"expected_to_fail": True, "gap": "waits for a person"}
    late = Finding("bench", 3.0, "the plant was 40 ms late")
    return in_order(
        [
            result("ISL-001"),
            result("ISL-001", seed=43),
            result("ISL-002", verdict=Verdict.FAIL, findings=(BROKEN, Finding("I27", 11.0, "chatty", is_hard=False))),
            result("BLK-001", verdict=Verdict.FAIL, findings=(BROKEN,), **gap),
            result("BLK-002", **gap),
            result(
                "COM-001", tier=Tier.T2, verdict=Verdict.INVALID, findings=(late,), metrics={"cycle_p99_s": math.nan}
            ),
        ]
    )


def report(results: list[Result] | None = None, green_before: Green | None = None) -> Report:
    """Of one of each."""
    return Report(ABOUT, tuple(results or one_of_each()), green_before or {})
