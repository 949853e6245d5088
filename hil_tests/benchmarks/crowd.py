"""The demo hub with twenty devices, all well, and with one that takes every question and never answers.

From the loss of the grid to the commands on the wire, as in `islanding.py`, in the same run for both: what a dead
device costs the others is a ratio.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from controller.config.paths import site_path
from hil_tests.benchmarks.islanding import KINDS, Tally, false_openings_row, heavy_load, rows_of, strike_often
from hil_tests.benchmarks.row import Row, percentile, row_of
from hil_tests.benchmarks.village import Village
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
IN_A_CROWD = (KINDS[0], KINDS[2])  # by the contact, and by the voltage
ORDERS = ("last opening order", "form order")


async def crowd_rows(count: int, seed: int = 1) -> list[Row]:
    """Two kinds of loss, each `count` times with twenty devices that are well, and as often with a dead one."""
    rows, ratios, tallies, dice = [], [], [], random.Random(seed)
    with crowded_site() as site:
        for kind in IN_A_CROWD:
            pair = []
            for name, dead in (("20 devices", None), ("20 devices, one dead", DEAD)):
                async with Village(str(site), heavy_load()) as village:
                    if dead is not None:
                        village.servers.silence(dead)
                    pair.append(await strike_often(village, kind, count, dice))
                rows += rows_of(replace(kind, name=f"{name}: {kind.name}"), pair[-1], count, village)
            ratios += [_ratio(kind.name, order, *pair) for order in ORDERS]
            tallies += pair
    return [*rows, *ratios, false_openings_row(tallies)]


def _ratio(kind: str, order: str, well: Tally, dead: Tally) -> Row:
    """Of medians and of p99; nothing is promised, for both of them have goals of their own."""
    name = f"{kind} -> {order}: one dead / all well"
    if not well.samples_ms[order] or not dead.samples_ms[order]:
        return row_of(name, "ratio", [])
    found = [[percentile(tally.samples_ms[order], share) for tally in (well, dead)] for share in (50.0, 99.0)]
    p50, p99 = (with_dead / without for without, with_dead in found)
    return Row(name, "ratio", p50, p99, p99, None, "of the two percentiles")


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
