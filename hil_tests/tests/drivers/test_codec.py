from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.config.types import ModbusWhere, Point, PollGroup
from controller.drivers.blocks import Block, Located, plan, single
from controller.drivers.codec import NUMBER_TYPES, decoder, registers
from controller.drivers.errors import UnfitValueError, UnusableTableError
from controller.drivers.link import IMPOSSIBLE, Said
from controller.drivers.transport import Question
from hil_tests.tests.drivers.devices import point

INTEGERS = [name for name, kind in NUMBER_TYPES.items() if not kind.is_float and name != "bool"]


def located(*points: Point) -> list[Located]:
    return [Located(each, place_of(each)) for each in points]


def place_of(each: Point) -> ModbusWhere:
    assert isinstance(each.where, ModbusWhere)
    return each.where


def named(block: Block, payload: bytes) -> dict[str, Said]:
    return {entry.point: value for entry, value in zip(block.entries, block.decode(payload), strict=True)}


def read_back(each: Point, words: Sequence[int]) -> Said:
    payload = struct.pack(f">{len(words)}H", *words)
    (value,) = single(Located(each, place_of(each))).decode(payload)
    return value


@given(st.data(), st.sampled_from([*INTEGERS, "int32_le", "uint32_le"]), st.sampled_from([1.0, 0.1, 0.01, 10.0, -1.0]))
def test_what_is_written_reads_back_within_half_a_step(data: st.DataObject, kind: str, scale: float) -> None:
    limits = NUMBER_TYPES[kind.removesuffix("_le")]
    raw = data.draw(st.integers(int(limits.minimum), int(limits.maximum)))
    each = point("p", 7, kind, "rw", scale=scale)
    value = raw * scale
    assert read_back(each, registers(each, value)) == pytest.approx(value, abs=abs(scale) / 2)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(["float32", "float32_le"]))
def test_floats_survive(value: float, kind: str) -> None:
    each = point("p", 7, kind, "rw")
    assert read_back(each, registers(each, value)) == value


@given(st.floats(), st.sampled_from(["int16", "uint16", "uint32", "int32_le", "float32"]))
def test_a_value_is_written_right_or_refused_never_wrapped(value: float, kind: str) -> None:
    each = point("p", 0, kind, "rw", scale=0.1)
    try:
        words = registers(each, value)
    except UnfitValueError:
        return
    assert read_back(each, words) == pytest.approx(value, abs=0.051, rel=1e-6)


@pytest.mark.parametrize(("kind", "value"), [("uint16", -1), ("uint16", 65536), ("int16", 32768), ("float32", 1e39)])
def test_a_register_that_cannot_hold_a_value_says_so(kind: str, value: float) -> None:
    with pytest.raises(UnfitValueError, match=r"limit.*"):
        registers(point("battery.limit", 0, kind, "w"), value)


def test_the_points_limits_hold_for_writing_and_reading() -> None:
    each = point("soc", 0, "uint16", "rw", scale=0.1, minimum=0, maximum=100)
    assert read_back(each, (1000,)) == 100.0
    assert read_back(each, (1001,)) is IMPOSSIBLE
    with pytest.raises(UnfitValueError):
        registers(each, 100.1)


@pytest.mark.parametrize(
    ("kind", "sentinel", "words"),
    [
        ("int16", 0x8000, (0x8000,)),
        ("int16", -32768, (0x8000,)),
        ("uint16", 0xFFFF, (0xFFFF,)),
        ("int32", 0x8000_0000, (0x8000, 0)),
        ("int32_le", 0x8000_0000, (0, 0x8000)),
        ("float32", None, (0x7FC0, 0)),
        ("float32", None, (0x7F80, 0)),
    ],
)
def test_not_available_is_none(kind: str, sentinel: int | None, words: tuple[int, ...]) -> None:
    assert read_back(point("p", 0, kind, sentinel=sentinel), words) is None


def test_a_sentinel_is_never_written_as_a_value() -> None:
    with pytest.raises(UnfitValueError):
        registers(point("p", 0, "uint16", "w", sentinel=0xFFFF), 65535)


def test_enums_speak_our_words_and_know_no_others() -> None:
    position = point("poi.position", 0, "uint16", "rw", enum={0: "intermediate", 1: "open", 2: "closed"})
    assert read_back(position, (2,)) == "closed"
    assert read_back(position, (9,)) is IMPOSSIBLE
    assert registers(position, "open") == (1,)
    with pytest.raises(UnfitValueError, match="ajar"):
        registers(position, "ajar")


def test_a_normally_closed_contact_is_an_enum_of_truths() -> None:
    button = point("safety.emergency_off", 0, "bool", enum={0: "true", 1: "false"})
    assert read_back(button, (0,)) is True
    assert read_back(button, (1,)) is False


def test_the_fewest_reads_cover_all_points() -> None:
    blocks = plan(located(point("a", 0), point("b", 10), point("c", 31), point("d", 60)), hole_max=20)
    assert [(block.address, block.count) for block in blocks] == [(0, 32), (60, 1)]
    assert [piece.address for piece in blocks[0].pieces] == [0, 10, 31]


def test_no_read_is_longer_than_the_protocol_allows() -> None:
    points = [point(f"p{n}", 2 * n, "float32") for n in range(200)]
    blocks = plan(located(*points), hole_max=20)
    assert all(block.count <= 125 for block in blocks)
    assert sum(len(block.entries) for block in blocks) == 200


def test_groups_and_spaces_are_read_apart() -> None:
    points = [point("a", 0), point("b", 1, group=PollGroup.FAST), point("c", 2, space="input")]
    assert len(plan(located(*points), hole_max=20)) == 3


def test_bits_of_one_register_share_a_read() -> None:
    points = [point("x", 5, "bool", bit=0), point("y", 5, "bool", bit=3), point("n", 6, "int16", scale=0.5)]
    (block,) = plan(located(*points), hole_max=20)
    values = named(block, struct.pack(">HH", 0b1000, 0xFFFF))
    assert values == {"x": False, "y": True, "n": -0.5}


def test_coils_unpack_lowest_bit_first() -> None:
    points = [point(f"c{n}", 100 + n, "bool", space="coil") for n in (0, 1, 9)]
    (block,) = plan(located(*points), hole_max=20)
    assert Question(block.space, block.address, block.count).data_length == 2
    values = named(block, bytes((0b10, 0b10)))
    assert values == {"c0": False, "c1": True, "c9": True}


def test_one_place_may_bear_two_points() -> None:
    points = [point("limit_w", 15, "uint16", scale=300.0), replace(point("limit_pct", 15), scale=1.0)]
    (block,) = plan(located(*points), hole_max=20)
    values = named(block, struct.pack(">H", 50))
    assert values == {"limit_w": 15000.0, "limit_pct": 50.0}


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["int16", "uint32", "float32_le"])), max_size=40))
def test_every_point_decodes_from_its_own_place(places: list[tuple[int, str]]) -> None:
    points = [point(f"{n}", address, kind) for n, (address, kind) in enumerate(places)]
    memory = [(37 * n + 11) % 251 for n in range(400)]  # small numbers: floats stay finite
    seen: dict[str, Said] = {}
    for block in plan(located(*points), hole_max=20):
        words = memory[block.address : block.address + block.count]
        seen |= named(block, struct.pack(f">{block.count}H", *words))
    for each in points:
        words = memory[place_of(each).address : place_of(each).address + each.register_count]
        assert seen[each.id] == read_back(each, words)


def test_a_string_cannot_be_read_from_registers() -> None:
    with pytest.raises(UnusableTableError, match="string"):
        plan(located(point("name", 0, "string")), hole_max=20)


def test_scale_factors_multiply_the_tables_own() -> None:
    assert decoder(point("limit_w", 0, scale=300.0), 0.1)(500) == pytest.approx(15_000)
    assert math.isclose(registers(point("limit_w", 0, "uint16", "w", scale=300.0), 15_000, 0.1)[0], 500)
