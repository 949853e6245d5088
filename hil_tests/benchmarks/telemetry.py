"""What telemetry costs: bytes and syncs a day, processor time a minute, and how fast it is read again.

240 channels once a second, as a hub of 30 devices has: a third are noisy powers, a third drift slowly, a third are
words and percentages that hardly move. The values are drawn, not measured; a calmer hub compresses better.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from controller import clock
from hil_tests.benchmarks.row import Row
from supervisor.telemetry.block import MS, Block
from supervisor.telemetry.channels import Channel
from supervisor.telemetry.series import Question, read_series
from supervisor.telemetry.store import TelemetryStore, open_store

CHANNELS_COUNT, SAMPLES = 240, 60
MINUTES_OF_A_DAY = 1440
WRITE_GOAL_MB = 100.0  # a day, journal and telemetry together; the journal's is below one
CPU_GOAL_MS = 60.0  # a minute: a thousandth of one core
UNIX_MS = 1_795_600_000_000
_IO = Path("/proc/self/io")


def telemetry_rows(minutes_count: int) -> list[Row]:
    """Written and read in this process."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "telemetry.db"
        store, blocks = open_store(path), list(_blocks(minutes_count))
        before, began_s = _written(), time.process_time()
        for block in blocks:
            store.append(block)
        cpu_ms = (time.process_time() - began_s) * MS / minutes_count
        a_day = MINUTES_OF_A_DAY / minutes_count / 1e6
        written_mb, kept_mb = (_written() - before) * a_day, store.used_bytes * a_day
        took_s, values_count = _export(store)
        store.close()
    days = 1024**3 / 1e6 / kept_mb
    speed_us = took_s / values_count * 1e6
    note = f"240 channels at 1 Hz, {minutes_count} minutes"
    return [
        Row("telemetry: written a day", "MB", written_mb, written_mb, written_mb, WRITE_GOAL_MB, note),
        Row("telemetry: kept a day", "MB", kept_mb, kept_mb, kept_mb, None, f"1 GiB holds {days:.0f} days; {note}"),
        Row("telemetry: CPU a minute", "ms", cpu_ms, cpu_ms, cpu_ms, CPU_GOAL_MS, "mean; means of ten included"),
        Row("telemetry: export", "us per value", speed_us, speed_us, speed_us, None, "samples, all channels"),
    ]


def _export(store: TelemetryStore) -> tuple[float, int]:
    began_s, cursor, values_count = clock.now_s(), 0, 0
    while True:
        series = read_series(store, Question(after=cursor, points_max=1500))
        values_count += len(series.points) * len(series.channels)
        if series.cursor is None:
            return clock.now_s() - began_s, values_count
        cursor = series.cursor


def _blocks(minutes_count: int) -> Iterator[Block]:
    rng = random.Random(1)
    layout = tuple(Channel(f"feeder.f{number:03}.power_w") for number in range(CHANNELS_COUNT))
    levels = [rng.randrange(500, 20_000) for _ in layout]
    for minute in range(minutes_count):
        at_ms = tuple((minute * SAMPLES + second) * MS for second in range(SAMPLES))
        columns = tuple(tuple(_values(rng, place, levels)) for place in range(CHANNELS_COUNT))
        yield Block("boot", layout, at_ms, (UNIX_MS,) * SAMPLES, columns)


def _values(rng: random.Random, place: int, levels: list[int]) -> Iterator[int]:
    for _ in range(SAMPLES):
        match place % 3:
            case 0:
                yield levels[place] + round(rng.gauss(0.0, 12.0))
            case 1:
                levels[place] += round(rng.gauss(0.0, 3.0))
                yield levels[place]
            case _:
                levels[place] += rng.random() < 0.01
                yield levels[place]


def _written() -> int:
    """Bytes that this process has given to the system."""
    fields = dict(line.split(": ") for line in _IO.read_text().splitlines())
    return int(fields["wchar"])
