"""results.json: every verdict, metric and hash for programs, and for the next report to compare with."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from controller.plain_words import in_words
from hil_tests.bench.scenario import Tier
from hil_tests.bench.trace import Trace
from hil_tests.bench.verdict import Finding, Result, Verdict
from hil_tests.reports.circumstances import Circumstances
from hil_tests.reports.events import said
from hil_tests.reports.names import file_stem, label

SCHEMA = 2
FILE = "results.json"
LOG_KEPT = 120  # lines of a green run; a first difference comes early, or its cause did


@dataclass(frozen=True, slots=True)
class GreenRun:
    """A run that passed, as far as the next one is compared with it. An empty log: not known."""

    date: str
    git: str
    trace_hash: str
    metrics: Mapping[str, float]
    log: tuple[str, ...]


Green = Mapping[str, GreenRun]
"""The last run that passed, by its label."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report tells. `green_before`: what its runs are compared with."""

    circumstances: Circumstances
    results: tuple[Result, ...]
    green_before: Green = field(default_factory=dict)

    @property
    def green(self) -> Green:
        """What the next report compares with."""
        passed = {label(one): _green(one, self.circumstances) for one in self.results if one.outcome == "pass"}
        return {**self.green_before, **passed}


class ReportError(Exception):
    """A folder holds no report that can be read."""


def report_json(report: Report) -> str:
    """The file."""
    document = {
        "schema": SCHEMA,
        "circumstances": asdict(report.circumstances),
        "runs": [run_json(result) for result in report.results],
        "green_before": {
            name: {**asdict(green), "metrics": _finite(green.metrics)} for name, green in report.green_before.items()
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False, default=str) + "\n"


def run_json(result: Result) -> dict[str, Any]:
    """One run without its trace and its log, which have files of their own."""
    return {
        "scenario": result.scenario_id,
        "title": result.title,
        "tier": result.tier.value,
        "seed": result.seed,
        "verdict": result.verdict.value,
        "outcome": result.outcome,
        "is_as_expected": result.is_as_expected,
        "findings": [asdict(finding) for finding in result.findings],
        "metrics": _finite(result.metrics),
        "trace_hash": result.trace_hash,
        "trace": f"traces/{file_stem(result)}.csv.gz",
        "plant_s": result.plant_s,
        "wall_s": round(result.wall_s, 3),
        "expected_to_fail": result.expected_to_fail,
        "gap": result.gap,
        "announced": list(result.announced),
        "repeat_line": result.repeat_line,
        "clauses": list(result.clauses),
        "tags": list(result.tags),
        "demands": list(result.demands),
        "exceptions": list(result.exceptions),
        "properties": dict(result.properties),
    }


def read_report(path: Path) -> Report:
    """A results.json, without traces and logs. Raises ReportError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ReportError(f"{path}: of schema {document['schema']}, this hallig reads {SCHEMA}")
        return Report(
            Circumstances(**document["circumstances"]),
            tuple(_run(entry) for entry in document["runs"]),
            {name: _green_again(entry) for name, entry in document["green_before"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, OSError):
            raise ReportError(in_words(error)) from None  # which names the file
        is_other = isinstance(error, KeyError | TypeError)
        raise ReportError(f"{path}: {'no report of the bench' if is_other else in_words(error)}") from None


def _run(entry: Mapping[str, Any]) -> Result:
    return Result(
        scenario_id=entry["scenario"],
        title=entry["title"],
        tier=Tier(entry["tier"]),
        seed=entry["seed"],
        verdict=Verdict(entry["verdict"]),
        findings=tuple(Finding(**finding) for finding in entry["findings"]),
        metrics=_numbers(entry["metrics"]),
        trace=Trace(),
        events=(),
        marks=(),
        trace_hash=entry["trace_hash"],
        plant_s=entry["plant_s"],
        wall_s=entry["wall_s"],
        expected_to_fail=entry["expected_to_fail"],
        gap=entry["gap"],
        announced=tuple(entry["announced"]),
        repeat_line=entry["repeat_line"],
        clauses=tuple(entry["clauses"]),
        tags=tuple(entry["tags"]),
        demands=tuple(entry["demands"]),
        exceptions=tuple(entry["exceptions"]),
        properties=entry["properties"],
    )


def _green(result: Result, about: Circumstances) -> GreenRun:
    log = tuple(str(line) for line in said(result)[:LOG_KEPT])
    return GreenRun(about.date, about.git, result.trace_hash, result.metrics, log)


def _green_again(entry: Mapping[str, Any]) -> GreenRun:
    return GreenRun(**{**entry, "metrics": _numbers(entry["metrics"]), "log": tuple(entry["log"])})


def _numbers(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in metrics.items()}


def _finite(metrics: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no word for what is no number."""
    return {name: value if math.isfinite(value) else None for name, value in sorted(metrics.items())}
