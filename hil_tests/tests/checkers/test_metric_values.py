"""Every metric has the value that a plain run gives it, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.reasons import EventKind, Reason
from hil_tests.checkers.metrics import Metrics
from hil_tests.plant.plant import STEP_S, PlantOptions
from hil_tests.tests.checkers.stage import Stage, the_site
from hil_tests.tests.checkers.wrongs_of_the_island import close_the_poi
from hil_tests.tests.checkers.wrongs_of_the_log import reclosed_gently

Prepare = Callable[[Stage], None]
QUIET = PlantOptions(relay_enabled=False, irradiance_w_per_m2=0.0, demand_ratio=0.5)


def begun(options: PlantOptions = QUIET) -> Stage:
    stage = Stage(options)
    stage.begin()
    return stage


def go_on(stage: Stage, metrics: Metrics, duration_s: float) -> None:
    for _ in range(round(duration_s / STEP_S)):
        stage.run(STEP_S)
        metrics.look(stage.scene)


def at_fifth_below(stage: Stage) -> None:
    stage.plant.grid.voltage_ratio = 0.8


def at_one_hertz_above(stage: Stage) -> None:
    stage.plant.grid.frequency_hz = 52.5


def with_half_a_charge(stage: Stage) -> None:
    stage.plant.batteries["battery_main"].soc_pct = 50.0


def with_a_dead_radio(stage: Stage) -> None:
    stage.order("desk", "closed", False)
    stage.plant.radios["radio_mesh"].energy_wh = 0.0


def with_the_water_off(stage: Stage) -> None:
    stage.order("water", "closed", False)


@pytest.mark.parametrize(
    ("prepare", "name", "per_s"),
    [
        (at_fifth_below, "voltage_violation_s", 0.1),
        (at_one_hertz_above, "frequency_violation_hz_s", 1.0),
        (with_half_a_charge, "under_reserve_s", 1.0),
        (with_a_dead_radio, "radio_down_s.radio_mesh", 1.0),
        (with_the_water_off, "unserved_s.tier1", 1.0),
        (with_the_water_off, "unserved_wh.tier1", 0.5 * the_site().hub.feeders["water"].rated_w / 3600.0),
    ],
)
def test_what_lasts_is_counted(prepare: Prepare, name: str, per_s: float) -> None:
    sound = measured(begun())
    stage = begun()
    prepare(stage)
    stage.run(1.0)
    assert sound[name] == 0.0
    assert measured(stage)[name] == pytest.approx(10.0 * per_s, rel=0.05)


def measured(stage: Stage) -> dict[str, float]:
    """Of ten seconds."""
    metrics = Metrics(_at_s=stage.plant.now_s)
    metrics.look(stage.scene)
    go_on(stage, metrics, 10.0)
    return metrics.finish(stage.scene)


@pytest.mark.parametrize(
    ("power_w", "which", "other"), [(0, "import_wh", "export_wh"), (60_000, "export_wh", "import_wh")]
)
def test_energy_through_the_poi_and_through_the_battery(power_w: int, which: str, other: str) -> None:
    stage = begun()
    stage.order("battery_main", "power_set_w", power_w)
    stage.run(10.0)
    through_w, battery_w = stage.plant.poi_power_w.total, stage.plant.batteries["battery_main"].power_w.total
    values = measured(stage)
    assert values[which] == pytest.approx(abs(through_w) * 10.0 / 3600.0, rel=0.05)
    assert values[other] == 0.0
    assert values["battery_throughput_wh"] == pytest.approx(abs(battery_w) * 10.0 / 3600.0, rel=0.05)
    capacity_wh = sum(battery.capacity_wh for battery in stage.site.hub.batteries.values())
    assert values["battery_cycles"] == pytest.approx(values["battery_throughput_wh"] / 2.0 / capacity_wh)


def test_an_overload_is_told_at_its_height() -> None:
    stage = Stage(QUIET)
    stage.island()
    metrics, highest_pct = Metrics(), 0.0
    for demand_ratio in (3.0, 0.1):
        for feeder in stage.plant.feeders.values():
            feeder.demand_ratio = demand_ratio
        go_on(stage, metrics, 2.0)
        highest_pct = max(highest_pct, stage.plant.batteries["battery_main"].overload_pct)
    assert metrics.finish(stage.scene)["overload_max_pct"] == pytest.approx(highest_pct, abs=0.5)
    assert highest_pct > 1.0


@pytest.mark.parametrize("how", ["dead", "low"])
def test_times_count_from_the_instant_outside_the_codes_bands(how: str) -> None:
    """A grid that sinks to 0.7 Un is lost as well: its times were told only once it was dead."""
    stage, metrics = begun(), Metrics()
    stage.plant.grid.sag(0.7, 0.2)  # ridden through
    go_on(stage, metrics, 3.0)
    lost_s = stage.plant.now_s
    if how == "dead":
        stage.plant.grid.blackout(0.0)
    else:
        stage.plant.grid.voltage_ratio = 0.7
    go_on(stage, metrics, 1.0)
    stage.say(EventKind.GRID_VERDICT, "grid", Reason.GRID_UNDERVOLTAGE, verdict="lost")
    stage.order("poi", "open", True)
    go_on(stage, metrics, 1.0)
    stage.order("n_pe", "closed", True)
    stage.order("battery_main", "mode_set", "grid_forming")
    go_on(stage, metrics, 1.0)
    stage.plant.grid.returns()
    go_on(stage, metrics, 2.0)
    close_the_poi(stage)
    go_on(stage, metrics, 1.0)
    values = metrics.finish(stage.scene)
    assert values["t_detect_s"] == pytest.approx(1.0, abs=0.05)
    assert values["t_open_s"] == pytest.approx(1.06, abs=0.05)
    assert values["t_island_s"] == pytest.approx(2.04, abs=0.1)
    assert values["t_back_s"] == pytest.approx(stage.plant.poi.closings[-1].at_s - lost_s, abs=0.05)


def test_a_dip_that_is_ridden_through_has_no_times() -> None:
    stage, metrics = begun(), Metrics()
    stage.plant.grid.sag(0.7, 0.2)
    go_on(stage, metrics, 3.0)
    assert "t_detect_s" not in metrics.finish(stage.scene)


def test_a_closing_is_told_as_it_was() -> None:
    stage = reclosed_gently()
    (closing,) = stage.plant.poi.closings
    values = Metrics().finish(stage.scene)
    assert values["sync_slip_max_hz"] == abs(closing.slip_hz)
    assert values["sync_voltage_max_ratio"] == closing.voltage_difference_ratio
    assert values["sync_angle_max_deg"] == abs(closing.angle_deg)
