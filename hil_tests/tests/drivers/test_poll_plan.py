"""When which device is asked for what: each group at its own rate, and not all devices in the same instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Device, PollGroup
from controller.drivers import connect
from controller.drivers.board import Board
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_tcp import TCP_RULES
from controller.drivers.transport import Question
from hil_tests.tests.drivers.devices import device, point, surroundings
from hil_tests.virtual.loop import VirtualLoop

ASKED_FOR_S = 4.0
PERIODS_S = {PollGroup.FAST: 0.02, PollGroup.NORMAL: 0.1, PollGroup.SLOW: 0.5}


@dataclass
class Wire:
    """Answers zeros at once, and writes down when it was asked for which address."""

    clock: Callable[[], float]
    is_open: bool = True

    def __post_init__(self) -> None:
        self.asked: list[tuple[float, int]] = []

    async def open(self, on_lost: Callable[[], None]) -> None:
        del on_lost

    def close(self) -> None:
        return None

    async def quiet(self, device: Device) -> None:
        del device

    async def read(self, device: Device, question: Question) -> bytes:
        del device
        self.asked.append((self.clock(), question.address))
        return bytes(question.data_length)

    async def write_registers(self, *_: object) -> None:
        raise AssertionError("nothing is written here")

    async def write_coil(self, *_: object) -> None:
        raise AssertionError("nothing is written here")


def asked(phase: float) -> list[tuple[float, int]]:
    """One point of each group, its address its number in the order of the groups."""
    loop = VirtualLoop()
    points = [point(group.value, 1000 * number, group=group) for number, group in enumerate(PollGroup)]
    periods: dict[str, Any] = {f"{group.value}_s": period_s for group, period_s in PERIODS_S.items()}
    wire = Wire(loop.time)
    board = Board(device(points, **periods), loop.time)
    bus = ModbusBus([board], wire, TCP_RULES, replace(surroundings(), clock=loop.time), phase)

    async def story() -> None:
        serving = asyncio.create_task(bus.run())
        await asyncio.sleep(ASKED_FOR_S)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    loop.run_until_complete(story())
    loop.close()
    return wire.asked


@pytest.mark.parametrize("group", PollGroup)
def test_each_group_is_asked_for_at_its_own_rate(group: PollGroup) -> None:
    address = 1000 * list(PollGroup).index(group)
    instants = [at_s for at_s, what in asked(phase=0.0) if what == address]
    gaps = [after - before for before, after in pairwise(instants)]
    assert gaps == pytest.approx([PERIODS_S[group]] * round(ASKED_FOR_S / PERIODS_S[group] - 1), abs=1e-6)


def test_a_connection_asks_in_its_own_part_of_the_period() -> None:
    slow = [at_s for at_s, what in asked(phase=0.5) if what == 2000]
    assert slow[0] == 0.0  # at once, and then on its own grid
    assert [at_s % PERIODS_S[PollGroup.SLOW] for at_s in slow[1:]] == pytest.approx([0.25] * len(slow[1:]))


def test_the_connections_of_a_site_do_not_all_ask_in_the_same_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    phases: list[float] = []

    class Owner:
        def __init__(self, _boards: object, *more: object) -> None:
            phases.extend(value for value in more if isinstance(value, float))

    for name in ("ModbusBus", "_LateUaServer"):
        monkeypatch.setattr(connect, name, Owner)
    site = load_site(configs_dir() / "hubs" / "musterhallig.toml")
    loop = VirtualLoop()
    connect.open_links(site, loop.time, loop.time)
    loop.close()
    assert len(phases) == len(set(phases)) > 5
    assert max(after - before for before, after in pairwise(sorted(phases))) == pytest.approx(1.0 / len(phases))
