"""`hallig bench crash`: the controller is killed wherever it switches, and must find its way each time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from controller.commands.frame import OK, PROBLEM, USAGE, CommandError, print_json
from hil_tests.bench.loading import Loaded
from hil_tests.bench.scenario import Tier
from hil_tests.bench_cli import selection
from hil_tests.bench_cli.fuzzing import bar
from hil_tests.fuzz.crash import Crash, CrashOptions, Window, crash_everywhere, windows

FOUND_TOLD = 10  # crashes in the terminal; all are in the JSON


@dataclass(frozen=True, slots=True)
class CrashRequest:
    """What the command line said."""

    scenarios: tuple[str, ...]
    window_s: float
    every_s: float
    seed: int
    is_power_cut: bool
    processes_count: int | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class _Story:
    loaded: Loaded
    where: Sequence[Window]
    crashes: Sequence[Crash]


def crash(request: CrashRequest) -> int:
    """Crash everywhere; exit code 1 when something broke. Raises CommandError."""
    loaded = [_loaded(word) for word in request.scenarios]
    stories = [_crashed(each, request) for each in loaded]
    code = PROBLEM if any(each.findings for story in stories for each in story.crashes) else OK
    if request.as_json:
        print_json(_as_json(stories, code))
    return code


def _crashed(loaded: Loaded, request: CrashRequest) -> _Story:
    jobs = request.processes_count or os.cpu_count() or 1
    options = CrashOptions(
        request.window_s, request.every_s, jobs=jobs, seed=request.seed, is_power_cut=request.is_power_cut
    )
    where, ends_in = windows(loaded.scenario, loaded.site, options)
    total = sum(int((each.end_s - each.begin_s) / options.every_s + 1e-6) + 1 for each in where)
    crashes: list[Crash] = []
    with bar("crashes", quiet=request.as_json) as (say, progress):
        for each in crash_everywhere(loaded.scenario, loaded.site, options, where, ends_in):
            crashes.append(each)
            if progress is not None:
                progress(len(crashes), total)
        if not request.as_json:
            for line in _lines(loaded, where, crashes):
                say(line)
    return _Story(loaded, where, crashes)


def _loaded(word: str) -> Loaded:
    chosen = selection.select(selection.load([word], []), [] if selection.is_path(word) else [word])
    if len(chosen) != 1 or Tier.T0 not in chosen[0].scenario.tiers:
        what = f"{word} is {len(chosen)} scenarios" if len(chosen) != 1 else f"{word} does not run in t0"
        raise CommandError("usage", USAGE, what, "Crashes are put into one scenario, in virtual time.")
    return chosen[0]


def _lines(loaded: Loaded, where: Sequence[Window], crashes: Sequence[Crash]) -> Iterator[str]:
    for window in where:
        within = [each for each in crashes if window.begin_s <= each.at_s <= window.end_s + 1e-9]
        broken = sum(bool(each.findings) for each in within)
        yield f"{window.begin_s:7.2f} to {window.end_s:.2f} s: {len(within)} crashes, {broken} broke something"
        for move, count in Counter(window.moves).items():
            yield f"    {move}{f', {count} times' if count > 1 else ''}"
    bad = [each for each in crashes if each.findings]
    for each in bad[:FOUND_TOLD]:
        yield f"killed at {each.at_s:.2f} s: {each.findings[0]}"
    if len(bad) > FOUND_TOLD:
        yield f"and {len(bad) - FOUND_TOLD} more crashes broke something"
    pace = f"{_s_per_crash(crashes):.2f} s each"
    yield f"{loaded.scenario.id}: {len(crashes)} crashes, {pace}, {len(bad)} broke something"
    for gap, count in _gaps(crashes).items():
        yield f"  {count} ended in a known gap: {gap}"


def _s_per_crash(crashes: Sequence[Crash]) -> float:
    return sum(each.wall_s for each in crashes) / max(1, len(crashes))


def _gaps(crashes: Sequence[Crash]) -> Counter[str]:
    return Counter(each.gap for each in crashes if each.gap)


def _as_json(stories: Sequence[_Story], code: int) -> dict[str, object]:
    crashes = [each for story in stories for each in story.crashes]
    return {
        "passed": code == OK,
        "exit_code": code,
        "windows": [
            {"scenario": story.loaded.scenario.id, **asdict(each)} for story in stories for each in story.where
        ],
        "crashes": len(crashes),
        "s_per_crash": round(_s_per_crash(crashes), 3),
        "known_gaps": dict(_gaps(crashes)),
        "found": [
            {"scenario": story.loaded.scenario.id, "at_s": round(each.at_s, 3), "findings": each.findings}
            for story in stories
            for each in story.crashes
            if each.findings
        ],
    }
