"""`hallig run`: everything put together, one instance per hub, ended cleanly or by its own watchdog."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller import __version__, clock
from controller.blackbox.box import BlackBox
from controller.blackbox.folder import NAME as BOX_NAME
from controller.config.types import Site
from controller.core.decide import fresh_memory
from controller.descriptors import Descriptors
from controller.drivers.connect import open_links
from controller.drivers.urgent import urgent_points
from controller.durable import load_durable, read_durable
from controller.durable_copy import Restored
from controller.event_loop import loop_factory
from controller.folder_lock import HeldElsewhereError
from controller.journal.writer import Journal
from controller.loop import CoreFailedError, Loop
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from controller.point_reading import PointReader
from controller.publishing import Publication, build_status
from controller.requests import ControlSocket
from controller.run_folder import RunFolder
from controller.since_when import SinceWhen, published_before
from controller.snapshot import Snapshot
from controller.status import EnvelopeStatus
from controller.uncertainty import Uncertainties
from controller.watchdog import Watchdog, notify
from controller.whereabouts import JOURNAL_NAME, Whereabouts

PUBLISH_EVERY_S = 0.25
TEND_EVERY_S = 1.0
LAST_WORDS_S = 0.5  # for what the fallback orders: wishes live no longer, and the watchdog waits for a second
JOURNAL_PATIENCE_S = 1.0  # a slow disk must not keep the lights from being watched
NO_ANSWER = "Control begins without what was latched or held before; it is joined in when the disk has answered."
NOTHING_OPENED = "no file and no connection can be opened any more. Control goes on; a lost device would not come back"
OPENED_AGAIN = "files and connections can be opened again"
EXIT_CORE_FAILED = 70

log = logging.getLogger("hallig.app")


class AlreadyRunningError(Exception):
    """Another controller holds this hub, or the folder of its journal."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the controller keeps its files: `run_dir` on tmpfs, `data_dir` on disk."""

    run_dir: Path
    data_dir: Path


def run_controller(site: Site, places: Places) -> int:
    """Run until a signal. Returns the exit code; raises AlreadyRunningError for a second instance."""
    folder = RunFolder(places.run_dir, Whereabouts(site.hub.name, site.path, places.data_dir))
    try:
        with folder.held(), asyncio.Runner(loop_factory=loop_factory()) as runner:
            log.info("event loop: %s", type(runner.get_loop()).__module__)
            return runner.run(_app(site, places, folder))
    except HeldElsewhereError as error:
        raise AlreadyRunningError(str(error)) from None


async def _app(site: Site, places: Places, folder: RunFolder) -> int:
    """Made within its loop."""
    return await _App(site, places, folder).run()


def _from_thread(event_loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended; the journal writes its last lines
        event_loop.call_soon_threadsafe(call)


class _App:
    """One run."""

    def __init__(self, site: Site, places: Places, folder: RunFolder) -> None:
        self._site, self._places, self._folder = site, places, folder
        self._boot = clock.boot_id()
        self._journal = Journal(places.data_dir / JOURNAL_NAME, self._boot, folder.lock)
        journal_is_ours = lambda: not self._journal.status.is_held  # noqa: E731
        self._box = BlackBox(site, places.data_dir / BOX_NAME, self._boot, journal_is_ours)
        self._socket = ControlSocket(places.run_dir, self._journal, clock.now_s)
        self._descriptors = Descriptors()
        self._snapshot = Snapshot(places.run_dir, self._descriptors)
        self._since_when = SinceWhen(published_before(places.run_dir, site.hub.name, self._boot, clock.now_s()))
        self._watchdog = Watchdog()
        self._told = asyncio.Event()  # to end
        self._loop: Loop | None = None
        self._links = open_links(site, clock.now_s, lambda: self._loop.vetted_at_s if self._loop else None)
        self._points = PointReader(site, self._links.links)
        self._had = Restored()
        self._published_at_s = self._tended_at_s = 0.0
        self._reopening: asyncio.Task[None] | None = None
        self._published_mode: Mode | None = None
        self._sequence = 0
        self._journal_was_ok = self._descriptors_were_left = True
        self._journal_was_held = False

    async def run(self) -> int:
        event_loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            event_loop.add_signal_handler(number, self._told.set)
        self._journal.on_restored_late = lambda late: _from_thread(event_loop, lambda: self._join(late))
        self._journal.start()
        self._had = await self._restored()
        if self._had.source == "held":
            self._journal.stop()
            raise AlreadyRunningError(self._had.why)
        memory = fresh_memory(self._known(self._had, clock.now_s()), clock.now_s())
        self._loop = Loop(self._site, self._links.links, self._journal, self._socket.living, memory, self._after_cycle)
        self._loop.record = self._box.take
        self._box.start()
        self._journal.write(Event(EventKind.STARTED, Reason.STARTED, "hub", {"version": __version__}), clock.now_s())
        self._journal.uncertainty_of = Uncertainties(self._site).of
        self._socket.read_one = self._read_one
        self._hurry_when_it_matters(self._loop)
        await self._socket.start()
        self._watchdog.start()
        notify("READY=1")
        try:
            return await self._until_told()
        finally:
            self._watchdog.stop()
            self._box.stop()
            await self._socket.stop()
            self._journal.stop()

    def _read_one(self, name: str) -> dict[str, Any]:
        assert self._loop is not None
        return self._points.read(name, self._loop.image, clock.now_s())

    def _hurry_when_it_matters(self, loop: Loop) -> None:
        """A changed position, a jump in voltage, or a written intent begins the next cycle at once."""
        self._links.when_urgent(urgent_points(self._site), loop.hurry)
        event_loop = asyncio.get_running_loop()
        self._journal.on_written = lambda: _from_thread(event_loop, loop.intent_is_durable)

    async def _restored(self) -> Restored:
        """What the journal has kept. A disk that takes longer is not waited for: what it says later is joined in."""
        answer = asyncio.wrap_future(self._journal.restored)
        try:
            async with asyncio.timeout(JOURNAL_PATIENCE_S):
                return await asyncio.shield(answer)
        except TimeoutError:
            if answer.done():
                return answer.result()  # it came just now
            log.warning("%s has not answered within %s s. %s", self._places.data_dir, JOURNAL_PATIENCE_S, NO_ANSWER)
            answer.add_done_callback(lambda late: self._join(late.result()))
            return Restored()

    def _known(self, restored: Restored, now_s: float) -> DurableMemory:
        """As it was kept; that something was kept and cannot be read any more, somebody must hear."""
        found = read_durable(restored.stored, self._boot, now_s) if restored.stored is not None else None
        if restored.source == "lost" or (found is None and restored.stored is not None):
            self._journal.write(Event(EventKind.ALARM, Reason.MEMORY_LOST, "hub"), now_s)
        return found or DurableMemory()

    def _join(self, late: Restored) -> None:
        """Also when there is nothing new in it: the journal waits for a memory that knows of it."""
        now_s, had = clock.now_s(), self._had
        self._had = late
        known = self._known(late, now_s)
        if self._loop is not None:
            self._loop.join(known, load_durable(had.stored, self._boot, now_s))

    async def _until_told(self) -> int:
        """Links and loop until SIGTERM or SIGINT; a failed core ends the process with a code of its own."""
        assert self._loop is not None
        if self._told.is_set():  # while it started
            return 0
        links = asyncio.create_task(self._links.run(), name="links")
        cycles = asyncio.create_task(self._loop.run(), name="cycles")
        waiter = asyncio.create_task(self._told.wait(), name="signals")
        done, pending = await asyncio.wait({links, cycles, waiter}, return_when=asyncio.FIRST_COMPLETED)
        self._box.loop_ends()
        has_failed = cycles in done and isinstance(cycles.exception(), CoreFailedError)
        if has_failed:
            await self._links.send_what_waits(LAST_WORDS_S)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        if has_failed:
            return EXIT_CORE_FAILED
        for task in done - {waiter}:
            task.result()
        return 0

    def _after_cycle(self, loop: Loop, now_s: float) -> None:
        self._watchdog.feed(now_s)
        if loop.decision is not None:
            self._socket.answers.note(loop.decision.events, loop.ticket, now_s)
        notify("WATCHDOG=1")
        self._links.set_islanded(loop.memory.mode is not Mode.GRID_CONNECTED)
        self._links.set_eager(loop.is_tense)
        self._speak_of_journal(now_s)
        self._tend_folder(now_s)
        if loop.memory.mode is self._published_mode and now_s - self._published_at_s < PUBLISH_EVERY_S:
            return
        self._published_at_s, self._published_mode = now_s, loop.memory.mode
        self._sequence += 1
        publication = Publication(
            hub=self._site.hub,
            seen=loop.image,
            memory=loop.memory,
            links=self._links.links,
            screens=loop.assembler.screens,
            cycle=loop.time.status,
            journal=self._journal.status,
            boot=self._boot,
            pid=os.getpid(),
            sequence=self._sequence,
            now_s=now_s,
            envelope=EnvelopeStatus(self._site.envelope_name, self._site.envelope_sha256),
        )
        self._snapshot.write(self._since_when.told(build_status(publication)))

    def _tend_folder(self, now_s: float) -> None:
        if now_s - self._tended_at_s < TEND_EVERY_S:
            return
        self._tended_at_s = now_s
        self._speak_of_descriptors(now_s)
        if not self._folder.is_whole and self._folder.make_whole():
            self._reopening = asyncio.create_task(self._reopen())

    async def _reopen(self) -> None:
        with contextlib.suppress(OSError):  # tried again in a second
            await self._socket.start()

    def _speak_of_descriptors(self, now_s: float) -> None:
        are_left = self._descriptors.are_left()
        if are_left is self._descriptors_were_left:
            return
        self._descriptors_were_left = are_left
        log.warning(OPENED_AGAIN if are_left else NOTHING_OPENED)
        kind = EventKind.ALARM_CLEARED if are_left else EventKind.ALARM
        self._journal.write(Event(kind, Reason.NO_DESCRIPTORS, "hub"), now_s)

    def _speak_of_journal(self, now_s: float) -> None:
        """When the disk fails, and when it is back: the second of the two reaches the file.

        Another controller's file, found only when control had begun: people must end one of the two. It is not ours to
        choose which, and both go on.
        """
        is_ok, is_held = self._journal.status.is_ok, self._journal.status.is_held
        if is_held and not self._journal_was_held:
            log.error("%s: end one of the two. This one controls, and saves no events", self._journal.status.reason)
            self._journal.write(Event(EventKind.ALARM, Reason.JOURNAL_HELD, "hub"), now_s)
        self._journal_was_held = is_held
        if is_ok is not self._journal_was_ok:
            self._journal_was_ok = is_ok
            reason = Reason.JOURNAL_BACK if is_ok else Reason.JOURNAL_DEGRADED
            log.warning("events are %s", "saved again" if is_ok else f"not saved: {self._journal.status.reason}")
            self._journal.write(Event(EventKind.JOURNAL, reason, "hub"), now_s)
