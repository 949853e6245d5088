"""What a POI instrument sends instead of a number must not pass for one: proof and conviction rest on it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from controller.config.paths import configs_dir

TABLES = sorted((configs_dir() / "devices").rglob("*poi*.toml"))
MEASURED = ("_v", "_a", "_hz", "_deg")


def points_of(table: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= {name: value} if "address" in value else points_of(value)
    return found


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_measured_value_has_a_sentinel_or_a_range(path: Any) -> None:
    """A current of all ones passed for 6 553.5 A, and convicted a true contact of lying (seed 55 of the fuzzer)."""
    points = points_of(tomllib.loads(path.read_text(encoding="utf-8")))
    measured = {name: point for name, point in points.items() if name.endswith(MEASURED) and "group" in point}
    assert measured
    assert [name for name, point in measured.items() if "sentinel" not in point and "maximum" not in point] == []
