"""The report of a drill, for programs and for people, with the times of those before it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from controller import __version__

if TYPE_CHECKING:
    from controller.commands.drill_plan import Plan
    from controller.commands.drill_run import Outcome

TIMES = ("prepare_s", "transfer_s", "break_max_s", "return_s")
NAMES = {"prepare_s": "prepare", "transfer_s": "transfer", "break_max_s": "break, at most", "return_s": "return"}
TREND_COUNT = 12  # earlier drills: a year of monthly ones
SLOWER_RATIO, SLOWER_S = 1.5, 0.5  # by both, or it is no news

Report = dict[str, Any]


def write_report(folder: Path, plan: Plan, outcome: Outcome) -> tuple[Path, Report]:
    """Keep this drill, beside the earlier ones. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    earlier = earlier_reports(folder, plan.hub)
    report: Report = {"hub": plan.hub, "version": __version__, "plan": plan.as_json(), **asdict(outcome)}
    report["trend"] = trend(report, earlier)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(outcome.began_unix_s))
    path = folder / f"drill-{plan.hub}-{stamp}.json"
    _write(path, json.dumps(report, indent=1) + "\n")
    _write(path.with_suffix(".txt"), "\n".join(lines(report, earlier)) + "\n")
    return path, report


def earlier_reports(folder: Path, hub: str) -> list[Report]:
    """The newest of this hub, oldest first. What cannot be read is none."""
    found = []
    for path in sorted(folder.glob(f"drill-{hub}-*.json"))[-TREND_COUNT:]:
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(report, dict) and report.get("hub") == hub:
            found.append(report)
    return found


def trend(report: Mapping[str, Any], earlier: Sequence[Report]) -> dict[str, Any]:
    """Each time beside the median of the earlier drills that passed, and whether it has become slower."""
    passed = [each for each in earlier if each.get("result") == "passed"]
    found: dict[str, Any] = {"earlier_count": len(earlier), "passed_count": len(passed)}
    for name in TIMES:
        before = [float(each[name]) for each in passed if isinstance(each.get(name), int | float)]
        usual_s, now_s = (round(median(before), 3) if before else None), report[name]
        is_slower = (
            usual_s is not None and now_s is not None and now_s > max(SLOWER_RATIO * usual_s, usual_s + SLOWER_S)
        )
        found[name] = {"usual_s": usual_s, "is_slower": is_slower}
    return found


def lines(report: Mapping[str, Any], earlier: Sequence[Report]) -> Iterator[str]:
    """For people."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report["began_unix_s"]))
    why = f": {report['reason']}" if report["reason"] else ""
    yield f"Drill of '{report['hub']}', {when}: {report['result']}{why}"
    for name in TIMES:
        told = report["trend"][name]
        usual = "" if told["usual_s"] is None else f"   usually {told['usual_s']:.1f} s"
        yield f"  {NAMES[name]:<15}{_seconds(report[name])}{usual}{'   SLOWER' if told['is_slower'] else ''}"
    yield f"  {'island':<15}{_seconds(report['island_s'])}"
    yield f"  {'charge':<15}{_pct(report['charge_before_pct'])} before, {_pct(report['charge_after_pct'])} after"
    yield f"  {'shed':<15}{', '.join(report['shed']) or 'nothing'}"
    if earlier:
        yield f"Earlier: {len(earlier)}, of which passed: {report['trend']['passed_count']}"
    for each in earlier:
        day = time.strftime("%Y-%m-%d", time.localtime(float(each.get("began_unix_s", 0.0))))
        times = "  ".join(f"{NAMES[name]} {_seconds(each.get(name)).strip()}" for name in TIMES)
        yield f"  {day}  {each.get('result', '?'):<8} {times}"


def _seconds(value: float | None) -> str:
    return "      -" if value is None else f"{value:7.1f} s"


def _pct(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} %"


def _write(path: Path, text: str) -> None:
    """Whole, or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)  # noqa: PTH105  (atomic)
