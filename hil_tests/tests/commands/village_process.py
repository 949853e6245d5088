"""A village in a process of its own: a plant and its device servers, told what happens line by line.

`python -m hil_tests.tests.commands.village_process FOLDER` writes FOLDER/overrides.json, says "ready", and then obeys
`blackout`, `returns`, `charge PERCENT`, `press`, `pull` (the emergency-off) and `written` (what each device was told so
far, as JSON) until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from controller.config.load import load_site
from controller.config.paths import site_path
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers


async def serve(folder: Path) -> None:
    site = load_site(site_path("musterhallig"))
    plant = Plant(site.hub)
    servers = DeviceServers(site, plant)
    plant.advance_to(1.0)
    (folder / "overrides.json").write_text(json.dumps(await servers.start(())))
    print("ready", flush=True)
    try:
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            print(answer(line, plant, servers), flush=True)
    finally:
        await servers.stop()


def answer(line: str, plant: Plant, servers: DeviceServers) -> str:
    match line.split():
        case ["blackout"]:
            plant.grid.blackout()
        case ["returns"]:
            plant.grid.returns()
        case ["charge", pct]:
            for inverter in plant.batteries.values():
                inverter.soc_pct = float(pct)
        case ["press" | "pull" as what]:
            plant.safety.emergency_off = what == "press"
        case ["written"]:
            devices = servers.devices.site.devices
            return json.dumps({name: dict(servers.devices.device(name).written) for name in devices}, default=str)
    return "ok"


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
