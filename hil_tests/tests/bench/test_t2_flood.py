"""I24: whoever floods the controller's socket changes no decision. Real time against virtual time without any web."""

from __future__ import annotations

from pathlib import Path

from controller.model.reasons import EventKind
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Result, Verdict
from hil_tests.tests.bench.test_t2 import played, written

DECIDED = {
    EventKind.MODE_CHANGED, EventKind.ORDERED_OPEN, EventKind.ORDERED_CLOSE, EventKind.ORDERED_FORM,
    EventKind.ORDERED_FOLLOW, EventKind.ORDERED_STOP, EventKind.ORDERED_CRANK, EventKind.SHED, EventKind.RESTORED,
}  # fmt: skip
STORY = """
until = "9 s"
start = { demand_ratio = 1.0, irradiance_w_per_m2 = 0, relay_enabled = false }
[[timeline]]
at = "3 s"
do = "grid.blackout"
"""
FLOOD = """
[[timeline]]
at = "0.5 s"
do = "fault"
type = "flood"
clients = 4
"""


def decided(result: Result) -> dict[str, list[tuple[str, str]]]:
    """What was decided of each thing, in turn. In real time, two things of one instant may change places."""
    found: dict[str, list[tuple[str, str]]] = {}
    for _, event in result.events:
        if event.kind in DECIDED:
            found.setdefault(event.subject, []).append((event.kind.value, event.reason.value))
    return found


def test_a_flooded_controller_decides_as_one_that_nobody_asks(tmp_path: Path) -> None:
    quiet = written(tmp_path, STORY)
    alone = run(quiet.scenario.model_copy(update={"tiers": (Tier.T0,)}), quiet.site, 7, Tier.T0)
    assert alone.verdict is Verdict.PASS, alone.findings
    flooded = played(written(tmp_path, STORY + FLOOD))
    assert flooded.verdict is Verdict.PASS, flooded.findings
    assert decided(flooded) == decided(alone)
    assert "hub" in decided(alone)
