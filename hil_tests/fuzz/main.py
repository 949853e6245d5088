"""Many seeds on all cores: what broke, made small, with the line that repeats it; exit code 0 when nothing did."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from controller.commands.frame import INVALID, OK, PROBLEM
from hil_tests.fuzz.minimise import PLANT_S_MAX
from hil_tests.fuzz.play import Told, play_seed
from hil_tests.fuzz.stories import Aim

Say = Callable[[str], None]
Progress = Callable[[int, int], None]
BROKE_TOLD = 3  # findings of one seed


@dataclass(frozen=True, slots=True)
class FuzzOptions:
    """What the command line said."""

    first: int
    last: int
    aims: tuple[Aim, ...] = ()  # none: odd seeds for safety, even ones for liveness
    jobs: int | None = None  # None: one per core
    folder: Path | None = Path("hallig-fuzz")  # None: nothing is minimised, nothing written
    as_json: bool = False
    budget_s: float = PLANT_S_MAX


def fuzz(options: FuzzOptions, say: Say = print, progress: Progress | None = None) -> int:
    """Play all seeds. Exit code 1: something broke. 4: nothing did, and the bench itself was at fault."""
    told: list[Told] = []
    total = len(_work(options))
    for each in _all(options):
        told.append(each)
        for line in () if options.as_json else _lines(each):
            say(line)
        if progress is not None:
            progress(len(told), total)
    code = exit_code(told)
    if options.as_json:
        say(json.dumps(_as_json(told, code), indent=2))
    else:
        for line in summary_lines(options, told):
            say(line)
    return code


def exit_code(told: Sequence[Told]) -> int:
    """Of all seeds together."""
    if any(each.broke and not each.is_invalid for each in told):
        return PROBLEM
    return INVALID if any(each.is_invalid for each in told) else OK


def _all(options: FuzzOptions) -> Iterator[Told]:
    """In the order of the seeds, whoever is done first."""
    work = _work(options)
    jobs = min(options.jobs or os.cpu_count() or 1, len(work))
    if jobs == 1:
        for seed, aim in work:
            yield play_seed(seed, aim, options.folder, options.budget_s)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(play_seed, seed, aim, options.folder, options.budget_s) for seed, aim in work]
        try:
            for each in waiting:
                yield each.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _work(options: FuzzOptions) -> list[tuple[int, Aim]]:
    seeds = range(options.first, options.last + 1)
    if options.aims:
        return [(seed, aim) for seed in seeds for aim in options.aims]
    return [(seed, Aim.SAFETY if seed % 2 else Aim.LIVENESS) for seed in seeds]


def _lines(each: Told) -> Iterator[str]:
    for line in each.broke[:BROKE_TOLD]:
        yield f"seed {each.seed} {each.aim.value}: {line}"
    if each.reproducer:
        yield f"  {each.events_count} events are enough: {each.repeat_line}"
    elif each.broke:
        yield f"  again: {each.repeat_line} --{each.aim.value}"


def summary_lines(options: FuzzOptions, told: Sequence[Told]) -> Iterator[str]:
    """How much was played, how much of it broke, and which known gaps ended the rest."""
    hours, wall_s = sum(each.plant_s for each in told) / 3600.0, sum(each.wall_s for each in told)
    broken = sum(bool(each.broke) for each in told)
    stories = "1 story" if len(told) == 1 else f"{len(told)} stories"
    is_one = options.first == options.last
    seeds = f"seed {options.first}" if is_one else f"seeds {options.first} to {options.last}"
    yield f"{stories} of {seeds}, {hours:.1f} h of plant time in {wall_s:.0f} s of work, {broken} broke"
    for name, count in _gaps(told).items():
        yield f"  {count} ended in a known gap: {name}"


def _gaps(told: Sequence[Told]) -> Counter[str]:
    return Counter(gap for each in told for gap in each.gaps)


def _as_json(told: Sequence[Told], code: int) -> dict[str, object]:
    return {
        "passed": code == OK,
        "exit_code": code,
        "stories": len(told),
        "plant_s": round(sum(each.plant_s for each in told), 1),
        "known_gaps": dict(_gaps(told)),
        "found": [
            {**asdict(each), "aim": each.aim.value, "repeat_line": each.repeat_line} for each in told if each.broke
        ],
    }
