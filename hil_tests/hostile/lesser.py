"""Lesser guards: the real one with a rule left out. Hostile hands must break them, or they prove nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from controller.guard import levels, rules, sync, tables, vet
from controller.guard.tables import Rule

Change = tuple[Any, str, object]
"""Module, name in it, and what is there instead."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Rules that are left out together, because each alone is backed by the others; and what is then broken."""

    rules: tuple[str, ...]
    breaks: str
    seed: int  # of a tale in which it shows


LACKS: Mapping[str, Lack] = MappingProxyType(
    {
        "street": Lack(("is_not_separated", "must_let_go", "unasked"), "I1", 10),
        "letting_go": Lack(("must_let_go", "unasked"), "I3", 10),
        "separation": Lack(("is_not_separated", "must_let_go"), "I3", 10),
        "token": Lack(("is_second_former", "is_bus_taken"), "I4", 2),
        "sync": Lack(("is_out_of_sync",), "I2", 18),
        "contact": Lack(("is_poi_closing",), "I2", 3),
        "levels": Lack(("within",), "I8", 1),
    }
)


def _leave_be(case: object, asset: object, command: object, *more: object) -> object:
    del case, asset, more
    return command


ELSEWHERE: Mapping[str, Change] = MappingProxyType(
    {
        "must_let_go": (vet, "_must_let_go", lambda *_: False),
        "unasked": (vet, "_unasked", lambda *_: {}),
        "within": (levels, "_within", _leave_be),
    }
)
"""Rules that stand in no table: where they are, and what is there instead."""


@contextmanager
def lesser(lack: str) -> Iterator[None]:
    """While it lasts, the guard lacks these rules."""
    left_out = LACKS[lack].rules
    changes = [ELSEWHERE[name] for name in left_out if name in ELSEWHERE]
    changes += _tables_without([_rule(name) for name in left_out if name not in ELSEWHERE])
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    for module, name, value in changes:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def _rule(name: str) -> Callable[..., bool]:
    found: Callable[..., bool] = getattr(sync if hasattr(sync, name) else rules, name)
    return found


def _tables_without(left_out: Collection[Callable[..., bool]]) -> Iterator[Change]:
    """Every table of the guard, wherever it was imported to."""
    for module in (tables, vet):
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, tuple) and value and isinstance(value[0], tuple):
                yield module, name, _without(left_out, value)
            elif name == "POI_CLOSE":
                yield module, name, {switcher: _without(left_out, rows) for switcher, rows in value.items()}


def _without(left_out: Collection[Callable[..., bool]], rows: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(row for row in rows if row[0] not in left_out)
