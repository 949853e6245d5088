"""How a run is called, in every report alike."""

from __future__ import annotations

from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Result

OUTCOMES = ("pass", "known_gap", "mark_is_wrong", "fail", "invalid")  # from good to bad
_TIERS = tuple(Tier)


def case(seed: int, tier: Tier) -> str:
    """One run of a scenario: `seed42-t0`."""
    return f"seed{seed}-{tier.value}"


def label(result: Result) -> str:
    """The name in JUnit and in pytest: `ISL-003[seed42-t0]`."""
    return f"{result.scenario_id}[{case(result.seed, result.tier)}]"


def file_stem(result: Result) -> str:
    """The name of its files: `ISL-003-42-t0`."""
    return f"{result.scenario_id}-{result.seed}-{result.tier.value}"


def in_order(results: list[Result] | tuple[Result, ...]) -> list[Result]:
    """By scenario, tier and seed."""
    return sorted(results, key=lambda one: (one.scenario_id, _TIERS.index(one.tier), one.seed))


def worst(outcomes: list[str]) -> str:
    """Of several runs, the outcome that counts."""
    return max(outcomes, key=OUTCOMES.index)
