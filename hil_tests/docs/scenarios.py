"""docs/scenarios.md from the scenario files: what is played, where, for which clause, and what fails as yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from hil_tests.bench.loading import Loaded, load_all
from hil_tests.bench.scenario import Scenario

INTRO = """\
<!-- Generated from hil_tests/scenarios/ by `python -m hil_tests.docs`. Do not edit. -->
# Scenarios

Each is a file in `hil_tests/scenarios/`: how the hub stands, what happens when, and what must then be so, with the
clause it comes from beside each expectation. All invariants watch in every run as well. Where a criterion of a grid
code counts in minutes of observation, the hubs with the code `demo_short` have ten seconds in place of sixty; title
and reasons say so.

A **known gap** is a scenario that the controller does not satisfy yet. It is played like the others, and it is a
failure of the tests when it passes unexpectedly: then its mark goes.
"""

FAMILIES = {
    "BLK": "Black start",
    "COM": "Communication",
    "CTL": "The controller's own process",
    "DIS": "Dispatch",
    "DRK": "Dark",
    "EAR": "Earthing of the island",
    "EMO": "Emergency-off",
    "ISL": "Islanding",
    "REC": "Reconnection",
}


def scenarios_page(loaded: Sequence[Loaded] | None = None) -> str:
    """The whole page. Raises ConfigError when a scenario file is wrong."""
    scenarios = [each.scenario for each in (load_all() if loaded is None else loaded)]
    gaps = [scenario for scenario in scenarios if scenario.expected == "fail"]
    lines = [INTRO, f"{len(scenarios)} scenarios, {len(gaps)} of them known gaps.", ""]
    for family, members in groupby(scenarios, key=lambda scenario: scenario.id[:3]):
        lines += [f"## {FAMILIES.get(family, family)}", "", *_table(members), ""]
    return "\n".join((*lines, *_gaps(gaps), "", *_traceability(scenarios), ""))


def _table(scenarios: Iterator[Scenario]) -> Iterator[str]:
    yield "| id | what happens | hub | plays in | clauses | |"
    yield "|---|---|---|---|---|---|"
    for scenario in scenarios:
        tiers = ", ".join(tier.value.upper() for tier in scenario.tiers)
        mark = "[known gap](#known-gaps)" if scenario.expected == "fail" else ""
        clauses = "; ".join(scenario.clauses)
        yield f"| {scenario.id} | {_safe(scenario.title)} | `{scenario.hub}` | {tiers} | {_safe(clauses)} | {mark} |"


def _gaps(scenarios: Sequence[Scenario]) -> Iterator[str]:
    yield "## Known gaps"
    yield ""
    for gap, alike in groupby(sorted(scenarios, key=lambda each: each.gap), key=lambda each: each.gap):
        yield f"- {', '.join(each.id for each in alike)}: {gap}"


def _traceability(scenarios: Sequence[Scenario]) -> Iterator[str]:
    yield "## From the clause to its scenarios"
    yield ""
    yield "| clause | scenarios |"
    yield "|---|---|"
    found: dict[str, list[str]] = {}
    for scenario in scenarios:
        for clause in scenario.clauses:
            found.setdefault(clause, []).append(scenario.id)
    for clause in sorted(found):
        yield f"| {_safe(clause)} | {', '.join(found[clause])} |"


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
