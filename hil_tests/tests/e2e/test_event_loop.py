"""The controller on each of the two event loops that it knows."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from controller.event_loop import loop_factory
from hil_tests.tests.e2e.test_processes import Village


def test_without_uvloop_it_is_the_standard_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory() is asyncio.new_event_loop


@pytest.mark.timeout(90)
async def test_where_uvloop_is_installed_the_hub_is_islanded_on_it(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop", reason="the extra 'fast' is not installed")
    assert loop_factory() is uvloop.new_event_loop
    village = Village(tmp_path)
    try:
        await village.start()
        controller = village.run_controller(has_uvloop=True)
        await village.until_mode("grid_connected")
        village.plant.grid.blackout()
        await village.until_mode("islanded")
        assert village.plant.feeders["desk"].is_energised
        await village.until(lambda: all(device["is_up"] for device in village.status["devices"]))
        controller.terminate()
        _, said = await asyncio.to_thread(controller.communicate)
        assert b"event loop: uvloop" in said
        assert controller.returncode == 0
    finally:
        await village.stop()
