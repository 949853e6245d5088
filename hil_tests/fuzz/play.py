"""One seed of the fuzzer: its hub, its story, its verdict; and if it broke something, the smallest story that does."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from controller.config.types import Site
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.bench.verdict import Result
from hil_tests.fuzz.files import write_scenario
from hil_tests.fuzz.gaps import Gap, known_gap
from hil_tests.fuzz.hubs import random_hub
from hil_tests.fuzz.minimise import minimised
from hil_tests.fuzz.stories import Aim, random_scenario


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a seed. `broke` is empty when all was well."""

    seed: int
    aim: Aim
    plant_s: float
    wall_s: float
    trace_hash: str
    broke: tuple[str, ...] = ()
    events_count: int = 0  # of the minimised story
    reproducer: str = ""  # the file that repeats it
    gap: str = ""  # what the controller cannot do yet, where that is all that was found

    @property
    def repeat_line(self) -> str:
        """What somebody types to see it again."""
        return f"hallig bench run {self.reproducer}" if self.reproducer else ""


def play_seed(seed: int, aim: Aim, keep_in: Path | None = None, tier: Tier = Tier.T0) -> Played:
    """Play it. What it breaks is minimised and written to `keep_in`, if that is given."""
    with tempfile.TemporaryDirectory(prefix="hallig-fuzz-") as temporary:
        path, site = random_hub(seed, Path(temporary))
        scenario = random_scenario(seed, site, path.name, aim)
        result = run(scenario, site, seed, tier)
        gap = known_gap(result)
        if result.is_as_expected or gap is not None:
            return _played(result, aim, gap=gap)
        if keep_in is None:
            return _played(result, aim, scenario)
        smallest = _minimised(scenario, site, seed, result)
        keep_in.mkdir(parents=True, exist_ok=True)
        (keep_in / path.name).write_text(path.read_text())
        return _played(result, aim, smallest, str(write_scenario(smallest, keep_in)))


def _minimised(scenario: Scenario, site: Site, seed: int, result: Result) -> Scenario:
    """Smaller, as long as the first thing that broke breaks again."""
    wanted = result.findings[0].source if result.findings else "bench"

    def breaks_at_s(candidate: Scenario) -> float | None:
        again = run(candidate, site, seed, result.tier)
        return next((finding.at_s for finding in again.findings if finding.source == wanted), None)

    return minimised(scenario, breaks_at_s)


def _played(
    result: Result, aim: Aim, smallest: Scenario | None = None, reproducer: str = "", gap: Gap | None = None
) -> Played:
    found = () if gap is not None else tuple(str(finding) for finding in result.findings if finding.is_hard)
    return Played(
        seed=result.seed,
        aim=aim,
        plant_s=result.plant_s,
        wall_s=result.wall_s,
        trace_hash=result.trace_hash,
        broke=found,
        events_count=0 if smallest is None else len(smallest.timeline),
        reproducer=reproducer,
        gap=gap.name if gap is not None else "",
    )
