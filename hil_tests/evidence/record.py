"""The record of the last full runs, part by part: each with its own date and machine."""

from __future__ import annotations

import os
import platform
import re
import tomllib
from pathlib import Path

import tomli_w

RECORD = Path(__file__).parent / "record.toml"
MODEL = re.compile(r"^model name\s*:\s*(.+)$", re.MULTILINE)


def read_record() -> dict[str, dict[str, str]]:
    """By the parts' names; empty before the first run."""
    return tomllib.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def keep(name: str, row: dict[str, str]) -> None:
    """This part was run anew; the others stay."""
    RECORD.write_text(tomli_w.dumps({**read_record(), name: row}), encoding="utf-8")


def machine() -> str:
    """Cores, processor and Python: what a figure depends on; no name that somebody gave it."""
    try:
        found = MODEL.search(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    processor = found[1].strip() if found else platform.machine()
    return f"{os.cpu_count()} cores, {processor}, Python {platform.python_version()}"
