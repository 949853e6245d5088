"""A TOML file and the place of each of its keys."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.config.errors import ConfigError, Problem, Severity
from controller.config.toml_places import KeyPath, Place, locate
from controller.config.toml_syntax import syntax_problems

BYTE_ORDER_MARK = "\ufeff"


@dataclass(slots=True)
class TomlFile:
    """The data of a file; places are looked up only when something is wrong."""

    path: Path
    text: str
    data: dict[str, Any]
    _places: dict[KeyPath, Place] | None = None

    def place(self, loc: KeyPath) -> Place:
        """The place of a key, or of its nearest parent that has one."""
        if self._places is None:
            self._places = locate(self.text)
        while loc:
            if loc in self._places:
                return self._places[loc]
            loc = loc[:-1]
        return (1, 1)

    def take_for(self, written: KeyPath, meant: KeyPath) -> None:
        """A key that was probably meant stands where the one that is there stands."""
        place = self.place(written)
        assert self._places is not None, "looked up just now"
        self._places.setdefault(meant, place)

    def value(self, loc: KeyPath) -> Any:
        """What stands there; None when nothing does."""
        here: Any = self.data
        for part in loc:
            is_there = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)
            if not is_there:
                return None
            here = here[part]
        return here

    def problem(self, loc: KeyPath, found: str, wanted: str, hint: str = "") -> Problem:
        """A mistake at a key of this file."""
        line, column = self.place(loc)
        return Problem(self.path, line, column, ".".join(str(part) for part in loc), found, wanted, hint)

    def warning(self, loc: KeyPath, found: str, wanted: str, hint: str = "") -> Problem:
        """What the hub can run with, and somebody has to know."""
        return replace(self.problem(loc, found, wanted, hint), severity=Severity.WARNING)


def read_toml(path: Path) -> TomlFile:
    """Read one file. Raises ConfigError when it is missing, unreadable, not UTF-8 or no TOML."""
    text = _text(path).replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(syntax_problems(path, text, str(error))) from None
    except RecursionError:
        lines = text.split("\n")
        line = max(range(len(lines)), key=lambda number: lines[number].count("[") + lines[number].count("{"))
        found = "brackets within brackets, hundreds deep"
        raise ConfigError([Problem(path, line + 1, 1, "syntax", found, "lists and tables a few deep")]) from None
    return TomlFile(path, text, data)


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # it would be waited for, or have no end
            raise ConfigError([Problem(path, 0, 0, "file", "no ordinary file", "a readable TOML file")])
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([Problem(path, 0, 0, "file", "no such file", "a readable TOML file")]) from None
    except IsADirectoryError:
        raise ConfigError([Problem(path, 0, 0, "file", "a folder", "a readable TOML file")]) from None
    except OSError as error:
        raise ConfigError([Problem(path, 0, 0, "file", error.strerror or str(error), "a readable TOML file")]) from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _byte_place(raw, error.start)
        found = f"the byte 0x{raw[error.start]:02x}"
        raise ConfigError([Problem(path, line, column, "encoding", found, "text in UTF-8")]) from None
    if text.startswith(BYTE_ORDER_MARK):
        raise ConfigError([Problem(path, 1, 1, "encoding", "a byte order mark", "UTF-8 without one")])
    return text


def _byte_place(raw: bytes, offset: int) -> Place:
    """Up to here the bytes are UTF-8, so the column counts characters."""
    begin = raw.rfind(b"\n", 0, offset) + 1
    return raw.count(b"\n", 0, offset) + 1, len(raw[begin:offset].decode("utf-8")) + 1
