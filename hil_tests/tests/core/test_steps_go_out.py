"""Who is led step by step is not held back by a set-point that holds still."""

from __future__ import annotations

import pytest

from controller.core.memory import SourceMemory
from controller.model.frozen import replace
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import GensetState, InverterMode
from hil_tests.tests.core.hubs import battery, hub, islanded, with_battery
from hil_tests.tests.core.run import Run


@pytest.mark.parametrize(
    ("engine_va", "battery_va"), [(40_000.0, 60_000.0), (10_000.0, 60_000.0), (40_000.0, 250_000.0)]
)
def test_a_large_battery_beside_a_small_engine_is_charged(engine_va: float, battery_va: float) -> None:
    site = hub(batteries={"battery": battery("battery", battery_va)})
    engine = replace(site.gensets["genset"], rating_va=engine_va, min_load_w=0.2 * engine_va)
    run, load_w, charge_w = Run(replace(site, gensets={"genset": engine})), 0.3 * engine_va, 0.0

    def seen(at_s: float) -> ProcessImage:
        image = with_battery(
            islanded(at_s, load_w),
            mode=InverterMode.GRID_FOLLOWING,
            power_w=PhaseValues.even(-charge_w / 3),
            soc_pct=6.0,
            charge_limit_w=battery_va,
            discharge_limit_w=battery_va,
        )
        carried = PhaseValues.even((load_w + charge_w) / 3)
        return replace(image, gensets={"genset": GensetSeen(at_s, GensetState.LOADED, carried, 150.0)})

    for _ in range(2400):
        run.see(seen)
        command = run.commands.batteries.get("battery")
        if command is not None and command.power_set_w is not None:
            charge_w = max(0.0, -command.power_set_w)
    assert charge_w > 0.1 * engine_va


@pytest.mark.parametrize("engine_va", [40_000.0, 150_000.0])
def test_a_large_engine_beside_a_former_in_the_frost_leads_who_is_warm(engine_va: float) -> None:
    site = hub(batteries={"battery": battery(), "second": battery("second", 20_000.0, can_form=False)})
    engine = replace(site.gensets["genset"], rating_va=engine_va, min_load_w=2_000.0)
    run, load_w, gives_w, takes_w = Run(replace(site, gensets={"genset": engine})), 6_000.0, 6_000.0, 0.0
    run.see(lambda t: islanded(t, load_w), 5.0)
    asked = SourceMemory(wanted_since_s=run.now_s, reason=Reason.OPERATOR)
    run.memory = replace(run.memory, gensets={"genset": asked})

    def seen(at_s: float) -> ProcessImage:
        former_w = load_w - gives_w + takes_w
        image = with_battery(
            islanded(at_s, load_w), power_w=PhaseValues.even(former_w / 3), soc_pct=40.0, charge_limit_w=500.0
        )
        follows = InverterMode.GRID_FOLLOWING
        warm_w = PhaseValues.even(-takes_w / 3)
        image = with_battery(image, "second", mode=follows, power_w=warm_w, soc_pct=40.0, charge_limit_w=20_000.0)
        carried = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(gives_w / 3), 150.0)
        return replace(image, gensets={"genset": carried})

    for _ in range(4000):
        run.see(seen)
        leads, follows = run.commands.gensets.get("genset"), run.commands.batteries.get("second")
        if leads is not None and leads.power_set_w is not None:
            gives_w += 0.2 * (leads.power_set_w - gives_w)
        if follows is not None and follows.power_set_w is not None:
            takes_w += 0.5 * (-follows.power_set_w - takes_w)
    assert takes_w > 9_000.0
