"""`hallig journal verify`: is the record of events whole? A running hub is asked, of a file at rest a copy is read."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path

from controller.commands.frame import (
    NO_CONTACT,
    OK,
    PROBLEM,
    USAGE,
    About,
    Parser,
    add_language,
    print_json,
    print_lines,
)
from controller.commands.hubs import add_data_dir

ABOUT = About(
    name="journal",
    line="whether the record of events is whole",
    text="""\
'verify' walks along the journal's chain: each line carries a SHA-256 over itself
and the line before, so a line that was bent or taken out is found, and the first
one is named. A chain alone does not show what was cut off at its ends: the
oldest lines that a full file drops are recorded by the writer, and the number of
the newest stands in durable.json beside the file as well. That a whole journal was
missing once stays on record: who knows of it says so with --begun-after, and only
what is new ends with 1. A running hub is asked
over its socket, a few hundred lines at a time; of a file at rest a copy is read.
Nothing is ever opened for writing.""",
    examples=(
        ("hallig journal verify", "the only hub here, running or not"),
        ("hallig journal verify musterhallig --json", "for a program: exit code 1 when not whole"),
        ("hallig journal verify /mnt/card/lib/hallig", "of a card that was taken out of a hub"),
        ("hallig journal verify --begun-after 812", "that the one up to #812 is missing, we know"),
        ("hallig journal verify /var/lib/hallig/journal.db.broken-0", "how far a damaged one can be read"),
    ),
    then="'hallig events' lists what is in it; write the head down to compare it later.",
    exits={
        OK: "whole",
        PROBLEM: "a line was bent, taken out or cannot be read, or an end or a whole journal is missing",
        USAGE: "wrong use",
        NO_CONTACT: "no controller, no journal",
    },
    keys={
        "journal": "the hub that was asked, or the file",
        "is_whole": "whether all is as it was written",
        "lines_count": "lines that were walked and fit",
        "first": "number of the oldest line; null: there is none",
        "last": "number of the newest",
        "head": "its digest: note it down, and nothing before it can be changed unseen",
        "broken": "number of the first line that does not fit; null: all do",
        "why": "`bent`, `missing` or `unreadable`; empty: all fit",
        "dropped_count": "oldest lines that the writer dropped when the file was full",
        "missing_first_count": "oldest lines that are gone without a record of it",
        "missing_last_count": "newest lines that are gone: they had been numbered or noted beside the file",
        "begun_after": "last known number of a journal that was missing when this one was begun; null: none was",
        "is_as_noted": "whether the line noted in durable.json stands here; null: nothing noted, or dropped since",
        "set_aside": "damaged journals that were set aside and are still there",
        "unwritten_count": "events in the controller's memory that its disk does not take now",
        "why_unwritten": "and why; empty: all is written, or no controller runs",
    },
)


def add_arguments(parser: Parser) -> None:
    """What to do, and with which journal."""
    parser.add_argument("action", choices=("verify",), help="walk along the chain")
    parser.add_argument(
        "site", metavar="SITE|PATH", nargs="?", help="a hub, or a journal's file or folder (default: the only hub here)"
    )
    parser.add_argument(
        "--begun-after", type=int, metavar="N", help="a journal that ended with #N is missing, and that is known"
    )
    parser.add_argument("--run-dir", type=Path, default=None, help="folder of the controller's live state")
    add_data_dir(parser)
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Walk, and say what was found."""
    from controller.commands.journal_examined import examine, sentences  # noqa: PLC0415  (not for --help)
    from controller.commands.speech import speaker  # noqa: PLC0415

    found = replace(examine(arguments), known_after=arguments.begun_after)
    if arguments.as_json:
        walk = {"lines_count": found.walk.lines_count, "broken": found.walk.broken, "why": found.walk.why}
        told = {"journal": found.name, "is_whole": found.is_whole, **walk, **asdict(found.ends)}
        unwritten = {"unwritten_count": found.unwritten.count, "why_unwritten": found.unwritten.why}
        print_json({**told, "set_aside": found.set_aside, **unwritten})
    else:
        print_lines(sentences(found, speaker(arguments.lang)))
    return OK if found.is_whole else PROBLEM
