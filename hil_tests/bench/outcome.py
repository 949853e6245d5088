"""What a tier hands back when a scenario has been played."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from controller.model.decision import Event
from hil_tests.bench.director import Director
from hil_tests.bench.scene import Received, Scene
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
    orders: tuple[Received, ...] = ()  # as the devices got them


def played(director: Director, scene: Scene, fingerprint: str, invalid: str = "") -> Played:
    """Close the run. `fingerprint` is what the tier saw of every cycle; none in real time, which never repeats."""
    findings, metrics = director.finish()
    what = Played(
        findings=findings,
        metrics=metrics,
        trace=director.trace,
        events=tuple(scene.controller.events),
        marks=tuple(scene.marks),
        trace_hash="",
        plant_s=scene.plant.now_s,
        invalid=invalid,
        orders=tuple(scene.orders),
    )
    return replace(what, trace_hash=_hash_of(what, fingerprint)) if fingerprint else what


def _hash_of(what: Played, fingerprint: str) -> str:
    """Of all that was seen: a relay that opens within another step of the plant, but the same cycle, counts too."""
    told = (what.trace.t_s, what.trace.columns, what.events, what.marks, what.findings, sorted(what.metrics.items()))
    return hashlib.sha256(f"{fingerprint}{told!r}".encode()).hexdigest()
