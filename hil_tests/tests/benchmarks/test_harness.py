"""The benchmarks measure what they say; how fast anything is, no test asks."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from controller.config.load import load_site
from controller.config.types import ModbusWhere
from hil_tests.benchmarks import table
from hil_tests.benchmarks.__main__ import PARTS, main
from hil_tests.benchmarks.crowd import DEAD, crowded_site
from hil_tests.benchmarks.row import Row, percentile, row_of
from hil_tests.benchmarks.village import Village


def test_the_p99_of_a_hundred_is_the_ninety_ninth_smallest() -> None:
    samples = [float(number) for number in range(100, 0, -1)]
    assert percentile(samples, 99.0) == 99.0
    assert percentile(samples, 50.0) == 50.0
    assert percentile([7.0], 99.0) == 7.0


def test_what_was_not_measured_is_seen_to_be_missing() -> None:
    row = row_of("never came", "ms", [], 100.0)
    assert math.isnan(row.p99)
    assert "nothing measured" in row.note
    assert table.misses([row]) == [row]


def test_times_are_judged_by_their_p99_and_costs_by_their_median() -> None:
    slow_tail = [1.0] * 98 + [300.0] * 2
    assert table.misses([row_of("time", "ms", slow_tail, 100.0)])
    assert not table.misses([row_of("cost", "us", slow_tail, 100.0)])


def test_the_page_keeps_what_was_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("head\n<!-- begin a -->old a<!-- end a -->\nbetween\n<!-- begin b -->old b<!-- end b -->\ntail\n")
    monkeypatch.setattr(table, "PAGE", page)
    table.write_page({"a": [Row("something", "ms", 1.0, 2.0, 3.0, 1.5, "a note")]}, "the command")
    text = page.read_text()
    assert "old a" not in text
    assert "| something | ms | 1.00 | 2.00 | 3.00 | 1.50 ! | a note |" in text
    assert "the command" in text
    assert all(kept in text for kept in ("head", "between", "old b", "tail"))
    with pytest.raises(ValueError, match="no place for 'c'"):
        table.write_page({"c": []}, "the command")


def test_every_part_has_its_place_on_the_page() -> None:
    text = table.PAGE.read_text()
    assert [name for name in PARTS if f"<!-- begin {name} -->" not in text or f"<!-- end {name} -->" not in text] == []


def test_a_part_that_there_is_not_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["polling", "speling"])
    assert ended.value.code == 2
    assert "no part called speling; there are: islanding" in capsys.readouterr().err


async def test_the_stop_watch_shows_a_planted_delay() -> None:
    """From a criterion of the plant to an order that a device server received over its own socket, 0.3 s later."""
    async with Village() as village:
        village.watch_for(lambda plant: plant.grid.frequency_hz > 51.0)
        village.plant.grid.frequency_hz = 51.5
        await village.until(lambda: village.criterion_at_s is not None, "the criterion", 5.0)
        await asyncio.sleep(0.3)
        await _order_open(village)
        order = village.orders(("open", True))[0]
        assert order.asset == village.site.hub.poi.id
        assert village.criterion_at_s is not None
        assert order.at_s - village.criterion_at_s >= 0.29


async def _order_open(village: Village) -> None:
    ref = village.site.bindings[village.site.hub.poi.id].writes["open"]
    device = village.site.devices[ref.device]
    where = device.table.points[ref.point].where
    assert isinstance(where, ModbusWhere)
    places = village.overrides[ref.device]
    client = AsyncModbusTcpClient(str(places["host"]), port=int(str(places["port"])))
    assert await client.connect()
    if where.space == "coil":
        await client.write_coil(where.address, value=True, device_id=device.unit)
    else:
        await client.write_register(where.address, 1, device_id=device.unit)
    client.close()


def test_a_crowd_is_twenty_devices_and_gone_afterwards() -> None:
    with crowded_site() as path:
        site = load_site(path)
        assert len(site.devices) == 20
        assert site.bindings["roof_8"].reads["power_l1_w"][0].device == DEAD
    assert not path.exists()
