"""`hallig supervise`: the status page and its API."""

from __future__ import annotations

import argparse
from pathlib import Path

from controller.commands.frame import OK, PROBLEM, USAGE, About, CommandError, Parser
from controller.commands.logs import start_logging
from controller.commands.sites import load
from controller.whereabouts import default_run_dir

PORT_MAX = 65_535
DEFAULT_WEB_PORT = 8080
ABOUT = About(
    name="supervise",
    line="serve the status page",
    text="""\
Serve the hub's page and its read-only API, until a signal ends it. The page
lives on while the controller is away, and says so. It never switches anything.""",
    examples=(
        ("hallig supervise /etc/hallig/site.toml", "on this machine: http://127.0.0.1:8080"),
        ("hallig supervise site.toml --host 0.0.0.0", "for everybody in the hub's own network"),
    ),
    then="open the page; '/docs' there describes the API.",
    exits={OK: "ended by a signal", PROBLEM: "the address or a folder cannot be had", USAGE: "wrong configuration"},
    keys={"unix_s": "wall clock, seconds", "level": "of the log line", "logger": "who speaks", "message": "what"},
)


def add_arguments(parser: Parser) -> None:
    """The site and the address."""
    parser.add_argument("site", metavar="SITE", help="a site file, or the name of a shipped hub")
    parser.add_argument("--run-dir", type=Path, default=None, help="live state of the controller")
    parser.add_argument("--data-dir", type=Path, default=None, help="for the mirrored events (default: in memory)")
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_WEB_PORT,
        help="default %(default)s; 0: any that is free, and the log says which",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to end. With `--json` the log is JSON lines."""
    if not 0 <= arguments.port <= PORT_MAX:
        raise CommandError(
            "usage", USAGE, f"--port {arguments.port} is no port", "Ports are 1 to 65535; 0 takes any that is free."
        )
    site = load(arguments.site)
    from supervisor.app import serve  # noqa: PLC0415  (the controller needs no web)

    start_logging(as_json=arguments.as_json)
    run_dir = arguments.run_dir or default_run_dir(site.hub.name)
    return serve(run_dir, arguments.host, arguments.port, arguments.data_dir)
