"""An event loop without waiting and without a network: time leaps to what is due next, connections stay in memory.

Everything that asks its event loop for the time, for a connection or for a thread runs on it unchanged: the production
drivers, pymodbus, minimalmodbus, and the same device servers as in real time. Nothing here depends on the machine, so
the same seed gives the same run.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from contextvars import Context
from functools import partial
from heapq import heappop, heappush
from typing import Any

from greenlet import getcurrent, greenlet

from hil_tests.virtual.transport import HOST, connect

INSTANT_S = 1e-9  # what is due within this is due together
FIRST_PORT = 40_000


class StuckError(RuntimeError):
    """Everybody waits for something that no time brings."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at 0 s. One per run."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._ready: deque[asyncio.Handle]  # the base class's queue
        self._stopping: bool
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []  # a heap
        self._order = itertools.count()  # what is due together runs as it was asked for
        self._listeners: dict[int, VirtualServer] = {}
        self._ports = itertools.count(FIRST_PORT)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_s

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call it when virtual time has come so far."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._order), timer))
        return timer

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call it when so much virtual time has gone by."""
        when = self._now_s + delay
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._order), timer))
        return timer

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Call it before time goes on."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def _run_once(self) -> None:
        """One round of the base class, which would ask the operating system for sockets and for the time."""
        ready, timers = self._ready, self._timers
        if not ready and not self._stopping:
            self._leap()
        while timers and timers[0][0] <= self._now_s + INSTANT_S:
            when_s, _, timer = heappop(timers)
            if not timer.cancelled():
                self._now_s = max(self._now_s, when_s)  # who is called before his time would wait again, for ever
                ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()  # noqa: SLF001  # what the base class does with them

    def _leap(self) -> None:
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heappop(timers)
        if not timers:
            raise StuckError("nothing is due any more, and somebody still waits")
        self._now_s = max(self._now_s, timers[0][0])

    # -- connections ----------------------------------------------------------------------------------------------
    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str | None = None, port: int | None = None,
        **_: object,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:  # fmt: skip
        """Connect to whoever listens at this port. Raises ConnectionRefusedError when nobody does."""
        del host
        await asyncio.sleep(0)
        server = self._listeners.get(port or 0)
        if server is None:
            raise ConnectionRefusedError(f"nobody listens at port {port}")
        protocol = protocol_factory()
        return connect(self, protocol, server.protocol_factory()), protocol

    async def create_server(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], host: str | None = None, port: int | None = None,
        **_: object,
    ) -> VirtualServer:  # fmt: skip
        """Listen. Raises OSError when the port is taken."""
        del host
        number = port or next(self._ports)
        if number in self._listeners:
            raise OSError(f"port {number} is taken")
        server = self._listeners[number] = VirtualServer(protocol_factory, number, partial(self._listeners.pop, number))
        return server

    # -- threads --------------------------------------------------------------------------------------------------
    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Task[Any]:
        """Work that may block: beside this thread's own work, and never at the same time. It blocks with `pause`."""
        del executor
        return self.create_task(_by_turns(partial(func, *args)))


class VirtualServer:
    """Somebody who listens."""

    def __init__(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], port: int, forget: Callable[[], object]
    ) -> None:
        self.protocol_factory = protocol_factory
        self.sockets = (_Address(port),)
        self._forget: Callable[[], object] | None = forget

    def close(self) -> None:
        """Listen no longer; connections stay."""
        if self._forget is not None:
            self._forget()
            self._forget = None


class _Address:
    def __init__(self, port: int) -> None:
        self._port = port

    def getsockname(self) -> tuple[str, int]:
        """As a socket says it."""
        return HOST, self._port


async def _by_turns(work: Callable[[], Any]) -> Any:
    worker = greenlet(work)
    wished = worker.switch()
    while not worker.dead:
        wished = worker.switch(await wished)
    return wished


def pause(until: Any) -> Any:
    """In the midst of work that knows no `await`: let time pass until this has an answer, and return it."""
    loop = getcurrent().parent
    assert loop is not None, "only work that somebody has handed to run_in_executor can pause"
    return loop.switch(until)
