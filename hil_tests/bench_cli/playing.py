"""One run of one scenario, and again where it failed: a result that does not repeat is the bench's own fault.

Whatever else goes wrong in the bench makes the run invalid, never failed, and never ends the others.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from controller.config.errors import ConfigError
from hil_tests.bench.demands import demands, exceptions
from hil_tests.bench.loading import SCENARIOS, Loaded, load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Tier
from hil_tests.bench.trace import Trace
from hil_tests.bench.verdict import Finding, Result, Verdict
from hil_tests.reports.circumstances import digest

Run = Callable[..., Result]


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made; a path, not a scenario, because other processes make it too."""

    path: Path
    scenario_id: str
    seed: int
    tier: Tier
    keeps_trace: bool = True


def play(loaded: Loaded, seed: int, tier: Tier, run: Run = run) -> Result:
    """Play once; in virtual time a failure is played twice, and both must be the same to the bit."""
    return twice_if_failed(lambda: _run(loaded, seed, tier, run))


def twice_if_failed(once: Callable[[], Result]) -> Result:
    """What a run is worth: one that fails in virtual time and does not repeat is the bench's own fault."""
    first = once()
    if first.verdict is not Verdict.FAIL or not first.tier.is_repeatable:
        return first
    second = once()
    if second.trace_hash == first.trace_hash:
        return first
    why = f"not repeatable: the second run has the trace {second.trace_hash[:12]}, the first {first.trace_hash[:12]}"
    return replace(first, verdict=Verdict.INVALID, findings=(Finding("bench", first.plant_s, why), *first.findings))


def play_job(job: Job) -> Result:
    """The same from a path, in whatever process."""
    result = play(_loaded(job.path, job.path.stat().st_mtime_ns), job.seed, job.tier)
    return result if job.keeps_trace else replace(result, trace=Trace())


def _run(loaded: Loaded, seed: int, tier: Tier, run: Run) -> Result:
    scenario = loaded.scenario
    try:
        result = run(scenario, loaded.site, seed, tier)
    except ConfigError as error:  # a real device that is not there; it names file, line and key
        return _broken(loaded, seed, tier, str(error))
    except Exception as error:  # a mistake of the bench says nothing about the controller, nor about other runs
        return _broken(loaded, seed, tier, f"the bench itself failed: {type(error).__name__}: {error}")
    properties = {**_known(loaded), **result.properties}
    return replace(result, properties=properties, repeat_line=_repeat_line(loaded, seed, tier))


def _known(loaded: Loaded) -> dict[str, str]:
    """What was tested on what: another file, or another device, is another proof."""
    scenario, site = loaded.scenario, loaded.site
    known = {
        "hub": scenario.hub,
        "hub_hash": digest([site.path, *sorted({device.table.path for device in site.devices.values()})]),
        "scenario_hash": digest([loaded.path]),
        "grid_code": site.hub.grid_code.name,
    }
    addresses = {name: entry.model_dump(exclude_none=True).values() for name, entry in scenario.hardware.items()}
    real = [f"{name} at {':'.join(map(str, address))}" for name, address in addresses.items()]
    return {**known, "hardware": ", ".join(real)} if real else known


def _repeat_line(loaded: Loaded, seed: int, tier: Tier) -> str:
    """A scenario of ours by its id, anybody else's by its path."""
    name = loaded.scenario.id if loaded.path.is_relative_to(SCENARIOS) else str(loaded.path)
    return shlex.join(["hallig", "bench", "run", name, "--seeds", str(seed), "--tier", tier.value])


def _broken(loaded: Loaded, seed: int, tier: Tier, why: str) -> Result:
    scenario = loaded.scenario
    return Result(
        scenario_id=scenario.id,
        title=scenario.title,
        tier=tier,
        seed=seed,
        verdict=Verdict.INVALID,
        findings=(Finding("bench", 0.0, why),),
        metrics={},
        trace=Trace(),
        events=(),
        marks=(),
        trace_hash="",
        plant_s=0.0,
        wall_s=0.0,
        expected_to_fail=scenario.expected == "fail",
        gap=scenario.gap,
        announced=scenario.announced(tier),
        repeat_line=_repeat_line(loaded, seed, tier),
        clauses=scenario.clauses,
        tags=scenario.tags,
        demands=demands(scenario),
        exceptions=exceptions(scenario),
    )


@cache
def _loaded(path: Path, changed_ns: int) -> Loaded:
    del changed_ns  # a file that was written anew is read anew
    return load_scenario(path)
