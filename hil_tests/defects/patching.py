"""Unified diffs with a head of their own, and applying them strictly: a hunk that no longer fits is an error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "patches"
HEAD = re.compile(r"^(id|title|harm|by|in): (.*)$")
HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


class StalePatchError(Exception):
    """The code has moved on: the patch must be made anew."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One wrong controller."""

    id: str
    title: str
    harm: str  # what a field engineer would suffer
    by: tuple[str, ...]  # checkers or expectations that are expected to catch it
    scenarios: tuple[str, ...]  # in which of these it must be caught
    diff: str


def all_defects() -> list[Defect]:
    """Every patch of the folder, by id."""
    return [read_defect(path) for path in sorted(FOLDER.glob("*.patch"))]


def read_defect(path: Path) -> Defect:
    """One patch. Raises ValueError when its head is not complete."""
    text = path.read_text(encoding="utf-8")
    head: dict[str, str] = {}
    for line in text.splitlines():
        found = HEAD.match(line)
        if found is None:
            break
        head[found[1]] = found[2].strip()
    missing = {"id", "title", "harm", "by", "in"} - head.keys()
    if missing:
        raise ValueError(f"{path.name}: no {', '.join(sorted(missing))}")
    diff = text[text.index("--- a/") :]
    by, scenarios = (tuple(head[key].replace(",", " ").split()) for key in ("by", "in"))
    return Defect(head["id"], head["title"], head["harm"], by, scenarios, diff)


def apply(defect: Defect, root: Path) -> None:
    """Change the files below a root. Raises StalePatchError, and then has changed nothing of the file at fault."""
    for part in re.split(r"(?m)^(?=--- a/)", defect.diff):
        if part.strip():
            _apply_file(defect, part, root)


def _apply_file(defect: Defect, part: str, root: Path) -> None:
    lines = part.splitlines()
    name = lines[0].removeprefix("--- a/").split("\t")[0].strip()
    path = root / name
    if not path.is_file():
        raise StalePatchError(f"{defect.id}: there is no {name} any more")
    old = path.read_text(encoding="utf-8").splitlines()
    new: list[str] = []
    at = 0
    for hunk in _hunks(lines[2:]):
        start = hunk[0] - 1
        new += old[at:start]
        at = start
        for line in hunk[1]:
            mark, text = line[:1], line[1:]
            if mark in {" ", "-"}:
                if at >= len(old) or old[at] != text:
                    raise StalePatchError(f"{defect.id}: {name}:{at + 1} is not {text!r} any more")
                at += 1
            if mark in {" ", "+"}:
                new.append(text)
    path.write_text("\n".join([*new, *old[at:]]) + "\n", encoding="utf-8")


def _hunks(lines: list[str]) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, list[str]]] = []
    for line in lines:
        begin = HUNK.match(line)
        if begin is not None:
            found.append((int(begin[1]), []))
        elif found and line[:1] in {" ", "-", "+"}:
            found[-1][1].append(line)
    return found
