"""`hallig bench list`: which scenarios there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from controller.commands.frame import OK, print_json, print_lines
from hil_tests.bench.durations import spoken
from hil_tests.bench.loading import Loaded
from hil_tests.bench_cli import selection


def list_scenarios(words: Sequence[str], folders: Sequence[Path], tiers: Sequence[str] | None, *, as_json: bool) -> int:
    """All, or those that the words name and that can run in one of the tiers. Raises CommandError."""
    chosen = selection.select(selection.load(words, folders), words)
    wanted = None if tiers is None else set(selection.tiers_of(tiers))
    shown = [each for each in chosen if wanted is None or wanted & set(each.scenario.tiers)]
    if as_json:
        print_json({"scenarios": [_as_json(each) for each in shown]})
    else:
        print_lines(_lines(shown))
    return OK


def _lines(shown: Sequence[Loaded]) -> Iterator[str]:
    for each in shown:
        scenario = each.scenario
        yield f"{scenario.id:<9} {scenario.title}{'  (known gap)' if scenario.gap else ''}"
        count = len(scenario.seed)
        facts = ("/".join(tier.value for tier in scenario.tiers), f"{count} seed{'s' * (count != 1)}")
        yield f"          {', '.join((*facts, spoken(scenario.until), *scenario.tags))}"
    yield f"{len(shown)} scenario{'s' * (len(shown) != 1)}; 'hallig bench run ID' plays one"


def _as_json(each: Loaded) -> dict[str, Any]:
    scenario = each.scenario
    return {
        "id": scenario.id,
        "title": scenario.title,
        "hub": scenario.hub,
        "tags": list(scenario.tags),
        "clauses": list(scenario.clauses),
        "tiers": [tier.value for tier in scenario.tiers],
        "seeds": list(scenario.seed),
        "until_s": scenario.until,
        "gap": scenario.gap,
        "path": str(each.path),
    }
