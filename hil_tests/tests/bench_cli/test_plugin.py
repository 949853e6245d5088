"""Scenario files as pytest items: names, marks, outcomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests.bench.loading import load_scenario
from hil_tests.bench.scenario import Tier
from hil_tests.pytest_plugin import is_scenario, seeds_of, tiers_of
from hil_tests.tests.bench_cli.files import failing, grown_gap, known_gap, scenario, shrunk_gap, wrong_mark

pytest_plugins = ("pytester",)
PLUGIN = (
    "-p",
    "hil_tests.pytest_plugin",
    "-p",
    "no:cacheprovider",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
)


def test_each_outcome_is_one_of_pytest(pytester: pytest.Pytester) -> None:
    scenario(pytester.path, "ISL-901", seed='"7..8"')
    failing(pytester.path)
    known_gap(pytester.path)
    wrong_mark(pytester.path)
    grown_gap(pytester.path)
    shrunk_gap(pytester.path)
    done = pytester.runpytest_inprocess(*PLUGIN, "-rA")
    done.assert_outcomes(passed=2, failed=4, xfailed=1)
    told = done.stdout.str()
    for words in (
        "expect.1 at 1.00 s: not in time: poi.open (expected)",
        "BAD-001.toml --seeds 1 --tier t0",
        "[XPASS(strict)] opens too late for this limit",
        "not what the known gap announces, which is I1",
        "I1: announced, and not wrong any more",
        "PASSED ISL-901.toml::ISL-901[seed8-t0]",
        "XFAIL GAP-001.toml::GAP-001[seed1-t0]",
    ):
        assert words in told


def test_an_invalid_run_is_an_error_even_of_a_known_gap(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise OSError("no more ports")

    monkeypatch.setattr("hil_tests.bench.runner.RUNNERS", {Tier.T0: breaks})
    scenario(pytester.path, "ISL-901")
    known_gap(pytester.path)
    done = pytester.runpytest_inprocess(*PLUGIN)
    done.assert_outcomes(errors=2)
    assert "invalid, nothing is proven: bench at 0.00 s: the bench itself failed" in done.stdout.str()


def test_a_file_with_mistakes_is_an_error_with_its_places(pytester: pytest.Pytester) -> None:
    path = scenario(pytester.path, "ISL-901")
    path.write_text(path.read_text().replace("grid.blackout", "grid.blakout", 1))
    done = pytester.runpytest_inprocess(*PLUGIN)
    done.assert_outcomes(errors=1)
    assert "did you mean 'grid.blackout'" in done.stdout.str()


def test_tiers_are_chosen_by_option_and_by_marker(pytester: pytest.Pytester) -> None:
    scenario(pytester.path, "ISL-901", tiers='["t0"]')
    done = pytester.runpytest_inprocess(*PLUGIN, "--collect-only", "-q", "-m", "t0")
    assert "ISL-901[seed1-t0]" in done.stdout.str()
    assert "ISL-901" not in pytester.runpytest_inprocess(*PLUGIN, "--collect-only", "-q", "-m", "t2").stdout.str()


def test_where_a_scenario_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = load_scenario(scenario(tmp_path, "ISL-901", tiers='["t0", "t1"]'))
    tagged = both.scenario.model_copy(update={"tags": ("quick", "t1", "t2")})
    monkeypatch.setattr("hil_tests.bench.runner.RUNNERS", dict.fromkeys(Tier))
    loaded = type(both)(tagged, both.site, both.path)
    assert tiers_of(both, None) == [Tier.T0], "untagged: only where everything runs"
    assert tiers_of(loaded, None) == [Tier.T0, Tier.T1], "t2 is tagged, but not among its tiers"
    assert tiers_of(loaded, ["t1"]) == [Tier.T1]
    slow = type(both)(both.scenario.model_copy(update={"tags": ("slow",)}), both.site, both.path)
    assert tiers_of(slow, None) == [], "many minutes: only when asked for"
    assert tiers_of(slow, ["t0"]) == [Tier.T0]
    assert tiers_of(loaded, ["all"]) == [Tier.T0, Tier.T1]
    monkeypatch.setattr("hil_tests.bench.runner.RUNNERS", {Tier.T0: None})
    assert tiers_of(loaded, None) == [Tier.T0]
    with pytest.raises(pytest.UsageError, match="not in this installation"):
        tiers_of(loaded, ["t1"])


def test_what_counts_as_a_scenario(tmp_path: Path) -> None:
    texts = {"ISL-001.toml": "broken [", "storm.toml": 'id = "X"\nuntil = "3 s"\n', "site.toml": 'name = "hub"\n'}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    assert [is_scenario(tmp_path / name) for name in texts] == [True, True, False]


def test_who_is_tagged_is_played_once_in_its_slower_tier(tmp_path: Path) -> None:
    loaded = load_scenario(scenario(tmp_path, "ISL-901", tiers='["t0", "t1"]'))
    many = type(loaded)(loaded.scenario.model_copy(update={"seed": (4, 5)}), loaded.site, loaded.path)
    assert seeds_of(many, Tier.T0, None) == (4, 5)
    assert seeds_of(many, Tier.T1, None) == (4,)
    assert seeds_of(many, Tier.T1, ["t1"]) == (4, 5), "who asks for it gets all"
