"""A report as a directory: written by `hallig bench run --report`, read again by `report` and `compare`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.plain_words import in_words
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

    Raises ReportError when a baseline was named that is none, and OSError when the folder cannot be written; a report
    that was there before is then as it was.
    """
    report = Report(about, tuple(in_order(tuple(results))), green_before(folder, baseline))
    with _whole_or_not_at_all(folder) as new:
        (new / TRACES).mkdir()
        for result in report.results:
            (new / TRACES / f"{file_stem(result)}.csv.gz").write_bytes(trace_bytes(result.trace))
        with (new / EVENTS).open("w", encoding="utf-8") as file:
            file.writelines(event_lines(report.results))
        (new / FILE).write_text(report_json(report), encoding="utf-8")
        _write_what_says_nothing_new(new, report)
    kept = {f"{file_stem(result)}.csv.gz" for result in report.results}
    for path in (folder / TRACES).glob("*.csv.gz"):
        if path.name not in kept:
            path.unlink()  # of the report before: it belongs to no verdict here
    return report


def render(folder: Path, report: Report) -> None:
    """The two files that say nothing new. Raises OSError, and then has changed nothing."""
    with _whole_or_not_at_all(folder) as new:
        _write_what_says_nothing_new(new, report)


def _write_what_says_nothing_new(folder: Path, report: Report) -> None:
    (folder / JUNIT).write_bytes(junit(report))
    (folder / PAGE).write_text(report_page(report), encoding="utf-8")


@contextmanager
def _whole_or_not_at_all(folder: Path) -> Iterator[Path]:
    """A folder to write into; its files take their places when all of them are whole."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".new-", dir=folder) as temporary:
        new = Path(temporary)
        yield new
        for path in sorted(each for each in new.rglob("*") if each.is_file()):
            place = folder / path.relative_to(new)
            place.parent.mkdir(exist_ok=True)
            path.replace(place)


def read(folder: Path) -> Report:
    """All of it again, traces and logs included. Raises ReportError."""
    report = _with_logs(read_report(folder / FILE), folder)
    try:
        results = [
            replace(result, trace=read_trace(folder / TRACES / f"{file_stem(result)}.csv.gz"))
            for result in report.results
        ]
    except (OSError, ValueError) as error:
        raise ReportError(f"{folder}: {in_words(error)}") from None
    return replace(report, results=tuple(results))


def green_before(folder: Path, baseline: Path | None) -> Green:
    """The last green runs of the baseline, else of the report that is in the folder; none there: empty.

    Without events.jsonl beside it a results.json still has metrics and hashes. Raises ReportError.
    """
    path = baseline or folder / FILE
    path = path / FILE if path.is_dir() else path
    if baseline is None and not path.is_file():
        return {}
    report = read_report(path)
    return (_with_logs(report, path.parent) if (path.parent / EVENTS).is_file() else report).green


def _with_logs(report: Report, folder: Path) -> Report:
    try:
        logs = read_events(folder / EVENTS)
    except (OSError, ValueError, KeyError) as error:
        raise ReportError(f"{folder}: {in_words(error)}") from None
    pairs = [(result, log_of(logs, result)) for result in report.results]
    results = [replace(result, events=tuple(log.events), marks=tuple(log.marks)) for result, log in pairs]
    return replace(report, results=tuple(results))
