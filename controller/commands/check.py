"""`hallig check`: every mistake in a site file at once."""

from __future__ import annotations

import argparse
import sys

from controller.commands.frame import OK, USAGE, About, Parser, print_json, print_lines
from controller.commands.sites import path_of

ABOUT = About(
    name="check",
    line="check a site file and all it refers to",
    text="""\
Check a site file, the device tables, the grid code and the envelope that it
names. All mistakes are told at once, each with file, line, column, what was
found, what is wanted and what was probably meant; then warnings, which stop
nothing, and, where nothing is wrong, what this hub can and cannot do. Nothing
is sent to any device.
'hallig run' refuses exactly what 'hallig check' refuses.""",
    examples=(
        ("hallig check musterhallig", "a hub that is shipped as an example"),
        ("hallig check /etc/hallig/site.toml", "your own, before you start it"),
        ("hallig check site.toml --json", "for an editor: problems with line and column"),
    ),
    then="'hallig run SITE' controls it; 'hallig read ASSET.POINT SITE' asks one device.",
    exits={OK: "the configuration is good", USAGE: "it is not; every problem was told"},
    keys={
        "ok": "true, or false with `errors`",
        "file": "the site file",
        "errors": "`file`, `line`, `column`, `key`, `found`, `wanted`, `hint`",
        "warnings": "as `errors`; they stop nothing",
        "transitions": "what the hub can do: `name`, `can`, `reason`; none with `errors`",
        "took_s": "how long the check took, in seconds",
    },
)


def add_arguments(parser: Parser) -> None:
    """The site."""
    parser.add_argument("site", metavar="SITE", help="a site file, or the name of a shipped hub")


def run(arguments: argparse.Namespace) -> int:
    """Check it; the report says all at once."""
    from controller.config.report import check  # noqa: PLC0415  (pydantic: not for --help)

    report = check(path_of(arguments.site))
    if arguments.as_json:
        print_json(report.as_json())
    elif report.is_ok:
        print_lines(report.lines())
    else:
        print("\n".join(report.lines()), file=sys.stderr)
    return OK if report.is_ok else USAGE
