"""docs/command_reference.md from the commands themselves: each help as it is printed, and the keys of its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import cast

from controller.cli import COMMANDS, Command, overview, parser_of
from controller.commands import (
    ask,
    bench,
    check,
    demo,
    drill,
    events,
    explain,
    island,
    journal,
    observe,
    read,
    replay,
    run,
    status,
    supervise,
    telemetry,
)
from controller.commands.bench_parts import PARTS
from controller.commands.frame import About, Parser

INTRO = """\
<!-- Generated from controller/commands by `python -m hil_tests.docs`. Do not edit. -->
# Reference of the commands

What `--help` prints, and the keys of `--json`. For the sense of it see [commands.md](commands.md).
"""
MODULES: Mapping[str, ModuleType] = {
    "demo": demo,
    "check": check,
    "run": run,
    "supervise": supervise,
    "status": status,
    "events": events,
    "explain": explain,
    "journal": journal,
    "telemetry": telemetry,
    "replay": replay,
    "read": read,
    "observe": observe,
    "ask": ask,
    "island": island,
    "drill": drill,
    "bench": bench,
}


def commands_page() -> str:
    """The whole page, in the order of `hallig --help`."""
    assert list(MODULES) == list(COMMANDS)
    parts = [INTRO, _block(overview())]
    for name in COMMANDS:
        parts += _command(cast("Command", MODULES[name]))
    return "\n".join(parts)


def _command(command: Command) -> Iterator[str]:
    parser = parser_of(command)
    yield from _help(command.ABOUT, parser)
    if command.ABOUT is bench.ABOUT:
        for name, part in bench.parts(parser).items():
            yield from _help(PARTS[name].about, part)


def _help(about: About, parser: Parser) -> Iterator[str]:
    yield f"\n{'#' * (len(about.name.split()) + 1)} hallig {about.name}\n"
    yield _block(parser.format_help())
    yield "\n| key | meaning |\n|---|---|"
    for key, meaning in about.keys.items():
        yield f"| {key} | {meaning} |"


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"
