"""Writes to a terminal, a pipe or a file from a thread of its own: whoever does not read holds up nobody.

A terminal that is stopped (Ctrl-S) or whose connection hangs blocks the write. In the loop that would stop the plant,
its device servers and the signals with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections import deque
from typing import TextIO

WAITING_MAX_CHARACTERS = 1_000_000
"""Some hours of lines; what comes then is left out."""


class Pen:
    """As much of a text file as `rich` and `logging` need. `write` never waits."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._handle = stream, stream.fileno()
        self.encoding = stream.encoding or "utf-8"
        self._waiting: deque[str] = deque()
        self._waiting_characters = 0  # those that are just being written included
        self._news = threading.Condition()
        self._error: OSError | None = None
        _start_deaf(threading.Thread(target=self._run, name="pen", daemon=True))

    def write(self, text: str) -> int:
        """Take it. Raises OSError: the reader has gone for good."""
        with self._news:
            if self._error is not None:
                raise self._error
            if text and self._waiting_characters + len(text) <= WAITING_MAX_CHARACTERS:
                self._waiting.append(text)
                self._waiting_characters += len(text)
                self._news.notify_all()
        return len(text)

    def flush(self) -> None:
        """The thread does."""

    def isatty(self) -> bool:
        """A person looks on."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """For the width of the terminal."""
        return self._handle

    @property
    def is_idle(self) -> bool:
        """All has been read, or lies in the system's buffer: the next picture will be drawn at once."""
        with self._news:
            return self._waiting_characters == 0

    def finish(self, patience_s: float) -> bool:
        """Wait for what is still to be written; False: nobody reads it."""
        with self._news:
            return self._news.wait_for(lambda: self._waiting_characters == 0 or self._error is not None, patience_s)

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: bool(self._waiting))
                text = self._waiting.popleft()
            try:
                self._write_all(text.encode(self.encoding, "replace"))
            except OSError as error:
                with self._news:
                    self._error = error
                    self._news.notify_all()
                return
            with self._news:
                self._waiting_characters -= len(text)
                self._news.notify_all()

    def _write_all(self, rest: bytes) -> None:
        """Past the stream's own buffer: a thread that blocks in there would keep the interpreter from ending."""
        while rest:
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self._handle, rest) :]
                continue
            select.select([], [self._handle], [])


def _start_deaf(thread: threading.Thread) -> None:
    """A signal that waits until the main thread listens must not find another one that takes it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
