"""`hallig journal verify`: whole, bent, cut off, unreadable, not there; of a file and of a running hub."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import clock
from controller.cli import main
from controller.durable_copy import read_copy
from controller.journal import line as journal_line
from controller.journal.store import JournalStore, Limits
from controller.journal.writer import Journal
from controller.model.memory import DurableMemory
from controller.requests import ControlSocket
from controller.whereabouts import PID_NAME, Whereabouts, write_whereabouts
from hil_tests.disk.recording import entry
from hil_tests.tests.shell.test_journal import EVENT, eventually
from hil_tests.tests.shell.test_journal_trouble import running


def verified(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["journal", "verify", *words])
    return code, capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    code, said = verified(capsys, *words, "--json")
    return code, json.loads(said)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    store = JournalStore(tmp_path / "journal.db")
    store.append([entry(n) for n in range(1, 31)], None)
    store.close()
    return tmp_path / "journal.db"


def change(file: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(("language", "word"), [("de", "vollständig"), ("da", "fuldstændig"), ("en", "whole")])
def test_a_whole_one_in_three_languages(
    file: Path, capsys: pytest.CaptureFixture[str], language: str, word: str
) -> None:
    code, said = verified(capsys, str(file), "--lang", language)
    assert code == 0
    assert word in said
    assert "#30" in said


@pytest.mark.parametrize(
    ("statements", "wanted"),
    [
        (["UPDATE event SET subject = 'hub' WHERE seq = 12"], {"broken": 12, "why": "bent", "lines_count": 11}),
        (["DELETE FROM event WHERE seq = 12"], {"broken": 12, "why": "missing", "lines_count": 11}),
        (["DELETE FROM event WHERE seq < 5"], {"broken": 1, "why": "missing", "missing_first_count": 4}),
        (["DELETE FROM event WHERE seq > 25"], {"broken": None, "missing_last_count": 5, "last": 25}),
    ],
)
def test_what_was_done_to_it_is_said(
    file: Path, capsys: pytest.CaptureFixture[str], statements: list[str], wanted: dict[str, object]
) -> None:
    change(file, *statements)
    code, said = told(capsys, str(file))
    assert (code, said["is_whole"]) == (1, False)
    assert {key: said[key] for key in wanted} == wanted
    assert "NOT whole" in verified(capsys, str(file), "--lang", "en")[1]


def test_what_the_writer_dropped_is_not_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = JournalStore(tmp_path / "journal.db", Limits(size_max_bytes=40 * 4096))
    for number in range(1, 400):
        store.append([entry(number)], None)
    store.close()
    code, said = told(capsys, str(tmp_path / "journal.db"))
    assert (code, said["missing_first_count"], said["last"]) == (0, 0, 399)
    assert said["dropped_count"] == int(str(said["first"])) - 1 > 0


def test_an_unreadable_page_is_named_by_the_first_line_on_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(file.read_bytes())
    at = content.index(b'{"n":20,') // 4096 * 4096
    content[at : at + 4096] = bytes(4096)
    file.write_bytes(content)
    code, said = told(capsys, str(file))
    assert (code, said["why"]) == (1, "unreadable")
    assert 1 <= int(str(said["broken"])) <= 20


def test_a_plain_sentence_stands_before_what_the_library_says(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(file.read_bytes())
    content[4096 : 2 * 4096] = bytes(4096)
    file.write_bytes(content)
    assert main(["events", "--data-dir", str(file.parent)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"hallig: {file} cannot be read: a part of it cannot be read any more (")
    assert said.count("\n") == 1


def test_no_journal_and_no_journal_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for nothing in (tmp_path / "nothing.db", tmp_path):
        assert main(["journal", "verify", str(nothing)]) == 3
        assert "hallig: there is no journal " in (said := capsys.readouterr().err)
        assert "--data-dir" not in said, "it was named"
    (tmp_path / "text.db").write_text("no journal\n" * 900)
    assert main(["journal", "verify", str(tmp_path / "text.db")]) == 1
    assert "cannot be read: it is no journal (file is not a database)" in capsys.readouterr().err


def a_journal_that_is_noted(folder: Path) -> Path:
    """Thirty lines, and beside the file the number of the last."""
    with running(folder / "journal.db") as journal:
        tickets = [journal.write(EVENT, float(n)) for n in range(30)]
        eventually(lambda: all(map(journal.is_durable, tickets)))
        journal.keep(DurableMemory(held_open=frozenset({"a"})))
        eventually(lambda: (copy := read_copy(folder)) is not None and copy.seq == 30)
    return folder / "journal.db"


def test_a_folder_serves_as_well_as_the_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    write_whereabouts(tmp_path / "run", Whereabouts("hub", tmp_path / "hub.toml", file.parent))
    for named in (file, file.parent, tmp_path / "run"):
        code, said = told(capsys, str(named))
        assert (code, said["journal"]) == (0, str(file))


def test_a_folder_that_has_lost_its_journal_is_known_by_its_bare_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worst that can happen to it was answered as a mistyped site."""
    (tmp_path / "card").mkdir()
    a_journal_that_is_noted(tmp_path / "card").unlink()
    monkeypatch.chdir(tmp_path)
    assert main(["journal", "verify", "card"]) == 1
    assert "#30" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["journal verify", "events"])
def test_of_a_missing_one_its_last_known_number_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    a_journal_that_is_noted(tmp_path).unlink()
    assert main([*command.split(), "--data-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"the event log {tmp_path / 'journal.db'} is missing" in said
    assert "#30" in said


def test_one_that_was_begun_after_another_was_missing_is_not_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when the copy beside it has long been written anew."""
    file = a_journal_that_is_noted(tmp_path)
    file.unlink()
    with running(file) as journal:
        journal.restored.result(5.0)
        tickets = [journal.write(EVENT, float(n)) for n in range(40)]
        tickets.append(journal.keep(DurableMemory()))
        eventually(lambda: all(map(journal.is_durable, tickets)))
        eventually(lambda: (copy := read_copy(tmp_path)) is not None and copy.seq == 41)
    code, said = told(capsys, str(file))
    assert (code, said["is_whole"], said["begun_after"], said["broken"]) == (1, False, 30, None)
    code, said = told(capsys, str(file), "--begun-after", "30")
    assert (code, said["is_whole"], said["begun_after"]) == (0, True, 30), "who knows of it is told of news only"
    assert told(capsys, str(file), "--begun-after", "12")[0] == 1, "another one than is known"
    sentences = verified(capsys, str(file), "--lang", "en")[1]
    assert "its last known number was #30" in sentences
    assert main(["events", "--data-dir", str(tmp_path), "--lang", "en", "--since", "1h"]) == 0
    assert "event log was missing, a new one is begun, last known number 30" in capsys.readouterr().out


@contextlib.contextmanager
def living_hub(folder: Path) -> Iterator[Journal]:
    """A journal and its socket, as a controller has them."""
    run_dir = folder / "run" / "hub"
    run_dir.mkdir(parents=True)
    (run_dir / PID_NAME).touch()
    write_whereabouts(run_dir, Whereabouts("hub", folder / "hub.toml", folder / "data"))
    journal = Journal(folder / "data" / "journal.db", clock.boot_id())
    journal.start()
    event_loop = asyncio.new_event_loop()
    control = ControlSocket(run_dir, journal, clock.now_s)
    event_loop.run_until_complete(control.start())
    thread = threading.Thread(target=event_loop.run_forever)
    thread.start()
    try:
        yield journal
    finally:
        asyncio.run_coroutine_threadsafe(control.stop(), event_loop).result(5.0)
        event_loop.call_soon_threadsafe(event_loop.stop)
        thread.join()
        event_loop.close()
        journal.stop()


@pytest.mark.parametrize("how", ["the hub", "its file"])
def test_a_running_hub_is_asked_and_its_file_never_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("HALLIG_RUN_ROOT", str(tmp_path / "run"))
    with living_hub(tmp_path) as journal:
        tickets = [journal.write(EVENT, float(n)) for n in range(1200)]
        tickets.append(journal.keep(DurableMemory()))
        eventually(lambda: journal.is_durable(tickets[-1]))
        opened: list[object] = []
        monkeypatch.setattr("controller.commands.journal_file.sqlite3.connect", opened.append)
        name = "hub" if how == "the hub" else str(tmp_path / "data" / "journal.db")
        code, said = told(capsys, name, *(["--run-dir", str(tmp_path / "run" / "hub")] if how == "the hub" else []))
        assert (code, said["lines_count"], said["journal"]) == (0, 1200, "hub")
        assert opened == []


@pytest.mark.parametrize("command", ["journal verify", "events"])
def test_the_journal_is_found_by_the_run_folder_also_when_its_controller_has_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    run_dir = tmp_path / "run" / "hub"
    with living_hub(tmp_path) as journal:
        ticket = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(ticket))
    words = [*command.split(), "--run-dir", str(run_dir), "--lang", "en"]
    assert main(words) == 0
    assert "#1" in capsys.readouterr().out
    (run_dir / "places.json").unlink()
    assert main(words) == 3
    said = capsys.readouterr().err
    assert f"no controller has run in {run_dir}" in said
    assert "--data-dir" in said
    assert main([*words, "--data-dir", str(tmp_path / "data")]) == 0


def test_of_a_running_hub_a_bent_line_is_no_mistake_of_who_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked for in the moment before the writer itself finds it and sets the file aside."""
    line = ("boot", 1.0, 1.0, "unset", "shed", "low_soc", "x", "{bent", "", "{}", None)

    def bent(*_: object) -> list[dict[str, object]]:
        return [journal_line._told((1, *line))]

    with living_hub(tmp_path) as journal, pytest.MonkeyPatch.context() as patch:
        journal.restored.result(5.0)
        patch.setattr(JournalStore, "newest", bent)
        assert main(["events", "--run-dir", str(tmp_path / "run" / "hub")]) == 1
    assert capsys.readouterr().err.startswith("hallig: the journal cannot be read: a line in it is not as it was")


def test_of_a_file_at_rest_neither(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.closing(sqlite3.connect(file)) as journal:
        journal.execute("UPDATE event SET body = '{bent' WHERE seq = (SELECT max(seq) FROM event)")
        journal.commit()
    assert main(["events", "--data-dir", str(file.parent)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"hallig: {file} cannot be read: a line in it is not as it was written")


def test_of_a_running_hub_what_cannot_be_read_is_said_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: object) -> None:
        raise sqlite3.DatabaseError("btreeInitPage() returns error code 11")

    with living_hub(tmp_path) as journal, pytest.MonkeyPatch.context() as patch:
        journal.restored.result(5.0)
        patch.setattr(JournalStore, "newest", breaks)
        assert main(["events", "--run-dir", str(tmp_path / "run" / "hub")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("hallig: the journal cannot be read: a part of it cannot be read any more (btreeInitPage()")
