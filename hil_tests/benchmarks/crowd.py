"""The demo hub with twenty devices, of which one takes every question and never answers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.config.paths import site_path
from hil_tests.servers.process import memory_folder

HUB = "musterhallig"
ROOFS_COUNT = 8  # beside the demo hub's twelve devices
DEAD = f"roof_{ROOFS_COUNT}_inverter"
ROOF = """
[pv.roof_{number}]
label = {{ de = "Dach {number}", da = "Tag {number}", en = "Roof {number}" }}
from = "roof_{number}_inverter"
rating_w = 1_000

[devices.roof_{number}_inverter]
table = "hallig_sim/pv_inverter"
host = "192.0.2.{host}"
"""


@contextmanager
def crowded_site() -> Iterator[Path]:
    """Its site file, as long as it is needed."""
    folder = memory_folder("hallig-crowd-")
    try:
        roofs = (ROOF.format(number=number, host=100 + number) for number in range(1, ROOFS_COUNT + 1))
        path = folder / "twenty.toml"
        path.write_text(site_path(HUB).read_text(encoding="utf-8") + "".join(roofs), encoding="utf-8")
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)
