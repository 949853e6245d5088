"""The black box itself: takes every cycle without waiting, and its own thread keeps those around what matters.

The last minute is held in memory, packed. A transition, a failure or a silence of the loop writes it to a file, and
what follows for a minute goes there second by second. A disk that does not take it costs the recording and nothing
else: it is told once, tried again each second, and the oldest that could not be written is let go.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controller import __version__, clock
from controller.blackbox.cycle import Cycle
from controller.blackbox.encoding import encode
from controller.blackbox.folder import BoxFolder, Cause, OpenFile
from controller.blackbox.lines import FORMAT, FORMAT_KEY, Part, PartWriter, packed
from controller.config.types import Site
from controller.model.words import Mode
from controller.plain_words import in_words

BEFORE_S = 60.0
AFTER_S = 60.0
LOOK_S = 0.2
PART_S = 1.0  # a kill loses at most this and one look
PART_CYCLES_MAX = 64
WAITING_MAX = 2400  # cycles that wait for the thread: two minutes of a disk that does not answer
HELD_PARTS_MAX = 600  # the last minute of a loop that is hurried all the time
UNWRITTEN_PARTS_MAX = 600
SYNC_S = 5.0  # with the part, what a power cut loses at most; not more often: the journal needs the disk
SILENCE_S = 0.5  # half of what the watchdog waits
SILENCE_AGAIN_S = 600.0  # on a machine that is always late, not every time
STOP_S = 0.5

log = logging.getLogger("hallig.blackbox")


@dataclass(slots=True)
class Window:
    """What is being kept now."""

    cause: Cause
    head: bytes
    ends_at_s: float
    synced_at_s: float
    unwritten: deque[bytes] = field(default_factory=lambda: deque(maxlen=UNWRITTEN_PARTS_MAX))
    file: OpenFile | None = None


class BlackBox:
    """One run's. `take` is called in the loop, everything else happens in the box's thread."""

    def __init__(self, site: Site, folder: Path, boot: str, may_write: Callable[[], bool] = lambda: True) -> None:
        self._site, self._boot, self._may_write = site, boot, may_write
        self._site_text = _text_of(site.path)
        self._folder = BoxFolder(folder)
        self._waiting: deque[Cycle] = deque(maxlen=WAITING_MAX)
        self._given_count = self._taken_count = 0
        self._held: deque[Part] = deque(maxlen=HELD_PARTS_MAX)
        self._before: Cycle | None = None  # the last one packed
        self._window: Window | None = None
        self._newest_s = self._silent_at_s = -math.inf  # instants of cycles
        self._is_troubled = self._is_loop_over = False
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="blackbox", daemon=True)

    def start(self) -> None:
        """Begin to keep."""
        self._thread.start()

    def take(self, cycle: Cycle) -> None:
        """One more cycle. Never waits."""
        self._waiting.append(cycle)
        self._given_count += 1
        if cycle.failed is not None or cycle.changes_mode:
            self._wake.set()

    def loop_ends(self) -> None:
        """On purpose: its silence from now on means nothing."""
        self._is_loop_over = True

    def stop(self) -> None:
        """Write what belongs to an open window; not for long."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    # -- the thread -----------------------------------------------------------------------------------------------
    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(LOOK_S)
            self.look(clock.now_s())
        self.end(clock.now_s())

    @property
    def is_woken(self) -> bool:
        """Something has come that should be on disk soon."""
        return self._wake.is_set()

    def look(self, now_s: float) -> None:
        """What the thread does over and over."""
        is_urgent = self._wake.is_set()
        self._wake.clear()
        self._work(now_s, is_urgent=is_urgent)

    def end(self, now_s: float) -> None:
        """What the thread does at last."""
        self._work(now_s, is_urgent=True)
        self._end("stopped", now_s)

    def _work(self, now_s: float, *, is_urgent: bool = False) -> None:
        """Pack what has come, see whether it matters, write what is due."""
        waiting = self._waiting
        self._newest_s = waiting[-1].now_s if waiting else self._newest_s
        is_silent = self._is_silent(now_s)
        has_part = bool(waiting) and self._newest_s - waiting[0].now_s >= PART_S
        if not (is_urgent or is_silent or has_part or len(waiting) >= PART_CYCLES_MAX):
            return
        while self._waiting:
            self._pack()
        if is_silent:
            self._silent_at_s = self._newest_s
            self._mark(Cause.SILENT, self._newest_s, f"no cycle for {now_s - self._newest_s:.1f} s")
        self._write(now_s)
        window = self._window
        if window is not None and self._newest_s >= window.ends_at_s:
            self._end("complete", now_s)
        elif window is not None and window.file is not None and window.file.is_full:
            self._end("full", now_s)

    def _is_silent(self, now_s: float) -> bool:
        """The loop should have said something: told once of each silence."""
        newest_s, told_s = self._newest_s, self._silent_at_s
        is_new = newest_s - told_s > SILENCE_AGAIN_S or (self._window is not None and newest_s > told_s)
        return is_new and newest_s > -math.inf and now_s - newest_s >= SILENCE_S and not self._is_loop_over

    def _pack(self) -> None:
        """Some of what has come, as one part."""
        lost_count = max(0, self._given_count - self._taken_count - len(self._waiting))
        cycles = [self._waiting.popleft() for _ in range(min(PART_CYCLES_MAX, len(self._waiting)))]
        first = self._taken_count + lost_count
        self._taken_count = first + len(cycles)
        for part in self._parts(cycles, first):
            self._held.append(part)
            while self._held[0].ends_at_s < part.begins_at_s - BEFORE_S:
                self._held.popleft()
            if self._window is not None:
                self._window.unwritten.append(part.data)
        for cycle in cycles:
            self._look_at(cycle)

    def _parts(self, cycles: Sequence[Cycle], first: int) -> Iterator[Part]:
        """One, unless a cycle among them is not for JSON: a text that is none, a number too large."""
        try:
            yield PartWriter.part(cycles, first, self._before)
            self._before = cycles[-1]
        except (TypeError, ValueError) as error:
            if len(cycles) == 1:
                self._complain(f"a cycle is not for JSON: {error}")
                return
            for number, cycle in enumerate(cycles, first):
                yield from self._parts([cycle], number)

    def _look_at(self, cycle: Cycle) -> None:
        if cycle.failed is not None:
            self._mark(Cause.FAILED, cycle.now_s, f"{type(cycle.failed).__name__}")
        elif cycle.decision is not None and cycle.changes_mode:
            was, memory = cycle.memory.mode, cycle.decision.memory
            cause = Cause.STARTED if was is Mode.UNKNOWN else Cause.TRANSITION
            self._mark(cause, cycle.now_s, f"{was.value} -> {memory.mode.value}: {memory.reason.value}")

    def _mark(self, cause: Cause, at_s: float, text: str) -> None:
        """Keep what is around this instant. A blackout after a start has a file of its own: it is kept for longer."""
        if self._window is not None and cause is Cause.TRANSITION is not self._window.cause:
            self._end("continued", at_s)
        if self._window is None:
            self._window = Window(cause, packed(self._head(cause)), at_s, at_s)
            self._window.unwritten.extend(part.data for part in self._held)
        self._window.ends_at_s = at_s + AFTER_S
        self._window.unwritten.append(packed({"mark": cause.value, "at_s": at_s, "text": text}))

    def _head(self, cause: Cause) -> dict[str, object]:
        return {
            FORMAT_KEY: FORMAT,
            "software": __version__,
            "cause": cause.value,
            "boot": self._boot,
            "unix_s": clock.unix_s(),
            "clock": clock.quality().value,
            "before_s": BEFORE_S,
            "after_s": AFTER_S,
            "hub": encode(self._site.hub),
            "envelope": encode(self._site.envelope),
            "site": {
                "path": str(self._site.path).encode(errors="replace").decode(),
                "sha256": hashlib.sha256(self._site_text.encode()).hexdigest(),
                "text": self._site_text,
            },
        }

    def _write(self, now_s: float) -> None:
        """As much as the disk takes."""
        window = self._window
        if window is None or not self._may_write():
            return
        try:
            window.file = window.file or self._folder.begin(window.cause)
            if window.file.size == 0:
                window.file.append(window.head)
            while window.unwritten:
                window.file.append(window.unwritten[0])
                window.unwritten.popleft()
            if now_s - window.synced_at_s >= SYNC_S:
                window.file.sync()
                window.synced_at_s = now_s
        except OSError as error:
            self._complain(in_words(error))
            return
        if self._is_troubled:
            self._is_troubled = False
            log.warning("the black box is kept again")

    def _end(self, how: str, now_s: float) -> None:
        """With a last line, safe on disk."""
        if self._window is None:
            return
        self._window.unwritten.append(packed({"end": how}))
        self._window.synced_at_s = -math.inf
        self._write(now_s)
        if self._window.file is not None:
            self._window.file.close()
        self._window = None

    def _complain(self, why: str) -> None:
        """Once, until it is well again."""
        if not self._is_troubled:
            self._is_troubled = True
            log.warning("no black box is kept in %s: %s. Control goes on", self._folder.path, why)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
