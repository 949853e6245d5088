"""What is written down twice agrees: our words and our arithmetic with the drivers', our offsets with SunSpec's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
import sunspec2

from controller.config import capacity, checks_instruments, checks_trust
from controller.config.bus_budget import HOLE_MAX_RTU, REGISTERS_MAX, gap_s, serial_reads, telegram_s
from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.schema import RoleName
from controller.config.table_checks import RAW_RANGES
from controller.config.tables import load_table
from controller.config.types import SunSpecWhere
from controller.config.vocabulary import DEFAULT_MAX_AGE_S, REQUIRED, ROLE_POINTS, PointKind
from controller.core import prepare, restoring, resync, stuck
from controller.drivers import blocks, screen
from controller.drivers.codec import NUMBER_TYPES
from controller.drivers.fields import Kind
from controller.drivers.roles import ROLE_FIELDS, ROLE_KINDS
from controller.drivers.station import layout, located_points
from hil_tests.tests.config.stories import MUSTER

NAMES = {  # our point -> the name that SunSpec gives it
    "pv.power_w": "W",
    "pv.is_connected": "ConnSt",
    "pv.limit_w": "WMaxLimPct",
    "pv.limit_set_w": "WMaxLimPct",
}


def _sunspec_points(model: int) -> dict[str, tuple[int, dict[str, Any]]]:
    """Name -> offset from the model's header, and what SunSpec says of the point."""
    path = Path(sunspec2.__file__).parent / "models" / "json" / f"model_{model}.json"
    points, offset = {}, 0
    for point in json.loads(path.read_text(encoding="utf-8"))["group"]["points"]:
        points[point["name"]] = (offset, point)
        offset += point["size"]
    return points


def test_the_sunspec_table_has_the_alliances_offsets() -> None:
    table, _ = load_table(configs_dir() / "devices" / "hallig_sim" / "sunspec_pv.toml", "sunspec_pv")
    assert table is not None
    assert set(table.points) == set(NAMES)
    for name, point in table.points.items():
        assert isinstance(point.where, SunSpecWhere)
        theirs = _sunspec_points(point.where.model)
        offset, spec = theirs[NAMES[name]]
        assert point.where.offset == offset, name
        assert point.where.scale_offset == (theirs[spec["sf"]][0] if "sf" in spec else None), name
        assert point.type in {spec["type"], "bool"}, name


def test_a_percent_of_the_barn_is_what_the_table_says() -> None:
    site = load_site(MUSTER)
    scale = site.devices["inverter_barn"].table.points["pv.limit_set_w"].scale
    assert scale * 100 == site.hub.pv["pv_barn"].rating_w


def test_the_vocabulary_is_the_drivers() -> None:
    assert set(ROLE_POINTS) == set(ROLE_FIELDS) == set(REQUIRED) == set(get_args(RoleName)) == set(DEFAULT_MAX_AGE_S)
    for role, fields in ROLE_FIELDS.items():
        read = {name: means for name, means in ROLE_POINTS[role].items() if means.is_read}
        expected = {
            phase
            for name, kind in fields.items()
            for phase in (_phases(name) if kind in (Kind.PHASE_LEVELS, Kind.PHASE_POWERS) else [name])
        }
        assert set(read) == expected, role
        for name, kind in fields.items():
            if isinstance(kind, type):
                assert set(read[name].words) == {member.value for member in kind}, name
            else:
                assert (read[name].kind is PointKind.TRUTH) == (kind is Kind.TRUTH), name


def test_an_asset_is_seen_as_its_fields_in_their_order() -> None:
    for role, kind in ROLE_KINDS.items():
        assert kind.__match_args__ == ("measured_at_s", *ROLE_FIELDS[role]), role  # type: ignore[attr-defined]


def _phases(name: str) -> list[str]:
    stem, _, unit = name.rpartition("_")
    return [name, *(f"{stem}_{phase}_{unit}" for phase in ("l1", "l2", "l3"))]


def test_raw_ranges_and_block_limits_are_the_drivers() -> None:
    theirs = {name: (kind.minimum, kind.maximum) for name, kind in NUMBER_TYPES.items() if not kind.is_float}
    assert theirs == RAW_RANGES
    assert REGISTERS_MAX == blocks.REGISTERS_MAX


@pytest.mark.parametrize("name", ["genset_panel", "contactor_water", "radio_tetra_node", "weather_mast"])
def test_the_budget_counts_the_blocks_that_the_driver_reads(name: str) -> None:
    device = load_site(MUSTER).devices[name]
    located = located_points(device.table.points.values())
    assert located is not None
    counts = sorted(block.count for block in layout(located, HOLE_MAX_RTU).blocks)
    assert sorted(read.register_count for read in serial_reads(device)) == counts


@pytest.mark.parametrize(
    ("baudrate", "registers", "measured_s"),
    [(9600, 10, 0.042), (9600, 100, 0.249), (19200, 10, 0.021), (19200, 100, 0.125), (115200, 100, 0.022)],
)
def test_line_time_is_what_paced_lines_measured(baudrate: int, registers: int, measured_s: float) -> None:
    """Round trips over a pty that was paced at 11 bits a character, without the last silence."""
    computed_s = telegram_s(baudrate, 8 + 5 + 2 * registers) - gap_s(baudrate)
    assert computed_s == pytest.approx(measured_s, rel=0.15)


def test_what_the_checks_foretell_is_what_the_core_does() -> None:
    assert capacity.MARGIN_RATIO == prepare.MARGIN_RATIO
    assert capacity.PICKUP_CEILING_RATIO == restoring.PICKUP_CEILING_RATIO
    assert checks_instruments.STUCK_MARGIN_S == stuck.STUCK_MARGIN_S


def test_the_core_closes_the_poi_no_oftener_than_the_guard_lets_it() -> None:
    envelope = load_site(MUSTER).envelope
    assert envelope.poi_closings_max >= resync.CLOSINGS_MAX
    assert envelope.poi_closings_window_s <= resync.CLOSINGS_WINDOW_S


def test_the_checks_know_how_many_points_show_another_word_order() -> None:
    assert (checks_trust.WIDE_MIN, checks_trust.WIDE_RATIO) == (screen.IMPOSSIBLE_MIN, screen.IMPOSSIBLE_RATIO)
