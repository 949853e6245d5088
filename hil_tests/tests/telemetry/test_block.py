"""What is written is what is read, whatever the numbers; what is not as it was written is said, and never guessed."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.words import Mode
from hil_tests.tests.telemetry.samples import UNIX_S, blocks, power_name, seconds, status_at
from hil_tests.tests.web.statuses import on_grid
from supervisor.telemetry.block import Block, decode, encode
from supervisor.telemetry.channels import MISSING, VALUE_MAX, Channel, dump_layout, load_layout, sample_of
from supervisor.telemetry.sampler import Sampler

RAW = st.one_of(st.just(MISSING), st.just(VALUE_MAX), st.integers(MISSING, VALUE_MAX), st.integers(-5, 5))
LONG = st.integers(-(2**52), 2**52)


@st.composite
def any_block(draw: st.DrawFn) -> Block:
    count, channels = draw(st.integers(1, 9)), draw(st.integers(0, 4))
    row = st.lists(RAW, min_size=count, max_size=count).map(tuple)
    instants = tuple(sorted(draw(st.lists(st.integers(0, 2**52), min_size=count, max_size=count))))
    offsets = tuple(draw(st.lists(LONG, min_size=count, max_size=count)))
    layout = tuple(Channel(f"c{n}", 10) for n in range(channels))
    return Block("boot", layout, instants, offsets, tuple(draw(row) for _ in range(channels)))


@given(any_block())
def test_every_block_comes_back_as_it_was(block: Block) -> None:
    rows = decode(encode(block), block.count, len(block.layout))
    assert (rows.instants_ms, rows.offsets_ms, rows.columns) == (block.instants_ms, block.offsets_ms, block.columns)


@given(any_block(), st.data())
def test_single_columns_are_those_of_the_whole(block: Block, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(block.layout) - 1), max_size=3)) if block.layout else []
    rows = decode(encode(block), block.count, len(block.layout), places)
    assert rows.columns == tuple(block.columns[place] for place in places)


@given(any_block(), st.integers(0, 2**31))
def test_a_body_that_was_bent_is_refused_or_the_same(block: Block, seed: int) -> None:
    """zlib carries a checksum over what it holds; a bit in its header may mean nothing."""
    body = bytearray(encode(block))
    body[random.Random(seed).randrange(len(body))] ^= 1 << seed % 8
    try:
        rows = decode(bytes(body), block.count, len(block.layout))
    except ValueError:
        return
    assert rows.columns == block.columns


@pytest.mark.parametrize(("count", "channels"), [(59, 1), (61, 1), (60, 2), (0, 1), (2**40, 1)])
def test_a_body_of_another_size_than_noted_is_refused(count: int, channels: int) -> None:
    body = zlib.compress(bytes(60 * (16 + 4)))
    assert decode(body, 60, 1).columns == ((0,) * 60,)
    with pytest.raises(ValueError, match=r"written|samples"):
        decode(body, count, channels)


def test_a_small_body_cannot_fill_the_memory() -> None:
    body = zlib.compress(bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match="not as it was written"):
        decode(body, 60, 1)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


# ---- channels -------------------------------------------------------------------------------------------------------


def test_channels_carry_their_unit_and_what_is_not_known_is_missing() -> None:
    status = replace(on_grid(5.0), bus_frequency_hz=49.987, temperature_c=float("nan"), irradiance_w_per_m2=9e12)
    told = {channel.name: channel.value_of(raw) for channel, raw in sample_of(status).items()}
    assert told["bus.frequency_hz"] == 49.987
    assert (told["weather.temperature_c"], told["weather.irradiance_w_per_m2"]) == (None, None)
    assert told["grid.frequency_hz"] is None, "not measured"
    assert (told["hub.mode"], told["hub.clock"], told["bus.voltage_l2_v"]) == ("grid_connected", "holdover", 230.0)
    assert told[f"battery.{status.batteries[0].id}.soc_pct"] == 94.6
    assert told["device.poi_relay.is_up"] == "yes"
    assert all(told[f"feeder.{each.id}.power_w"] == 1234 for tier in status.tiers for each in tier.feeders)


def test_an_old_list_of_words_reads_old_values() -> None:
    mode = next(channel for channel in sample_of(on_grid(5.0)) if channel.name == "hub.mode")
    assert mode.words == tuple(mode.value for mode in Mode)
    old = Channel("hub.mode", 1, ("grid_connected", "dark"))
    assert load_layout(dump_layout((old, mode))) == (old, mode)
    assert [old.value_of(raw) for raw in (0, 1, 7, -1, MISSING)] == ["grid_connected", "dark", None, None, None]


@pytest.mark.parametrize("text", ["{", "3", "[[1]]", '[["a",1,3]]', '[["a","x",[]]]'])
def test_a_broken_list_of_channels_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_layout(text)


# ---- blocks of a minute ---------------------------------------------------------------------------------------------


def test_blocks_end_with_their_minute_and_hold_every_sample() -> None:
    found = blocks(200, from_s=30.0)
    assert [block.count for block in found] == [30, 60, 60, 50]
    assert list(seconds(found)) == [30 + n for n in range(200)]
    assert found[1].unix_s[0] == UNIX_S + 60.0


def test_the_same_snapshot_is_one_sample_and_so_are_two_close_to_each_other() -> None:
    sampler = Sampler()
    for at_s in (1.0, 1.0, 1.25, 1.49, 1.5, 1.75, 2.25):
        sampler.add(status_at(at_s))
    (block,) = sampler.take()
    assert block.instants_ms == (1000, 1500, 2250)


def test_each_second_has_its_sample_however_old_its_snapshot_is() -> None:
    """Written every 0.27 s, looked for at each whole second: sometimes just written, sometimes nearly gone."""
    sampler, period_s = Sampler(), 0.27
    for second in range(1, 60):
        sampler.add(status_at(second // period_s * period_s))
    (block,) = sampler.take()
    assert block.count == 59


def test_a_wall_clock_that_jumps_costs_no_sample_and_no_order() -> None:
    sampler, found = Sampler(), []
    for number, unix_s in enumerate((0.0, 4e9, -5.0, 1.7e9, 1.7e9, 1.6e9)):
        found += sampler.add(status_at(float(number), unix_s=unix_s))
    (block,) = found + sampler.take()
    assert block.instants_ms == (0, 1000, 2000, 3000, 4000, 5000)
    assert block.unix_s == (0.0, 4e9, -5.0, 1.7e9, 1.7e9, 1.6e9)
    assert decode(encode(block), 6, len(block.layout)).offsets_ms == block.offsets_ms


def test_a_new_boot_and_a_boot_clock_that_begins_again_begin_a_block() -> None:
    sampler, found = Sampler(), []
    for at_s, boot_id in ((50.0, "a"), (51.0, "a"), (52.0, "b"), (3.0, "b"), (4.0, "b")):
        found += sampler.add(status_at(at_s, boot_id))
    found += sampler.take()
    assert [(block.boot_id, block.instants_ms) for block in found] == [
        ("a", (50_000, 51_000)), ("b", (52_000,)), ("b", (3000, 4000)),
    ]  # fmt: skip


def test_a_channel_that_turns_up_later_begins_a_block_and_one_that_goes_leaves_a_gap() -> None:
    sampler, whole = Sampler(), status_at(1.0)
    without = replace(whole, batteries=whole.batteries[1:])
    found = sampler.add(without)
    found += sampler.add(status_at(2.0))
    found += sampler.add(replace(without, written_at_s=3.0))
    found += sampler.take()
    assert [block.instants_ms for block in found] == [(1000,), (2000, 3000)]
    assert power_name() not in [channel.name for channel in found[0].layout]
    assert list(seconds(found[1:])) == [2, MISSING]
