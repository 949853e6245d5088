from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from controller import clock
from controller.journal.writer import Journal
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from controller.requests import ControlSocket
from controller.socket_client import SocketClient
from hil_tests.tests.web.journals import FakeController, blackout, event
from supervisor.events import TOLD_KINDS
from supervisor.follower import FETCH_COUNT, Follower
from supervisor.mirror import KEEP_COUNT, NAME, EventMirror


def mirror_in(folder: Path | None) -> EventMirror:
    return EventMirror(folder, TOLD_KINDS)


def seqs(mirror: EventMirror) -> list[int]:
    return [logged.seq for logged in mirror.after(0, 10_000)]


def test_events_are_mirrored_once_and_in_order(tmp_path: Path) -> None:
    controller, mirror = FakeController(blackout()), mirror_in(tmp_path)
    follower = Follower(controller, mirror)
    follower.fetch()
    follower.fetch()
    controller.events.append(event(7, EventKind.RESTORED, Reason.RESTORE, "phones"))
    follower.fetch()
    assert seqs(mirror) == [1, 2, 3, 4, 5, 6, 7]
    assert controller.asked == [None, 5, 5], "from one before the last that is known"
    assert mirror.told(2)[0].kind == "restored"


def test_history_survives_the_controller_and_our_own_restart(tmp_path: Path) -> None:
    controller, mirror = FakeController(blackout()), mirror_in(tmp_path)
    Follower(controller, mirror).fetch()
    controller.is_up = False
    with pytest.raises(ConnectionRefusedError):
        Follower(controller, mirror).fetch()
    mirror.close()
    again = mirror_in(tmp_path)
    assert again.is_on_disk
    assert seqs(again) == [1, 2, 3, 4, 5, 6]
    assert [logged.kind for logged in again.told(3)] == ["mode_changed", "shed", "shed"]


def test_a_journal_begun_anew_is_followed_from_its_start(tmp_path: Path) -> None:
    """The controller sets a broken journal aside and counts from 1 again; the old lines stay readable."""
    controller, mirror = FakeController(blackout()), mirror_in(tmp_path)
    follower = Follower(controller, mirror)
    follower.fetch()
    for new in ([], [event(1, EventKind.STARTED, Reason.STARTED)]):
        controller.events = list(new)
        follower.fetch()
    assert [(logged.journal, logged.seq) for logged in mirror.newest(2)] == [(1, 6), (2, 1)]
    assert [logged.cursor for logged in mirror.newest(2)] == [6, 7]


def test_a_new_journal_that_has_outgrown_ours_is_told_apart() -> None:
    controller, mirror = FakeController(blackout()), mirror_in(None)
    follower = Follower(controller, mirror)
    follower.fetch()
    controller.events = [event(seq, EventKind.SHED, Reason.OVERLOAD, "phones") for seq in range(1, 9)]
    follower.fetch()
    assert [(logged.journal, logged.seq) for logged in mirror.newest(8)] == [(2, seq) for seq in range(1, 9)]


def test_a_journal_that_dropped_its_oldest_lines_is_still_the_same() -> None:
    controller, mirror = FakeController(blackout()), mirror_in(None)
    follower = Follower(controller, mirror)
    follower.fetch()
    controller.events = [event(seq, EventKind.SHED, Reason.OVERLOAD, "phones") for seq in (40, 41)]
    follower.fetch()
    assert [(logged.journal, logged.seq) for logged in mirror.newest(3)] == [(1, 6), (1, 40), (1, 41)]


def test_much_news_is_taken_in_portions() -> None:
    controller, mirror = FakeController(blackout()), mirror_in(None)
    follower = Follower(controller, mirror)
    follower.fetch()
    last = 3 * FETCH_COUNT
    controller.events += [event(seq, EventKind.VETOED, Reason.VETO_STALE, "poi") for seq in range(7, last + 1)]
    assert [follower.fetch(), follower.fetch(), follower.fetch()] == [True, True, False]
    assert seqs(mirror) == list(range(1, last + 1))
    assert mirror.told(1)[0].seq == 6, "a flood of vetoes washes nothing off the page"


@pytest.mark.parametrize("answer", [{"error": "journal", "detail": "the disk is gone"}, {"events": [{"seq": 1}]}])
def test_an_answer_that_is_none_changes_nothing(answer: dict[str, object]) -> None:
    class Broken:
        def ask(self, **_: object) -> dict[str, object]:
            return answer

    mirror = mirror_in(None)
    with pytest.raises((OSError, KeyError)):
        Follower(Broken(), mirror).fetch()
    assert seqs(mirror) == []


def test_the_mirror_is_bounded() -> None:
    mirror = mirror_in(None)
    mirror.keep(1, [event(seq, EventKind.SHED, Reason.OVERLOAD) for seq in range(1, KEEP_COUNT + 11)])
    assert mirror.after(0, 1)[0].seq == 11


def test_a_broken_file_is_thrown_away_and_an_unwritable_folder_costs_only_history(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a database, " * 300)
    mirror = mirror_in(tmp_path)
    mirror.keep(1, blackout())
    assert mirror.is_on_disk
    assert len(seqs(mirror)) == 6
    (tmp_path / "file").write_text("")
    in_memory = mirror_in(tmp_path / "file")
    assert not in_memory.is_on_disk
    in_memory.keep(1, blackout())
    assert len(seqs(in_memory)) == 6


def test_a_disk_that_does_not_take_it_is_told(tmp_path: Path) -> None:
    mirror = mirror_in(tmp_path)
    mirror.close()
    with pytest.raises(sqlite3.Error):
        mirror.keep(1, blackout())


async def test_it_follows_the_real_socket(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", clock.boot_id())
    journal.start()
    control = ControlSocket(tmp_path, journal, clock.now_s)
    await control.start()
    try:
        journal.write(Event(EventKind.MODE_CHANGED, Reason.ISLAND_FORMED, "hub", {"to": "islanded"}), clock.now_s())
        mirror = mirror_in(None)
        follower = Follower(SocketClient(tmp_path), mirror)
        async with asyncio.timeout(10):
            while not seqs(mirror):
                await asyncio.to_thread(follower.fetch)
        assert mirror.newest(1)[0].values == {"to": "islanded"}
    finally:
        await control.stop()
        journal.stop()
