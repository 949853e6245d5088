"""The command `hallig`. Exit codes: 0 ok, 1 a problem was found, 2 the configuration is wrong, 3 no contact."""

from __future__ import annotations

import argparse
import difflib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from controller import __version__
from controller.config.errors import ConfigError
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.report import check

EXIT_PROBLEM = 1
EXIT_CONFIG = 2
COMMANDS = ("demo", "run", "supervise", "check")
DEFAULT_WEB_PORT = 8080


class _Parser(argparse.ArgumentParser):
    """Errors in one line, with what was probably meant."""

    def error(self, message: str) -> NoReturn:
        typed = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        near = difflib.get_close_matches(typed, COMMANDS, n=1)
        hint = f" Did you mean 'hallig {near[0]}'?" if near and typed not in COMMANDS else ""
        self.exit(EXIT_CONFIG, f"hallig: {message}.{hint} See '{self.prog} --help'.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("asyncua").setLevel(logging.ERROR)  # it tells every request at level INFO
    try:
        return int(arguments.do(arguments))
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        count = len(error.problems)
        print(f"{count} problem{'s' * (count != 1)}. Nothing was sent to any device.", file=sys.stderr)
        return EXIT_CONFIG


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="hallig",
        description="Keeps a village energy hub alive in a blackout.",
        epilog="Begin with 'hallig demo': a simulated village, a real controller, a blackout to watch.",
    )
    parser.add_argument("--version", action="version", version=f"hallig {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    _add_demo(commands)
    run = commands.add_parser("run", help="control a hub", description="Control the hub that SITE describes.")
    _add_site(run)
    run.add_argument("--data-dir", type=Path, default=Path("/var/lib/hallig"), help="for the journal, on disk")
    run.add_argument("--overrides", type=Path, help="JSON with device keys to replace, as the demo uses it")
    run.set_defaults(do=_run)
    web = commands.add_parser("supervise", help="serve the status page", description="Serve SITE's page and API.")
    _add_site(web)
    web.add_argument("--data-dir", type=Path, default=None, help="for the mirrored events")
    web.add_argument("--port", type=int, default=DEFAULT_WEB_PORT)
    web.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for the hub's own network")
    web.set_defaults(do=_supervise)
    checking = commands.add_parser("check", help="check a site file", description="Check SITE and all it refers to.")
    checking.add_argument("site", metavar="SITE", help="a site file, or the name of a shipped hub")
    checking.add_argument("--json", dest="as_json", action="store_true", help="for editors and scripts")
    checking.set_defaults(do=_check)
    return parser


def _add_site(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", metavar="SITE", help="a site file, or the name of a shipped hub")
    parser.add_argument(
        "--run-dir", type=Path, default=None, help="for live state, on tmpfs (default /run/hallig/NAME)"
    )


def _add_demo(commands: argparse._SubParsersAction[_Parser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="watch a village ride through a blackout",
        description="Start device servers, a controller and the page on this machine, and play a blackout.",
    )
    demo.add_argument("--port", type=int, default=None, help="of the page (default: any free port)")
    demo.add_argument("--once", action="store_true", help="play once without a terminal view, judge, and end")
    demo.add_argument("--grid-s", type=float, default=20.0, help="seconds on grid before the blackout")
    demo.add_argument("--island-s", type=float, default=90.0, help="seconds until the grid returns")
    demo.set_defaults(do=_demo)


def _run(arguments: argparse.Namespace) -> int:
    from controller.app import AlreadyRunningError, Places, run_controller  # noqa: PLC0415  (start fast for --help)

    path = site_path(arguments.site)
    overrides = json.loads(arguments.overrides.read_text()) if arguments.overrides else None
    site = load_site(path, overrides)
    places = Places(_run_dir(arguments, site.hub.name), arguments.data_dir)
    try:
        return run_controller(site, places)
    except AlreadyRunningError as error:
        print(f"hallig: {error}. Stop it first, or give this one its own --run-dir.", file=sys.stderr)
        return EXIT_PROBLEM
    except PermissionError as error:
        print(f"hallig: {error}. Choose folders you may write with --run-dir and --data-dir.", file=sys.stderr)
        return EXIT_PROBLEM


def _supervise(arguments: argparse.Namespace) -> int:
    from supervisor.app import serve  # noqa: PLC0415  (the controller needs no web)

    site = load_site(site_path(arguments.site))
    return serve(_run_dir(arguments, site.hub.name), arguments.host, arguments.port, arguments.data_dir)


def _check(arguments: argparse.Namespace) -> int:
    report = check(site_path(arguments.site))
    if arguments.as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        for line in report.lines():
            print(line, file=sys.stdout if report.is_ok else sys.stderr)
    return 0 if report.is_ok else EXIT_CONFIG


def _demo(arguments: argparse.Namespace) -> int:
    from hil_tests.demo.main import DemoOptions, default_site, run_demo  # noqa: PLC0415
    from hil_tests.demo.story import Chapter  # noqa: PLC0415

    chapter = Chapter(arguments.grid_s, arguments.island_s)
    return run_demo(DemoOptions(arguments.port, arguments.once, chapter, default_site()))


def _run_dir(arguments: argparse.Namespace, name: str) -> Path:
    if arguments.run_dir is not None:
        return Path(arguments.run_dir)
    if os.access("/run", os.W_OK):
        return Path("/run/hallig") / name
    return Path(os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir())) / "hallig" / name


if __name__ == "__main__":
    sys.exit(main())
