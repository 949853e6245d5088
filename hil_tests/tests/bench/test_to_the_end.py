"""What holds to the very end of a run is asked while the controller still runs, in each tier."""

from __future__ import annotations

import pytest

from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.tests.checkers.stage import the_site

IN_TIME = [pytest.param(tier, id=tier.value) for tier in (Tier.T0, Tier.T1, Tier.T2)]


def missed(tier: Tier, **expected: object) -> list[str]:
    """What was expected and was not so. A busy machine may be late as well: that is another finding."""
    told = Scenario.model_validate({"id": "TST-012", "title": "nothing", "until": "3 s", "expect": [expected]})
    findings = run(told, the_site(), 5, tier).findings
    return [str(finding) for finding in findings if finding.source == "expect.1"]


@pytest.mark.parametrize("tier", IN_TIME)
def test_a_mode_that_stays_is_there_at_the_last_instant(tier: Tier) -> None:
    assert missed(tier, never="controller.mode != 'grid_connected'", during=["2 s", "3 s"]) == []


@pytest.mark.parametrize("tier", IN_TIME[:2])
def test_one_that_comes_at_no_time_fails(tier: Tier) -> None:
    assert missed(tier, that="controller.mode == 'islanded'", at="3 s")
