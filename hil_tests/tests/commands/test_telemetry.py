"""`hallig telemetry`: the same table from a web that runs and from a file at rest, and mistakes that help."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import time
from pathlib import Path

import httpx
import pytest

from controller.cli import main
from hil_tests.tests.telemetry.samples import UNIX_S, blocks, power_name
from hil_tests.tests.web.served import web_of
from supervisor.telemetry.store import open_store

SPAN = ("--from", "2026-11-25T00:00:00+00:00", "--to", "2026-11-27T00:00:00+00:00")
SECONDS = 3700


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "data" / "telemetry" / "telemetry.db")
    for block in blocks(SECONDS):
        store.append(block)
    store.close()
    return tmp_path / "data"


def told(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> tuple[str, str]:
    assert main(["telemetry", *map(str, words), *([] if "--lang" in words else ["--lang", "en"])]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_at_rest_and_a_web_that_runs_give_the_same_table(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resting, _ = told(capsys, "export", *SPAN, "--channel", "battery.*", "--data-dir", data_dir)
    with web_of(tmp_path, data_dir) as address:
        while httpx.get(f"{address}/healthz").json()["telemetry"]["state"] != "kept":
            time.sleep(0.02)  # it opens its file in a thread of its own
        served, _ = told(capsys, "export", *SPAN, "--channel", "battery.*", "--web", address)
        _, why = told(capsys, "list", "--data-dir", data_dir, code=1)
    assert resting == served
    assert "a web writes" in why
    rows = table(resting)
    assert [float(row["boot_s"]) for row in rows] == [float(n) for n in range(SECONDS)]
    assert [row[power_name()] for row in rows] == [str(n) for n in range(SECONDS)]
    assert rows[0] | {} == rows[0] | {"boot": "1", "time_utc": "2026-11-25T09:46:40.000Z", "clock": "holdover"}


def test_steps_and_spans(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = told(capsys, "export", *SPAN, "--step", 600, "--channel", power_name(), "--data-dir", data_dir)
    assert [row["samples"] for row in table(out)] == ["600"] * 6
    span = ("--from", "2026-11-25T09:47:40+00:00", "--to", "2026-11-25T09:47:49+00:00")
    out, _ = told(capsys, "export", *span, "--channel", "poi.position", "--data-dir", data_dir)
    rows = table(out)
    assert {row["poi.position"] for row in rows} == {"closed"}
    assert float(rows[0]["boot_s"]) == 60.0


def test_json_is_a_document_a_line(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = told(capsys, "export", *SPAN, "--step", 600, "--data-dir", data_dir, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 6
    assert lines[0]["unix_s"] == UNIX_S
    assert lines[0]["values"]["hub.mode"] == "grid_connected"
    assert [name for name in lines[0]["values"] if name.endswith("fuel_l")], "who may read the file may know"


def test_a_file_is_written_and_an_error_leaves_none(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "day.csv"
    out, _ = told(capsys, "export", *SPAN, "--csv", target, "--data-dir", data_dir)
    assert (out, len(table(target.read_text(encoding="utf-8")))) == ("", SECONDS)
    other = tmp_path / "none.csv"
    _, why = told(capsys, "export", "--csv", other, "--data-dir", tmp_path / "nowhere", code=3)
    assert "there is no telemetry" in why
    assert not other.exists()
    _, why = told(capsys, "export", "--csv", tmp_path / "no" / "folder.csv", "--data-dir", data_dir, code=1)
    assert "No such file" in why


def test_the_list_names_channels_and_spans(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = told(capsys, "list", "--data-dir", data_dir)
    assert out.startswith("Samples: 2026-11-25T09:46:40.000Z to 2026-11-25T10:48:19.000Z\nTen-minute means: ")
    assert any(line.split() == ["poi.position", "intermediate", "open", "closed", "bad"] for line in out.splitlines())
    out, _ = told(capsys, "list", "--data-dir", data_dir, "--lang", "da")
    assert out.startswith("Enkeltværdier: 2026-")


def test_a_file_that_was_cut_off_while_it_was_written_back_is_read_with_its_log(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, killed = data_dir / "telemetry" / "telemetry.db", tmp_path / "killed"
    killed.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("DELETE FROM minute WHERE id > 1")
    connection.commit()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", killed / f"telemetry.db{suffix}")
    connection.close()
    before = sorted((each.name, each.stat().st_size) for each in killed.iterdir())
    out, _ = told(capsys, "export", *SPAN, "--data-dir", killed)
    assert len(table(out)) == 60
    assert sorted((each.name, each.stat().st_size) for each in killed.iterdir()) == before, "nothing is touched"


def test_a_resting_file_is_not_touched(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = [(each.name, each.read_bytes()) for each in sorted((data_dir / "telemetry").iterdir())]
    told(capsys, "export", *SPAN, "--data-dir", data_dir)
    assert [(each.name, each.read_bytes()) for each in sorted((data_dir / "telemetry").iterdir())] == before


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--from", "noon"), 2, "'noon' is no time"),
        (("--from", "1h", "--to", "2h"), 2, "--from 1h lies after --to 2h"),
        (("--step", "7"), 2, "--step: 7 is none of 1, 10, 60"),
        (("--channel", "nonsense.*"), 2, "no channel has such a name"),
        (("--web", "ftp://somewhere"), 2, "is no address of a web"),
        (("--web", "http://127.0.0.1:9"), 3, "no web at http://127.0.0.1:9: nobody listens there"),
    ],
)
def test_mistakes_help(
    words: tuple[str, ...], code: int, why: str, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = () if "--web" in words else ("--data-dir", data_dir)
    _, error = told(capsys, "export", *words, *places, code=code)
    assert why in error


def test_nothing_in_the_span_and_a_broken_file_are_said(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, remark = told(capsys, "export", "--from", "2020-01-01", "--to", "2020-01-02", "--data-dir", data_dir)
    assert len(out.splitlines()) == 1
    assert "Nothing was recorded in this time." in remark
    (data_dir / "telemetry" / "telemetry.db").write_bytes(os.urandom(9000))
    _, why = told(capsys, "export", *SPAN, "--data-dir", data_dir, code=1)
    assert "cannot be read" in why


def test_a_file_that_is_damaged_inside_is_said(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = data_dir / "telemetry" / "telemetry.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: 3 * 4096] + os.urandom(len(whole) - 3 * 4096))
    _, why = told(capsys, "export", *SPAN, "--data-dir", data_dir, code=1)
    assert "cannot be read" in why
