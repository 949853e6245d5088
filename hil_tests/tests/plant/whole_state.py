"""Every bit of a plant's state, found by walking through it: what a snapshot must bring back, whoever added it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from hil_tests.plant.plant import Plant

PLAIN = (int, float, complex, str, bytes, type(None), Enum)
NOT_STATE = {"hub", "_readers"}  # the hub is frozen data, readers belong to the device servers


def whole_state(plant: Plant) -> list[tuple[str, str]]:
    """Path and value of each plain attribute; each random stream by all that it will ever draw."""
    seen: dict[int, str] = {}
    state = {key: value for key, value in vars(plant).items() if key not in NOT_STATE}
    return [item for key, value in state.items() for item in _walk(key, value, seen)]


def kinds_in(plant: Plant) -> set[str]:
    """Names of the classes met on the way."""
    return {value.removeprefix("a ") for _, value in whole_state(plant) if value.startswith("a ")}


def _walk(path: str, value: Any, seen: dict[int, str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, PLAIN):
        yield path, repr(value)
    elif isinstance(value, random.Random):
        yield path, "a Random"
        yield f"{path}.state", repr(value.getstate())
    elif id(value) in seen:
        yield path, f"the same as {seen[id(value)]}"
    else:
        seen[id(value)] = path
        yield path, f"a {type(value).__name__}"
        for name, part in _parts(value):
            yield from _walk(f"{path}.{name}", part, seen)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(key), part) for key, part in value.items())
    elif isinstance(value, frozenset | set):
        yield from (("", part) for part in sorted(value, key=repr))
    elif hasattr(value, "__iter__"):
        yield from ((str(index), part) for index, part in enumerate(value))
    else:
        names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        yield from ((name, getattr(value, name)) for name in (*names, *getattr(value, "__dict__", {})))
