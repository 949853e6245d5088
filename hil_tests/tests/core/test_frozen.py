"""What is made quickly is the dataclass that Python makes: each field in its place, frozen, with its defaults."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import controller.core
import controller.guard
import controller.model
from controller.model.decision import PreparedAnswer
from controller.model.frozen import dataclass, replace


def quick_classes() -> Iterator[type]:
    """Of the words, the core and the guard, all but those that work something out while they are made."""
    for package in (controller.model, controller.core, controller.guard):
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            for kind in vars(importlib.import_module(module.name)).values():
                is_ours = inspect.isclass(kind) and kind.__module__ == module.name
                if is_ours and hasattr(kind, "__replace__") and not hasattr(kind, "__post_init__"):
                    yield kind


CLASSES = tuple(quick_classes())


def test_what_could_not_be_filled_by_its_place_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="no heirs"):
        type("Heir", (PreparedAnswer,), {})

    class Late:
        worked_out: int = dataclasses.field(init=False)

    with pytest.raises(TypeError, match="by its place"):
        dataclass(frozen=True, slots=True)(Late)


def made(kind: Any) -> tuple[Any, dict[str, object]]:
    """One of it, with something else in every field."""
    values: dict[str, object] = {field.name: object() for field in dataclasses.fields(kind)}
    return kind(**values), values


def test_all_that_a_cycle_makes_is_among_them() -> None:
    names = {kind.__name__ for kind in CLASSES}
    assert names >= {"CoreMemory", "GuardMemory", "Commands", "PoiSeen", "BatterySeen", "Situation", "Decision"}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_field_has_its_value_and_keeps_it(kind: Any) -> None:
    one, values = made(kind)
    assert type(one) is kind
    for name, value in values.items():
        assert getattr(one, name) is value
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, None)
    assert kind(*values.values()) == one


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_replacing_one_field_leaves_the_others_and_the_original(kind: Any) -> None:
    one, values = made(kind)
    for name in values:
        new = object()
        other = replace(one, **{name: new})
        assert type(other) is kind
        assert [getattr(other, field) for field in values] == [*(values | {name: new}).values()]
        assert getattr(one, name) is values[name]
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(other, name, None)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_defaults_are_those_of_the_fields(kind: Any) -> None:
    needed = {
        field.name: object()
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    one = kind(**needed)
    for field in dataclasses.fields(kind):
        if field.name in needed:
            continue
        said = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        assert getattr(one, field.name) == said


def test_each_has_its_own_of_what_is_made_for_it() -> None:
    assert PreparedAnswer().pv_limits_w is not PreparedAnswer().pv_limits_w


def test_what_is_no_field_cannot_be_replaced() -> None:
    with pytest.raises(AttributeError):
        replace(PreparedAnswer(), bogus=1)  # type: ignore[call-arg]
