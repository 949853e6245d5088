"""A shipped hub whose devices are all on this machine, and none of them there."""

from __future__ import annotations

import json
from pathlib import Path

from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.types import Protocol

HUB = "musterhallig"


def nowhere(folder: Path) -> list[str]:
    """What to add to `hallig run musterhallig`: nothing is looked for beyond this machine."""
    places: dict[str, dict[str, object]] = {}
    for port, (name, device) in enumerate(load_site(site_path(HUB)).devices.items(), 1):
        match device.table.protocol:
            case Protocol.MODBUS_TCP:
                places[name] = {"host": "127.0.0.1", "port": port}
            case Protocol.MODBUS_RTU:
                places[name] = {"serial_port": str(folder / "line")}
            case Protocol.OPCUA:
                places[name] = {"url": f"opc.tcp://127.0.0.1:{port}/"}
    path = folder / "overrides.json"
    path.write_text(json.dumps(places))
    return ["--overrides", str(path)]
