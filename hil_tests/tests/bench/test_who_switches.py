"""Each of the four who may open the POI, and of the four who may close it, has its stories on a hub that is made so."""

from __future__ import annotations

import pytest

from controller.model.words import Switcher
from hil_tests.bench.loading import load_all


@pytest.mark.parametrize("kind", list(Switcher))
@pytest.mark.parametrize("role", ["opened_by", "closed_by"])
def test_who_switches_the_poi_has_stories_that_pass(role: str, kind: Switcher) -> None:
    clause = f"{role} {kind.value}"
    told = [each for each in load_all() if clause in each.scenario.clauses]
    assert [each.scenario.id for each in told if getattr(each.site.hub.poi.switching, role) is not kind] == []
    passing = [each.scenario.id for each in told if each.scenario.expected == "pass"]
    least_count = 2  # one in which all goes well, one in which it does not
    assert len(passing) >= least_count, f"{clause}: {passing}"
