"""The tables of the benchmarks: on a terminal, and in docs/benchmarks.md between two marks that stay."""

from __future__ import annotations

import math
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from controller import clock
from hil_tests.benchmarks.row import Row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
HEAD = ("what", "unit", "p50", "p99", "max", "goal", "note")


def text_table(title: str, rows: Sequence[Row]) -> str:
    """For people at a terminal."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD) - 1)]
    lines = ["  ".join(_fit(line[c], width, c) for c, width in enumerate(widths)) + "  " + line[-1] for line in cells]
    return "\n".join([title, *lines])


def markdown_table(rows: Sequence[Row]) -> str:
    """For the page."""
    lines = [HEAD, ("---", "---", "--:", "--:", "--:", "--:", "---"), *(_cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_page(results: Mapping[str, Sequence[Row]], command: str) -> None:
    """Replace the tables that were measured; leave the others, with their own date and machine."""
    page = PAGE.read_text(encoding="utf-8")
    for name, rows in results.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        if begin not in page or end not in page:
            raise ValueError(f"{PAGE.name} has no place for '{name}': it needs the lines {begin} and {end}")
        before, after = page.split(begin)[0], page.split(end)[1]
        page = f"{before}{begin}\n\n{_where_and_when(command)}\n\n{markdown_table(rows)}\n\n{end}{after}"
    PAGE.write_text(page, encoding="utf-8")


def misses(rows: Sequence[Row]) -> list[Row]:
    """Rows whose p99 is beyond the goal, or that could not be measured."""
    return [row for row in rows if math.isnan(row.p99) or (row.goal is not None and _judged(row) > row.goal)]


def _judged(row: Row) -> float:
    """Times by their p99; a cost that is stated as a median, and a speed, by their median."""
    return row.p50 if row.unit in {"us", "ratio"} or row.unit.startswith("us per") else row.p99


def _where_and_when(command: str) -> str:
    today = datetime.fromtimestamp(clock.unix_s(), UTC).date().isoformat()
    return f"{today}, {_machine()}, `{command}`"


def _machine() -> str:
    models = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    name = models[0].strip() if models else platform.machine()
    return f"{len(models) or '?'} x {name}, Linux {platform.release()}, Python {platform.python_version()}"


def _cells(row: Row) -> tuple[str, ...]:
    goal = "" if row.goal is None else f"{_number(row.goal)}{'' if row not in misses([row]) else ' !'}"
    return row.name, row.unit, _number(row.p50), _number(row.p99), _number(row.max), goal, row.note


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    digits = 0 if abs(value) >= 100.0 else 1 if abs(value) >= 10.0 else 2 if abs(value) >= 0.1 else 3
    return f"{value:.{digits}f}"


def _fit(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)
