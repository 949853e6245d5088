"""`hallig demo`: a village on this machine."""

from __future__ import annotations

import argparse
import contextlib
import sys

from controller.commands.frame import INTERRUPTED, OK, PROBLEM, USAGE, About, CommandError, Parser, finite, print_json

PORT_MAX = 65_535
LONGEST_S = 86_400
ABOUT = About(
    name="demo",
    line="watch a village ride through a blackout, no hardware needed",
    text="""\
Start simulated devices on this machine, a real controller, and the page; play a
blackout and the way back. Everything listens on this machine only, and
everything that was started is stopped at the end. Into a file or a pipe it
writes a line for each event, until a signal ends it.""",
    examples=(
        ("hallig demo", "with a live view in the terminal; any key plays again, Ctrl-C ends"),
        ("hallig demo --once", "once, in lines, with a verdict: 1 when the hub failed"),
        ("hallig demo --once --island-s 30 --json", "a shorter blackout, the verdict as JSON"),
    ),
    then="look at the page whose address it prints; then 'hallig check' your own site file.",
    exits={
        OK: "the hub did what it is for",
        PROBLEM: "it did not, or something could not be started",
        USAGE: "usage",
        INTERRUPTED: "with --once or --json: ended before there was a verdict",
    },
    keys={
        "passed": "whether the hub did what it is for; null: ended before that was known",
        "exit_code": "0, 1 or 130",
    },
)


def add_arguments(parser: Parser) -> None:
    """The story."""
    parser.add_argument("--port", type=int, default=None, help="of the page (default: any free port)")
    parser.add_argument("--once", action="store_true", help="play once without a terminal view, judge, and end")
    parser.add_argument("--grid-s", type=finite, default=20.0, help="seconds on grid first (default %(default)s)")
    parser.add_argument("--island-s", type=finite, default=90.0, help="seconds of blackout (default %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Play. With `--json`: once, the lines on the error stream, and one document at the end."""
    if arguments.port is not None and not 0 < arguments.port <= PORT_MAX:
        raise CommandError("usage", USAGE, f"--port {arguments.port} is no port", "Ports are 1 to 65535.")
    if not 0 <= arguments.grid_s <= LONGEST_S or not 0 < arguments.island_s <= LONGEST_S:
        raise CommandError("usage", USAGE, "--grid-s and --island-s are seconds above zero, a day at most")
    from hil_tests.demo.main import DemoOptions, default_site, run_demo  # noqa: PLC0415  (not for --help)
    from hil_tests.demo.story import Chapter  # noqa: PLC0415

    chapter = Chapter(arguments.grid_s, arguments.island_s)
    if not arguments.as_json:
        return run_demo(DemoOptions(arguments.port, arguments.once, chapter, default_site()))
    with contextlib.redirect_stdout(sys.stderr):
        code = run_demo(DemoOptions(arguments.port, once=True, chapter=chapter, site=default_site()))
    print_json({"passed": None if code == INTERRUPTED else code == OK, "exit_code": code})
    return code
