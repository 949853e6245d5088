"""Our SunSpec reading against the Alliance's own library: it makes the device's registers, and says what is in them."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from sunspec2.device import Model

from controller.config.types import Point, SunSpecWhere
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from hil_tests.tests.drivers.devices import board, running, surroundings, until
from hil_tests.tests.drivers.scripted_tcp import ScriptedDevice

MODELS = (1, 101, 103, 113, 120, 121, 122, 123, 124, 701, 702, 703, 704, 713, 802)
END = (0xFFFF, 0)
RANGES = {  # what each of their types can hold, short of its mark for "not implemented"
    "int16": (-0x7FFF, 0x7FFF),
    "uint16": (0, 0xFFFE),
    "int32": (-0x7FFF_FFFF, 0x7FFF_FFFF),
    "uint32": (0, 0xFFFF_FFFE),
    "acc32": (1, 0xFFFF_FFFF),
    "enum16": (0, 0xFFFE),
    "bitfield16": (0, 0xFFFE),
    "bitfield32": (0, 0xFFFF_FFFE),
    "float32": (-1e6, 1e6),
}
OURS = {"acc32": "uint32", "enum16": "uint16", "bitfield16": "uint16", "bitfield32": "uint32"}
HEADER = ("ID", "L")


def made(number: int, dice: random.Random) -> Any:
    """A model with random values; a fifth of them, and of the scale factors, is not implemented."""
    model = Model(number)
    for name, point in model.points.items():
        kind = point.pdef["type"]
        if name in HEADER or dice.random() < 0.2:
            continue
        if kind == "sunssf":
            point.value = dice.randint(-4, 4)
        elif kind in RANGES:
            low, high = RANGES[kind]
            point.value = dice.uniform(low, high) if kind == "float32" else dice.randint(int(low), int(high))
    model.points["ID"].value, model.points["L"].value = number, len(model.get_mb()) // 2 - 2
    return model


def readable(model: Any) -> Iterator[tuple[Point, float | None]]:
    """Each number of it as a table of ours would name it, with what their library says it is."""
    for name, each in model.points.items():
        kind = each.pdef["type"]
        if name in HEADER or kind not in RANGES:
            continue
        scale = model.points[each.sf].offset if each.sf else None
        sentinel = 0 if kind == "acc32" else None  # of a count, which has a mark of its own
        where = SunSpecWhere(model.model_id, each.offset, scale)
        point = Point(f"m{model.model_id}.{name}", where, OURS.get(kind, kind), True, False, sentinel=sentinel)
        yield point, each.cvalue


def image(base: int, models: list[Any]) -> dict[int, int]:
    payload = b"SunS" + b"".join(model.get_mb() for model in models)
    words = [*struct.unpack(f">{len(payload) // 2}H", payload), *END]
    return dict(enumerate(words, base))


@pytest.mark.parametrize(("base", "seed"), [(40000, 1), (50000, 2), (0, 3)])
async def test_every_number_of_every_model_is_what_their_library_says(base: int, seed: int) -> None:
    models = [made(number, random.Random(f"{seed} {number}")) for number in MODELS]
    wanted = dict(pair for model in models for pair in readable(model))
    assert len(wanted) > 300
    peer = ScriptedDevice(registers=image(base, models))
    await peer.start()
    link = board(wanted, port=peer.port, timeout_s=1.0)
    owner = ModbusBus([link], TcpWire(link.device), TCP_RULES, surroundings())
    last = next(point.id for point, value in reversed(wanted.items()) if value is not None)
    try:
        async with running(owner):
            await until(lambda: link.reading(last), "all was read")
            found = {point.id: link.reading(point.id) for point in wanted}
    finally:
        await peer.stop()
    wrong = [
        f"{point.id}: {found[point.id]}, not {value}"
        for point, value in wanted.items()
        if not agrees(None if (reading := found[point.id]) is None else float(reading.value), value)
    ]
    assert not wrong, "\n".join(wrong)


def agrees(ours: float | None, theirs: float | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return ours == pytest.approx(theirs, rel=1e-6, abs=1e-12)
