"""Journals that no controller holds: broken ones, old ones."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path

from hil_tests.tests.commands.village import HALLIG


def test_a_broken_journal_is_said(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"this is no database" * 500)
    village_less = {**os.environ, "HALLIG_RUN_ROOT": str(tmp_path / "none")}
    command = [*HALLIG, "events", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=village_less, timeout=20)
    assert (done.returncode, "cannot be read" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


FIRST_VERSION = """
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, mono_s REAL NOT NULL, unix_s REAL NOT NULL,
  clock TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
  chain TEXT NOT NULL);
INSERT INTO event VALUES (1, 'b', 1.0, 1.8e9, 'holdover', 'mode_changed', 'grid_dead', 'hub', '{"to":"dark"}', 'x');
"""


def test_a_journal_of_the_first_version_is_read_and_says_that_it_knows_no_rules(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.executescript(FIRST_VERSION)
    connection.close()
    environment = {**os.environ, "HALLIG_RUN_ROOT": str(tmp_path / "none")}
    for words, says in ((["events"], "No power"), (["explain"], "why is not on record")):
        command = [*HALLIG, *words, "--lang", "en", "--data-dir", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=20)
        assert (done.returncode, says in done.stdout) == (0, True), done.stdout + done.stderr
