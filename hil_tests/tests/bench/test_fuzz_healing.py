"""What the fuzzer's liveness wants in the end, and the instruments that its hubs have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.config.types import Site
from hil_tests.bench.loading import load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.fuzz.files import write_scenario
from hil_tests.fuzz.healing import goal_of, has_grid_in_the_end
from hil_tests.fuzz.hubs import random_hub
from hil_tests.fuzz.stories import Aim, random_scenario
from hil_tests.tests.checkers.stage import the_site

SEEDS = range(1, 41)


def test_a_feeder_that_stays_dark_on_a_good_grid_is_no_goal() -> None:
    """Until now the goal was reached with every feeder open."""
    site = the_site()
    for opened, is_reached in ((False, True), (True, False)):
        timeline = [{"at": "2 s", "do": "feeder.by_hand", "feeder": "phones", "closed": False}] if opened else []
        goal = {"that": goal_of(site, has_grid=True), "at": "8 s"}
        told: dict[str, Any] = {
            "id": "TST-008",
            "title": "goal",
            "until": "9 s",
            "timeline": timeline,
            "expect": [goal],
        }
        result = run(Scenario.model_validate(told), site, 1, Tier.T0)
        assert (not [each for each in result.findings if each.source == "expect.1"]) is is_reached


@pytest.mark.parametrize(("soc_pct", "is_reached"), [(70.0, True), (0.0, False)])
def test_without_a_grid_an_island_that_serves_the_lowest_tier_is_the_goal(soc_pct: float, is_reached: bool) -> None:
    site = the_site()
    timeline = [{"at": "2 s", "do": "grid.blackout"}]
    goal = {"that": goal_of(site, has_grid=False), "at": "14 s"}
    told: dict[str, Any] = {"id": "TST-009", "title": "goal", "until": "15 s", "timeline": timeline, "expect": [goal]}
    told["start"] = {"soc_pct": soc_pct, "irradiance_w_per_m2": 0}
    result = run(Scenario.model_validate(told), site, 1, Tier.T0)
    assert (not [each for each in result.findings if each.source == "expect.1"]) is is_reached


def test_some_stories_end_without_a_grid_and_some_hubs_have_instruments_as_one_buys_them(tmp_path: Path) -> None:
    stories = [told_on(seed, tmp_path)[1] for seed in SEEDS]
    with_errors = [story for story in stories if story.start.plant.get("instruments")]
    assert 10 <= len(with_errors) <= 30
    assert 5 <= sum(not has_grid_in_the_end(seed) for seed in SEEDS) <= 16
    errors = [each for story in with_errors for each in story.start.plant["instruments"].values()]
    assert all(0.99 <= each["gain"] <= 1.01 for each in errors)
    for key in ("noise", "latency_s", "averaging_s"):
        assert any(each.get(key, 0.0) > 0.0 for each in errors), key


def test_a_story_with_instruments_is_the_same_from_its_file(tmp_path: Path) -> None:
    seed = next(seed for seed in SEEDS if told_on(seed, tmp_path)[1].start.plant)
    _, story = told_on(seed, tmp_path)
    assert load_scenario(write_scenario(story, tmp_path)).scenario == story


def told_on(seed: int, folder: Path) -> tuple[Site, Scenario]:
    path, site = random_hub(seed, folder)
    return site, random_scenario(seed, site, path.name, Aim.LIVENESS)
