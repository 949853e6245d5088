"""One scenario, one seed, one tier: a result. What is wrong with the bench itself makes it invalid, never failed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping

from controller import clock
from controller.config.types import Site
from hil_tests.bench.broken import kept
from hil_tests.bench.demands import demands, exceptions
from hil_tests.bench.director import PlantBrokenError
from hil_tests.bench.outcome import Played
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.bench.t0 import run_t0
from hil_tests.bench.trace import Trace
from hil_tests.bench.verdict import Finding, Result, Verdict
from hil_tests.faults.types import CannotInjectError
from hil_tests.simulation.collector import rare_collections


def _run_t1(scenario: Scenario, site: Site, seed: int) -> Played:
    """The drivers are loaded where they are needed."""
    from hil_tests.bench.t1 import run_t1  # noqa: PLC0415

    return run_t1(scenario, site, seed)


def _run_t2(scenario: Scenario, site: Site, seed: int) -> Played:
    """Sockets, OPC UA and processes are loaded where they are needed."""
    from hil_tests.bench.t2 import run_t2  # noqa: PLC0415

    return run_t2(scenario, site, seed)


TierRunner = Callable[[Scenario, Site, int], Played]
RUNNERS: Mapping[Tier, TierRunner] = {Tier.T0: run_t0, Tier.T1: _run_t1, Tier.T2: _run_t2}


def run(scenario: Scenario, site: Site, seed: int, tier: Tier = Tier.T0) -> Result:
    """Play it and judge it. Raises nothing that the controller or the plant could cause.

    Raises:
        ConfigError: a real device of the scenario is not there.
    """
    began_s = clock.now_s()
    try:
        with rare_collections():
            what = RUNNERS[tier](scenario, site, seed)
        if not tier.is_repeatable:
            gc.collect()  # servers and their sessions hold each other: 100 MB a run, and a full run plays 150
    except CannotInjectError as error:
        what = Played((), {}, Trace(), (), (), "", 0.0, str(error))
    except PlantBrokenError as broken:
        what = Played((), {}, Trace(), (), (), "", broken.at_s, kept(broken, scenario, seed, tier))
    return judged(scenario, seed, tier, what, clock.now_s() - began_s)


def judged(scenario: Scenario, seed: int, tier: Tier, what: Played, wall_s: float) -> Result:
    """What was played, with its verdict."""
    findings = what.findings
    if what.invalid:
        findings = (Finding("bench", what.plant_s, what.invalid), *findings)
    return Result(
        scenario_id=scenario.id,
        title=scenario.title,
        tier=tier,
        seed=seed,
        verdict=_verdict(what),
        findings=findings,
        metrics=what.metrics,
        trace=what.trace,
        events=what.events,
        marks=what.marks,
        trace_hash=what.trace_hash,
        plant_s=what.plant_s,
        wall_s=wall_s,
        expected_to_fail=scenario.expected == "fail",
        gap=scenario.gap,
        announced=scenario.announced(tier),
        repeat_line=f"hallig bench run {scenario.id} --seeds {seed} --tier {tier.value}",
        clauses=scenario.clauses,
        tags=scenario.tags,
        demands=demands(scenario),
        exceptions=exceptions(scenario),
        properties=what.properties,
        orders=what.orders,
    )


def _verdict(what: Played) -> Verdict:
    if what.invalid:
        return Verdict.INVALID
    return Verdict.FAIL if any(finding.is_hard for finding in what.findings) else Verdict.PASS
