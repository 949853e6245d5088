"""The gate: `python -m hil_tests.mutation [module ...]`.

Exit 1 when a mutant survives that `EQUIVALENT` does not explain, when an explanation is stale, or when the stories do
not take every branch. Each mutant lives in a process of its own, forked from one that has loaded everything.
"""

from __future__ import annotations

import gc
import importlib
import mmap
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import CodeType

from controller import clock
from hil_tests.mutation import stories
from hil_tests.mutation.mutants import Mutant, mutants_of
from hil_tests.mutation.planting import Loaded, plant
from hil_tests.mutation.stories import Place, Story, Told

ROOT = Path(__file__).resolve().parents[2]
TARGET, PACKAGE = ROOT / "controller" / "guard", "controller.guard"
STORIES_ONLY = "--stories-only"
EQUIVALENT: dict[str, str] = {}  # key of a mutant that changes nothing -> why; none is needed so far
PROCESSES = max(2, os.cpu_count() or 1)
PRELOADED = (  # nothing of the guard
    "hypothesis", "pytest", "controller.model.commands", "controller.model.decision", "controller.model.image",
    "controller.model.memory", "hil_tests.tests.guard.hubs",
)  # fmt: skip
PATIENCE_S = 60.0  # of processor time, many times what all stories take: an endless loop is found out too
SURVIVED, BROKEN, KILLED, ENDLESS = 0, 1, 10, -signal.SIGPROF  # exit codes; a signal's is negative
NUMBER_BYTES = 4  # of the story that found a lie out


@dataclass(frozen=True, slots=True)
class Truth:
    """What every process knows before it is lied to."""

    loaded: Loaded
    forgotten: frozenset[str]  # modules that know the guard
    codes: dict[str, CodeType]  # by module of the guard
    told: tuple[Told, ...]  # the quickest first

    @classmethod
    def load(cls) -> Truth:
        """Imports the guard and all its stories, and has them told once, elsewhere."""
        for preload in PRELOADED:
            importlib.import_module(preload)
        before = set(sys.modules)
        loaded = Loaded.of([f"{stories.PACKAGE}.{file}" for file in stories.modules()], PACKAGE)
        codes = {_module(path): compile(path.read_text(encoding="utf-8"), str(path), "exec") for path in _sources()}
        with ProcessPoolExecutor(1, get_context("fork")) as pool:
            told = pool.submit(_tell_all).result()
        return cls(loaded, frozenset(set(sys.modules) - before), codes, told)

    def order(self, mutant: Mutant, first: Story | None, places: frozenset[Place]) -> Iterator[Story]:
        """`first`, then the quickest of those that come to one of the places; wherever they come when there is none."""
        if first is not None:
            yield first
        about = mutant.module.rpartition(".")[2]
        candidates = [told for told in self.told if not places or places & told.places]
        for told in sorted(candidates, key=lambda told: not places and about not in told.story.file):
            yield told.story


@dataclass(slots=True)
class Run:
    """What is under way and what came out."""

    truth: Truth
    waiting: list[Mutant]
    under_way: dict[int, tuple[Mutant, mmap.mmap]] = field(default_factory=dict)
    survivors: list[Mutant] = field(default_factory=list)
    broken: list[Mutant] = field(default_factory=list)  # nothing is known of these: the gate itself failed
    killers: dict[str, Story] = field(default_factory=dict)  # by function: the story that found the last lie

    def finish(self) -> None:
        """Until every mutant has lived and, we hope, died."""
        while self.waiting or self.under_way:
            while self.waiting and len(self.under_way) < PROCESSES:
                self._begin(self.waiting.pop())
            process, status = os.wait()
            mutant, number = self.under_way.pop(process)
            code = os.waitstatus_to_exitcode(status)
            if code == SURVIVED:
                self.survivors.append(mutant)
            elif code == KILLED:
                self.killers[mutant.function] = self.truth.told[int.from_bytes(number[:], "big")].story
            elif code != ENDLESS:
                self.broken.append(mutant)
            number.close()

    def _begin(self, mutant: Mutant) -> None:
        first, number = self.killers.get(mutant.function), mmap.mmap(-1, NUMBER_BYTES)

        def live() -> int:
            found = _killer(self.truth, mutant, first)
            if found is None:
                return SURVIVED
            place = next(place for place, told in enumerate(self.truth.told) if told.story == found)
            number.write(place.to_bytes(NUMBER_BYTES, "big"))
            return KILLED

        self.under_way[_in_a_fork(live)] = mutant, number


def main(arguments: list[str]) -> int:
    """The gate."""
    started_s = clock.now_s()
    if arguments == [STORIES_ONLY]:
        return 0 if _stories_pass() else 1
    if not _is_whole():
        return 1
    chosen = [path for path in _sources() if not arguments or path.stem in arguments]
    mutants = [mutant for path in chosen for mutant in mutants_of(path, _module(path))]
    run = Run(Truth.load(), waiting=mutants[::-1])
    gc.disable()  # no mutant lives long
    gc.freeze()
    count = len(mutants)
    run.finish()
    for mutant in run.broken:
        print(f"{mutant.path.relative_to(ROOT)}:{mutant.line}: nothing is known of this one: {mutant.key}")
    return max(_report(run.survivors, count, clock.now_s() - started_s, is_complete=not arguments), bool(run.broken))


def _sources() -> list[Path]:
    return [path for path in sorted(TARGET.glob("*.py")) if path.stem != "__init__"]


def _module(path: Path) -> str:
    return f"{PACKAGE}.{path.stem}"


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
        told = ("run", data, "--branch", f"--source={PACKAGE}", "-m", "hil_tests.mutation", STORIES_ONLY)
        report = ("report", data, "--show-missing", "--skip-covered", "--fail-under=100")
        return all(subprocess.run((*tool, *step), cwd=ROOT, check=False).returncode == 0 for step in (told, report))


def _stories_pass() -> bool:
    failed = stories.first_failure(stories.all_stories())
    if failed is not None:
        print(f"without any mutant this fails: {failed}: {stories.failure(failed)!r}")
    return failed is None


def _tell_all() -> tuple[Told, ...]:
    return tuple(
        sorted((stories.tell(story, PACKAGE) for story in stories.all_stories()), key=lambda told: told.took_s)
    )


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


def _killer(truth: Truth, mutant: Mutant, first: Story | None) -> Story | None:
    """The story that finds it out, or None. Neighbours die of the same stories, so `first` is told first.

    What survives in the loaded functions, told by those who come there, is loaded anew and told by all.
    """
    signal.setitimer(signal.ITIMER_PROF, PATIENCE_S)
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - this process ends soon
    lie = mutant.compile()
    if (places := truth.loaded.take(mutant.module, truth.codes[mutant.module], lie)) and (
        found := stories.first_failure(truth.order(mutant, first, places))
    ):
        return found
    plant(mutant.module, lie, truth.forgotten)
    return stories.first_failure(truth.order(mutant, first, frozenset()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
