"""The telemetry's file of a web that does not run, for reading only. Nothing here can disturb it.

A web writes all of its log back after each minute, so a file at rest is whole and is read where it lies, without a lock
and without a copy of a gigabyte. Only of one that was killed in the middle of that, file and log are copied.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from controller.journal.damage import DamagedError
from controller.whereabouts import lock_holder
from supervisor.telemetry.store import TelemetryStore
from supervisor.telemetry.tables import FOLDER, NAME, VERSION


class InUseError(Exception):
    """A web writes it: that is to be asked instead."""


def path_in(folder: Path) -> Path:
    """Of the web's data folder, of the folder in it, or of the file itself."""
    if folder.is_file():
        return folder
    inner = folder / FOLDER / NAME
    return inner if inner.exists() or not (folder / NAME).exists() else folder / NAME


@contextlib.contextmanager
def open_at_rest(path: Path) -> Iterator[TelemetryStore]:
    """Raises FileNotFoundError, InUseError, OSError or sqlite3.Error."""
    if not path.is_file():
        raise FileNotFoundError(path)
    if lock_holder(path.parent) is not None:
        raise InUseError(path)
    log = path.with_name(path.name + "-wal")
    with contextlib.ExitStack() as stack:
        if log.exists() and log.stat().st_size > 0:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hallig-")))
            for each in (path, log):
                shutil.copyfile(each, folder / each.name)
            place = (folder / path.name).as_uri()
        else:
            place = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        connection = stack.enter_context(contextlib.closing(sqlite3.connect(place, uri=True, check_same_thread=False)))
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise DamagedError(f"it is of form {version}, and this reads form {VERSION}")
        yield TelemetryStore(connection)
