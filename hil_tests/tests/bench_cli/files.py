"""Short scenarios in a folder of one's own, one for each outcome."""

from __future__ import annotations

from pathlib import Path

PASSES = """
id = "{id}"
title = "A blackout, seen for three seconds"
clauses = ["IEEE 2030.7 T2"]
tags = ["quick"]
seed = {seed}
until = "3 s"
tiers = {tiers}
{extra}
[[timeline]]
at = "1 s"
do = "grid.blackout"
[[expect]]
that = "poi.open"
after = "grid.blackout"
within = "{within}"
"""
GAP = 'expected = "fail"\ngap = "opens too late for this limit"'


def scenario(
    folder: Path, scenario_id: str, *, within: str = "1 s", extra: str = "", seed: str = "[1]", tiers: str = '["t0"]'
) -> Path:
    """One file, named after its id."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{scenario_id}.toml"
    path.write_text(PASSES.format(id=scenario_id, within=within, extra=extra, seed=seed, tiers=tiers))
    return path


def failing(folder: Path, scenario_id: str = "BAD-001") -> Path:
    """Nobody opens within a millisecond."""
    return scenario(folder, scenario_id, within="1 ms")


def known_gap(folder: Path, scenario_id: str = "GAP-001") -> Path:
    """Fails, as announced."""
    return scenario(folder, scenario_id, within="1 ms", extra=f'{GAP}\nbreaks = ["expect.1"]')


def grown_gap(folder: Path, scenario_id: str = "GAP-003") -> Path:
    """Announced to break an invariant; it is an expectation that is not met."""
    return scenario(folder, scenario_id, within="1 ms", extra=f'{GAP}\nbreaks = ["I1"]')


def shrunk_gap(folder: Path, scenario_id: str = "GAP-004") -> Path:
    """Announced to break an invariant as well, which is not broken any more."""
    return scenario(folder, scenario_id, within="1 ms", extra=f'{GAP}\nbreaks = ["expect.1", "I1"]')


def wrong_mark(folder: Path, scenario_id: str = "GAP-002") -> Path:
    """Announced to fail, and passes."""
    return scenario(folder, scenario_id, extra=GAP)
