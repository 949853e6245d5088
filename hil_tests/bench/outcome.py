"""What a tier hands back when a scenario has been played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.decision import Event
from hil_tests.bench.director import Director
from hil_tests.bench.scene import Scene
from hil_tests.bench.trace import Trace
from hil_tests.bench.verdict import Finding


@dataclass(frozen=True, slots=True)
class Played:
    """One run, as its tier saw it. `invalid` says why it proves nothing; empty when it does."""

    findings: tuple[Finding, ...]
    metrics: Mapping[str, float]
    trace: Trace
    events: tuple[tuple[float, Event], ...]
    marks: tuple[tuple[float, str], ...]
    trace_hash: str
    plant_s: float
    invalid: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)  # what else the tier has to say


def played(director: Director, scene: Scene, trace_hash: str, invalid: str = "") -> Played:
    """Close the run."""
    findings, metrics = director.finish()
    return Played(
        findings=findings,
        metrics=metrics,
        trace=director.trace,
        events=tuple(scene.controller.events),
        marks=tuple(scene.marks),
        trace_hash=trace_hash,
        plant_s=scene.plant.now_s,
        invalid=invalid,
    )
