"""What may stand for a value that cannot be read, so that the rest of its entry can still be checked.

One stand-in would decide what nobody knows. So there are several, far apart: only what is wrong with all of them is
wrong whatever the value was meant to be.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from controller.config.toml_places import KeyPath

NUMBERS = (0, 1e-9, 0.02, 0.9, 1, 1.1, 9, 100, 230, 4_200, 65_535, 1e12)
TRUTHS = (False, True)
WORDS = ("stand_in", "stand_in_2")
LISTS: tuple[list[str], ...] = ([], ["stand_in"], ["l1"], ["l1", "l2", "l3"])
SEVERAL = 4  # words that are all tried; of more, the first and the last
_STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def stand_ins(shape: type[BaseModel], path: KeyPath) -> tuple[Any, ...]:
    """Values that may stand at this path of something of this shape; none for a table, and where nothing fits."""
    annotation: Any = shape
    for part in path:
        annotation = inside(annotation, part)
    annotation = None if annotation is None else without_none(annotation)
    if annotation is None or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return ()
    if get_origin(annotation) is Literal:
        words = get_args(annotation)
        return words if len(words) <= SEVERAL else (words[0], words[-1])
    adapter: TypeAdapter[Any] = TypeAdapter(annotation, config=_STRICT)
    numbers = sorted(_accepted(adapter, NUMBERS))
    if numbers:
        return numbers[0], numbers[-1]
    return next((found for pool in (TRUTHS, WORDS, LISTS) if (found := tuple(_accepted(adapter, pool)))), ())


def inside(annotation: Any, part: str | int) -> Any:
    """The type of what lies under a key of something of this type; None when there is no such key."""
    annotation = without_none(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = next((each for name, each in annotation.model_fields.items() if part == (each.alias or name)), None)
        if field is None:
            return None
        return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next((each for each in get_args(annotation) if get_origin(each) in (dict, list)), annotation)
    return get_args(annotation)[-1] if get_origin(annotation) in (dict, list) else None


def without_none(annotation: Any) -> Any:
    """`X` of `X | None`; a choice of several stays one."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [each for each in get_args(annotation) if each is not type(None)]
        return kinds[0] if len(kinds) == 1 else annotation
    return annotation


def _accepted(adapter: TypeAdapter[Any], pool: tuple[Any, ...]) -> Iterator[Any]:
    for value in pool:
        try:
            adapter.validate_python(value)
        except ValidationError:
            continue
        yield value
