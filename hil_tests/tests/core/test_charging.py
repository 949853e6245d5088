"""A forming inverter that gives up when it is full is never filled: PV is turned down before."""

from __future__ import annotations

import pytest

from controller.core.charging import may_charge_w
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import InverterMode
from hil_tests.tests.core.hubs import battery, battery_seen, hub, islanded, with_battery
from hil_tests.tests.core.run import Run

GIVES_UP = replace(battery(), gives_up_soc_pct=90.0)


@pytest.mark.parametrize(
    ("soc_pct", "charge_w"),
    [(50.0, 60_000.0), (88.0, 43_200.0), (89.7, 2_400.0), (89.8, 0.0), (95.0, 0.0)],
)  # fmt: skip
def test_what_is_left_of_room_takes_three_minutes_at_least(soc_pct: float, charge_w: float) -> None:
    assert may_charge_w(GIVES_UP, battery_seen(soc_pct=soc_pct)) == pytest.approx(charge_w, abs=1e-6)


def test_where_nobody_has_said_98_percent_are_the_end() -> None:
    assert may_charge_w(battery(), battery_seen(soc_pct=97.8)) == 0.0
    assert may_charge_w(battery(), battery_seen(soc_pct=97.0)) > 0.0


def test_the_bms_may_allow_less_and_rules_alone_where_the_charge_is_not_known() -> None:
    assert may_charge_w(GIVES_UP, battery_seen(soc_pct=50.0, charge_limit_w=5_000.0)) == 5_000.0
    assert may_charge_w(GIVES_UP, battery_seen(soc_pct=None, charge_limit_w=5_000.0)) == 5_000.0
    assert may_charge_w(GIVES_UP, battery_seen(soc_pct=None, charge_limit_w=None)) == 60_000.0


def test_in_the_island_pv_gets_what_the_loads_take_and_the_battery_has_room_for() -> None:
    def at(soc_pct: float) -> float:
        def scene(at_s: float) -> ProcessImage:
            return with_battery(islanded(at_s), soc_pct=soc_pct)

        run = Run(hub(batteries={"battery": GIVES_UP}))
        run.see(scene, 1.0)
        limit_w = run.commands.pv["pv"].limit_w
        assert limit_w is not None
        return limit_w

    load_w = 20_000.0
    assert at(50.0) == 50_000.0, "its rating"
    assert 0.0 < at(89.9) < load_w, "less than the loads take: the battery gives the rest"
    assert at(89.9) < at(89.5) < 50_000.0


@pytest.mark.parametrize(
    ("net_w", "limits", "share"),
    [
        (12_000.0, {}, 0.25),  # 60 and 20 kVA, and no BMS that says less
        (12_000.0, {"discharge_limit_w": 6_000.0}, 20.0 / 26.0),
        (12_000.0, {"charge_limit_w": 6_000.0}, 0.25),
        (-12_000.0, {"charge_limit_w": 6_000.0}, 20.0 / 26.0),
    ],
)
def test_who_follows_leaves_the_former_room_in_the_frost(net_w: float, limits: dict[str, float], share: float) -> None:
    """Found by seed 1333 of the fuzzer: by rating, the next feeder never fitted on a former that may give little."""

    def scene(at_s: float) -> ProcessImage:
        seen = with_battery(islanded(at_s), "battery", power_w=PhaseValues.even(net_w / 3.0), **limits)
        return with_battery(seen, "second", mode=InverterMode.GRID_FOLLOWING, power_w=ZERO)

    run = Run(hub())
    run.see(scene, 1.0)
    assert run.commands.batteries["second"].power_set_w == pytest.approx(share * net_w)
