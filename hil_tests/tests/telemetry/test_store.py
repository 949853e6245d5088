"""The ring stays within its size, means outlast it, order survives every clock, and what is damaged is no answer."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from controller.journal.damage import DamagedError, is_damage
from hil_tests.tests.telemetry.samples import UNIX_S, blocks, noisy, power_name, status_at
from supervisor.telemetry.channels import MISSING
from supervisor.telemetry.sampler import Sampler
from supervisor.telemetry.series import Question, Series, read_series
from supervisor.telemetry.store import ALWAYS, Limits, Span, TelemetryStore, open_store

SMALL = Limits(size_max_bytes=1_000_000, means_kept_count=1000)
POWER = (power_name(),)


def filled(path: Path, count: int, limits: Limits | None = None, **how: object) -> TelemetryStore:
    store = open_store(path / "telemetry.db", limits)
    for block in blocks(count, **how):  # type: ignore[arg-type]
        store.append(block)
    return store


def everything(store: TelemetryStore, step_s: int = 1, span: Span = ALWAYS) -> list[tuple[float, object]]:
    """Boot-clock instant and power of each point, page by page."""
    found: list[tuple[float, object]] = []
    cursor: int | None = 0
    while cursor is not None:
        series = read_series(store, Question(span, step_s, POWER, cursor, 60))
        assert len(series.points) <= 60
        assert series.points or series.cursor is None, "a page that does not lead on"
        found += [(point.boot_s, point.values[0]) for point in series.points]
        cursor = series.cursor
    return found


def test_every_sample_comes_back_in_its_order(tmp_path: Path) -> None:
    store = filled(tmp_path, 1000, from_s=17.0)
    assert everything(store) == [(float(n), float(n)) for n in range(17, 1017)]


def test_a_span_is_found_by_its_labels(tmp_path: Path) -> None:
    store = filled(tmp_path, 1000)
    points = read_series(store, Question(Span(UNIX_S + 300.0, UNIX_S + 359.0), 1, POWER)).points
    assert [point.boot_s for point in points] == [float(n) for n in range(300, 360)]
    assert points[0].unix_s == UNIX_S + 300.0
    assert (points[0].clock, points[0].count, points[0].boot) == ("holdover", 1, 1)


@pytest.mark.parametrize(("step_s", "first"), [(10, 4.5), (60, 29.5), (600, 299.5)])
def test_steps_are_means_of_their_samples(tmp_path: Path, step_s: int, first: float) -> None:
    store = filled(tmp_path, 3700)
    found = everything(store, step_s)
    assert [at for at, _ in found[:3]] == [0.0, float(step_s), 2.0 * step_s]
    assert found[0][1] == pytest.approx(first, abs=0.51)
    assert len(found) == {10: 370, 60: 62, 600: 6}[step_s], "a mean comes when its ten minutes are over"


def test_hours_are_means_weighted_by_their_samples_and_words_those_that_held_longest(tmp_path: Path) -> None:
    store, sampler = open_store(tmp_path / "t.db"), Sampler()
    for at_s in (*range(600), *range(660, 720), 7200.0, 7900.0):  # a whole window, and a minute of the next
        status = status_at(float(at_s), power_w=0.0 if at_s < 600 else 1100.0)
        status = replace(status, mode=status.mode if at_s < 600 else type(status.mode).ISLANDED)
        for block in sampler.add(status):
            store.append(block)
    series = read_series(store, Question(step_s=3600, patterns=(*POWER, "hub.mode")))
    hour = series.points[0]
    assert [channel.name for channel in series.channels] == [power_name(), "hub.mode"]
    assert hour.values == (100.0, "grid_connected")
    assert hour.count == 660


def test_a_gap_is_no_point_and_what_is_not_known_is_none(tmp_path: Path) -> None:
    store = open_store(tmp_path / "t.db")
    sampler = Sampler()
    for at_s in (0.0, 1.0, 400.0):
        status = status_at(at_s)
        if at_s == 1.0:
            status = replace(status, batteries=(replace(status.batteries[0], power_w=None), *status.batteries[1:]))
        for block in sampler.add(status):
            store.append(block)
    for block in sampler.take():
        store.append(block)
    assert everything(store) == [(0.0, 0.0), (1.0, None), (400.0, 400.0)]
    assert MISSING not in [value for _, value in everything(store, 60)]


def test_order_is_that_of_boots_and_no_clock_that_jumps_loses_or_doubles_a_sample(tmp_path: Path) -> None:
    store = open_store(tmp_path / "t.db")
    lives = [  # wall clock at the start of each: true, in 1970, an hour back, in 2038 and beyond
        blocks(130, 0.0, "a", UNIX_S),
        blocks(130, 5.0, "b", 10.0),
        blocks(130, 300.0, "b", UNIX_S - 3600.0),
        blocks(130, 0.0, "unknown", 2.3e9),
        blocks(130, 0.0, "unknown", UNIX_S),  # another boot that cannot be told from the one before
    ]
    for block in (block for life in lives for block in life):
        store.append(block)
    expected = [(float(start + n), float(start + n)) for start in (0, 5, 300, 0, 0) for n in range(130)]
    assert everything(store) == expected
    points = read_series(store, Question(step_s=60, patterns=POWER)).points
    assert [point.boot for point in points] == sorted(point.boot for point in points)
    assert {point.boot for point in points} == {1, 2, 3, 4}
    assert sum(point.count for point in points) == len(expected)


def test_a_sample_that_a_restarted_web_sees_again_is_kept_once(tmp_path: Path) -> None:
    store = filled(tmp_path, 30)
    for block in blocks(30, from_s=29.0):
        store.append(block)
    assert everything(store) == [(float(n), float(n)) for n in range(59)]


# ---- bounds ---------------------------------------------------------------------------------------------------------


def test_the_ring_stays_within_its_size_and_keeps_the_newest(tmp_path: Path) -> None:
    store, largest = open_store(tmp_path / "telemetry.db", SMALL), 0
    for block in noisy(range(400)):
        store.append(block)
        sizes = [path.stat().st_size for path in tmp_path.iterdir() if not path.name.endswith("-shm")]
        largest = max(largest, sum(sizes))
    assert largest <= SMALL.size_max_bytes, "the file and its log"
    ends = store.ends("minute")
    assert ends is not None
    assert ends[1].last_ms == (60 * 400 - 1) * 1000
    assert 1 < ends[0].id < ends[1].id - 50, "the oldest have gone, and by no means all"
    assert store.used_bytes > SMALL.size_max_bytes / 2


def test_means_outlast_the_minutes_and_are_kept_by_number(tmp_path: Path) -> None:
    store = open_store(tmp_path / "telemetry.db", SMALL)
    few = open_store(tmp_path / "few.db", replace(SMALL, means_kept_count=5))
    for block in noisy(range(400)):
        store.append(block)
        few.append(block)
    means, minutes = store.ends("mean"), store.ends("minute")
    assert means is not None
    assert minutes is not None
    assert (means[0].id, means[1].id, means[0].first_ms) == (1, 39, 0)
    assert minutes[0].first_ms > 600_000
    points = read_series(store, Question(step_s=600, patterns=("noise.n000.*",))).points
    assert [(point.boot_s, point.count, point.values) for point in points[:2]] == [
        (0.0, 600, (300.0,)), (600.0, 600, (900.0,)),
    ]  # fmt: skip
    kept = read_series(few, Question(step_s=600)).points
    assert [point.boot_s for point in kept] == [600.0 * n for n in range(34, 39)]


def test_a_ring_that_is_full_of_means_drops_those(tmp_path: Path) -> None:
    store = open_store(tmp_path / "telemetry.db", Limits(size_max_bytes=300_000))
    for minute in range(0, 4000, 10):
        for block in noisy(range(minute, minute + 1), 40):
            store.append(block)
    assert (tmp_path / "telemetry.db").stat().st_size <= 300_000
    means, minutes = store.ends("mean"), store.ends("minute")
    assert means is not None
    assert minutes is not None
    assert means[0].id > 1
    assert minutes[1].first_ms == 3990 * 60_000


def test_a_wall_clock_in_2100_drops_nothing(tmp_path: Path) -> None:
    store = filled(tmp_path, 1300)
    for block in blocks(1300, 1300.0, unix_s=4.1e9):
        store.append(block)
    assert everything(store) == [(float(n), float(n)) for n in range(2600)]


# ---- damage ---------------------------------------------------------------------------------------------------------


def test_a_minute_that_was_bent_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    store = filled(tmp_path, 180)
    store.close()
    with sqlite3.connect(tmp_path / "telemetry.db") as connection:
        connection.execute("UPDATE minute_body SET body = zeroblob(500) WHERE id = 2")
    store = open_store(tmp_path / "telemetry.db")
    series = read_series(store, Question(patterns=POWER))
    assert series.unreadable_count == 1
    assert [point.boot_s for point in series.points] == [*map(float, range(60)), *map(float, range(120, 180))]
    for block in blocks(700, from_s=180.0):
        store.append(block)
    assert len(everything(store, 600)) == 1, "and its mean is that of the others"


@pytest.mark.parametrize("what", ["garbage", "empty_with_log", "folder", "another_form", "cut", "no_table"])
def test_what_is_no_file_of_ours_is_damage(tmp_path: Path, what: str) -> None:
    path = tmp_path / "telemetry.db"
    filled(tmp_path, 600).close()
    if what == "garbage":
        path.write_bytes(b"not a database, and long enough to be taken for one" * 100)
    elif what == "empty_with_log":
        path.write_bytes(b"")
        (tmp_path / "telemetry.db-wal").write_bytes(b"x" * 100)
    elif what == "folder":
        path.unlink()
        path.mkdir()
    elif what == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        with sqlite3.connect(path) as connection:
            connection.execute(
                "PRAGMA user_version=99" if what == "another_form" else "ALTER TABLE minute DROP COLUMN count"
            )
    with pytest.raises(sqlite3.Error) as raised:
        open_store(path)
    assert is_damage(raised.value)
    assert isinstance(raised.value, DamagedError) == (what in {"empty_with_log", "folder", "another_form"})


def test_the_answer_is_bounded_in_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supervisor.telemetry.series.CELLS_MAX", 500)
    monkeypatch.setattr("supervisor.telemetry.series.ROWS_OF_A_STEP", 9)
    store = open_store(tmp_path / "telemetry.db")
    for block in noisy(range(40)):
        store.append(block)
    series: Series = read_series(store, Question(step_s=60, points_max=100_000))
    assert (len(series.points), series.cursor) == (25, 25)
    rest = read_series(store, Question(step_s=60, after=25))
    assert (len(rest.points), rest.cursor) == (15, None)


def test_an_hour_that_goes_on_behind_the_end_of_a_page_is_told_whole_on_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervisor.telemetry.series.CELLS_MAX", 1)
    monkeypatch.setattr("supervisor.telemetry.series.ROWS_OF_A_STEP", 9)
    store, cursor, pages = open_store(tmp_path / "telemetry.db"), 0, []
    for block in noisy(range(241), 2):
        store.append(block)
    while True:
        series = read_series(store, Question(step_s=3600, after=cursor))
        pages.append([(point.boot_s, point.count) for point in series.points])
        if series.cursor is None:
            break
        cursor = series.cursor
    assert len(pages) > 1
    assert [point for page in pages for point in page] == [(3600.0 * n, 3600) for n in range(4)]


def test_fuel_is_not_for_everybody(tmp_path: Path) -> None:
    store = filled(tmp_path, 10)
    for is_for_everybody in (True, False):
        series = read_series(store, Question(patterns=("genset.*",), is_for_everybody=is_for_everybody))
        names = [channel.name for channel in series.channels]
        assert any(name.endswith(".fuel_l") for name in names) is not is_for_everybody
        assert any(name.endswith(".power_w") for name in names)
