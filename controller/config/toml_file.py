"""A TOML file with the place of each of its keys, which `tomllib` does not keep."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.config.errors import ConfigError, Problem

Path_ = tuple[str | int, ...]
_HEADER = re.compile(r"^\s*\[(\[)?\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*")(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*)\s*=""")
_TOKEN = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*')|(#.*)|([{}])|((?:[A-Za-z0-9_-]+))\s*=(?!=)""")


@dataclass(slots=True)
class TomlFile:
    """The data and, for each key path, its line and column (from 1)."""

    path: Path
    data: dict[str, Any]
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)

    def place(self, loc: Path_) -> tuple[int, int]:
        """The place of a key, or of its nearest parent that has one."""
        while loc:
            if loc in self.places:
                return self.places[loc]
            loc = loc[:-1]
        return (1, 1)

    def problem(self, loc: Path_, found: str, wanted: str, hint: str = "") -> Problem:
        """A mistake at a key of this file."""
        line, column = self.place(loc)
        return Problem(self.path, line, column, ".".join(str(part) for part in loc), found, wanted, hint)


def read_toml(path: Path) -> TomlFile:
    """Read and locate. Raises ConfigError for a missing, unreadable or malformed file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([Problem(path, 0, 0, "file", "nothing", "a readable TOML file")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(path, 0, 0, "file", str(error), "a readable TOML file in UTF-8")]) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(path, text, str(error))]) from None
    return TomlFile(path, data, locate(text))


def locate(text: str) -> dict[Path_, tuple[int, int]]:
    """The place of each key path, inline tables included; array elements share their array's place."""
    places: dict[Path_, tuple[int, int]] = {}
    table: Path_ = ()
    counts: dict[Path_, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = _parts(header.group(2))
            if header.group(1):
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            places.setdefault(table, (number, line.index("[") + 1))
            continue
        key = _KEY.match(line)
        if key:
            path = (*table, *_parts(key.group(1)))
            places.setdefault(path, (number, key.start(1) + 1))
            _locate_inline(line, key.end(), number, path, places)
    return places


def _locate_inline(line: str, start: int, number: int, path: Path_, places: dict[Path_, tuple[int, int]]) -> None:
    stack = [path]
    last = path
    for token in _TOKEN.finditer(line, start):
        if token.group(3) == "{":
            stack.append(last)
        elif token.group(3) == "}" and len(stack) > 1:
            stack.pop()
        elif token.group(4) and len(stack) > 1:
            last = (*stack[-1], token.group(4))
            places.setdefault(last, (number, token.start(4) + 1))


def _parts(dotted: str) -> Path_:
    return tuple(part.strip().strip('"') for part in re.findall(r'"[^"]*"|[^.]+', dotted))


def _syntax_problem(path: Path, text: str, message: str) -> Problem:
    """`tomllib` says "(at line 3, column 7)" or "(at end of document)"."""
    place = re.search(r"line (\d+), column (\d+)", message)
    line, column = (int(place.group(1)), int(place.group(2))) if place else (text.count("\n") + 1, 1)
    return Problem(path, line, column, "syntax", message.split(" (at ", maxsplit=1)[0], "valid TOML")
