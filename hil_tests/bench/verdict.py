"""What comes of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from controller.model.decision import Event
from hil_tests.bench.scenario import Tier
from hil_tests.bench.scene import Received
from hil_tests.bench.trace import Trace


class Verdict(Enum):
    """Of one run of one scenario with one seed in one tier."""

    PASS = "pass"
    FAIL = "fail"  # an invariant, an expectation or a metric
    INVALID = "invalid"  # the bench was late, or its plant is no number any more: says nothing about the controller


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with the instant and the seed that repeat it."""

    source: str  # "I2", "expect.3", "bench"
    at_s: float
    detail: str
    is_hard: bool = True  # soft ones are shown and do not fail the run

    def __str__(self) -> str:
        return f"{self.source} at {self.at_s:.2f} s: {self.detail}"


@dataclass(frozen=True, slots=True)
class Result:
    """One run, complete: enough for every report."""

    scenario_id: str
    title: str
    tier: Tier
    seed: int
    verdict: Verdict
    findings: tuple[Finding, ...]
    metrics: Mapping[str, float]
    trace: Trace
    events: tuple[tuple[float, Event], ...]  # the controller's log, in plant time
    marks: tuple[tuple[float, str], ...]  # what the bench did, in plant time
    trace_hash: str
    plant_s: float
    wall_s: float
    expected_to_fail: bool = False
    gap: str = ""
    announced: tuple[str, ...] = ()  # the findings that the mark of the gap speaks of; empty: any
    repeat_line: str = ""
    clauses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()  # what was expected, numbered as findings number it: the first is expect.1
    exceptions: tuple[str, ...] = ()  # invariants that are not asked for here, with the reason
    properties: Mapping[str, str] = field(default_factory=dict)
    orders: tuple[Received, ...] = ()  # as the devices got them

    @property
    def is_as_expected(self) -> bool:
        """A pass, or the failure that the scenario's mark announces. A mark that is no longer true is not."""
        return self.outcome in {"pass", "known_gap"}

    @property
    def unannounced(self) -> tuple[str, ...]:
        """What is wrong beyond what the mark of a known gap speaks of."""
        if not self.expected_to_fail or not self.announced:
            return ()
        broken = dict.fromkeys(finding.source for finding in self.findings if finding.is_hard)
        return tuple(source for source in broken if source not in self.announced)

    @property
    def healed(self) -> tuple[str, ...]:
        """What the mark speaks of and is not wrong any more. Real time may miss something now and then."""
        if not self.expected_to_fail or not self.tier.is_repeatable:
            return ()
        broken = {finding.source for finding in self.findings if finding.is_hard}
        return tuple(source for source in self.announced if source not in broken)

    @property
    def outcome(self) -> str:
        """One word for the matrix: pass, fail, invalid, known_gap, or mark_is_wrong."""
        if self.verdict is Verdict.INVALID or not self.expected_to_fail:
            return self.verdict.value
        if self.unannounced:
            return Verdict.FAIL.value
        return "known_gap" if self.verdict is Verdict.FAIL and not self.healed else "mark_is_wrong"
