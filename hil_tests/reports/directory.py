"""A report as a directory: written by `hallig bench run --report`, read again by `report` and `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hil_tests.bench.verdict import Result
from hil_tests.reports.circumstances import Circumstances
from hil_tests.reports.events import event_lines, log_of, read_events
from hil_tests.reports.junit import junit
from hil_tests.reports.names import file_stem, in_order
from hil_tests.reports.page import report_page
from hil_tests.reports.records import FILE, Green, Report, ReportError, read_report, report_json
from hil_tests.reports.traces import read_trace, trace_bytes

EVENTS, JUNIT, PAGE, TRACES = "events.jsonl", "junit.xml", "report.html", "traces"


def write(folder: Path, results: Sequence[Result], about: Circumstances, baseline: Path | None = None) -> Report:
    """Everything. The baseline is another report's file or folder, else the report that this one replaces.

    Raises ReportError when a baseline was named that is none, and OSError when the folder cannot be written.
    """
    report = Report(about, tuple(in_order(tuple(results))), _green_before(folder, baseline))
    (folder / TRACES).mkdir(parents=True, exist_ok=True)
    kept = {f"{file_stem(result)}.csv.gz" for result in report.results}
    for path in (folder / TRACES).glob("*.csv.gz"):
        if path.name not in kept:
            path.unlink()  # of the report before: it belongs to no verdict here
    for result in report.results:
        (folder / TRACES / f"{file_stem(result)}.csv.gz").write_bytes(trace_bytes(result.trace))
    with (folder / EVENTS).open("w", encoding="utf-8") as file:
        file.writelines(event_lines(report.results))
    (folder / FILE).write_text(report_json(report), encoding="utf-8")
    render(folder, report)
    return report


def render(folder: Path, report: Report) -> None:
    """The two files that say nothing new."""
    (folder / JUNIT).write_bytes(junit(report))
    (folder / PAGE).write_text(report_page(report), encoding="utf-8")


def read(folder: Path) -> Report:
    """All of it again, traces and logs included. Raises ReportError."""
    report = read_report(folder / FILE)
    try:
        logs = read_events(folder / EVENTS)
        results = [
            replace(
                result,
                trace=read_trace(folder / TRACES / f"{file_stem(result)}.csv.gz"),
                events=tuple(log_of(logs, result).events),
                marks=tuple(log_of(logs, result).marks),
            )
            for result in report.results
        ]
    except (OSError, ValueError, KeyError) as error:
        raise ReportError(f"{folder}: {error}") from None
    return replace(report, results=tuple(results))


def _green_before(folder: Path, baseline: Path | None) -> Green:
    if baseline is None:
        path = folder / FILE
        return read_report(path).green if path.is_file() else {}
    return read_report(baseline / FILE if baseline.is_dir() else baseline).green
