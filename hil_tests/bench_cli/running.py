"""`hallig bench run`: play what was chosen, tell how it went, write the report."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from controller.commands.frame import (
    INTERRUPTED,
    INVALID,
    OK,
    PROBLEM,
    USAGE,
    CommandError,
    print_json,
    print_lines,
    remark,
)
from hil_tests.bench.durations import spoken
from hil_tests.bench.verdict import Result
from hil_tests.bench_cli import selection
from hil_tests.bench_cli.pool import OnResult, play_all
from hil_tests.reports.circumstances import circumstances
from hil_tests.reports.directory import PAGE, green_before, write
from hil_tests.reports.junit import wrong_mark
from hil_tests.reports.names import OUTCOMES, label
from hil_tests.reports.records import ReportError, run_json

FINDINGS_TOLD = 3  # of one run in the terminal; all are in the report
WORDS = {"known_gap": "known gap", "mark_is_wrong": "mark is wrong"}


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line said."""

    words: Sequence[str]
    folders: Sequence[Path]
    tiers: Sequence[str] | None
    seeds: str | None
    processes_count: int
    report: Path | None
    baseline: Path | None
    as_json: bool


def run_scenarios(options: RunOptions) -> int:
    """Exit code: 1 when a run failed or a mark is wrong, else 4 when one is invalid, else 0; 130 when Ctrl-C ended it
    early, and then the report is of the runs that were played until then. Raises CommandError.
    """
    tiers = selection.tiers_of(options.tiers)
    seeds = selection.seeds(options.seeds)
    chosen = selection.select(selection.load(options.words, options.folders), options.words)
    jobs = selection.jobs(chosen, tiers, seeds, keeps_trace=options.report is not None)
    _prepare(options)
    with _told(len(jobs), quiet=options.as_json) as on_result:
        results = play_all(jobs, options.processes_count, on_result)
    unplayed_count = len(jobs) - len(results)
    folder = options.report if results else None  # where nothing was played, a report that was there stays
    unwritten = None if folder is None else _write(options, folder, results, unplayed_count)
    report = folder if unwritten is None else None
    left_out = selection.left_out(chosen, tiers)
    if options.as_json:
        ended_early = {"exit_code": INTERRUPTED, "passed": False} if unplayed_count else {}
        print_json({**as_json(results, report), **ended_early, "unplayed": unplayed_count, "not_played": left_out})
    else:
        print_lines(summary(results, report))
        print_lines([f"not played, for they run in other tiers: {', '.join(left_out)}"] if left_out else [])
        print_lines([f"ended early: {unplayed_count} of {len(jobs)} runs were not played"] if unplayed_count else [])
    if unwritten is not None:
        raise unwritten
    return INTERRUPTED if unplayed_count else exit_code(results)


def exit_code(results: Sequence[Result]) -> int:
    """Of all runs together."""
    outcomes = {result.outcome for result in results}
    if outcomes & {"fail", "mark_is_wrong"}:
        return PROBLEM
    return INVALID if "invalid" in outcomes else OK


def line(result: Result) -> str:
    """One run in a line."""
    word = WORDS.get(result.outcome, result.outcome)
    return f"{word:<13}  {label(result):<22} {spoken(round(result.plant_s, 2))} in {result.wall_s:.1f} s"


def summary(results: Sequence[Result], report: Path | None) -> Iterator[str]:
    """What is to be looked at, each with the line that repeats it, and the sum."""
    for result in results:
        if not result.is_as_expected:
            yield from _troubles(result)
    gaps = sorted({(result.scenario_id, result.gap) for result in results if result.outcome == "known_gap"})
    yield from (f"known gap {scenario_id}: {gap}" for scenario_id, gap in gaps)
    counts = Counter(result.outcome for result in results)
    parts = [f"{counts[name]} {WORDS.get(name, name)}" for name in OUTCOMES if counts[name]]
    yield f"{len(results)} run{'s' * (len(results) != 1)}: {', '.join(parts)}"
    yield f"report: {report / PAGE}" if report is not None else "with --report DIR: a page with plots, JUnit, traces"


def as_json(results: Sequence[Result], report: Path | None) -> dict[str, Any]:
    """For programs."""
    counts = Counter(result.outcome for result in results)
    return {
        "passed": exit_code(results) == OK,
        "exit_code": exit_code(results),
        "counts": {name: counts[name] for name in OUTCOMES},
        "report": None if report is None else str(report),
        "runs": [run_json(result) for result in results],
    }


def _troubles(result: Result) -> Iterator[str]:
    yield f"{WORDS.get(result.outcome, result.outcome)}: {label(result)} {result.title}"
    if about_mark := wrong_mark(result):
        yield f"    {about_mark}"
    hard = [finding for finding in result.findings if finding.is_hard]
    yield from (f"    {finding}" for finding in hard[:FINDINGS_TOLD])
    if len(hard) > FINDINGS_TOLD:
        yield f"    and {len(hard) - FINDINGS_TOLD} more"
    yield f"    again: {result.repeat_line}"


def _prepare(options: RunOptions) -> None:
    """What would make an hour of runs worthless at its end is found out before."""
    if options.baseline is not None and not options.baseline.exists():
        raise CommandError("usage", USAGE, f"there is no baseline {options.baseline}", "It is a results.json.")
    if options.baseline is not None and options.report is None:
        raise CommandError("usage", USAGE, "--baseline needs --report", "The comparison is a part of the report.")
    if options.report is not None:
        options.report.mkdir(parents=True, exist_ok=True)
        try:
            green_before(options.report, options.baseline)
        except ReportError as error:
            raise CommandError("report", USAGE, str(error), "Choose another folder, or another --baseline.") from None


def _write(options: RunOptions, folder: Path, results: Sequence[Result], unplayed_count: int) -> CommandError | None:
    """What went wrong, to be said after the verdicts: an hour of runs is not lost for want of a page."""
    try:
        about = replace(circumstances(["hallig", *sys.argv[1:]]), unplayed_count=unplayed_count)
        write(folder, results, about, options.baseline)
    except ReportError as error:
        return CommandError("report", PROBLEM, str(error), "Choose another folder, or another --baseline.")
    except OSError as error:
        what = f"the report in {folder} could not be written: {error.strerror or error}"
        return CommandError("report", INVALID, what, "A report that was there before is as it was.")
    return None


@contextmanager
def _told(count: int, *, quiet: bool) -> Iterator[OnResult]:
    """A bar on a terminal, a line for each run elsewhere; with `--json` the lines go to the error stream."""
    console = Console(stderr=True)
    if quiet or not (console.is_terminal and sys.stdout.isatty()):
        yield (lambda result: remark(line(result))) if quiet else (lambda result: print_lines([line(result)]))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("scenarios", total=count)

        def told(result: Result) -> None:
            if result.outcome != "pass":
                progress.console.print(line(result), markup=False, highlight=False)
            progress.update(task, advance=1, description=result.scenario_id)

        yield told
