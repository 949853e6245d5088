"""One seed of the fuzzer: its hub, its story, its verdict; and if it broke something, the smallest story that does."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import extract_tb

import controller
import hil_tests
from controller.config.types import Site
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.bench.verdict import Finding, Result, Verdict
from hil_tests.fuzz.files import write_scenario
from hil_tests.fuzz.gaps import known_gaps, unexplained
from hil_tests.fuzz.hubs import random_hub
from hil_tests.fuzz.minimise import PLANT_S_MAX, minimised
from hil_tests.fuzz.stories import Aim, random_scenario

CONTROLLER, BENCH = (Path(package.__path__[0]) for package in (controller, hil_tests))


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a seed. `broke` is empty when all was well."""

    seed: int
    aim: Aim
    plant_s: float
    wall_s: float
    trace_hash: str
    broke: tuple[str, ...] = ()
    is_invalid: bool = False  # the bench itself was at fault
    events_count: int = 0  # of the minimised story
    reproducer: str = ""  # the file that repeats it
    gaps: tuple[str, ...] = ()  # what the controller cannot do yet, where that is all that was found

    @property
    def repeat_line(self) -> str:
        """What somebody types to see it again."""
        return f"hallig bench run {self.reproducer}" if self.reproducer else f"hallig bench fuzz --seeds {self.seed}"


def play_seed(seed: int, aim: Aim, keep_in: Path | None = None, budget_s: float = PLANT_S_MAX) -> Told:
    """Play it. What it breaks is minimised within a budget of virtual time and written to `keep_in`, if given."""
    with tempfile.TemporaryDirectory(prefix="hallig-fuzz-") as temporary:
        path, site = random_hub(seed, Path(temporary))
        scenario = random_scenario(seed, site, path.name, aim)
        try:
            result = run(scenario, site, seed, Tier.T0)
        except Exception as error:  # a mistake of the bench, or a controller that raises: a find, and not the last one
            found = _raised(scenario, seed, aim, error)
            if keep_in is None:
                return found
            smallest = _minimised_raise(scenario, site, seed, error, budget_s)
            return _kept(found, smallest, path, keep_in)
        gaps = known_gaps(scenario, result, lambda other: run(other, site, seed, Tier.T0))
        if result.is_as_expected or gaps:
            return _told(result, aim, gaps=tuple(gap.name for gap in gaps))
        if keep_in is None or result.verdict is Verdict.INVALID:
            return _told(result, aim, scenario)
        smallest = _minimised(scenario, site, result, budget_s)
        return _kept(_told(result, aim, smallest), smallest, path, keep_in)


def _kept(found: Told, smallest: Scenario, hub: Path, keep_in: Path) -> Told:
    """With the files that repeat it."""
    keep_in.mkdir(parents=True, exist_ok=True)
    (keep_in / hub.name).write_text(hub.read_text())
    reproducer = str(write_scenario(smallest, keep_in))
    return replace(found, events_count=len(smallest.timeline), reproducer=reproducer)


def _raised(scenario: Scenario, seed: int, aim: Aim, error: Exception) -> Told:
    """What the controller raised is its own fault; what anybody else raised makes the run worth nothing."""
    file, line = _origin(error)
    detail = f"{type(error).__name__}: {error} ({file.name}, line {line})"
    is_ours = not file.is_relative_to(CONTROLLER)
    return Told(seed, aim, 0.0, 0.0, "", (detail,), is_invalid=is_ours, events_count=len(scenario.timeline))


def _origin(error: Exception) -> tuple[Path, int]:
    """Where it was raised: the innermost place that is the project's own."""
    frames = [(Path(frame.filename), frame.lineno or 0) for frame in extract_tb(error.__traceback__)]
    own = [frame for frame in frames if any(frame[0].is_relative_to(part) for part in (CONTROLLER, BENCH))]
    return own[-1] if own else frames[-1]


def _minimised_raise(scenario: Scenario, site: Site, seed: int, error: Exception, budget_s: float) -> Scenario:
    """Smaller, as long as the same is raised at the same place."""
    wanted = type(error), _origin(error)

    def breaks_at_s(candidate: Scenario) -> float | None:
        try:
            run(candidate, site, seed, Tier.T0)
        except Exception as again:  # the one that is looked for, or another
            return candidate.until if (type(again), _origin(again)) == wanted else None
        return None

    return minimised(scenario, breaks_at_s, budget_s=budget_s, needs_goal=False)


def _minimised(scenario: Scenario, site: Site, result: Result, budget_s: float) -> Scenario:
    """Smaller, as long as the first thing that broke, and that nothing known explains, breaks again."""
    first = _first(result)

    def breaks_at_s(candidate: Scenario) -> float | None:
        again = run(candidate, site, result.seed, result.tier)
        return next((each.at_s for each in again.findings if each.is_hard and each.source == first.source), None)

    return minimised(scenario, breaks_at_s, budget_s=budget_s, needs_goal=first.source.startswith("expect."))


def _first(result: Result) -> Finding:
    hard = [finding for finding in result.findings if finding.is_hard]
    return (unexplained(result) or hard)[0]


def _told(result: Result, aim: Aim, smallest: Scenario | None = None, gaps: tuple[str, ...] = ()) -> Told:
    found = () if gaps else tuple(str(finding) for finding in result.findings if finding.is_hard)
    return Told(
        seed=result.seed,
        aim=aim,
        plant_s=result.plant_s,
        wall_s=result.wall_s,
        trace_hash=result.trace_hash,
        broke=found,
        is_invalid=result.verdict is Verdict.INVALID,
        events_count=0 if smallest is None else len(smallest.timeline),
        gaps=gaps,
    )
