"""Two codecs, written apart from the same tables, agree; and ours does what the tables say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.config.types import Device, Point
from controller.drivers.codec import decoder, registers
from controller.drivers.link import Value
from hil_tests.servers.encoding import raw_in, raw_of, value_of, words_of
from hil_tests.servers.lateness import Lateness
from hil_tests.tests.drivers.devices import point
from hil_tests.tests.servers.benches import site

DEVICES = [*site().devices.values(), *site("hybridhof").devices.values()]


def samples(of: Point) -> Iterator[Value]:
    """Values that the point can hold."""
    if of.enum is not None:
        yield from ({"true": True, "false": False}.get(word, word) for word in of.enum.values())
    elif of.type == "bool":
        yield from (False, True)
    else:
        low = of.minimum if of.minimum is not None else (-1000 * of.scale if of.type.startswith("int") else 0.0)
        high = of.maximum if of.maximum is not None else 1000 * of.scale
        yield from (low, high, low + 0.3 * (high - low))


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: f"{device.name}-{device.table.name}")
def test_our_registers_are_the_drivers_registers(device: Device) -> None:
    for each in device.table.points.values():
        if each.type == "string":
            continue
        for value in samples(each):
            assert tuple(words_of(each, raw_of(each, value))) == registers(each, value), f"{each.id} {value}"


@pytest.mark.parametrize(
    "kind", ["uint16", "int16", "uint32", "int32", "float32", "uint32_le", "int32_le", "float32_le"]
)
def test_a_number_survives_its_registers(kind: str) -> None:
    each = point("level", 0, kind, scale=0.5)
    number = -12.5 if kind.startswith(("int", "float")) else 12.5
    assert value_of(each, raw_in(each, words_of(each, raw_of(each, number)))) == number


def test_a_device_saturates_where_its_number_ends() -> None:
    power = point("power_w", 0, "int16", scale=10)
    assert words_of(power, raw_of(power, 1e9)) == [0x7FFF]
    assert words_of(power, raw_of(power, -1e9)) == [0x8000]


def test_what_is_not_known_is_the_sentinel_or_nothing() -> None:
    frequency = point("frequency_hz", 0, "uint16", scale=0.001, sentinel=0xFFFF)
    assert words_of(frequency, raw_of(frequency, None)) == [0xFFFF]
    assert decoder(frequency)(0xFFFF) is None
    assert words_of(point("power_w", 0), raw_of(point("power_w", 0), None)) == [0]


def test_a_contact_may_be_turned_around() -> None:
    closed = point("closed", 0, "uint16", enum={0: "true", 1: "false"})
    assert raw_of(closed, value=True) == 0
    assert value_of(closed, 1) is False
    assert value_of(closed, 2) is None


def test_lateness_is_counted_honestly() -> None:
    lateness = Lateness()
    assert lateness.p99_s == 0.0
    for late_s in [0.001] * 98 + [0.03, -0.5]:
        lateness.add(late_s)
    assert (lateness.count, lateness.late_count, lateness.max_s) == (100, 1, 0.03)
    assert lateness.p99_s == 0.001
