"""The controller as a process: what it believes, from its snapshot; its log, from its socket; its life, by signals."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sqlite3
from collections.abc import Callable
from typing import Any

from controller import clock
from controller.journal.line import read_events
from controller.model.advice import RequestKind
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, Mode
from controller.socket_client import SocketClient
from hil_tests.faults import odd_clock
from hil_tests.servers.process import ControllerProcess

STATUS_EVERY_S = 0.02
EVENTS_EVERY_S = 0.06
SOCKET_TIMEOUT_S = 0.3
EVENTS_MAX = 200
TOLD_FOR_S = 1.5  # without a descriptor no snapshot is written, and the one before says nothing of now
BACK_COUNT = 200  # events that a new life is asked for again: a torn journal counts them anew
WHO = "the bench"


class ProcessController:
    """One controller under test. `instant_of` turns its clock into the plant's."""

    def __init__(
        self, process: ControllerProcess, instant_of: Callable[[float], float], *, has_odd_clock: bool
    ) -> None:
        self.process = process
        self.limits: dict[int, int] = {}
        self.unasked_ends: list[tuple[float, int]] = []
        self.events: list[tuple[float, Event]] = []
        self.status: dict[str, Any] = {}
        self.lateness_p99_s: float | None = None  # of its cycles, as it last said
        self._instant_of, self._has_odd_clock = instant_of, has_odd_clock
        self._client = SocketClient(process.run_dir, SOCKET_TIMEOUT_S)
        self._cursor = 0
        self._known: set[tuple[object, ...]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    # -- what scenarios see ----------------------------------------------------------------------------------------
    @property
    def is_running(self) -> bool:
        """Its process lives."""
        return self.process.is_alive

    @property
    def is_asleep(self) -> bool:
        """Its process is stopped by a signal."""
        return self.process.is_stopped

    @property
    def mode(self) -> Mode | None:
        """What it believes, by its newest snapshot; None once that is old, as for the page."""
        is_told = self.is_running and self.status and clock.now_s() - self.status["written_at_s"] <= TOLD_FOR_S
        return Mode(self.status["mode"]) if is_told else None

    @property
    def authority(self) -> Authority:
        """How far it may act."""
        return Authority(self.status["authority"]) if self.status else Authority.AUTO

    def request(self, kind: RequestKind, subject: str | None, *, at_the_hub: bool) -> None:
        """Through the socket, as a page does it."""
        question: dict[str, object] = {
            "method": "request",
            "kind": kind.value,
            "who": WHO,
            "at_the_hub": at_the_hub,
            "subject": subject,
        }
        self._begin(self._ask_once(question))

    def kill(self) -> None:
        """As kill -9."""
        self.process.kill()
        self.status = {}

    def start(self) -> None:
        """A new process, under the limits that hold."""
        if self.process.is_alive:
            return
        module = odd_clock.__name__ if self._has_odd_clock else "controller.cli"
        self.process.start(module, {odd_clock.FILE_VARIABLE: str(self.process.folder / "wall_clock.json")})
        self._cursor = max(0, self._cursor - BACK_COUNT)
        self.limit()

    def limit(self) -> None:
        """Put the limits onto the living process."""
        process = self.process.process
        for what, most in self.limits.items() if process is not None else ():
            assert process is not None
            with contextlib.suppress(ProcessLookupError):
                hard = resource.prlimit(process.pid, what)[1]
                resource.prlimit(process.pid, what, (most, hard))

    # -- looking at it ---------------------------------------------------------------------------------------------
    async def watch(self, now_s: Callable[[], float]) -> None:
        """Read snapshot and log, until cancelled."""
        self._begin(self._read_log())
        while True:
            code = self.process.take_note()
            if code is not None:
                self.unasked_ends.append((now_s(), code))
                self.status = {}
            self._look()
            await asyncio.sleep(STATUS_EVERY_S)

    async def stop_watching(self) -> None:
        """Nothing is asked any more."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def read_the_rest(self) -> None:
        """What no socket told, from the journal of an ended controller."""
        journal = self.process.journal
        if not journal.exists():
            return
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(journal)) as connection:
            self._take(read_events(connection, max(0, self._cursor - BACK_COUNT), 100_000))

    def _look(self) -> None:
        status = self.process.status
        process = self.process.process
        if process is not None and status.get("pid") == process.pid:
            self.status = status
            self.lateness_p99_s = status["cycle"]["lateness_p99_s"]

    async def _read_log(self) -> None:
        while True:
            with contextlib.suppress(OSError, ValueError):
                answer = await asyncio.to_thread(
                    self._client.ask, method="events", after=self._cursor, limit=EVENTS_MAX
                )
                self._take(answer.get("events", []))
            await asyncio.sleep(EVENTS_EVERY_S)

    def _take(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            self._cursor = max(self._cursor, int(line["seq"]))
            key = (line["mono_s"], line["kind"], line["reason"], line["subject"])
            if key not in self._known:
                self._known.add(key)
                self.events.append((max(0.0, self._instant_of(float(line["mono_s"]))), _event(line)))

    async def _ask_once(self, question: dict[str, object]) -> None:
        with contextlib.suppress(OSError, ValueError):
            await asyncio.to_thread(lambda: self._client.ask(**question))

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _event(line: dict[str, Any]) -> Event:
    return Event(
        EventKind(line["kind"]), Reason(line["reason"]), line["subject"], line["values"], line["rule"], line["inputs"]
    )
