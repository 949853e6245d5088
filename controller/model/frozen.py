"""Frozen dataclasses that are made quickly: a cycle makes a hundred of them, of up to forty fields.

Python fills a frozen object through a call for each field, because its class forbids the plain way. Here the object is
of an open class of the same slots while it is being filled, and of its own, frozen one before anybody else sees it.
`replace` copies in the same way. Everything else is the dataclass that Python makes, and a type checker sees no other.
"""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass, replace

__all__ = ["dataclass", "field", "replace"]

T = TypeVar("T")


def _quick(cls: type[T]) -> type[T]:
    """The dataclass, with a quicker `__init__` and a `__replace__`; one with a `__post_init__` stays as it is."""
    made = dataclasses.dataclass(frozen=True, slots=True)(cls)
    if hasattr(made, "__post_init__"):
        return made
    fields = dataclasses.fields(made)  # type: ignore[arg-type]  # it has just been made one
    if any(each.kw_only or not each.init for each in fields):
        raise TypeError(f"{made.__qualname__}: every field has to be asked for, and may be by its place")
    names = [each.name for each in fields]
    around: dict[str, Any] = {
        "_Open": type(made.__name__, (), {"__slots__": tuple(names)}),
        "_Frozen": made,
        "_become": object.__dict__["__class__"].__set__,  # past the refusal of a frozen one
        "_new": object.__new__,
        "_UNSAID": object(),
    }
    said, filled = _arguments(fields, around)
    lines = [
        f"def __init__(self, {', '.join(said)}):",
        *(f"    {line}" for line in ("_become(self, _Open)", *filled, "self.__class__ = _Frozen")),
        "def __replace__(self, /, **changes):",
        "    new = _new(_Open)",
        *(f"    new.{name} = self.{name}" for name in names),
        "    for name, value in changes.items():",
        "        setattr(new, name, value)",
        "    new.__class__ = _Frozen",
        "    return new",
    ]
    methods: dict[str, Any] = {}
    exec("\n".join(lines), around, methods)
    for name, method in methods.items():
        method.__qualname__ = f"{made.__qualname__}.{name}"
        setattr(made, name, method)
    made.__init_subclass__ = classmethod(_refuse)  # type: ignore[assignment]
    return made


def _refuse(cls: type) -> None:
    raise TypeError(f"{cls.__qualname__}: a frozen class has no heirs, their objects would become its own")


def _arguments(fields: tuple[dataclasses.Field[Any], ...], around: dict[str, Any]) -> tuple[list[str], list[str]]:
    """How each field is asked for, and how it is filled; their defaults go to `around`."""
    said: list[str] = []
    filled: list[str] = []
    for each in fields:
        name, value = each.name, each.name
        if each.default is not dataclasses.MISSING:
            around[f"_default_{name}"] = each.default
            said.append(f"{name}=_default_{name}")
        elif each.default_factory is not dataclasses.MISSING:
            around[f"_make_{name}"] = each.default_factory
            said.append(f"{name}=_UNSAID")
            value = f"_make_{name}() if {name} is _UNSAID else {name}"
        else:
            said.append(name)
        filled.append(f"self.{name} = {value}")
    return said, filled


if not TYPE_CHECKING:

    def dataclass(*, frozen: bool, slots: bool):
        """As Python's, of a class that is frozen and has slots."""
        assert frozen
        assert slots
        return _quick

    def replace(known, /, **changes):
        """As Python's. Raises AttributeError for what is no field."""
        quick = getattr(known, "__replace__", None)
        return dataclasses.replace(known, **changes) if quick is None else quick(**changes)
