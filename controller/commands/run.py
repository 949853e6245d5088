"""`hallig run`: the controller itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from controller.commands.frame import OK, PROBLEM, USAGE, About, CommandError, Parser
from controller.commands.logs import start_logging
from controller.commands.sites import load
from controller.whereabouts import DEFAULT_DATA_DIR, default_run_dir

ABOUT = About(
    name="run",
    line="control a hub",
    text="""\
Control the hub that SITE describes, until a signal ends it. It reads the mode
off the plant first: nothing moves because software started. One controller a
hub: a second one with the same --run-dir or --data-dir is refused; one with
other folders is not seen from here. Where --data-dir cannot be written it warns
and controls all the same, without saving events. On a hub, systemd starts it
(configs/systemd/hallig-controller.service).""",
    examples=(
        ("hallig run /etc/hallig/site.toml", "as on a hub"),
        (
            "hallig run site.toml --run-dir /tmp/run --data-dir /tmp/data",
            "as a user without rights on /run and /var/lib",
        ),
    ),
    then="'hallig status --watch' in another terminal; 'hallig observe on' before it may act.",
    exits={
        OK: "ended by a signal, cleanly",
        PROBLEM: "another controller has this --run-dir or --data-dir, or --run-dir cannot be written",
        USAGE: "wrong configuration",
        70: "judgement failed; the guard's fallback has acted: to be started again",
        71: "the loop hung and the watchdog ended it: to be started again",
    },
    keys={"unix_s": "wall clock, seconds", "level": "of the log line", "logger": "who speaks", "message": "what"},
)


def add_arguments(parser: Parser) -> None:
    """The site and its folders."""
    parser.add_argument("site", metavar="SITE", help="a site file, or the name of a shipped hub")
    parser.add_argument("--run-dir", type=Path, default=None, help="live state, on tmpfs (default /run/hallig/NAME)")
    parser.add_argument(
        "--data-dir", type=Path, default=DEFAULT_DATA_DIR, help="journal, on disk (default %(default)s)"
    )
    parser.add_argument("--overrides", type=Path, help="JSON with device keys to replace, as the demo uses it")


def run(arguments: argparse.Namespace) -> int:
    """Control until told to end. With `--json` the log is JSON lines."""
    site = load(arguments.site, arguments.overrides)
    from controller.app import AlreadyRunningError, Places, run_controller  # noqa: PLC0415  (not for --help)

    start_logging(as_json=arguments.as_json)
    run_dir = arguments.run_dir or default_run_dir(site.hub.name)
    try:
        return run_controller(site, Places(run_dir, arguments.data_dir))
    except AlreadyRunningError as error:
        hint = "Stop it first: two controllers must not share a hub, nor a --data-dir."
        raise CommandError("already_running", PROBLEM, str(error), hint) from None
