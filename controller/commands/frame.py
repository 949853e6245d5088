"""What all commands share: how help is written, how mistakes are told, exit codes, JSON."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

OK = 0
PROBLEM = 1
USAGE = 2
NO_CONTACT = 3
INVALID = 4  # of the bench alone
INTERRUPTED = 130  # as shells count: 128 + SIGINT
EXITS: Mapping[int, str] = {
    OK: "all is well",
    PROBLEM: "a problem was found",
    USAGE: "wrong configuration, or wrong use of the command",
    NO_CONTACT: "no contact with the controller or the device",
}
ALL_EXITS = {**EXITS, INVALID: "the test bench itself was at fault: nothing is proven ('hallig bench')"}
COLUMNS = 80  # help is the same on every terminal, so that its copy in the documentation is too
OPTION = re.compile(r"--?[A-Za-z]")
NEGATIVE = re.compile(r"-\d+(\.\d+)?[smhd]?$")


class CommandError(Exception):
    """A command cannot do what it was asked; `hint` says what to try next."""

    def __init__(self, code: str, exit_code: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.exit_code, self.message, self.hint = code, exit_code, message, hint

    @property
    def line(self) -> str:
        """For people, in one line."""
        if not self.hint:
            return self.message
        stop = "" if self.message[-1:] in ".?!" else "."
        return f"{self.message}{stop} {self.hint}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"error": {"code": self.code, "message": self.line, "exit_code": self.exit_code}}


@dataclass(frozen=True, slots=True)
class About:
    """The help of one command: it teaches, not only lists. `keys` are those of its JSON, with their meaning."""

    name: str
    line: str
    text: str
    examples: tuple[tuple[str, str], ...]
    then: str
    exits: Mapping[int, str] = field(default_factory=lambda: EXITS)
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def epilog(self) -> str:
        """Examples, exit codes, and what to try next."""
        examples = "\n".join(f"  {command}\n      {what}" for command, what in self.examples)
        exits = "\n".join(f"  {code}  {meaning}" for code, meaning in self.exits.items())
        return f"examples:\n{examples}\n\nexit codes:\n{exits}\n\nnext: {self.then}"


PLAIN = (  # what argparse says, and what we say
    (re.compile(r"the following arguments are required: "), "missing: "),
    (re.compile(r"unrecognized arguments: "), "unknown: "),
    (re.compile(r"argument (\S+): invalid int value: "), r"\1 takes a whole number, not "),
    (re.compile(r"argument (\S+): invalid finite value: "), r"\1 takes a number, not "),
    (re.compile(r"argument (\S+): expected (?:one|at least one) argument"), r"\1 needs a value"),
    (re.compile(r"argument (\S+): invalid choice: ('[^']*'|[^' ]+) \(choose from (.*)\)"), r"\1: \2 is none of \3"),
)


class Parser(argparse.ArgumentParser):
    """Errors in one line, with what was probably meant. `-10m` is a time, not an option."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._negative_number_matcher = NEGATIVE

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but what is unknown is told before what is missing: it may be what was meant."""
        words = list(sys.argv[1:] if args is None else args)
        for word in itertools.takewhile(lambda word: word != "--", words):
            if self._subparsers is not None and not word.startswith("-"):
                break  # what follows is for the part, whose own parser knows it
            name = word.partition("=")[0]
            is_option = OPTION.match(name) and not self._negative_number_matcher.match(word)
            if is_option and not {name, name[:2]} & self._option_string_actions.keys():
                self.error(f"unrecognized arguments: {name}")
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise it, so that it is told like every other mistake."""
        said = message
        for pattern, plain in PLAIN:
            said = pattern.sub(plain, said)
        raise CommandError("usage", USAGE, f"{said}{self._meant(message)}", f"See '{self.prog} --help'.")

    def _meant(self, message: str) -> str:
        """Of an unknown option or choice, the nearest known one."""
        import difflib  # noqa: PLC0415  (only when something is wrong)

        choice = re.search(r"invalid choice: '?([^' ]+)'? \(choose from (.*)\)", message)
        if choice is not None:
            near = difflib.get_close_matches(choice[1], re.findall(r"[\w-]+", choice[2]), n=1)
            return f"; did you mean '{near[0]}'?" if near else ""
        unknown = re.search(r"unrecognized arguments: (--?[\w-]+)", message)
        known = [option.lstrip("-") for action in self._actions for option in action.option_strings]
        near = difflib.get_close_matches(unknown[1].lstrip("-"), known, n=1) if unknown is not None else []
        return f"; did you mean '--{near[0]}'?" if near else ""


class _Format(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=COLUMNS - 2)


def command_parser(about: About) -> Parser:
    """An empty parser with the command's help; `--json` is always there."""
    parser = Parser(
        prog=f"hallig {about.name}",
        description=about.text,
        epilog=about.epilog,
        formatter_class=_Format,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", dest="as_json", help="for programs: JSON instead of sentences")
    return parser


def add_language(parser: Parser) -> None:
    """`--lang`, for commands that speak to people."""
    parser.add_argument("--lang", choices=("de", "da", "en"), default=None, help="language (default: of LANG, else de)")


def finite(text: str) -> float:
    """The type of every option that takes a number: `nan` is none, and nothing here goes on for ever."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value


def print_json(document: object) -> None:
    """One document, or one line of a stream."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_plain) + "\n")
    sys.stdout.flush()


def print_lines(lines: Iterable[str]) -> None:
    """For people; flushed, so that a pipe has them at once."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def remark(text: str) -> None:
    """Beside the output, on the error stream."""
    print(text, file=sys.stderr, flush=True)


def pause(seconds: float) -> None:
    """Until the next look at something that tells nobody when it changes; Ctrl-C ends it."""
    threading.Event().wait(seconds)


def _plain(value: object) -> object:
    if hasattr(value, "value"):
        return value.value
    raise TypeError(f"not for JSON: {type(value).__name__}")
