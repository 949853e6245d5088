"""Two threads: one looks at the status each second, one writes. Whatever the disk does, the page and control go on.

What the disk does not take waits in memory, an hour of it at most; then the oldest goes, and how much is counted. A
file that is damaged is set aside and a new one begun.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller import clock
from controller.folder_lock import FolderLock, HeldElsewhereError
from controller.journal.damage import broken_files, is_damage, set_aside
from controller.plain_words import why_not_written
from supervisor.reading import StatusReader
from supervisor.telemetry.block import Block
from supervisor.telemetry.sampler import BLOCK_S, Sampler
from supervisor.telemetry.store import Limits, TelemetryStore, open_store
from supervisor.telemetry.tables import FOLDER, NAME

PERIOD_S = 1.0
RETRY_S = 5.0
WAITING_MAX = 60  # blocks in memory: an hour, two megabytes
BROKEN_KEPT_COUNT = 1  # each may be as large as the whole ring
END_MAX_S = 2.0
HELD = "another web writes into this folder"
log = logging.getLogger("hallig.telemetry")


@dataclass(frozen=True, slots=True)
class TelemetryState:
    """Whether measured values are kept."""

    is_wanted: bool  # False: no folder was given
    is_open: bool = False
    reason: str = ""  # "" or why the disk does not take them now, for engineers
    waiting_count: int = 0  # blocks in memory
    lost_count: int = 0  # samples that found no room there, since the start
    broken_files: tuple[str, ...] = ()  # damaged files that were set aside and are still there


NO_TELEMETRY = TelemetryState(is_wanted=False)


class Recorder:
    """Of one hub. `store` is None as long as the file is not open."""

    def __init__(self, reader: StatusReader, data_dir: Path | None, limits: Limits | None = None) -> None:
        self._reader, self._limits = reader, limits
        self._path = None if data_dir is None else data_dir / FOLDER / NAME
        self._sampler, self._waiting = Sampler(), deque[Block]()
        self._held = None if self._path is None else FolderLock(self._path.parent)
        self._stop, self._news = threading.Event(), threading.Event()
        self._suspicion: Exception | None = None
        self._is_told = False
        self._lost_count = 0
        self._broken: tuple[str, ...] = ()
        self._reason = ""
        self.store: TelemetryStore | None = None
        self._threads = [
            threading.Thread(target=work, name=f"telemetry-{name}", daemon=True)
            for name, work in (("sampler", self._watch), ("writer", self._write))
        ]

    @property
    def state(self) -> TelemetryState:
        """Never waits."""
        counts = len(self._waiting), self._lost_count
        return TelemetryState(self._path is not None, self.store is not None, self._reason, *counts, self._broken)

    def start(self) -> None:
        """Begin. Without a folder nothing is kept."""
        if self._path is not None:
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """End, with all that is there on disk, unless the disk takes too long."""
        self._stop.set()
        self._news.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(END_MAX_S)

    def doubt(self, error: Exception) -> None:
        """Whoever reads has stumbled over the file. The writer sets it aside if that is the file's fault."""
        if not isinstance(error, sqlite3.Error) or is_damage(error):
            self._suspicion = error
            self._news.set()

    # ---- the one that looks -----------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stop.wait(PERIOD_S - clock.now_s() % PERIOD_S):
            self._look()
        self._hand_over(self._sampler.take())
        self._news.set()

    def _look(self) -> None:
        reading = self._reader.read()
        if reading.status is not None and not reading.is_stale and not reading.is_too_new:
            self._hand_over(self._sampler.add(reading.status))
        began_s = self._sampler.began_s
        if began_s is not None and clock.now_s() - began_s >= BLOCK_S:  # of a controller that has gone silent
            self._hand_over(self._sampler.take())

    def _hand_over(self, blocks: list[Block]) -> None:
        self._waiting.extend(blocks)
        while len(self._waiting) > WAITING_MAX:
            self._lost_count += self._waiting.popleft().count
        if blocks:
            self._news.set()

    # ---- the one that writes ----------------------------------------------------------------------------------------

    def _write(self) -> None:
        """Until told to end, and then once more for what the other one had in hand."""
        while True:
            is_last = self._stop.is_set() and not self._threads[0].is_alive()
            self._try(self._write_waiting)
            if is_last:
                break
            self._news.wait(RETRY_S if not self._stop.is_set() else PERIOD_S / 20)
            self._news.clear()
        self._close()
        if self._held is not None:
            self._held.release()

    def _try(self, work: Callable[[], None]) -> None:
        """Say once when it begins to fail, and once when it works again."""
        try:
            work()
        except (sqlite3.Error, OSError, ValueError) as error:
            if isinstance(error, ValueError) or (isinstance(error, sqlite3.Error) and is_damage(error)):
                self._put_aside(error)
            else:
                self._note(error)
            return
        if self._is_told:
            log.warning("%s is written again", self._path)
        self._reason, self._is_told = "", False

    def _write_waiting(self) -> None:
        if self._suspicion is not None:
            error, self._suspicion = self._suspicion, None
            raise error
        store = self._opened()
        while self._waiting:
            block = self._waiting[0]
            store.append(block)
            if self._waiting and self._waiting[0] is block:
                self._waiting.popleft()

    def _opened(self) -> TelemetryStore:
        assert self._path is not None
        assert self._held is not None
        self._held.take()
        if self.store is None:
            self.store = open_store(self._path, self._limits)
            self._broken = tuple(path.name for path in broken_files(self._path))
        return self.store

    def _put_aside(self, why: Exception) -> None:
        assert self._path is not None
        self._close()
        try:
            aside = set_aside(self._path, BROKEN_KEPT_COUNT)
        except OSError as error:
            self._note(error)
            return
        log.warning("%s could not be used and is kept as %s: %s", self._path, aside.name, why)
        self._news.set()  # at once

    def _note(self, error: Exception) -> None:
        assert self._path is not None
        self._reason = HELD if isinstance(error, HeldElsewhereError) else why_not_written(self._path, error)
        if not self._is_told:
            log.warning("%s cannot be written: %s. Control and page go on.", self._path, self._reason)
        self._is_told = True

    def _close(self) -> None:
        store, self.store = self.store, None
        if store is not None:
            store.close()
