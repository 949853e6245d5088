"""Statuses and blocks of a hub that was measured for a while, without waiting for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from controller.status import BatteryStatus, Status
from hil_tests.tests.web.statuses import on_grid
from supervisor.telemetry.block import Block
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
