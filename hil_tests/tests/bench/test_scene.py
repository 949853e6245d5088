"""In real time an order is judged when the log has had its time to explain it; a signal shows it at once."""

from __future__ import annotations

from hil_tests.bench.scene import Scene
from hil_tests.servers.points import PlantDevices
from hil_tests.tests.checkers.stage import NoFaults, Puppet, Stage


def test_an_order_is_judged_when_log_and_snapshot_have_caught_up() -> None:
    told_s = [-1.0]
    stage = Stage()
    devices = PlantDevices(stage.site, stage.plant)
    scene = Scene(stage.site, stage.plant, devices, Puppet(), NoFaults(), told_until_s=lambda: told_s[0])
    ref = scene.site.bindings["warm_room"].writes["closed"]
    on_write = devices.device(ref.device).on_write
    assert on_write is not None
    on_write(ref.point, False)
    scene.show_orders()
    assert (len(scene.received), scene.orders) == (1, [])
    told_s[0] = scene.received[0].at_s
    scene.show_orders()
    assert scene.orders == scene.received


def test_in_virtual_time_both_are_one() -> None:
    scene = Stage().scene
    assert scene.orders is scene.received
