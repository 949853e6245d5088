"""`hallig bench report` and `compare`: reports that are there already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from controller.commands.frame import OK, PROBLEM, USAGE, CommandError, print_json, print_lines
from hil_tests.reports.compare import as_json, compare
from hil_tests.reports.directory import JUNIT, PAGE, green_before, read, render
from hil_tests.reports.records import Report, ReportError


def render_again(folder: Path, baseline: Path | None, *, as_json: bool) -> int:
    """The page and JUnit from results, traces and logs; perhaps against another baseline. Raises CommandError."""
    report = _read(folder)
    if baseline is not None:
        try:
            green = green_before(folder, baseline)
        except ReportError as error:
            raise _refused(error) from None
        report = replace(report, green_before=green)
    render(folder, report)
    if as_json:
        print_json({"page": str(folder / PAGE), "junit": str(folder / JUNIT), "runs": len(report.results)})
    else:
        print_lines([f"written: {folder / PAGE}", f"written: {folder / JUNIT}"])
    return OK


def compare_reports(before: Path, after: Path, tolerance_ratio: float, *, as_documents: bool) -> int:
    """Exit code 1 where they differ. Raises CommandError."""
    left, right = _read(before), _read(after)
    found = compare(left, right, tolerance_ratio)
    if as_documents:
        print_json(as_json(found))
    elif found:
        print_lines([*map(str, found), f"{len(found)} difference{'s' * (len(found) != 1)}"])
    else:
        print_lines([f"the same: {len(left.results)} runs"])
    return PROBLEM if found else OK


def _read(folder: Path) -> Report:
    try:
        return read(folder)
    except ReportError as error:
        raise _refused(error) from None


def _refused(error: ReportError) -> CommandError:
    return CommandError("report", USAGE, str(error), "A report is a folder that 'hallig bench run --report' wrote.")
