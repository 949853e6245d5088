"""Many seeds on all cores: what broke, made small, with the line that repeats it; exit code 0 when nothing did."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from hil_tests.fuzz.play import Played, play_seed
from hil_tests.fuzz.stories import Aim

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FuzzOptions:
    """What the command line said."""

    first: int
    last: int
    aims: tuple[Aim, ...] = ()  # none: odd seeds for safety, even ones for liveness
    jobs: int | None = None  # None: one per core
    folder: Path = Path("hallig-fuzz")
    as_json: bool = False
    minimise: bool = True


def fuzz(options: FuzzOptions, say: Say = print, progress: Callable[[int, int], None] | None = None) -> int:
    """Play all seeds. Exit code 1: an invariant broke, or a healed hub did not come home."""
    played: list[Played] = []
    total = len(_work(options))
    for number, each in enumerate(_all(options), 1):
        played.append(each)
        for line in [] if options.as_json else _lines(each):
            say(line)
        if progress is not None:
            progress(number, total)
    broken = sum(bool(each.broke) for each in played)
    gaps = Counter(each.gap for each in played if each.gap)
    hours = sum(each.plant_s for each in played) / 3600.0
    if options.as_json:
        found = [{**asdict(each), "aim": each.aim.value} for each in played if each.broke]
        say(json.dumps({"passed": not broken, "stories": total, "known_gaps": dict(gaps), "found": found}))
    else:
        say(f"{total} stories of seeds {options.first} to {options.last}, {hours:.1f} h of plant time, {broken} broke")
        for name, count in gaps.items():
            say(f"  {count} ended in a known gap: {name}")
    return 1 if broken else 0


def _all(options: FuzzOptions) -> Iterator[Played]:
    """In the order of the seeds, whoever is done first."""
    keep_in = options.folder if options.minimise else None
    work = _work(options)
    jobs = min(options.jobs or os.cpu_count() or 1, len(work))
    if jobs == 1:
        for seed, aim in work:
            yield play_seed(seed, aim, keep_in)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(play_seed, seed, aim, keep_in) for seed, aim in work]
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


def _lines(each: Played) -> Iterator[str]:
    for line in each.broke[:3]:
        yield f"seed {each.seed} {each.aim.value}: {line}"
    if each.reproducer:
        yield f"  {each.events_count} events are enough: {each.repeat_line}"
