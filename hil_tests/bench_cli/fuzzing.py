"""`hallig bench fuzz`: random hubs and stories on all cores; what breaks is made small and kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from hil_tests.bench_cli.selection import seeds
from hil_tests.fuzz.main import FuzzOptions, Progress, Say
from hil_tests.fuzz.main import fuzz as play
from hil_tests.fuzz.minimise import PLANT_S_MAX
from hil_tests.fuzz.stories import Aim


@dataclass(frozen=True, slots=True)
class FuzzRequest:
    """What the command line said."""

    seeds: str
    processes_count: int | None
    aim: str  # or "both"
    folder: Path
    budget_s: float | None
    as_json: bool


def fuzz(request: FuzzRequest) -> int:
    """Play them; exit code 1 when something broke. Raises CommandError."""
    chosen = seeds(request.seeds) or (1,)
    aims = tuple(Aim) if request.aim == "both" else (Aim(request.aim),)
    budget_s = PLANT_S_MAX if request.budget_s is None else request.budget_s
    jobs, folder = request.processes_count, request.folder
    options = FuzzOptions(chosen[0], chosen[-1], aims, jobs, folder, request.as_json, budget_s)
    with bar("stories", quiet=request.as_json) as (say, progress):
        return play(options, say, progress)


@contextmanager
def bar(what: str, *, quiet: bool) -> Iterator[tuple[Say, Progress | None]]:
    """How to say a line, and a bar on a terminal that says how far it is."""
    console = Console(stderr=True)
    if quiet or not (console.is_terminal and sys.stdout.isatty()):
        yield print, None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, auto_refresh=False) as shown:  # no thread: some parts fork
        task = shown.add_task(what, total=None)

        def say(line: str) -> None:
            shown.console.print(line, markup=False, highlight=False, soft_wrap=True)

        def progress(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, refresh=True)

        yield say, progress
