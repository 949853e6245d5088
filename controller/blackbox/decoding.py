"""Plain JSON -> frozen objects, as `encoding` wrote them.

Of another version's: a field that is missing takes today's default, one that is not known any more is told and left
out, a value that today's software does not know is an error with its place.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from controller.blackbox.encoding import NON_FINITE, SCALARS, Plain, hints_of, is_named_tuple, written_fields

Decode = Callable[[Plain, set[str]], Any]
T = TypeVar("T")
TEXT_MAX = 60


class ForeignError(ValueError):
    """This is not in today's vocabulary; `path` says where."""

    def __init__(self, path: str, found: object, wanted: str) -> None:
        self.path, self.found, self.wanted = path, found, wanted
        text = repr(found)
        super().__init__(f"{path}: found {text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + '...'}, wanted {wanted}")

    def within(self, outer: str) -> ForeignError:
        """The same, seen from further out."""
        return ForeignError(outer + self.path, self.found, self.wanted)


def decode(kind: type[T], plain: Plain, path: str, unknown: set[str] | None = None) -> T:
    """The object of this type; names of fields that today's has no more go into `unknown`. `path` is for the error.

    Raises:
        ForeignError: it is none of that type.
    """
    hint: Any = kind
    return cast("T", _at(path, decoder(hint), plain, set() if unknown is None else unknown))


@cache
def decoder(hint: Any) -> Decode:
    """How values of this type are read; made once."""
    kind = typing.get_origin(hint) or hint
    arguments = typing.get_args(hint)
    if kind in (typing.Union, types.UnionType):
        return _union_decoder(arguments)
    if kind is float or kind in SCALARS:
        return _take_float if kind is float else _scalar_decoder(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_decoder(kind)
    if dataclasses.is_dataclass(kind):
        return _fields_decoder(cast("type", kind))
    if kind is tuple or kind is frozenset or is_named_tuple(kind):
        return _list_decoder(kind, arguments)
    return _mapping_decoder(decoder(arguments[1]))


def _union_decoder(arguments: tuple[Any, ...]) -> Decode:
    others = [each for each in arguments if each is not type(None)]
    if len(others) == 1:
        inner = decoder(others[0])
        return lambda plain, unknown: None if plain is None else inner(plain, unknown)

    def take(plain: Plain, unknown: set[str]) -> Any:
        if _is_number_of_words(plain):
            return _take_float(plain, unknown)
        if type(plain) not in arguments:
            raise ForeignError("", plain, " or ".join(each.__name__ for each in others))
        return plain

    return take


def _scalar_decoder(kind: Any) -> Decode:
    def take(plain: Plain, _: set[str]) -> Any:
        if type(plain) is not kind:
            raise ForeignError("", plain, "null" if kind is type(None) else kind.__name__)
        return plain

    return take


def _take_float(plain: Plain, _: set[str]) -> Any:
    if type(plain) is float or type(plain) is int:
        return plain  # an int where a float may be stays one
    if _is_number_of_words(plain):
        return float(plain[NON_FINITE])
    raise ForeignError("", plain, "float")


def _is_number_of_words(plain: Plain) -> bool:
    return isinstance(plain, dict) and plain.keys() == {NON_FINITE} and plain[NON_FINITE] in ("inf", "-inf", "nan")


def _enum_decoder(kind: type[Enum]) -> Decode:
    members = {member.value: member for member in kind}

    def take(plain: Plain, _: set[str]) -> Enum:
        member = members.get(plain) if isinstance(plain, str) else None
        if member is None:
            raise ForeignError("", plain, f"a {kind.__name__} that today's software knows")
        return member

    return take


def _list_decoder(kind: Any, arguments: tuple[Any, ...]) -> Decode:
    hints = tuple(hints_of(kind).values()) if is_named_tuple(kind) else arguments
    is_endless = kind is frozenset or arguments[1:] == (Ellipsis,)
    each, parts = decoder(hints[0]), () if is_endless else tuple(map(decoder, hints))
    make: Callable[..., Any] = kind._make if is_named_tuple(kind) else kind

    def take(plain: Plain, unknown: set[str]) -> Any:
        if not isinstance(plain, list):
            raise ForeignError("", plain, "a list")
        if not is_endless and len(plain) != len(parts):
            raise ForeignError("", plain, f"a list of {len(parts)}")
        readers = [each] * len(plain) if is_endless else parts
        return make([_within(str(number), readers[number], one, unknown) for number, one in enumerate(plain)])

    return take


def _mapping_decoder(each: Decode) -> Decode:
    def take(plain: Plain, unknown: set[str]) -> Any:
        if not isinstance(plain, dict):
            raise ForeignError("", plain, "an object")
        return {key: _within(key, each, one, unknown) for key, one in plain.items()}

    return take


def _fields_decoder(kind: type) -> Decode:
    hints = hints_of(kind)
    readers = {each.name: decoder(hints[each.name]) for each in written_fields(kind)}
    needed = [each.name for each in written_fields(kind) if not _has_default(each)]

    def take(plain: Plain, unknown: set[str]) -> Any:
        if not isinstance(plain, dict):
            raise ForeignError("", plain, "an object")
        values = {}
        for name, one in plain.items():
            reader = readers.get(name)
            if reader is None:
                unknown.add(f"{kind.__name__}.{name}")
            else:
                values[name] = _within(name, reader, one, unknown)
        for name in needed:
            if name not in values:
                raise ForeignError(f".{name}", None, "a value: today's software cannot do without it")
        return kind(**values)

    return take


def _at(path: str, reader: Decode, plain: Plain, unknown: set[str]) -> Any:
    try:
        return reader(plain, unknown)
    except ForeignError as error:
        raise error.within(path) from None


def _within(name: str, reader: Decode, plain: Plain, unknown: set[str]) -> Any:
    try:
        return reader(plain, unknown)
    except ForeignError as error:
        raise error.within(f".{name}") from None


def _has_default(each: dataclasses.Field[Any]) -> bool:
    return each.default is not dataclasses.MISSING or each.default_factory is not dataclasses.MISSING
