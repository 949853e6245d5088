"""What is told of a scenario to whoever signs for its verdict."""

from __future__ import annotations

from typing import Any

import pytest

from hil_tests.bench.demands import demands, exceptions
from hil_tests.bench.loading import SCENARIOS, load_all
from hil_tests.bench.scenario import Scenario


def told(**expected: Any) -> str:
    story = Scenario.model_validate({"id": "ISL-900", "title": "one", "until": "9 s", "expect": [expected]})
    (line,) = demands(story)
    return line


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ({"that": "poi.open", "after": "grid.blackout", "within": "2 s"}, "poi.open within 2 s after grid.blackout"),
        ({"that": "poi.open", "at": "3 s", "because": "§ 6"}, "poi.open at 3 s (§ 6)"),
        ({"wait_until": "poi.open", "name": "out", "within": "2 s"}, "poi.open, called out, within 2 s"),
        ({"always": "poi.open", "during": ["1 s", "90 s"]}, "always poi.open from 1 s to 1.5 min"),
        ({"never": "poi.open"}, "never poi.open"),
        ({"metric": "backfeed_j", "max": 60.0}, "backfeed_j at most 60"),
        ({"metric": "soc_min_pct", "min": 10.0, "max": 90.0}, "soc_min_pct at least 10 at most 90"),
        ({"event": "device", "subject": "poi_relay"}, "in the log: device poi_relay"),
        ({"event": "started", "count_min": 2, "count_max": 2}, "in the log: started exactly 2 times"),
        ({"signal": "bus.frequency_hz", "is_constant": [49.0, 51.0]}, "bus.frequency_hz is_constant 49 to 51"),
        (
            {"signal": "bus.frequency_hz", "is_step": {"from_value": 50.0, "to_value": 49.0}},
            "bus.frequency_hz is_step from_value 50, to_value 49",
        ),
    ],
)
def test_each_kind_of_expectation_has_its_line(expected: dict[str, Any], line: str) -> None:
    assert told(**expected) == line


def test_every_scenario_tells_all_that_it_demands_and_what_it_does_not() -> None:
    for each in load_all([SCENARIOS]):
        lines = demands(each.scenario)
        assert len(lines) == len(each.scenario.expect)
        assert all(lines)
        assert len(exceptions(each.scenario)) == len(each.scenario.except_invariants)
