"""Events, wherever they are: from the running controller over its socket, else from the journal at rest."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from controller import clock
from controller.commands.contact import ask, is_answering, nobody
from controller.commands.frame import CommandError
from controller.commands.hubs import HubPlace, find_hub
from controller.commands.journal_file import open_copy
from controller.commands.unwritten import Unwritten, unwritten_of
from controller.durable_copy import NAME as COPY_NAME
from controller.whereabouts import DEFAULT_DATA_DIR, JOURNAL_NAME

PAGE_COUNT = 200
LogLine = dict[str, Any]


class EventSource(Protocol):
    """Events by cursor. `unwritten` is as of the last answer."""

    @property
    def unwritten(self) -> Unwritten:
        """What is in none of them yet."""
        ...

    def after(self, cursor: int, limit: int) -> list[LogLine]:
        """Events behind a cursor, oldest first; fewer than there are when an answer would grow too long."""
        ...

    def newest(self, limit: int) -> list[LogLine]:
        """The last events, oldest first."""
        ...


class SocketSource:
    """Asks the running controller."""

    def __init__(self, hub: HubPlace) -> None:
        self._hub = hub
        self.unwritten = Unwritten()

    def after(self, cursor: int, limit: int) -> list[LogLine]:
        """As EventSource. Raises NoContactError."""
        return self._ask(after=cursor, limit=limit)

    def newest(self, limit: int) -> list[LogLine]:
        """As EventSource. Raises NoContactError."""
        found = self._ask(limit=limit)
        while found and len(found) < limit and (more := self.after(found[-1]["seq"], limit)):
            found += more
        return found

    def _ask(self, **which: int) -> list[LogLine]:
        answer = ask(self._hub, method="events", **which)
        self.unwritten = unwritten_of(answer)
        return _complete(answer["events"])


@contextlib.contextmanager
def open_events(arguments: argparse.Namespace) -> Iterator[tuple[EventSource, HubPlace | None]]:
    """The events of the hub that is meant; the hub is None when only a journal was found.

    Raises:
        CommandError: neither a controller nor a journal.
    """
    hub = hub_of(arguments)
    if hub is not None and is_answering(hub):
        yield SocketSource(hub), hub
        return
    with open_copy(data_dir_of(arguments, hub) / JOURNAL_NAME) as journal:
        yield journal, hub


def backwards(source: EventSource) -> Iterator[LogLine]:
    """All events, newest first, page by page."""
    page = source.newest(PAGE_COUNT)
    while page:
        yield from reversed(page)
        first = int(page[0]["seq"])
        page = [line for line in _whole_page(source, first) if int(line["seq"]) < first]


def age_s(line: LogLine) -> float:
    """How long ago: by boot time when it was in this boot, else by the wall clock."""
    if line["boot"] == clock.boot_id():
        return max(0.0, clock.now_s() - float(line["mono_s"]))
    return clock.unix_s() - float(line["unix_s"])


def _whole_page(source: EventSource, before: int) -> list[LogLine]:
    """The events just before a cursor; an answer may hold fewer than were asked for, from the oldest."""
    cursor, page = max(0, before - 1 - PAGE_COUNT), list[LogLine]()
    while cursor < before - 1 and (more := source.after(cursor, PAGE_COUNT)):
        page += more
        cursor = int(more[-1]["seq"])
    return page


def _complete(lines: list[LogLine]) -> list[LogLine]:
    """Lines of an older controller have no rule, inputs and uncertainty."""
    return [{"rule": "", "inputs": {}, "uncertainty_s": None, **line} for line in lines]


def hub_of(arguments: argparse.Namespace) -> HubPlace | None:
    """None when nobody is named, none is here, and a journal may be all there is."""
    try:
        return find_hub(arguments.site, arguments.run_dir)
    except CommandError:
        folder = data_dir_of(arguments, None)
        is_a_journals = (folder / JOURNAL_NAME).is_file() or (folder / COPY_NAME).is_file()
        if arguments.data_dir is None and not (arguments.site is None and is_a_journals):
            raise
        return None


def data_dir_of(arguments: argparse.Namespace, hub: HubPlace | None) -> Path:
    """The folder of its journal: named, or as its controller left word, or where it usually is.

    Raises:
        NoContactError: of a run folder that was named, no controller left word.
    """
    if arguments.data_dir is not None:
        return Path(arguments.data_dir)
    if hub is not None and hub.places is not None:
        return hub.places.data_dir
    if hub is not None and arguments.run_dir is not None:
        raise nobody(hub, "name the folder of its journal with --data-dir")
    return DEFAULT_DATA_DIR
