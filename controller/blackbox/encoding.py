"""Frozen objects -> plain JSON, by their type hints alone: what is added to the vocabulary needs nothing here.

A dataclass is an object, its fields by name, without those that are None and None by default; an enum is its value, a
set is sorted, a named tuple is a list, and a float that JSON does not know is `{"float": "inf"}`.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, cast

Plain = Any
"""What JSON has: objects, lists, texts, numbers, truths and null."""

Encode = Callable[[Any], Plain]
NON_FINITE = "float"
SCALARS = (int, str, bool, type(None))


def encode(value: Any) -> Plain:
    """A dataclass as plain JSON."""
    kind: Any = type(value)
    return encoder(kind)(value)


@cache
def encoder(hint: Any) -> Encode:
    """How values of this type are written; made once."""
    kind = typing.get_origin(hint) or hint
    arguments = typing.get_args(hint)
    if kind in (typing.Union, types.UnionType):
        return _union_encoder(arguments)
    if kind is float or kind is Any:
        return _number
    if kind in SCALARS:
        return _itself
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_value
    if dataclasses.is_dataclass(kind):
        return _fields_encoder(cast("type", kind))
    return _collection_encoder(kind, arguments)


def _collection_encoder(kind: Any, arguments: tuple[Any, ...]) -> Encode:
    if kind is tuple:
        return _tuple_encoder(arguments)
    if kind is frozenset:
        each = encoder(arguments[0])
        return lambda value: sorted(map(each, value))
    if is_named_tuple(kind):
        parts = tuple(encoder(hint) for hint in hints_of(kind).values())
        if set(parts) == {_number}:
            return _numbers
        return lambda value: [part(each) for part, each in zip(parts, value, strict=True)]
    assert kind is Mapping or kind is types.MappingProxyType or issubclass(kind, Mapping), f"not to be written: {kind}"
    assert arguments[0] is str, "keys are names"
    inner = encoder(arguments[1])
    return lambda value: {key: inner(each) for key, each in value.items()}


def _union_encoder(arguments: tuple[Any, ...]) -> Encode:
    others = [each for each in arguments if each is not type(None)]
    if len(others) == 1:
        inner = encoder(others[0])
        return lambda value: None if value is None else inner(value)
    assert set(others) <= {int, str, bool, float}, f"a reader could not tell which it is: {arguments}"
    return _number


def _tuple_encoder(arguments: tuple[Any, ...]) -> Encode:
    if arguments[1:] == (Ellipsis,):
        each = encoder(arguments[0])
        return lambda value: list(map(each, value))
    parts = tuple(encoder(hint) for hint in arguments)
    return lambda value: [part(each) for part, each in zip(parts, value, strict=True)]


def _fields_encoder(kind: type) -> Encode:
    hints = hints_of(kind)
    fields = [(each.name, encoder(hints[each.name]), each.default is None) for each in written_fields(kind)]

    def encode_fields(value: Any) -> Plain:
        plain = {}
        for name, inner, may_be_left_out in fields:
            found = getattr(value, name)
            if found is not None:
                plain[name] = inner(found)
            elif not may_be_left_out:
                plain[name] = None
        return plain

    return encode_fields


def _itself(value: Any) -> Plain:
    return value


def _enum_value(value: Any) -> Plain:
    return value._value_  # its own `value` goes through a descriptor, and there are hundreds a second


def _number(value: Any) -> Plain:
    return {NON_FINITE: str(value)} if isinstance(value, float) and not isfinite(value) else value


def _numbers(value: Any) -> Plain:
    return [*value] if all(map(isfinite, value)) else list(map(_number, value))


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """The types of its fields."""
    return typing.get_type_hints(kind, localns=_late_names())


@cache
def _late_names() -> dict[str, Any]:
    """What a module of the vocabulary imports for its types alone."""
    from controller.model.reasons import Reason  # noqa: PLC0415

    return {"Reason": Reason}


@cache
def written_fields(kind: type) -> Sequence[dataclasses.Field[Any]]:
    """What is made of other fields is made again."""
    return tuple(each for each in dataclasses.fields(kind) if each.init)


def is_named_tuple(kind: Any) -> bool:
    """Such as the values of three phases."""
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")
