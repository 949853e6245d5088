"""Does a test notice when the guard is wrong? Every small lie about its source is told once, and must be found out.

`python -m hil_tests.mutation [module ...]` plants every mutant of the guard and runs the guard's stories against it. A
coverage figure says which lines were run; only this says that somebody looked at the result. Rule tables, limits and
default values are mutated like everything else, which off-the-shelf mutators leave out: a row missing from a table is
the likeliest mistake here.

Exit 1 when a mutant survives that `EQUIVALENT` does not explain, when an explanation is stale, or when the stories do
not take every branch. Each mutant lives in a forked process; the stories run there without pytest's machinery, which
is what makes this affordable in every CI run. The property tests are left out: a gate must not depend on luck.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.util
import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from controller import clock
from hil_tests.mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "controller" / "guard"
STORIES = ROOT / "hil_tests" / "tests" / "guard"
STORIES_ONLY = "--stories-only"
LEFT_OUT = {"test_properties", "test_mutation"}
EQUIVALENT: dict[str, str] = {}  # key of a mutant that changes nothing -> why; none is needed so far
PROCESSES = max(2, os.cpu_count() or 1)
PRELOADED = (  # nothing of the guard: every process imports its own
    "hypothesis", "pytest", "controller.model.commands", "controller.model.decision", "controller.model.image",
    "controller.model.memory", "hil_tests.tests.guard.hubs",
)  # fmt: skip
PATIENCE_S = 20  # an endless loop is found out too
SURVIVED, BROKEN, KILLED_BY = 0, 1, 10  # exit codes; a signal's is negative


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves one mutated module in place of the true one."""

    def __init__(self, name: str, code: CodeType) -> None:
        self.name, self.code = name, code

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """The mutated module, and no other."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the lie."""
        exec(self.code, module.__dict__)


@dataclass(slots=True)
class Run:
    """What is under way and what came out."""

    waiting: list[Mutant]
    under_way: dict[int, Mutant] = field(default_factory=dict)
    survivors: list[Mutant] = field(default_factory=list)
    killers: dict[str, int] = field(default_factory=dict)  # by function: the file whose stories found the last lie

    def finish(self) -> None:
        """Until every mutant has lived and, we hope, died."""
        while self.waiting or self.under_way:
            while self.waiting and len(self.under_way) < PROCESSES:
                mutant = self.waiting.pop()
                first = self.killers.get(mutant.function)
                self.under_way[_in_a_fork(lambda mutant=mutant, first=first: _killer(mutant, first))] = mutant  # type: ignore[misc]
            process, status = os.wait()
            mutant, code = self.under_way.pop(process), os.waitstatus_to_exitcode(status)
            if code == SURVIVED:
                self.survivors.append(mutant)
            elif code >= KILLED_BY:
                self.killers[mutant.function] = code - KILLED_BY


def main(arguments: list[str]) -> int:
    """The gate."""
    started_s = clock.now_s()
    if arguments == [STORIES_ONLY]:
        return 0 if _stories_pass() else 1
    if not _is_whole():
        return 1
    paths = [path for path in sorted(TARGET.glob("*.py")) if path.stem != "__init__"]
    mutants = [
        mutant
        for path in paths
        if not arguments or path.stem in arguments
        for mutant in mutants_of(path, f"controller.guard.{path.stem}")
    ]
    for preload in PRELOADED:
        importlib.import_module(preload)
    gc.freeze()
    run = Run(waiting=mutants[::-1])
    count = len(mutants)
    run.finish()
    return _report(run.survivors, count, clock.now_s() - started_s, is_complete=not arguments)


def _report(survivors: list[Mutant], count: int, took_s: float, *, is_complete: bool) -> int:
    unexplained = [mutant for mutant in survivors if mutant.key not in EQUIVALENT]
    for mutant in sorted(unexplained, key=lambda m: (str(m.path), m.line)):
        print(f"{mutant.path.relative_to(ROOT)}:{mutant.line}: survived: {mutant.key}")
    stale = set(EQUIVALENT) - {mutant.key for mutant in survivors} if is_complete else set()
    for key in sorted(stale):
        print(f"stale explanation: {key}")
    explained_count = len(survivors) - len(unexplained)
    print(
        f"{count} mutants, {count - len(survivors)} killed, {explained_count} explained, "
        f"{len(unexplained)} unexplained, {took_s:.0f} s"
    )
    return 1 if unexplained or stale else 0


def _is_whole() -> bool:
    """Without a mutant every story passes, and together they take every branch."""
    with tempfile.TemporaryDirectory() as folder:
        tool, data = (sys.executable, "-m", "coverage"), f"--data-file={folder}/coverage"
        stories = ("run", data, "--branch", "--source=controller.guard", "-m", "hil_tests.mutation", STORIES_ONLY)
        report = ("report", data, "--show-missing", "--skip-covered", "--fail-under=100")
        return all(subprocess.run((*tool, *step), cwd=ROOT, check=False).returncode == 0 for step in (stories, report))


def _stories_pass() -> bool:
    failed = _first_failure(_files(), show=True)
    if failed is not None:
        print(f"without any mutant this fails: {failed}")
    return failed is None


def _in_a_fork(task: Callable[[], int]) -> int:
    """Process id of a child that ends with what the task says; with `BROKEN` when it says nothing."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    answer = BROKEN
    try:
        answer = task()
    finally:
        sys.stdout.flush()
        os._exit(answer)


def _killer(mutant: Mutant, first: int | None) -> int:
    """`SURVIVED`, or `KILLED_BY` and the number of the file that found it out. Neighbours die of the same stories."""
    signal.alarm(PATIENCE_S)
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - this process ends soon
    sys.meta_path.insert(0, Planted(mutant.module, mutant.compile()))
    files, about = _files(), mutant.module.rpartition(".")[2]
    order = sorted(range(len(files)), key=lambda number: (number != first, about not in files[number]))
    found = _first_failure([files[number] for number in order], show=False)
    return SURVIVED if found is None else KILLED_BY + files.index(found.partition(".")[0])


def _files() -> list[str]:
    return sorted(path.stem for path in STORIES.glob("test_*.py") if path.stem not in LEFT_OUT)


def _first_failure(files: list[str], *, show: bool) -> str | None:
    """Run the stories of these files until one fails; its name, or None."""
    for file in files:
        module = importlib.import_module(f"hil_tests.tests.guard.{file}")
        for name, story, values in _stories(module):
            try:
                story(**values)
            except Exception as error:
                if show:
                    print(f"{type(error).__name__}: {error}")
                return f"{file}.{name}"
    return None


def _stories(module: ModuleType) -> Iterator[tuple[str, Callable[..., None], dict[str, object]]]:
    """Every test function with every set of its parameters."""
    for name, story in vars(module).items():
        if name.startswith("test_") and callable(story):
            marks = [mark for mark in getattr(story, "pytestmark", []) if mark.name == "parametrize"]
            for rows in itertools.product(*(_rows(mark) for mark in marks)):
                yield name, story, {key: value for row in rows for key, value in row.items()}


def _rows(mark: Any) -> list[dict[str, object]]:
    names, rows = mark.args[0], mark.args[1]
    names = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
    return [dict(zip(names, row if len(names) > 1 else (row,), strict=True)) for row in rows]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
