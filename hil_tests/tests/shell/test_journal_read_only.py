"""A journal that can only be read when it is opened, with the log of a killed writer beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hil_tests.tests.shell.test_journal import eventually
from hil_tests.tests.shell.test_journal_trouble import EVENT, running, small_disk

__all__ = ["small_disk"]


def test_a_killed_writers_file_on_a_read_only_disk_is_written_again_when_the_disk_is(
    small_disk: Path, tmp_path: Path
) -> None:
    """With its log beside it SQLite opens the file for reading, and that connection never writes: found in T2."""

    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(small_disk)], check=True)

    (tmp_path / "live").mkdir()
    with running(tmp_path / "live" / "journal.db") as journal:
        first = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(first))
        for path in (tmp_path / "live").iterdir():
            (small_disk / path.name).write_bytes(path.read_bytes())
    remount("ro")
    with running(small_disk / "journal.db") as journal:
        ticket = journal.write(EVENT, 2.0)
        eventually(lambda: "read-only" in journal.status.reason)
        assert [line["mono_s"] for line in journal.ask(lambda s: s.read(0, 9)).result(5.0)] == [1.0]
        remount("rw")
        eventually(lambda: journal.is_durable(ticket), 10.0)
        assert journal.status.is_ok
        assert [line["mono_s"] for line in journal.ask(lambda s: s.read(0, 9)).result(5.0)] == [1.0, 2.0]
