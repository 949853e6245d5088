"""What is no TOML, in words that help: `tomllib` stops at the first mistake and names it in the language of parsers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from controller.config.errors import Problem

PROBLEMS_MAX = 20
FOUND_MAX = 60  # characters of a line that is none of ours
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TABLE = re.compile(r"^\s*\[+\s*([^\[\]]+?)\s*\]")
_ASSIGNMENT = re.compile(r"""^(?P<indent>\s*)(?P<key>[\w."'-]+)\s*=\s*(?P<value>[^#]*?)\s*(?:#.*)?$""")

# value as written, what is wanted instead, and how to make that of the value
_MEANT = (
    (re.compile(r"(-?\d+),(\d+)"), "a decimal point", r"\1.\2"),
    (re.compile(r"(-?\d[\d_.]*)\s*[A-Za-zµΩ°%]+"), "the number alone, in the unit that ends the key", r"\1"),
    (re.compile(r"(?:[Tt]rue|TRUE|[Yy]es|[Oo]n)()"), "true or false", r"true\1"),
    (re.compile(r"(?:[Ff]alse|FALSE|[Nn]o|[Oo]ff)()"), "true or false", r"false\1"),
    (re.compile(r"([\w.][\w.:/#@-]*)"), "text in quotes", r'"\1"'),
)


def syntax_problems(path: Path, text: str, message: str) -> list[Problem]:
    """Every mistake that can be told apart from the one before it.

    A wrong line with one simple value is set aside and the rest read again; anything else might pull other lines with
    it, so there we stop.
    """
    lines = text.split("\n")
    problems: list[Problem] = []
    while len(problems) < PROBLEMS_MAX:
        line, column = _place(message, lines)
        problems.append(_problem(path, lines, (line, column), _PLACE.sub("", message)))
        assignment = _ASSIGNMENT.match(lines[line - 1])
        if assignment is None or re.match(r"""\[|\{|\"{3}|'{3}""", assignment["value"]):
            break
        lines[line - 1] = ""
        try:
            tomllib.loads("\n".join(lines))
            break
        except RecursionError:
            break  # what is behind it nobody can read
        except tomllib.TOMLDecodeError as error:
            message = str(error)
    return problems


def _place(message: str, lines: list[str]) -> tuple[int, int]:
    found = _PLACE.search(message)
    if found is not None and found[1] is not None:
        return int(found[1]), int(found[2])
    return _never_closed(lines)


def _never_closed(lines: list[str]) -> tuple[int, int]:
    """The last line that opens more than it closes; the end when there is none."""
    for number in range(len(lines), 0, -1):
        line = lines[number - 1].split("#")[0]
        opens = line.count("[") > line.count("]") or line.count('"""') == 1 or line.count("'''") == 1
        if "=" in line and opens:
            return number, len(line) - len(line.lstrip()) + 1
    return len(lines), len(lines[-1]) + 1


def _problem(path: Path, lines: list[str], place: tuple[int, int], message: str) -> Problem:
    line, column = place
    text = lines[line - 1]
    assignment = _ASSIGNMENT.match(text)
    key = _key(lines[:line], assignment["key"] if assignment else "")
    if message.startswith("Cannot overwrite") and assignment:
        return Problem(path, line, assignment.start("key") + 1, key, "a second value", "each key once")
    if message.startswith(("Cannot declare", "Cannot mutate")):
        return Problem(path, line, len(text) - len(text.lstrip()) + 1, key, f"a second {text.strip()}", "it once")
    if assignment:
        for pattern, wanted, template in _MEANT:
            meant = pattern.fullmatch(assignment["value"])
            if meant:
                hint = meant.expand(template)
                return Problem(path, line, assignment.start("value") + 1, key, assignment["value"], wanted, hint)
    found = text[column - 1 :].strip() or "the end of the line"
    found = found if len(found) <= FOUND_MAX else f"{found[:FOUND_MAX]}..."
    return Problem(path, line, column, key, found, f"valid TOML ({message})")


def _key(lines: list[str], key: str) -> str:
    """The key with its table's name before it; the table's alone when the line has no key."""
    tables = [found[1] for line in lines if (found := _TABLE.match(line))]
    return ".".join([*tables[-1:], *([key] if key else [])]) or "syntax"
