"""A failure that does not repeat is the bench's own; nothing that breaks in the bench counts as the controller's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.config.errors import ConfigError, Problem
from hil_tests.bench.loading import Loaded, load_scenario
from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Result, Verdict
from hil_tests.bench_cli.playing import play
from hil_tests.tests.bench_cli.files import scenario
from hil_tests.tests.reports.results import BROKEN, result

FAILED = result(verdict=Verdict.FAIL, findings=(BROKEN,))


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return load_scenario(scenario(tmp_path, "ISL-901"))


def replies(*results: Result) -> tuple[Callable[..., Result], list[Any]]:
    """A bench that answers these in turn, and what it was asked."""
    asked: list[Any] = []

    def run(*arguments: object) -> Result:
        asked.append(arguments)
        return results[len(asked) - 1]

    return run, asked


def test_a_failure_is_played_twice_and_stays_one(loaded: Loaded) -> None:
    run, asked = replies(FAILED, FAILED)
    assert play(loaded, 1, Tier.T0, run).verdict is Verdict.FAIL
    assert len(asked) == 2


def test_a_failure_that_does_not_repeat_proves_nothing(loaded: Loaded) -> None:
    run, _ = replies(FAILED, replace(FAILED, trace_hash="other"))
    found = play(loaded, 1, Tier.T1, run)
    assert found.verdict is Verdict.INVALID
    assert "not repeatable" in str(found.findings[0])
    assert BROKEN in found.findings


@pytest.mark.parametrize(("first", "tier"), [(result(), Tier.T0), (FAILED, Tier.T2)])
def test_a_pass_and_whatever_is_in_real_time_are_played_once(loaded: Loaded, first: Result, tier: Tier) -> None:
    run, asked = replies(replace(first, tier=tier))
    assert play(loaded, 1, tier, run).verdict is first.verdict
    assert len(asked) == 1


def test_a_real_device_that_is_not_there_is_told_with_its_place_and_is_no_fault_of_the_bench(loaded: Loaded) -> None:
    def run(*_: object) -> Result:
        raise ConfigError([Problem(loaded.path, 3, 1, "hardware.io_module.port", "nothing", "an I/O module")])

    found = play(loaded, 1, Tier.T2, run)
    assert found.verdict is Verdict.INVALID
    assert found.findings[0].detail.startswith(f"{loaded.path}:3:1: hardware.io_module.port: ")


def test_a_run_tells_on_what_it_was_played(tmp_path: Path) -> None:
    run, _ = replies(*[result()] * 3)
    first = play(load_scenario(scenario(tmp_path, "ISL-901")), 1, Tier.T0, run).properties
    other = play(load_scenario(scenario(tmp_path, "ISL-901", within="2 s")), 1, Tier.T0, run).properties
    assert first["hub_hash"] == other["hub_hash"]
    assert first["scenario_hash"] != other["scenario_hash"]
    path = scenario(tmp_path, "ISL-902", tiers='["t2"]', extra='hub = "hybridhof"')
    path.write_text(path.read_text() + '[hardware.io_module]\nhost = "192.0.2.1"\nport = 502\n')
    real = play(load_scenario(path), 1, Tier.T2, run).properties
    assert real["hardware"] == "io_module at 192.0.2.1:502"
    assert real["hub_hash"] != first["hub_hash"]
    assert "hardware" not in first


def test_a_bench_that_breaks_is_invalid_and_says_how_to_repeat_it(loaded: Loaded) -> None:
    def run(*_: object) -> Result:
        raise KeyError("lever")

    found = play(loaded, 5, Tier.T0, run)
    assert (found.verdict, found.outcome) == (Verdict.INVALID, "invalid")
    assert found.findings[0].detail == "the bench itself failed: KeyError: 'lever'"
    assert found.repeat_line == f"hallig bench run {loaded.path} --seeds 5 --tier t0"
