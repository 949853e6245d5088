"""Mistakes of shape in words: what stands there, what we want, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic_core import ErrorDetails

from controller.config.errors import Problem, nearest
from controller.config.shapes import NODE_PATTERN
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath

UNKNOWN_KEY = "the unknown key"
SHOWN_MAX = 60  # characters of a wrong value
OUR_UNITS = {
    "w": "W", "va": "VA", "var": "var", "wh": "Wh", "v": "V", "a": "A", "hz": "Hz", "deg": "degrees", "pct": "percent",
    "ratio": "parts of one", "s": "seconds", "c": "degrees Celsius", "l": "litres",
}  # fmt: skip
UNITS = OUR_UNITS.keys() | {  # and those that people write instead
    "kw", "mw", "kva", "mva", "kwh", "mwh", "kv", "ma", "khz", "mhz", "rad", "percent", "ms", "min", "h", "k",
}  # fmt: skip

NUMBER, WHOLE, TABLE, LIST = "a number", "a whole number", "a table", "a list"
WANTED = {
    "string_type": "text in quotes",
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": "a whole number of a usual size",
    "int_from_float": WHOLE,
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": LIST,
    "tuple_type": LIST,
    "dict_type": TABLE,
    "model_type": TABLE,
    "model_attributes_type": TABLE,
    "dataclass_type": TABLE,
    "finite_number": "a finite number",
    "string_too_short": "text that says something",
    "too_short": "at least one",
    "missing": "a value",
    "extra_forbidden": "nothing of this name",
}
OTHER = "another kind of value"  # of what has no words here
LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}
TRUTHS = {"yes": "true", "true": "true", "on": "true", "1": "true"}
TRUTHS |= {"no": "false", "false": "false", "off": "false", "0": "false"}
PATTERNS = {
    r"\S": "text that says something",
    "^[0-9]$": "a tier's number from 0 to 9",
    NODE_PATTERN: "a node id, like ns=2;s=Battery.Power or ns=2;i=1001",
}


def unknown_key(
    file: TomlFile, path: KeyPath, known: frozenset[str], missing: AbstractSet[KeyPath]
) -> tuple[Problem, str]:
    """A key that this table does not have, and the key that was probably meant.

    Of the keys that are not there yet, a missing one is likelier than one that has a default.
    """
    parent, word = path[:-1], str(path[-1])
    written = file.value(parent)
    absent = known - frozenset(written if isinstance(written, dict) else ())
    wanted_here = {str(each[-1]) for each in missing if each[:-1] == parent}
    meant = _same_stem(word, absent) or nearest(word, wanted_here) or nearest(word, absent) or nearest(word, known)
    return file.problem(path, f"{UNKNOWN_KEY} '{word}'", _wanted_key(word, meant), meant), meant


def missing_key(file: TomlFile, path: KeyPath) -> Problem:
    """A required key that nobody wrote."""
    return file.problem(path, "nothing", f"a value for '{path[-1]}'")


def wrong_value(file: TomlFile, path: KeyPath, details: list[ErrorDetails]) -> Problem:
    """A value of the wrong type, outside its range, or none of the words allowed."""
    value = file.value(path)
    all_wanted = " or ".join(dict.fromkeys(wanted(detail) for detail in details))
    found = str(path[-1]) if details[0]["loc"][-1] == "[key]" else written_as(value)
    return file.problem(path, found, all_wanted, _meant(value, details))


def written_as(value: object) -> str:
    """A value as a TOML file would have it, shortened."""
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            return "a table"
        case list():
            shown = f"[{', '.join(written_as(each) for each in value)}]"
        case str():
            shown = f'"{value}"'
        case _:
            shown = str(value)
    return shown if len(shown) <= SHOWN_MAX else shown[: SHOWN_MAX - 3] + "..."


def _same_stem(word: str, known: Iterable[str]) -> str:
    """`rating_kva` means `rating_va`: our units have no prefixes."""
    stem, _, unit = word.rpartition("_")
    alike = [each for each in known if each.rpartition("_")[0] == stem and each.rpartition("_")[2] in UNITS]
    return nearest(word, alike) or (alike[0] if unit in UNITS and len(alike) == 1 else "")


def _wanted_key(word: str, meant: str) -> str:
    stem, _, unit = word.rpartition("_")
    meant_stem, _, meant_unit = meant.rpartition("_")
    if stem == meant_stem and unit in UNITS and meant_unit in OUR_UNITS:
        return f"the value in {OUR_UNITS[meant_unit]}"
    return "one of this table's keys"


def wanted(detail: ErrorDetails) -> str:
    """What pydantic would rather have had."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in LIMITS:
        words, key = LIMITS[kind]
        return f"{words} {context[key]:g}"
    if kind == "value_error":
        return str(context["error"])
    if kind in {"literal_error", "enum"}:
        return f"one of {', '.join(_choices(detail))}"
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], "a name of small letters, digits and _")
    if kind in {"too_long", "string_too_long"}:
        return f"at most {context['max_length']}{' characters' if kind == 'string_too_long' else ''}"
    return WANTED.get(kind, OTHER) + _instead(WANTED.get(kind), detail["input"])


def _instead(wanted: str | None, value: object) -> str:
    """A number that is written as something else: a hint with the same number would help nobody."""
    if wanted in {NUMBER, WHOLE} and isinstance(value, str) and _is_number(value):
        return ", without quotes" if wanted is NUMBER or float(value).is_integer() else ""
    if wanted is WHOLE and isinstance(value, float) and value.is_integer():
        return ", without a point"
    return ""


def _meant(value: Any, details: list[ErrorDetails]) -> str:
    """What a wrong value was probably meant to be, as one would write it in TOML."""
    kinds = {detail["type"] for detail in details}
    if "literal_error" in kinds:
        word = details[0]["input"]
        return nearest(word, _choices(details[0])) if isinstance(word, str) else ""
    if kinds == {"bool_type"}:
        return TRUTHS.get(str(value).lower(), "")
    if kinds in ({"list_type"}, {"tuple_type"}) and isinstance(value, str):
        return f'["{value}"]'
    return ""


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _choices(detail: ErrorDetails) -> list[str]:
    expected = str(detail.get("ctx", {}).get("expected", ""))
    return [part.strip(" '") for part in expected.replace(" or ", ",").split(",") if part.strip(" '")]
