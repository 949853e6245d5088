"""A scenario's shape: every mistake in words, and what is left to check when the mistakes are mended or left out.

So one mistake does not hide the others, and one slip of the pen is one complaint: a key that was probably meant is
taken for it, and what hangs on something left out is not complained of.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.config.errors import Problem, nearest
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.wording import written_as, wrong_value
from hil_tests.bench.scenario import Action, Expectation, Hardware, KeyMistakeError, Repeat, Scenario, Start, Tier

ROUNDS_MAX = 10  # each takes away one more level; our files are four deep
STAND_INS = {"id": "AAA-000", "title": "?", "until": "30 d"}  # for what no scenario is without
NOTHING_HAPPENS = {"at": "0 s", "do": "controller.start"}
NOTHING_WANTED = {"that": "bus.live"}
BOUNDS = {"min": -1e300, "max": 1e300}  # that bound nothing
MARKS = ("expected", "gap", "breaks", "tiers")  # what the scenario's own validator speaks of
_TABLES: dict[str, type[BaseModel]] = {
    "start": Start,
    "timeline": Action,
    "expect": Expectation,
    "hardware": Hardware,
    "repeat": Repeat,
}


@dataclass(frozen=True, slots=True)
class Shaped:
    """A file as far as it can be read, and what is wrong with its shape."""

    scenario: Scenario | None  # None when nothing of it can be read
    problems: tuple[Problem, ...] = ()
    lost: frozenset[KeyPath] = frozenset()  # values that were left out, and entries with a stand-in: not to be judged

    def is_sound(self, *loc: str | int) -> bool:
        """Nothing of this entry was left out."""
        return not any(each[: len(loc)] == loc for each in self.lost)

    def is_there(self, *loc: str | int) -> bool:
        """The entry has no stand-in."""
        return loc not in self.lost


def shaped(file: TomlFile) -> Shaped:
    """Read it, mend what can be mended, leave out the rest, and tell all of it."""
    mender = _Mender(file, copy.deepcopy(file.data))
    for _ in range(ROUNDS_MAX):
        try:
            scenario = Scenario.model_validate(mender.data)
        except ValidationError as error:
            mender.mend(error.errors(include_url=False))
        else:
            return Shaped(_with_unknowns(scenario, mender.lost), tuple(mender.problems), frozenset(mender.lost))
    return Shaped(None, tuple(mender.problems), frozenset(mender.lost))


def _with_unknowns(scenario: Scenario, lost: set[KeyPath]) -> Scenario:
    """What nobody knows excludes nothing: an end that never comes, and no tier that could lack a fault."""
    unknown: dict[str, Any] = {}
    if ("until",) in lost:
        unknown["until"] = math.inf
    if any(each[0] == "tiers" for each in lost):
        unknown["tiers"] = ()
    return scenario.model_copy(update=unknown) if unknown else scenario


@dataclass(slots=True)
class _Mender:
    """Mends the data round by round, and keeps what it had to say."""

    file: TomlFile
    data: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    lost: set[KeyPath] = field(default_factory=set)
    names: dict[KeyPath, str] = field(default_factory=dict)  # of keys that were mended, as they are in the file

    def mend(self, details: list[ErrorDetails]) -> None:
        """One round."""
        lost = set(self.lost)
        slips = dict(self._slips(details))
        for loc, meant in slips.items():
            self.problems.append(_unknown_key(self.file, loc, meant))
            self._rename(loc, meant)
        mended = {*slips, *((*loc[:-1], meant) for loc, meant in slips.items())}
        for detail in sorted(details, key=lambda each: len(each["loc"]), reverse=True):
            loc = _place(self.data, detail)
            if loc in mended or detail["type"] == "extra_forbidden":
                continue
            if not _is_consequence(loc, detail, lost):
                self.problems.append(_problem(self.file, self._as_written(loc), detail))
            self._leave_out(loc, detail)

    def _slips(self, details: list[ErrorDetails]) -> Iterator[tuple[KeyPath, str]]:
        """Unknown keys, and what was probably meant by each; a missing key is likelier than one with a default."""
        missing = [_place(self.data, detail) for detail in details if detail["type"] == "missing"]
        for detail in details:
            if detail["type"] == "extra_forbidden":
                loc = _place(self.data, detail)
                absent = [str(each[-1]) for each in missing if each[:-1] == loc[:-1]]
                yield loc, nearest(str(loc[-1]), absent) or nearest(str(loc[-1]), _keys_at(loc[:-1]))
        for loc in missing:  # an action takes every key, so a slip shows only by what is missing
            entry = _at(self.data, loc[:-1])
            if loc[0] == "timeline" and isinstance(entry, dict):
                near = nearest(str(loc[-1]), [key for key in entry if key not in Action.model_fields])
                if near:
                    yield (*loc[:-1], near), str(loc[-1])

    def _rename(self, loc: KeyPath, meant: str) -> None:
        entry = _at(self.data, loc[:-1])
        value = entry.pop(loc[-1])
        if meant and meant not in entry:
            entry[meant] = value
            self.names[(*loc[:-1], meant)] = str(loc[-1])
            self.file.take_for(loc, (*loc[:-1], meant))

    def _as_written(self, loc: KeyPath) -> KeyPath:
        """Under the name that the key has in the file."""
        return tuple(self.names.get(loc[: number + 1], part) for number, part in enumerate(loc))

    def _leave_out(self, loc: KeyPath, detail: ErrorDetails) -> None:
        match loc:
            case ():
                error = detail.get("ctx", {}).get("error")
                self._drop(error.key if isinstance(error, KeyMistakeError) else "")
            case ("id" | "title" | "until" as key, *_):
                self._drop(key)
                self.data[key] = STAND_INS[key]
            case ("timeline", int() as number, "at"):
                self._drop(*loc)
                self.data["timeline"][number]["at"] = NOTHING_HAPPENS["at"]
            case ("timeline" | "expect" as section, int() as number) | ("timeline" as section, int() as number, "do"):
                self.lost.add((section, number))
                self.data[section][number] = dict(NOTHING_HAPPENS if section == "timeline" else NOTHING_WANTED)
            case ("expect", int() as number, "min" | "max" as key):
                self._drop(*loc)
                self.data["expect"][number][key] = BOUNDS[key]
            case ("timeline" | "expect", int(), _, *_):
                self._drop(*loc[:3])
            case _:
                self._drop(*loc[: 2 if loc[0] in {"start", "hardware", "except_invariants"} else 1])

    def _drop(self, *loc: str | int) -> None:
        entry = _at(self.data, loc[:-1])
        entry.pop(loc[-1], None)
        self.lost.add(loc)


def _is_consequence(loc: KeyPath, detail: ErrorDetails, lost: set[KeyPath]) -> bool:
    """It speaks of an entry of which something was left out before."""
    if detail["type"] == "value_error" and not loc:
        return any(each[0] in MARKS for each in lost)
    return any(each[: len(loc)] == loc or loc[: len(each)] == each for each in lost)


def _place(data: object, detail: ErrorDetails) -> KeyPath:
    """Of what the detail speaks of, without pydantic's own tags; of a missing key, where it would be."""
    here: Any = data
    there: KeyPath = ()
    for part in detail["loc"]:
        is_item = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if is_item or (isinstance(here, dict) and part in here):
            here = here[part]
            there = (*there, part)
    is_key = detail["type"] == "missing" and isinstance(here, dict)
    return (*there, detail["loc"][-1]) if is_key else there


def _at(data: Any, loc: KeyPath) -> Any:
    for part in loc:
        data = data[part]
    return data


def _problem(file: TomlFile, loc: KeyPath, detail: ErrorDetails) -> Problem:
    """One mistake of shape, in words."""
    match detail["type"]:
        case "missing" | "too_long" if loc[-1] == "is_constant":
            return file.problem(loc, _found(file, loc), "two numbers: not below, and not above")
        case "missing":
            return file.problem(loc, "nothing", f"a value for '{loc[-1]}'")
        case "value_error":
            return _refused(file, loc, detail)
        case "enum":
            words = [str(each.value) for each in Tier]
            hint = nearest(str(detail["input"]).lower(), words)
            return file.problem(loc, _found(file, loc), f"one of {', '.join(words)}", hint)
        case "string_pattern_mismatch":
            return file.problem(
                loc, _found(file, loc), "three capitals, a dash and three to six digits, like ISL-003 or MYV-001"
            )
        case _:
            return wrong_value(file, loc, [detail])


def _unknown_key(file: TomlFile, loc: KeyPath, meant: str) -> Problem:
    known = "this table's keys" if meant else ", ".join(_keys_at(loc[:-1]))
    return file.problem(loc, f"the unknown key '{loc[-1]}'", f"one of {known}", meant)


def _refused(file: TomlFile, loc: KeyPath, detail: ErrorDetails) -> Problem:
    """What one of our own validators said."""
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, KeyMistakeError):
        return file.problem((*loc, error.key) if error.key else loc, error.found, error.wanted)
    return file.problem(loc, _found(file, loc), str(error))


def _found(file: TomlFile, loc: KeyPath) -> str:
    while loc and file.value(loc) is None:
        loc = loc[:-1]
    return written_as(file.value(loc)) if loc else "the file"


def _keys_at(loc: KeyPath) -> list[str]:
    names = [part for part in loc if isinstance(part, str)]
    table = next((_TABLES[name] for name in reversed(names) if name in _TABLES), Scenario)
    return list(table.model_fields)
