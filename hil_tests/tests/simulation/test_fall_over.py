"""Two instruments for one thing: the second takes over in the cycle in which the first is stale."""

from __future__ import annotations

import asyncio

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.model.image import ProcessImage
from controller.model.words import Mode
from hil_tests.plant.plant import Plant
from hil_tests.simulation.bench import Bench
from hil_tests.virtual.bench import WireBench
from hil_tests.virtual.desk import WireDesk
from hil_tests.virtual.loop import VirtualLoop

CUT_AT_S, UNTIL_S = 5.0, 8.0
Seen = list[tuple[float, ProcessImage]]


def on_direct_links() -> Seen:
    bench, seen = Bench.of("hybridhof"), []
    bench.on_step = lambda: seen.append((bench.plant.now_s, bench.image))
    bench.run_for(CUT_AT_S)
    bench.cut("poi_relay")
    bench.run_for(UNTIL_S - CUT_AT_S)
    assert bench.mode is Mode.GRID_CONNECTED
    return seen


def on_real_bytes() -> Seen:
    site, loop, seen = load_site(configs_dir() / "hubs" / "hybridhof.toml"), VirtualLoop(), []
    bench = WireBench(site, Plant(site.hub, 1), 1, loop)
    desk, is_over = WireDesk(bench), asyncio.Event()
    cuts: list[object] = []

    def look() -> None:
        now_s = bench.plant.now_s
        seen.append((now_s, bench.loop.image))
        if now_s >= CUT_AT_S and not cuts:
            cuts.append(desk.inject("poi_relay", "silent", {}))
        if now_s >= UNTIL_S:
            is_over.set()

    async def play() -> None:
        bench.on_step = look
        await bench.start()
        await is_over.wait()
        desk.close()
        await bench.stop()

    try:
        loop.run_until_complete(play())
    finally:
        loop.close()
    return seen


@pytest.mark.parametrize("play", [on_direct_links, on_real_bytes])
def test_the_meter_of_the_inverter_stands_in_for_the_relay_in_one_cycle(play: object) -> None:
    assert callable(play)
    seen: Seen = play()
    later = [image.poi for now_s, image in seen if now_s > 2.0]
    assert all(poi.grid_voltage_v is not None for poi in later), "not one cycle without"
    assert all(poi.grid_frequency_hz is not None for poi in later)
    last = later[-1]
    assert last.position is None, "which only the relay has"
    assert last.grid_voltage_v is not None
    assert last.grid_voltage_v.minimum > 200.0
    assert any("poi_relay" in image.lost_devices for _, image in seen)
