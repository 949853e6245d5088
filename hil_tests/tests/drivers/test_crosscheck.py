"""What the instruments of a hub say of each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.drivers.crosscheck import Complaint, CrossChecks
from controller.model.image import BatterySeen, FeederSeen, GensetSeen, PoiSeen, ProcessImage, PvSeen
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition
from hil_tests.tests.checkers.stage import the_site

LIVE, DEAD = PhaseValues.even(230.0), ZERO
SITE = the_site()
HUB = SITE.hub


def image(drawn_w: float = 1_000.0, imported_w: float | None = None) -> ProcessImage:
    """Every feeder draws as much, and the grid delivers it."""
    total_w = drawn_w * len(HUB.feeders) if imported_w is None else imported_w
    return ProcessImage(
        poi=PoiSeen(1.0, BreakerPosition.CLOSED, LIVE, LIVE, power_w=PhaseValues(total_w, 0.0, 0.0), current_a=ZERO),
        batteries={name: BatterySeen(power_w=ZERO, soc_pct=60.0) for name in HUB.batteries},
        pv={name: PvSeen(power_w=ZERO) for name in HUB.pv},
        gensets={name: GensetSeen(power_w=ZERO) for name in HUB.gensets},
        feeders={name: FeederSeen(power_w=PhaseValues(drawn_w, 0.0, 0.0)) for name in HUB.feeders},
    )


def complaints(seen: ProcessImage, for_s: int, checks: CrossChecks | None = None) -> set[Complaint]:
    checks = checks or CrossChecks(SITE)
    found: set[Complaint] = set()
    for second in range(for_s):
        found = set(checks.complaints(seen, float(second)))
    return found


def test_a_hub_that_adds_up_is_not_complained_of() -> None:
    assert complaints(image(), 120) == set()


def test_meters_that_do_not_add_up_are_told_after_half_a_minute() -> None:
    wrong = image(imported_w=30_000.0)
    assert complaints(wrong, 30) == set()
    assert complaints(wrong, 32) == {Complaint("hub", Reason.POWER_UNBALANCED)}


def test_a_silent_meter_is_no_contradiction() -> None:
    wrong = image(imported_w=30_000.0)
    assert complaints(replace(wrong, pv={name: PvSeen() for name in HUB.pv}), 60) == set()


@pytest.mark.parametrize(
    ("position", "bus_v", "current_a"),
    [(BreakerPosition.CLOSED, DEAD, 0.0), (BreakerPosition.OPEN, LIVE, 20.0)],
)
def test_a_contact_against_its_voltages_is_told(
    position: BreakerPosition, bus_v: PhaseValues, current_a: float
) -> None:
    seen = image()
    poi = replace(seen.poi, position=position, bus_voltage_v=bus_v, current_a=PhaseValues.even(current_a))
    assert Complaint(HUB.poi.id, Reason.CONTACT_DOUBTED) in complaints(replace(seen, poi=poi), 5)
    honest = replace(poi, position=BreakerPosition.OPEN if current_a == 0.0 else BreakerPosition.CLOSED)
    assert complaints(replace(seen, poi=honest), 5) == set()


def charged(checks: CrossChecks, soc_pct: float, power_w: float, from_s: int, to_s: int) -> set[Complaint]:
    seen = image()
    seen = replace(seen, batteries={**seen.batteries, "battery_main": BatterySeen(
        power_w=PhaseValues(power_w, 0.0, 0.0), soc_pct=soc_pct)})  # fmt: skip
    return {each for second in range(from_s, to_s) for each in checks.complaints(seen, float(second))}


def test_a_charge_that_jumps_without_energy_is_told_and_one_that_follows_is_not() -> None:
    told = Complaint("battery_main", Reason.SOC_DOUBTED)
    honest, jumping = CrossChecks(SITE), CrossChecks(SITE)
    for minute in range(15):  # 1 kWh of 120 kWh in each
        soc_pct = 60.0 - minute / 1.2
        assert told not in charged(honest, soc_pct, 60_000.0, 60 * minute, 60 * (minute + 1))
    charged(jumping, 60.0, 0.0, 0, 10)
    assert told in charged(jumping, 30.0, 0.0, 10, 20)
