"""`hallig explain`: why something was decided, by the rule and the numbers that the journal kept."""

from __future__ import annotations

import argparse
from typing import Any

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
    print_json,
    print_lines,
    remark,
)
from controller.commands.hubs import add_data_dir, add_hub

ABOUT = About(
    name="explain",
    line="why: the rule and the numbers behind a decision",
    text="""\
Say why the controller decided something: the rule that applied and everything
that it looked at, as it was in that cycle, from the journal. TIME is 14:03,
14:03:07, 2026-11-23T14:03:07, -10m or #ID of an event; the last decision at or
before it is explained, and without TIME the last one there is. Works for a
controller that is gone, too.""",
    examples=(
        ("hallig explain", "the last decision"),
        ("hallig explain 14:03", "what was decided last at or before 14:03"),
        ("hallig explain -10m --lang da", "ten minutes ago, in Danish"),
        ("hallig explain '#1234' --json", "one event of 'hallig events', for a program"),
    ),
    then="'hallig events --since 1h' lists what came before; docs/modes.md has every rule.",
    exits={
        OK: "explained",
        PROBLEM: "nothing was decided then, or the journal is broken",
        USAGE: "wrong use, or no time",
        NO_CONTACT: "no controller and no journal",
    },
    keys={
        **EVENT_KEYS,
        "rule_text": "the rule's sentence, in the language asked for",
        "together": "what else happened in the same cycle: `id`, `kind`, `subject`",
    },
)


def add_arguments(parser: Parser) -> None:
    """What, and of which hub."""
    parser.add_argument("time", metavar="TIME", nargs="?", help="14:03, 14:03:07, a date and time, -10m or #ID")
    add_hub(parser)
    add_data_dir(parser)
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Explain one decision."""
    from controller.commands.event_source import open_events  # noqa: PLC0415  (not for --help)
    from controller.commands.event_words import as_json, labels_of  # noqa: PLC0415
    from controller.commands.explaining import explanation, find, rule_text  # noqa: PLC0415
    from controller.commands.speech import speaker  # noqa: PLC0415

    _sort_out(arguments)
    say = speaker(arguments.lang)
    with open_events(arguments) as (source, hub):
        line = find(source, arguments.time)
        beside = _beside(source, line)
        unwritten = source.unwritten
    labels = labels_of(hub, say)
    if arguments.as_json:
        together = [{"id": other["seq"], "kind": other["kind"], "subject": other["subject"]} for other in beside]
        print_json({**as_json(line, labels, say), "rule_text": rule_text(line, say), "together": together})
    else:
        print_lines(explanation(line, beside, labels, say))
    if unwritten.why:
        remark(f"hallig: {unwritten.sentence(say)}")
    return OK


def _sort_out(arguments: argparse.Namespace) -> None:
    """`hallig explain musterhallig`: a first word that is no time is the hub."""
    from controller.commands.instants import KNOWN, looks_like_time  # noqa: PLC0415

    if arguments.time is None or looks_like_time(arguments.time):
        return
    if arguments.site is not None and not looks_like_time(arguments.site):
        raise CommandError("usage", USAGE, f"'{arguments.time}' is no time", KNOWN)
    arguments.time, arguments.site = arguments.site, arguments.time


def _beside(source: Any, line: dict[str, Any]) -> list[dict[str, Any]]:
    """What happened in the same cycle: one decision often has several consequences."""
    around = source.after(max(0, int(line["seq"]) - 40), 80)
    return [
        other
        for other in around
        if other["seq"] != line["seq"] and (other["boot"], other["mono_s"]) == (line["boot"], line["mono_s"])
    ]
