"""The walk along a journal's chain, wherever the journal is, and what it means in words."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.commands.contact import ask, is_answering
from controller.commands.event_source import data_dir_of, hub_of
from controller.commands.frame import NO_CONTACT, PROBLEM, CommandError
from controller.commands.hubs import HubPlace, known_hubs
from controller.commands.journal_file import open_copy
from controller.commands.unwritten import ALL_WRITTEN, Unwritten, unwritten_of
from controller.durable_copy import read_copy
from controller.journal.chain import Ends, Walk, ends_of, walk_through
from controller.journal.damage import broken_files
from controller.plain_words import of_a_disk
from controller.whereabouts import JOURNAL_NAME, read_whereabouts
from supervisor.words import Words

BREAKS = {"bent": "verify.bent", "missing": "verify.missing", "unreadable": "verify.unreadable"}


@dataclass(frozen=True, slots=True)
class Examined:
    """One journal, walked from end to end, or as far as it goes."""

    name: str
    walk: Walk
    ends: Ends
    set_aside: tuple[str, ...]
    unwritten: Unwritten = ALL_WRITTEN
    known_after: int | None = None  # last number of a missing journal that the reader knows of

    @property
    def is_whole(self) -> bool:
        """All that was written is there, or was dropped by the writer itself."""
        gone = self.ends.missing_first_count + self.ends.missing_last_count
        is_all = gone == 0 and self.ends.begun_after in {None, self.known_after}
        return self.walk.broken is None and is_all and self.ends.is_as_noted is not False


def examine(arguments: argparse.Namespace) -> Examined:
    """The journal that is meant.

    Raises:
        CommandError: there is none, nobody answers, or the file is no journal at all.
    """
    file = _file(arguments.site)
    if file is not None:
        is_noted = file.name == JOURNAL_NAME and read_copy(file.parent) is not None
        if not file.is_file() and not is_noted:
            hint = "Name a hub, or the file or folder of a journal."
            raise CommandError("no_contact", NO_CONTACT, f"there is no journal {file}", hint)
        owner = _living_owner(file)
        return _by_socket(owner) if owner is not None else _by_copy(file)
    hub = hub_of(arguments)
    if hub is not None and is_answering(hub):
        return _by_socket(hub)
    return _by_copy(data_dir_of(arguments, hub) / JOURNAL_NAME)


def sentences(found: Examined, say: Words) -> Iterator[str]:
    """For people."""
    ends, walk = found.ends, found.walk
    yield _verdict(found, say)
    if walk.broken is not None:
        yield say(BREAKS[walk.why], id=walk.broken)
    if ends.begun_after is not None:
        is_known = ends.begun_after == found.known_after
        yield say("verify.begun_after_known" if is_known else "verify.begun_after", last=ends.begun_after)
    if ends.missing_first_count:
        yield say("verify.first_gone", count=ends.missing_first_count)
    if ends.missing_last_count:
        yield say("verify.last_gone", count=ends.missing_last_count)
    elif ends.is_as_noted is False:
        yield say("verify.other_than_noted")
    if ends.dropped_count:
        yield say("verify.dropped", count=ends.dropped_count)
    yield from _beside(found, say)
    yield say("verify.head", head=ends.head)


def _beside(found: Examined, say: Words) -> Iterator[str]:
    """What is not in it."""
    if found.unwritten.why:
        yield found.unwritten.sentence(say)
    if found.set_aside:
        yield say("verify.set_aside", files=", ".join(found.set_aside))


def _verdict(found: Examined, say: Words) -> str:
    if not found.is_whole:
        return say("verify.not_whole", name=found.name, count=found.walk.lines_count)
    if found.ends.last is None:
        return say("verify.empty", name=found.name)
    count, first, last = found.walk.lines_count, found.ends.first, found.ends.last
    return say("verify.whole", name=found.name, count=count, first=first, last=last)


def _file(named: str | None) -> Path | None:
    """A journal named by its file or by a folder, its own or the hub's run folder; a site or a hub's name is none."""
    if named is None or named.endswith(".toml"):
        return None
    path = Path(named)
    if path.is_dir():
        places = read_whereabouts(path)
        found = (path if places is None else places.data_dir) / JOURNAL_NAME
        is_meant = found.is_file() or "/" in named or read_copy(found.parent) is not None
        return found if is_meant else None
    return path if path.is_file() or "/" in named else None


def _living_owner(file: Path) -> HubPlace | None:
    """The running hub whose journal this is: it is asked, for its file changes while it is copied."""
    for hub in known_hubs():
        is_its_own = hub.places is not None and (hub.places.data_dir / JOURNAL_NAME).absolute() == file.absolute()
        if is_its_own and is_answering(hub):
            return hub
    return None


def _by_socket(hub: HubPlace) -> Examined:
    walk = Walk()
    while True:
        answer = ask(hub, method="verify", walk={name: getattr(walk, name) for name in Walk.__slots__})
        walk = Walk(**answer["walk"])
        if walk.is_over:
            ends, set_aside = Ends(**answer["ends"]), tuple(answer["set_aside"])
            return Examined(hub.name, walk, ends, set_aside, unwritten_of(answer))


def _by_copy(file: Path) -> Examined:
    noted = read_copy(file.parent) if file.name == JOURNAL_NAME else None
    names = tuple(broken.name for broken in broken_files(file))
    with open_copy(file, as_it_is=True) as journal:
        try:
            return Examined(str(file), walk_through(journal.connection), ends_of(journal.connection, noted), names)
        except sqlite3.Error as error:
            hint = "Nothing in it can be read as a journal."
            raise CommandError("broken_journal", PROBLEM, f"{file} cannot be read: {of_a_disk(error)}", hint) from None
