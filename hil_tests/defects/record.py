"""Who caught which defect, as last recorded: for the documentation, which must not hunt to be written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

import tomli_w

from hil_tests.defects.hunt import Caught

RECORD = Path(__file__).parent / "caught.toml"


def write_record(caught: Iterable[Caught], defects: Iterable[str]) -> None:
    """Keep it, and of `defects`, all that there are, what was recorded before."""
    before, known = read_record(), set(defects)
    table = {name: row for name, row in before.items() if name in known}
    table |= {each.defect: {"by": each.by, "in": each.scenario, "detail": each.detail[:160]} for each in caught}
    RECORD.write_text(tomli_w.dumps(dict(sorted(table.items()))), encoding="utf-8")


def read_record() -> dict[str, dict[str, str]]:
    """By the defects' ids; empty before the first hunt."""
    return tomllib.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
