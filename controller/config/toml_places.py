"""Where each key of a TOML document stands, which `tomllib` does not keep.

Reads text that `tomllib` has accepted, so it need not judge: it only follows headers, keys, inline tables and arrays.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

KeyPath = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, both from 1."""

_TOKEN = re.compile(
    r"""
      (?P<skip> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<long> \"{3} (?: [^\\] | \\. )*? \"{3,5} | '{3} .*? '{3,5} )
    | (?P<quoted> " (?: [^"\\\n] | \\. )* " | '[^'\n]*' )
    | (?P<mark> [\[\]{}=,.] )
    | (?P<bare> [^\s\[\]{}=,.\#"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_Token = tuple[str, int]  # text, offset


def locate(text: str) -> dict[KeyPath, Place]:
    """The place of each key and of each element of an array; a table's is that of its header."""
    return _Locator(text).locate()


class _Locator:
    """Follows the document once from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._tokens = [
            (match.group(), match.start()) for match in _TOKEN.finditer(text) if match.lastgroup != "skip"
        ] + [("\n", len(text))]
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0
        self._places: dict[KeyPath, Place] = {}
        self._last_index: dict[KeyPath, int] = {}  # of each array of tables

    def locate(self) -> dict[KeyPath, Place]:
        table: KeyPath = ()
        while self._at < len(self._tokens):
            match self._next():
                case "\n":
                    self._at += 1
                case "[":
                    table = self._header()
                case _:
                    self._assignment(table)
        return self._places

    def _next(self) -> str:
        return self._tokens[self._at][0]

    def _take(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _header(self) -> KeyPath:
        _, offset = self._take()
        is_array = self._next() == "["
        self._at += is_array
        parts = self._key()
        self._at += 2 if is_array else 1
        path: KeyPath = ()
        for number, part in enumerate(parts, start=1):
            path = (*path, part)
            self._note(path, offset)
            if is_array and number == len(parts):
                self._last_index[path] = self._last_index.get(path, -1) + 1
            if path in self._last_index:
                path = (*path, self._last_index[path])
                self._note(path, offset)
        return path

    def _assignment(self, table: KeyPath) -> None:
        offset = self._tokens[self._at][1]
        path = table
        for part in self._key():
            path = (*path, part)
            self._note(path, offset)
        self._at += 1  # the equals sign
        self._value(path)

    def _key(self) -> list[str]:
        parts = [_unquoted(self._take()[0])]
        while self._next() == ".":
            self._at += 1
            parts.append(_unquoted(self._take()[0]))
        return parts

    def _value(self, path: KeyPath) -> None:
        match self._next():
            case "{":
                self._inline_table(path)
            case "[":
                self._array(path)
            case _:
                while self._next() not in {",", "]", "}", "\n"}:
                    self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._next() != "}":
            if self._next() in {",", "\n"}:
                self._at += 1
            else:
                self._assignment(path)
        self._at += 1

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._next() != "]":
            if self._next() in {",", "\n"}:
                self._at += 1
            else:
                self._note((*path, index), self._tokens[self._at][1])
                self._value((*path, index))
                index += 1
        self._at += 1

    def _note(self, path: KeyPath, offset: int) -> None:
        """The first place counts: a table is where it begins."""
        line = bisect_right(self._lines, offset)
        self._places.setdefault(path, (line, offset - self._lines[line - 1] + 1))


def _unquoted(part: str) -> str:
    if part[0] not in "\"'":
        return part
    return str(tomllib.loads(f"key = {part}")["key"])
