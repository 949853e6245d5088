"""What devices offer: the site's bindings turned around, and what each does when nobody feeds it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.config.types import OnLoss, Site
from controller.model.words import BreakerPosition, InverterMode
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.servers.points import PlantDevices
from hil_tests.tests.servers.benches import Clock, site


def devices(checked: Site) -> PlantDevices:
    return PlantDevices(checked, Plant(checked.hub))


def run(bench: PlantDevices, duration_s: float, heartbeat_of: str | None = None) -> None:
    for step in range(round(duration_s / STEP_S)):
        bench.plant.step(STEP_S)
        if heartbeat_of is not None:
            target = bench.device(heartbeat_of)
            target.write(str(target.device.table.heartbeat), step)
        bench.after_step()


def with_loss(checked: Site, name: str, on_loss: OnLoss, on_loss_island: OnLoss) -> Site:
    """The site with another answer to silence for one device, after one second, and a heartbeat for those without."""
    device = checked.devices[name]
    beat = device.table.heartbeat or "feeder.8.closed"
    table = replace(device.table, on_loss=on_loss, on_loss_island=on_loss_island, reversion_s=1.0, heartbeat=beat)
    return replace(checked, devices={**checked.devices, name: replace(device, table=table)})


@pytest.mark.parametrize("name", ["musterhallig", "hybridhof"])
def test_every_bound_point_is_served(name: str) -> None:
    checked = site(name)
    bench = devices(checked)
    for binding in checked.bindings.values():
        for references in binding.reads.values():
            for ref in references:
                assert ref.point in bench.device(ref.device).readers, f"{ref.device} {ref.point}"
        for field, ref in binding.writes.items():
            if field == "heartbeat":  # feeds the device alone
                continue
            assert ref.point in bench.device(ref.device).writers, f"{ref.device} {ref.point}"


def test_a_hybrid_device_serves_three_assets() -> None:
    bench = devices(site("hybridhof"))
    hybrid, relay = bench.device("hybrid"), bench.device("poi_relay")
    run(bench, 1.0)
    assert hybrid.read("battery.soc_pct") == bench.plant.batteries["battery_hybrid"].soc_pct
    assert hybrid.read("pv.power_l1_w") == pytest.approx(bench.plant.pv["pv_hybrid"].power_w.l1)
    assert hybrid.read("poi.grid_voltage_l1_v") == relay.read("poi.grid_voltage_l1_v")


def test_a_restored_plant_is_the_one_that_answers() -> None:
    bench = devices(site())
    before = bench.plant.snapshot()
    bench.device("inverter_school").write("pv.limit_set_w", 1000.0)
    assert bench.device("inverter_school").read("pv.limit_w") == 1000.0
    bench.plant.restore(before)
    assert bench.device("inverter_school").read("pv.limit_w") == 50_000.0


def test_a_fault_can_be_shown_but_not_ordered() -> None:
    bench = devices(site())
    bench.device("inverter_main").write("battery.mode_set", "fault")
    assert bench.plant.batteries["battery_main"].mode is InverterMode.GRID_FOLLOWING
    bench.plant.batteries["battery_main"].trip()
    assert bench.device("inverter_main").read("battery.mode") == "fault"


# ---- silence --------------------------------------------------------------------------------------------------------


def test_a_limit_lapses_on_grid_after_the_reversion_time_and_only_then() -> None:
    bench = devices(site())
    bench.device("inverter_school").write("pv.limit_set_w", 5000.0)
    run(bench, 29.9)
    assert bench.plant.pv["pv_school"].limit_w == 5000.0
    run(bench, 0.2)
    assert bench.plant.pv["pv_school"].limit_w == 50_000.0
    assert bench.plant.pv["pv_barn"].limit_w == 30_000.0


def test_a_limit_holds_in_the_island() -> None:
    bench = devices(site())
    bench.plant.poi.trip()
    bench.device("inverter_school").write("pv.limit_set_w", 5000.0)
    run(bench, 31.0)
    assert bench.plant.pv["pv_school"].limit_w == 5000.0


def test_a_heartbeat_that_moves_keeps_everything() -> None:
    bench = devices(site())
    bench.device("inverter_school").write("pv.limit_set_w", 5000.0)
    run(bench, 31.0, heartbeat_of="inverter_school")
    assert bench.plant.pv["pv_school"].limit_w == 5000.0


def test_a_heartbeat_that_is_only_repeated_feeds_nobody() -> None:
    bench = devices(site())
    target = bench.device("inverter_school")
    target.write("pv.limit_set_w", 5000.0)
    for _ in range(31):
        target.write("pv.heartbeat", 7)
        run(bench, 1.0)
    assert bench.plant.pv["pv_school"].limit_w == 50_000.0


def test_a_device_reverts_once_and_takes_orders_again() -> None:
    bench = devices(site())
    run(bench, 31.0)
    bench.device("inverter_school").write("pv.limit_set_w", 5000.0)
    run(bench, 5.0)
    assert bench.plant.pv["pv_school"].limit_w == 5000.0
    bench.device("inverter_school").write("pv.heartbeat", 1)
    run(bench, 31.0)
    assert bench.plant.pv["pv_school"].limit_w == 50_000.0


def test_a_forming_inverter_keeps_forming() -> None:
    bench = devices(site())
    bench.plant.poi.trip()
    run(bench, 0.2)
    bench.device("inverter_main").write("battery.mode_set", "grid_forming")
    run(bench, 15.0)
    assert bench.plant.batteries["battery_main"].is_forming


def test_contactors_that_open_on_loss_open_only_their_own_device() -> None:
    bench = devices(with_loss(site(), "io_module", OnLoss.OPEN, OnLoss.OPEN))
    run(bench, 1.5)
    assert bench.plant.feeders["medical"].position is BreakerPosition.OPEN
    assert bench.plant.feeders["water"].position is BreakerPosition.CLOSED


def test_a_relay_that_opens_on_loss_opens_the_poi() -> None:
    bench = devices(with_loss(site(), "poi_relay", OnLoss.OPEN, OnLoss.HOLD))
    run(bench, 1.5)
    assert bench.plant.poi.position is BreakerPosition.OPEN


def test_sources_that_stop_on_loss_stop() -> None:
    bench = devices(with_loss(site("hybridhof"), "hybrid", OnLoss.STOP, OnLoss.HOLD))
    run(bench, 1.5)
    assert bench.plant.batteries["battery_hybrid"].mode is InverterMode.OFF
    assert bench.plant.pv["pv_hybrid"].limit_w == 0.0
    assert bench.plant.batteries["battery_shed"].mode is InverterMode.GRID_FOLLOWING


# ---- time -----------------------------------------------------------------------------------------------------------


def test_the_plant_follows_its_clock() -> None:
    checked, clock, steps = site(), Clock(), []
    plant = Plant(checked.hub)
    bench = PlantDevices(checked, plant, clock, lambda: steps.append(plant.now_s))
    clock.now_s += 0.255
    assert bench.catch_up() == pytest.approx(0.255)
    assert plant.now_s == pytest.approx(0.25)
    assert len(steps) == 25
    assert bench.next_step_in_s == pytest.approx(0.005)


def test_a_machine_that_slept_does_not_make_the_plant_race() -> None:
    checked, clock = site(), Clock()
    bench = PlantDevices(checked, Plant(checked.hub), clock)
    clock.now_s += 3600.0
    bench.catch_up()
    assert bench.plant.now_s == pytest.approx(1.0, abs=2 * STEP_S)
    assert bench.skipped_s == pytest.approx(3599.0)
    clock.now_s += 0.1
    bench.catch_up()
    assert bench.plant.now_s == pytest.approx(1.1, abs=2 * STEP_S)
