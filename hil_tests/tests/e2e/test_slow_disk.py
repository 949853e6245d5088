"""A slow, a full and a read-only disk below the real controller: what protects people does not wait for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.intent import SHORT_WAIT_MAX_S, WAIT_MAX_S
from hil_tests.benchmarks.village import Village
from hil_tests.disk.shim import compiled, environment, has_compiler
from hil_tests.tests.missing import needs

SYNC_S = 4.0  # well beyond what anything takes on a busy machine
OPENING_S = SYNC_S - 0.5  # an order of a busy machine comes within this, one that waits for a sync does not
FORMING_S = OPENING_S + SHORT_WAIT_MAX_S + WAIT_MAX_S
LATE_MAX_S = 1.0


@needs(has_compiler(), "no gcc: apt install gcc libc6-dev")
@pytest.mark.timeout(150)
@pytest.mark.parametrize("illness", ["slow", "full", "read_only"])
async def test_an_ill_disk_delays_no_opening_no_cycle_and_a_forming_by_its_wait_alone(
    tmp_path: Path, illness: str
) -> None:
    data, ill, is_slow = tmp_path / "data", tmp_path / "ill", illness == "slow"
    data.mkdir()
    settings = {"sync_ms": round(1000 * SYNC_S)} if is_slow else {illness: ill}
    disk = environment(compiled(tmp_path), data, **settings)
    mine = {name: text for name, text in disk.items() if name.startswith(("HALLIG_DISK", "LD_PRELOAD"))}
    async with Village() as village:
        village.process.data_folder = data
        village.start_controller(**mine)
        connected_s = await village.until_mode("grid_connected")
        opened_s = await village.until(lambda: village.status["journal"]["is_ok"], "the journal", 90.0)
        assert not is_slow or opened_s - connected_s > SYNC_S, "the disk is as slow as it should be"
        ill.touch()
        village.watch_for()
        village.plant.grid.blackout()
        dark_s = village.plant.now_s
        await village.until_mode("islanded")
        (opening, *_), (forming, *_) = village.orders(("open", True)), village.orders(("mode_set", "grid_forming"))
        assert opening.at_s - dark_s < OPENING_S
        assert forming.at_s - dark_s < FORMING_S
        assert village.status["cycle"]["lateness_max_s"] < LATE_MAX_S
        await village.until(lambda: village.status["journal"]["is_ok"] is is_slow, "what is said of the disk", 5.0)
