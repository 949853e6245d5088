"""The command `hallig`: finds the command, runs it, and turns every mistake into a line that helps.

Exit codes: 0 ok, 1 a problem was found, 2 wrong configuration or use, 3 no contact, 4 the bench itself was at fault,
130 interrupted.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from controller import __version__
from controller.commands.frame import ALL_EXITS, COLUMNS, INTERRUPTED, OK, PROBLEM, USAGE, About, CommandError, Parser

if TYPE_CHECKING:
    import argparse
    from types import TracebackType

COMMANDS: Mapping[str, str] = {
    "demo": "watch a village ride through a blackout, no hardware needed",
    "check": "check a site file and all it refers to",
    "run": "control a hub",
    "supervise": "serve the status page",
    "status": "one screen: what is going on, how long power lasts",
    "events": "what happened, in order",
    "explain": "why: the rule and the numbers behind a decision",
    "journal": "whether the record of events is whole",
    "telemetry": "what was measured, as a table",
    "replay": "a recorded blackout through today's judgement",
    "read": "one value, its age, and the device that says so",
    "observe": "watch only, or act again",
    "ask": "what only people decide: release, black start, feeders",
    "island": "leave the grid in good order, or go back",
    "drill": "exercise a planned island, and keep its times",
    "bench": "test the controller: scenarios, faults, verdicts, reports",
}
SAID_FOR = {  # what people say who mean one of them, and no spelling is near
    "why": "explain", "log": "events", "logs": "events", "history": "events", "verify": "journal", "start": "run",
    "serve": "supervise", "web": "supervise", "validate": "check", "test": "bench", "get": "read", "simulate": "demo",
}  # fmt: skip
UNTIL_TOLD = frozenset({"demo", "run", "supervise"})  # they run until a signal ends them
TRACEBACK_VARIABLE = "HALLIG_TRACEBACK"


class Command(Protocol):
    """What each module of `controller.commands` named after a command offers."""

    ABOUT: About

    def add_arguments(self, parser: Parser) -> None:
        """Its own arguments."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; returns the exit code."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. No mistake of a person shows a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    sys.excepthook = _last_words
    _fill_what_is_closed()
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except CommandError as error:
        return _tell(error, words)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _close_quietly()
        return OK
    except ModuleNotFoundError as error:
        return _tell(_missing(error), words)
    except OSError as error:
        return _tell(_system(error), words)
    return code


def load(name: str) -> Command:
    """The module of a command: imported only now."""
    return cast("Command", importlib.import_module(f"controller.commands.{name}"))


def parser_of(command: Command) -> Parser:
    """The parser of one command."""
    from controller.commands.frame import command_parser  # noqa: PLC0415  (needs argparse at once)

    parser = command_parser(command.ABOUT)
    command.add_arguments(parser)
    return parser


def _dispatch(words: list[str]) -> int:
    name = next((word for word in words if not word.startswith("-")), None)
    options = words[: words.index(name)] if name is not None else words
    if "--version" in options:
        print(f"hallig {__version__}")
        return OK
    if "-h" in options or "--help" in options or words == ["help"]:
        print(overview())
        return OK
    if options:
        raise CommandError("usage", USAGE, f"'{options[0]}' stands before the command", "See 'hallig --help'.")
    if name is None:
        print(overview())
        return USAGE
    if name == "help":
        words = [*words[1:2], "--help"]
        name = words[0]
    if name not in COMMANDS:
        raise CommandError("usage", USAGE, f"no command '{name}'{_meant(name)}", "See 'hallig --help'.")
    if name in UNTIL_TOLD:
        from controller.commands.stopping import end_when_asked  # noqa: PLC0415  (signal: not for the others)

        end_when_asked()
    command = load(name)
    arguments = parser_of(command).parse_args(words[1:])
    return command.run(arguments)


def overview() -> str:
    """The help of `hallig` itself."""
    commands = "\n".join(f"  {name:<10} {line}" for name, line in COMMANDS.items())
    exits = "\n".join(f"  {code}  {meaning}" for code, meaning in ALL_EXITS.items())
    return (
        "usage: hallig COMMAND [...]\n\n"
        "Keeps a village energy hub alive in a blackout.\n\n"
        f"commands:\n{commands}\n\n"
        "Each has its own help with examples: 'hallig COMMAND --help'. Each speaks JSON\n"
        "with --json. Where only one hub runs on this machine, nobody need name it.\n\n"
        f"exit codes:\n{exits}\n\n"
        "next: 'hallig demo': a simulated village, a real controller, a blackout to watch"
    )


def _meant(name: str) -> str:
    import difflib  # noqa: PLC0415  (only when something is wrong)

    near = [SAID_FOR[name]] if name in SAID_FOR else difflib.get_close_matches(name, COMMANDS, n=1)
    return f". Did you mean 'hallig {near[0]}'?" if near else f"; there are {', '.join(COMMANDS)}"


def _tell(error: CommandError, words: Sequence[str]) -> int:
    """The line for people on the error stream, and with --json the same for programs."""
    try:
        print(f"hallig: {error.line}", file=sys.stderr)
        if "--json" in words:
            print(json.dumps(error.as_json(), ensure_ascii=False), flush=True)
    except BrokenPipeError:
        _close_quietly()
    return error.exit_code


def _missing(error: ModuleNotFoundError) -> CommandError:
    package = (error.name or "?").partition(".")[0]
    hint = f"Install it with 'pip install {package}', or hallig anew."
    return CommandError("missing_package", PROBLEM, f"the package '{package}' is not installed", hint)


def _system(error: OSError) -> CommandError:
    """Whatever the system refused, by its own words and the file's name."""
    from controller.plain_words import in_words  # noqa: PLC0415  (only when something is wrong)

    what = in_words(error)
    if isinstance(error, PermissionError):
        hint = "Choose folders that you may use with --run-dir and --data-dir, or act as the user 'hallig'."
        return CommandError("no_permission", PROBLEM, what, hint)
    return CommandError("system", PROBLEM, what)


def _close_quietly() -> None:
    """The reader has gone (`| head`): nothing more may be written, not even at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _fill_what_is_closed() -> None:
    """Of a closed stream (`>&-`) nobody reads: the exit code tells. No file opened later may take its place."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is not None:
            continue
        nowhere = os.open(os.devnull, os.O_RDWR)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
        os.set_inheritable(number, True)  # noqa: FBT003  (positional by its own design)
        setattr(sys, name, os.fdopen(number, mode))


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A mistake of ours: one line for people, everything for those who ask for it."""
    if os.environ.get(TRACEBACK_VARIABLE):
        sys.__excepthook__(kind, error, trace)
        return
    place = ""
    while trace is not None:
        place, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
    text = f"hallig: a mistake of ours: {kind.__name__}: {error} at {place}."
    print(f"{text} {TRACEBACK_VARIABLE}=1 shows all of it.", file=sys.stderr)


assert all(len(line) + 13 <= COLUMNS for line in COMMANDS.values())

if __name__ == "__main__":
    sys.exit(main())
