"""docs/command_reference.md from the commands themselves: each help as it is printed, and the keys of its JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import cast

from controller.cli import COMMANDS, Command, overview, parser_of
from controller.commands import check, demo, events, explain, observe, read, run, status, supervise

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
    "read": read,
    "observe": observe,
}


def commands_page() -> str:
    """The whole page, in the order of `hallig --help`."""
    assert list(MODULES) == list(COMMANDS)
    parts = [INTRO, _block(overview())]
    for name in COMMANDS:
        parts += _command(cast("Command", MODULES[name]))
    return "\n".join(parts)


def _command(command: Command) -> Iterator[str]:
    about = command.ABOUT
    yield f"\n## hallig {about.name}\n"
    yield _block(parser_of(command).format_help())
    yield "\n| key | meaning |\n|---|---|"
    for key, meaning in about.keys.items():
        yield f"| {key} | {meaning} |"


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"
