"""A value that its device has told, and that is too old to judge by, is said to be so, with the limit."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from controller.commands.read import lines_of
from controller.config.load import load_site
from controller.drivers.link import Reading, Sample, Value
from controller.model.image import ProcessImage
from controller.point_reading import PointReader
from hil_tests.tests.config.stories import MUSTER

AT_S = 100.0


@dataclass
class Told:
    """A link that has heard everything once."""

    ages_s: dict[str, float] = field(default_factory=dict)
    is_up: bool = True
    is_barred: bool = False
    is_empty: bool = False
    changes_count: int = 1
    values_count: int = 1

    def reading(self, point: str) -> Reading | None:
        return Reading(230.0, Sample(AT_S - self.ages_s.get(point, 0.05)))

    def impossible_at_s(self, _point: str) -> float | None:
        return None

    def write(self, _point: str, _value: Value) -> None:
        raise AssertionError("reading writes nothing")


def lines(ages_s: dict[str, float]) -> list[str]:
    site = load_site(MUSTER)
    reader = PointReader(site, {name: Told(ages_s if name == "poi_relay" else {}) for name in site.devices})
    return lines_of(reader.read("poi.grid_voltage_v", ProcessImage(), AT_S))


def test_the_phase_that_is_too_old_is_named_with_its_age_and_its_limit() -> None:
    said = lines({"poi.grid_voltage_l2_v": 0.36})
    limit = "0.15 s is the limit: an older value may be judged by no more"
    assert said[1] == f"  too old: poi_relay poi.grid_voltage_l2_v is of 0.36 s ago; {limit}"


@pytest.mark.parametrize("age_s", [0.05, 0.15])
def test_what_is_fresh_and_not_available_for_another_reason_is_not_called_old(age_s: float) -> None:
    assert not any("too old" in line for line in lines({"poi.grid_voltage_l2_v": age_s}))
