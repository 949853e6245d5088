"""docs/configuration.md from the shapes of our files: every key with its unit, range and default, and every point."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from controller.config import code_schema, schema, table_schema
from controller.config.codes import COUNTS, OTHER_KEYS, RETURN_KEYS, SYNC_KEYS
from controller.config.shapes import Part, ShortTimeEntry
from controller.config.vocabulary import DEFAULT_MAX_AGE_S, REQUIRED, ROLE_POINTS, PointMeaning
from controller.config.wording import OUR_UNITS
from controller.model.envelope import Envelope

INTRO = """\
<!-- Generated from controller/config/ by `python -m hil_tests.docs`. Do not edit. -->
# Configuration: every key

A hub is one site file (TOML). It names device tables, a grid code and an envelope. `hallig check SITE` tells all that
is wrong with them at once: file, line, column, what was found, what is wanted, what was probably meant. Then warnings,
which stop nothing; then the transitions and closings that the hub can do. `--json` says the same to an editor. The exit
code is 0 or, with errors, 2.

The unit ends the key's name and has no prefix: W, not kW; s, not ms. A number outside of what is usual in a village is
asked about, with what was probably meant; where a safety rule counts on it (a breaker of more than 3 s, say) nothing
starts. Of two mistakes in one section both are told. A key that nobody reads is an error. *needed* in the column
"default" means that there is none.
"""

Shapes = tuple[tuple[str, type[Part]], ...]

TABLE: Shapes = (
    ("[device]", table_schema.DeviceHead),
    ("[roles.ROLE]", table_schema.RoleEntry),
    ("[roles.ROLE.points]", table_schema.PointEntry),
)
CODE: Shapes = (
    ("the grid code's own keys", code_schema.GridCodeFile),
    ("[values] KEY = { ... }", code_schema.Sourced),
    ("[[loss_bands]]", code_schema.LossBandEntry),
)
KINDS = {str: "text", float: "number", int: "whole number", bool: "true or false"}
LIMITS = (("gt", "> {:g}"), ("ge", ">= {:g}"), ("lt", "< {:g}"), ("le", "<= {:g}"))
TRAILING = re.compile(r"^    (\w+): .*?  # (.*)$", re.MULTILINE)


def configuration_page() -> str:
    """The whole page."""
    lines = [INTRO, "## The site file", "", *_shape("the top of the file", schema.SiteFile)]
    for title, shape in _sections():
        lines += _shape(title, shape)
    lines += _ages()
    lines += ["## Device tables", "", *_own_tables()]
    for title, shape in TABLE:
        lines += _shape(title, shape)
    lines += ["## Points", "", *_points()]
    lines += ["## Grid codes and envelopes", "", *_values()]
    for title, shape in CODE:
        lines += _shape(title, shape)
    return "\n".join(lines).rstrip() + "\n"


def _sections() -> Iterator[tuple[str, type[Part]]]:
    """The tables of a site file, as its shape has them, and what lies within them."""
    for name, field in schema.SiteFile.model_fields.items():
        shape = _part(field.annotation)
        if shape is None:
            continue
        is_many = get_origin(field.annotation) is dict
        number = "NUMBER" if name == "tiers" else "NAME"
        yield (f"[{name}.{number}]" if is_many else f"[{name}]"), shape
    yield "tls = { ... }", schema.TlsEntry
    yield "short_time = [{ ... }]", ShortTimeEntry
    yield "security = { ... }", schema.SecurityEntry


def _part(annotation: Any) -> type[Part] | None:
    """The shape in a type, however wrapped."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next((part for each in get_args(annotation) if (part := _part(each)) is not None), None)


def _shape(title: str, shape: type[Part]) -> Iterator[str]:
    yield (
        f"### `{title}`"
        if title.startswith(("[", "short", "tls", "security"))
        else f"### {title[0].upper()}{title[1:]}"
    )
    yield ""
    yield inspect.cleandoc(shape.__doc__ or "")
    yield ""
    yield "| key | kind | unit | range | default | |"
    yield "|---|---|---|---|---|---|"
    said = _comments(shape)
    for name, field in shape.model_fields.items():
        key = field.alias or name
        default = "needed" if field.is_required() or key in shape.REQUIRED else _default(field)
        kind, limits = _kind(field.annotation), _range(field)
        yield f"| `{key}` | {kind} | {_unit(key)} | {limits} | {default} | {said.get(name, '')} |"
    yield ""


def _comments(shape: type[Part]) -> dict[str, str]:
    """What the shape says beside its keys, and beside those that it inherits."""
    said: dict[str, str] = {}
    for each in reversed(shape.__mro__):
        if issubclass(each, Part) and each is not Part:
            said |= dict(TRAILING.findall(inspect.getsource(each)))
    return {key: text for key, text in said.items() if not text.startswith(("fmt:", "noqa"))}


def _unit(key: str) -> str:
    stem, _, last = key.rpartition("_")
    return OUR_UNITS.get(last, "") if stem else ""


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _kind(inner[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(each) for each in inner if each is not type(None))
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inner)
    if origin in (list, dict):
        return f"{'list' if origin is list else 'table'} of {_kind(inner[-1])}"
    return "table" if _part(annotation) is not None else KINDS.get(annotation, "text")


def _range(field: FieldInfo) -> str:
    """The limits of the value itself, or of what is in it when it may be left out."""
    metadata = [*field.metadata, *_inner_metadata(field.annotation)]
    words = [words.format(getattr(each, key)) for key, words in LIMITS for each in metadata if _has(each, key)]
    return ", ".join(dict.fromkeys(words))


def _has(each: object, key: str) -> bool:
    return isinstance(getattr(each, key, None), int | float)


def _inner_metadata(annotation: Any) -> Iterator[object]:
    if get_origin(annotation) in (Union, types.UnionType, dict, list):
        for each in get_args(annotation):
            yield from _inner_metadata(each)
    for each in getattr(annotation, "__metadata__", ()):
        yield from each.metadata if isinstance(each, FieldInfo) else (each,)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case float() | int():
            return f"{value:g}"
        case BaseModel() | {} | [] | "":
            return "as below" if isinstance(value, BaseModel) else "empty"
        case list():
            return ", ".join(f"`{each}`" for each in value)
        case _:
            return f"`{value}`"


def _ages() -> Iterator[str]:
    yield "### `[max_age_s]`"
    yield ""
    yield "Seconds, by role, after which a value is unknown. Two polls and the instrument's refresh must fit into it."
    yield ""
    yield "| role | default |"
    yield "|---|---|"
    for role, age_s in DEFAULT_MAX_AGE_S.items():
        yield f"| `{role}` | {age_s:g} |"
    yield ""


def _own_tables() -> Iterator[str]:
    yield "[Shipped ones](devices.md) lie in `configs/devices/`; yours, in `devices/` beside the site file, come first."
    yield "How to write one: [add a device](add_a_device.md)."
    yield ""


def _points() -> Iterator[str]:
    yield "The names that a role's points may have. A value on phases has a point for each (`_l1_`) or one for all."
    yield "*needed*: an asset cannot do without it, or without one of several. Any role may have a `heartbeat`."
    yield ""
    for role, points in ROLE_POINTS.items():
        needed = {name for need in REQUIRED[role] for name in need.split("|")}
        yield f"### Role `{role}`"
        yield ""
        yield "| point | kind | unit | | |"
        yield "|---|---|---|---|---|"
        for name, meaning in points.items():
            mark = "needed" if name in needed else ""
            yield f"| `{name}` | {_what(meaning)} | {_unit(name)} | {_way(meaning)} | {mark} |"
        yield ""


def _what(meaning: PointMeaning) -> str:
    return ", ".join(f"`{word}`" for word in meaning.words) if meaning.words else meaning.kind.value


def _way(meaning: PointMeaning) -> str:
    return " and ".join(word for word, is_so in (("read", meaning.is_read), ("written", meaning.is_written)) if is_so)


def _values() -> Iterator[str]:
    yield "Each number has its source and how sure we are of it; `hallig check` lists those of low confidence."
    yield ""
    yield "| key | unit | in |"
    yield "|---|---|---|"
    for key in RETURN_KEYS + SYNC_KEYS + OTHER_KEYS:
        yield f"| `{key}` | {_unit(key)} | grid code |"
    for key in Envelope.__dataclass_fields__:
        yield f"| `{key}` | {'a count' if key in COUNTS else _unit(key)} | envelope |"
    yield ""
