"""`hallig status`: one screen, a watch that survives the controller, or the line for the radio."""

from __future__ import annotations

import argparse
import sys
from typing import Any

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
)
from controller.commands.hubs import add_hub, find_hub

WATCH_PERIOD_S = 1.0
ABOUT = About(
    name="status",
    line="one screen: what is going on, how long power lasts",
    text="""\
Show the hub on one screen of 80 by 24: the state and since when, at least how
many hours, what we think of the grid and why, both sides of the grid
connection, batteries, sun, genset, load, each tier with its feeders (■ on,
□ off), radio, how well the loop keeps time, devices that are silent or not
believed, what waits for a person and what clears it, and whether the controller
acts or only watches.""",
    examples=(
        ("hallig status", "the only hub on this machine, once"),
        ("hallig status musterhallig --watch", "refreshed each second, also over a restart; Ctrl-C ends"),
        ("hallig status --line --lang da", "to be read out over radio: at most 140 bytes, ASCII"),
        ("hallig status --json | jq .status.mode", "for a program"),
    ),
    then="'hallig events' says what led here, 'hallig explain' why.",
    exits={
        OK: "all is well",
        PROBLEM: "dark, locked out, a latch is open, a device is silent or not believed, or the journal fails",
        USAGE: "wrong use",
        NO_CONTACT: "the controller has been silent for two seconds; the last known state is shown",
    },
    keys={
        "hub": "name of the hub",
        "run_dir": "folder of its live state",
        "has_contact": "whether the controller wrote within the last two seconds",
        "age_s": "age of the state in seconds; null: from before the last boot",
        "problems": "what makes the exit code 1: `dark`, `locked_out`, `latch:NAME`, `device:NAME` (silent), "
        "`quarantine:NAME` (not believed), `journal`",
        "status": "the published state, the same as in the page's API; every number ends in its unit",
        "line": "with `--line`: the text",
        "bytes_count": "with `--line`: its length",
        "language": "with `--line`: de, da or en",
    },
)


def add_arguments(parser: Parser) -> None:
    """Which hub, and how."""
    add_hub(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="refresh each second until Ctrl-C")
    how.add_argument("--line", action="store_true", help="one line for the radio")
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show it."""
    from controller.commands.situation import Looker  # noqa: PLC0415  (pydantic: not for --help)
    from controller.commands.speech import speaker  # noqa: PLC0415

    looker, say = Looker(find_hub(arguments.site, arguments.run_dir)), speaker(arguments.lang)
    if arguments.watch:
        return _stream(looker) if arguments.as_json else _watch(looker, say)
    look = looker.look()
    if arguments.line:
        from controller.commands.radio_line import radio_line  # noqa: PLC0415

        line = radio_line(look, say)
        if arguments.as_json:
            print_json({"line": line, "bytes_count": len(line.encode()), "language": say.language})
        else:
            print_lines([line])
    elif arguments.as_json:
        print_json(_document(look))
    else:
        from controller.commands.screen import screen  # noqa: PLC0415

        print_lines(screen(look, say))
    return exit_code(look)


def exit_code(look: Any) -> int:
    """Of one look."""
    if not look.has_contact:
        return NO_CONTACT
    return PROBLEM if look.problems else OK


def _document(look: Any) -> dict[str, Any]:
    import orjson  # noqa: PLC0415

    from controller.snapshot import encode  # noqa: PLC0415

    return {
        "hub": look.hub.name,
        "run_dir": str(look.hub.run_dir),
        "has_contact": look.has_contact,
        "age_s": None if look.reading.age_s is None else round(look.reading.age_s, 3),
        "problems": list(look.problems),
        "status": orjson.loads(encode(look.status)),
    }


def _stream(looker: Any) -> int:
    """A document a second, one a line, until the reader goes or Ctrl-C."""
    try:
        while True:
            print_json(_document(looker.look()))
            pause(WATCH_PERIOD_S)
    except KeyboardInterrupt:
        return OK


def _watch(looker: Any, say: Any) -> int:
    """The screen, redrawn each second; without contact it says since when and goes on."""
    if not sys.stdout.isatty():
        hint = "Without a terminal take 'hallig status' once, or '--watch --json' for a stream."
        raise CommandError("usage", USAGE, "--watch needs a terminal to draw on", hint)
    from controller.commands.watching import watch  # noqa: PLC0415

    return watch(looker, say, WATCH_PERIOD_S)
