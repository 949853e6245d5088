"""docs/configuration.md knows every key that a file of ours may have, with its unit, range and default."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.config import code_schema, schema, table_schema
from controller.config.shapes import Part
from controller.config.vocabulary import ROLE_POINTS
from hil_tests.docs.configuration import configuration_page

LINES = configuration_page().splitlines()
BASES = (Part, schema.SourceEntry, code_schema.EnvelopeFile, table_schema.DeviceTableFile)  # of others, or one key only


def shapes() -> Iterator[type[Part]]:
    for module in (schema, table_schema, code_schema):
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, Part) and each not in BASES:
                yield each


@pytest.mark.parametrize("shape", list(shapes()), ids=lambda shape: shape.__name__)
def test_every_key_of_every_shape_has_a_line(shape: type[Part]) -> None:
    keys = [field.alias or name for name, field in shape.model_fields.items()]
    starts = [line.split("|")[1].strip(" `") if line.startswith("| `") else "" for line in LINES]
    assert any(starts[at : at + len(keys)] == keys for at in range(len(starts))), keys


@pytest.mark.parametrize("line", [
    "| `rating_va` | number | VA | > 0 | needed |  |",
    "| `tier` | whole number |  | >= 0, <= 9 | needed | 0 is shed last |",
    "| `baudrate` | `1200`, `2400`, `4800`, `9600`, `19200`, `38400`, `57600`, `115200` |  |  | 9600 |  |",
    "| `cycle_s` | number | seconds | >= 0.02, <= 1 | 0.05 |  |",
    "| `reversion_s` | number | seconds | > 0 | none | after so much silence; none: it never notices |",
    "| `phases` | list of `l1`, `l2`, `l3` |  |  | `l1`, `l2`, `l3` |  |",
    "| `grid_frequency_hz` | a number | Hz | read | needed |",
    "| `cranks_max` | a count | envelope |",
])  # fmt: skip
def test_units_ranges_and_defaults_are_said(line: str) -> None:
    assert line in LINES


def test_every_point_of_every_role_has_a_line() -> None:
    for points in ROLE_POINTS.values():
        for name in points:
            assert any(line.startswith(f"| `{name}` |") for line in LINES), name
