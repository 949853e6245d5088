"""`hallig events`: the sequence of events, of a running controller or of one that is gone."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from controller.commands.event_keys import EVENT_KEYS
from controller.commands.frame import (
    NO_CONTACT,
    OK,
    PROBLEM,
    USAGE,
    About,
    CommandError,
    Parser,
    add_language,
    pause,
    print_json,
    print_lines,
    remark,
)
from controller.commands.hubs import add_data_dir, add_hub

if TYPE_CHECKING:
    from supervisor.words import Words

LAST_COUNT = 20
FOLLOW_PERIOD_S = 0.5
FETCH_COUNT = 200
ABOUT = About(
    name="events",
    line="what happened, in order",
    text="""\
List what happened, oldest first: number, wall clock (~ when nothing vouches for
the clock), how far the instant may be off (the poll period of what was seen;
nothing for our own acts), what, and why. While the controller runs it is asked
over its socket; when none runs, a copy of the journal is read. Without --since
the last 20.""",
    examples=(
        ("hallig events --since 24h", "the last day"),
        ("hallig events --follow", "and whatever comes, also over a restart; Ctrl-C ends"),
        ("hallig events --since 14:00 --json | jq -r .text", "for a program, one document a line"),
        ("hallig events --data-dir /mnt/card/lib/hallig", "of a card that was taken out of a hub"),
    ),
    then="'hallig explain #ID' says why one of them was decided.",
    exits={OK: "listed", PROBLEM: "the journal is broken", USAGE: "wrong use", NO_CONTACT: "no controller, no journal"},
    keys=EVENT_KEYS,
)


def add_arguments(parser: Parser) -> None:
    """Which hub, since when."""
    add_hub(parser)
    parser.add_argument("--since", metavar="TIME", help="24h, 30m, 14:00 or 2026-11-23T14:00")
    parser.add_argument("--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    add_data_dir(parser)
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """List them."""
    from controller.commands.event_source import open_events  # noqa: PLC0415  (not for --help)
    from controller.commands.event_words import as_json, labels_of, row  # noqa: PLC0415
    from controller.commands.speech import speaker  # noqa: PLC0415

    say, oldest_s = speaker(arguments.lang), _oldest_age_s(arguments.since)
    with open_events(arguments) as (source, hub):
        labels = labels_of(hub, say)

        def tell(lines: list[dict[str, Any]]) -> None:
            if arguments.as_json:
                for line in lines:
                    print_json(as_json(line, labels, say))
            else:
                print_lines(row(line, labels, say) for line in lines)

        lines = _chosen(source, oldest_s)
        tell(lines)
        if source.unwritten.why and not arguments.follow:
            remark(f"hallig: {source.unwritten.sentence(say)}")
        if not lines and not arguments.as_json and not arguments.follow:
            remark(say("page.no_events"))
        cursor = _cursor(source, lines)
    return _follow(_live(hub), cursor, tell, say) if arguments.follow else OK


def _chosen(source: Any, oldest_s: float | None) -> list[dict[str, Any]]:
    from controller.commands.event_source import age_s, backwards  # noqa: PLC0415

    if oldest_s is None:
        return list(source.newest(LAST_COUNT))
    found = []
    for line in backwards(source):
        if age_s(line) > oldest_s:
            break
        found.append(line)
    return found[::-1]


def _oldest_age_s(since: str | None) -> float | None:
    if since is None:
        return None
    from controller import clock  # noqa: PLC0415
    from controller.commands.instants import moment_unix_s, span_s  # noqa: PLC0415

    span = span_s(since)
    if span is not None:
        return span
    now_s = clock.unix_s()
    return now_s - moment_unix_s(since, now_s)[0]


def _cursor(source: Any, told: list[dict[str, Any]]) -> int:
    """Behind what was told, or behind all there is when nothing was."""
    newest = told or source.newest(1)
    return int(newest[-1]["seq"]) if newest else 0


def _live(hub: Any) -> Any:
    from controller.commands.event_source import SocketSource  # noqa: PLC0415

    if hub is None:
        raise CommandError("no_contact", NO_CONTACT, "no controller here to follow", "Leave --follow away.")
    return SocketSource(hub)


def _follow(source: Any, cursor: int, tell: Callable[[list[dict[str, Any]]], None], say: Words) -> int:
    """By cursor; a controller that is away is waited for, and a journal begun anew is read from its start."""
    is_away = is_told = False
    try:
        while True:
            try:
                if is_away:
                    newest = _cursor(source, [])
                    cursor = 0 if newest < cursor else cursor
                    remark("hallig: contact again")
                lines, is_away = source.after(cursor, FETCH_COUNT), False
            except CommandError as error:
                if not is_away:
                    remark(f"hallig: no contact for now: {error.message}")
                lines, is_away = [], True
            if source.unwritten.why and not is_told:
                remark(f"hallig: {source.unwritten.sentence(say)}")
            is_told = bool(source.unwritten.why)
            if lines:
                tell(lines)
                cursor = int(lines[-1]["seq"])
            else:
                pause(FOLLOW_PERIOD_S)
    except KeyboardInterrupt:
        return OK
