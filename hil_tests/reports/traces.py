"""Traces as compressed CSV: open, small, and the same bytes for the same run."""

from __future__ import annotations

import csv
import gzip
import io
from array import array
from pathlib import Path

from hil_tests.bench.signals import Sample
from hil_tests.bench.trace import Trace

TIME = "t_s"


def trace_bytes(trace: Trace) -> bytes:
    """The file: one row per instant, `t_s` first; nothing where a signal had no value."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([TIME, *trace.columns])
    for row in trace.rows():
        rows.writerow([_written(value) for value in row])
    return gzip.compress(text.getvalue().encode(), compresslevel=6, mtime=0)


def read_trace(path: Path) -> Trace:
    """The trace again. Raises OSError, or ValueError where the file is none."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows, [])
        if names[:1] != [TIME]:
            raise ValueError(f"{path}: no trace, its first column is not {TIME}")
        table = list(rows)
    columns = {name: [_read(row[at]) for row in table] for at, name in enumerate(names) if at}
    return Trace(array("d", [float(row[0]) for row in table]), columns)


def _written(value: Sample) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.9g}"
        case _:
            return str(value)


def _read(text: str) -> Sample:
    if text in {"", "true", "false"}:
        return {"": None, "true": True, "false": False}[text]
    try:
        return float(text)
    except ValueError:
        return text
