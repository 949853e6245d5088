"""`hallig bench fuzz` and `hallig bench crash`: random stories, and the controller killed wherever it switches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from hil_tests.bench_cli.selection import seeds
from hil_tests.fuzz.main import FuzzOptions, Progress, Say
from hil_tests.fuzz.main import fuzz as play
from hil_tests.fuzz.stories import Aim


def fuzz(seeds_text: str, processes_count: int | None, wanted: str, folder: Path, *, as_json: bool) -> int:
    """Play them; exit code 1 when something broke. Raises CommandError."""
    chosen = seeds(seeds_text) or (1,)
    aims = tuple(Aim) if wanted == "both" else (Aim(wanted),)
    options = FuzzOptions(chosen[0], chosen[-1], aims, processes_count, folder, as_json)
    with bar("stories", quiet=as_json) as (say, progress):
        return play(options, say, progress)


@contextmanager
def bar(what: str, *, quiet: bool) -> Iterator[tuple[Say, Progress | None]]:
    """How to say a line, and a bar on a terminal that says how far it is."""
    console = Console(stderr=True)
    if quiet or not (console.is_terminal and sys.stdout.isatty()):
        yield print, None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as shown:
        task = shown.add_task(what, total=None)

        def say(line: str) -> None:
            shown.console.print(line, markup=False, highlight=False, soft_wrap=True)

        def progress(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield say, progress
