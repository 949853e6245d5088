"""Statuses and blocks of a hub that was measured for a while, without waiting for it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from controller.status import BatteryStatus, Status
from hil_tests.tests.web.statuses import on_grid
from supervisor.telemetry.block import MS, Block
from supervisor.telemetry.channels import Channel
from supervisor.telemetry.sampler import Sampler

UNIX_S = 1_795_600_000.0
HOUR_S = 3600.0


def status_at(at_s: float, boot_id: str = "boot", unix_s: float | None = None, power_w: float | None = None) -> Status:
    """A normal day, at an instant of the boot clock; the first battery delivers `power_w`."""
    base = on_grid(at_s)
    first = replace(base.batteries[0], power_w=at_s if power_w is None else power_w)
    labelled = UNIX_S + at_s if unix_s is None else unix_s
    return replace(base, boot_id=boot_id, unix_s=labelled, batteries=(first, *base.batteries[1:]))


def blocks(count: int, from_s: float = 0.0, boot_id: str = "boot", unix_s: float | None = None) -> list[Block]:
    """So many samples, one a second; the first battery's power is the second."""
    sampler, found = Sampler(), []
    for number in range(count):
        at_s = from_s + number
        found += sampler.add(status_at(at_s, boot_id, None if unix_s is None else unix_s + number))
    return found + sampler.take()


def first_battery() -> BatteryStatus:
    """Whose power is told apart."""
    return on_grid(0.0).batteries[0]


def power_name() -> str:
    """The channel of its power."""
    return f"battery.{first_battery().id}.power_w"


def seconds(blocks_of: list[Block]) -> Iterator[float]:
    """The power of the first battery, sample by sample."""
    for block in blocks_of:
        place = [channel.name for channel in block.layout].index(power_name())
        yield from block.columns[place]


def noisy(minutes: range, channels_count: int = 20, seed: int = 1) -> Iterator[Block]:
    """Whole minutes that no compression makes much smaller; the first channel's value is the second of the boot."""
    rng = random.Random(seed)
    layout = tuple(Channel(f"noise.n{number:03}.power_w") for number in range(channels_count))
    for minute in minutes:
        at_s = range(60 * minute, 60 * minute + 60)
        noise = (tuple(rng.randrange(-(2**20), 2**20) for _ in at_s) for _ in layout[1:])
        yield Block(
            "boot",
            layout,
            tuple(at * MS for at in at_s),
            (int(UNIX_S) * MS,) * len(at_s),
            (tuple(at_s), *noise),
        )
