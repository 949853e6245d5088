"""A mistake in a file of ours, told as the change that somebody made and the one complaint that must come of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.config.errors import ConfigError, Problem, errors_of, warnings_of
from controller.config.load import examine, load_site
from controller.config.paths import configs_dir

HERE = "▶"
"""Stands in a change before the character at which the complaint must point; it is not written into the file."""

MUSTER = configs_dir() / "hubs" / "musterhallig.toml"
HYBRID = configs_dir() / "hubs" / "hybridhof.toml"


@dataclass(frozen=True)
class Mistake:
    """`old` becomes `new`, and whatever is in `also`. `found` and `wanted` are parts of the complaint; `hint` is all of
    the proposal.
    """

    name: str
    old: str
    new: str
    key: str
    found: str
    wanted: str
    hint: str = ""
    also: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def changed(original: Path, folder: Path, *changes: tuple[str, str]) -> tuple[Path, int, int]:
    """A changed copy, and the line and column of the mark in it."""
    text = original.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{text.count(old)} times in {original.name}: {old}"
        text = text.replace(old, new)
    before, mark, after = text.partition(HERE)
    assert mark, "a story marks the place of its complaint"
    copy = folder / original.name
    copy.write_text(before + after, encoding="utf-8")
    return copy, before.count("\n") + 1, len(before) - before.rfind("\n")


def problems_of(path: Path) -> tuple[Problem, ...]:
    try:
        load_site(path)
    except ConfigError as error:
        return error.problems
    return ()


def warnings_in(path: Path) -> tuple[Problem, ...]:
    """What the hub could run with. A site with errors is no story of a warning."""
    examined = examine(path)
    assert examined.site is not None, "\n".join(str(problem) for problem in examined.problems)
    return tuple(warnings_of(examined.problems))


def own_table(folder: Path, name: str, like: str, *changes: tuple[str, str]) -> Path:
    """A device table beside the site file, like a shipped one but for the changes."""
    text = (configs_dir() / "devices" / f"{like}.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "devices" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def judge(mistake: Mistake, found: Iterable[Problem], file: Path, line: int, column: int) -> None:
    """One mistake, one complaint, at its very place."""
    problems = errors_of(found)
    judge_one(mistake, problems, file, line, column)


def judge_one(mistake: Mistake, problems: Sequence[Problem], file: Path, line: int, column: int) -> None:
    """The only complaint is this one."""
    assert len(problems) == 1, "\n".join(str(problem) for problem in problems)
    problem = problems[0]
    assert (problem.file, problem.line, problem.column) == (file, line, column), str(problem)
    assert (problem.key, problem.hint) == (mistake.key, mistake.hint), str(problem)
    assert mistake.found in problem.found, str(problem)
    assert mistake.wanted in problem.wanted, str(problem)
