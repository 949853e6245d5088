"""Every number carries its unit in its name, last; and every code that people may read has its words."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable, Iterator
from enum import Enum

import pytest

from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.tests import tree
from supervisor.words import LANGUAGES, words

UNITS = (
    "w", "var", "va", "wh", "v", "a", "hz", "deg", "pct", "s", "c", "l", "ratio",
    "hz_per_s", "hz_per_w", "w_per_m2", "pct_per_min",
)  # fmt: skip

EXCEPTIONS = {
    "LossBand.below": "in the unit of the band's own quantity, which is a ratio or Hz",
    "LossBand.above": "as below",
    "PhaseValues.l1": "one quantity on three phases: the unit is in the name of the field that holds it",
    "PhaseValues.l2": "as l1",
    "PhaseValues.l3": "as l1",
    "Usual.bounds": "of a quantity whose unit stands beside them",
    "Usual.error_above": "as bounds",
    "Usual.factors": "from one prefix to another",
    "Usual.factors_when_small": "as factors",
    "Limit.step": "of one point, in that point's own unit",
    "Limit.low": "as step",
    "Limit.high": "as step",
    "Range.low": "of one set-point, in that set-point's own unit",
    "Range.high": "as low",
    "Range.rest": "as low",
    "Point.scale": "our unit per raw count; the unit is in the point's id",
    "Point.minimum": "in the point's unit, which is in its id",
    "Point.maximum": "as minimum",
    "Point.resolution": "as minimum",
    "Located.scale": "as Point.scale",
    "NumberType.minimum": "a raw count, which has no unit",
    "NumberType.maximum": "as minimum",
    "Genset.fuel_l_per_h_at_rating": "unit, then the operating point at which it holds",
}

QUANTITY = re.compile(r"\bfloat\b|\bPhaseValues\b")
PURE = {"model", "core", "guard"}


def is_named_tuple(thing: type) -> bool:
    return issubclass(thing, tuple) and hasattr(thing, "_fields")


def things_of_the_controller(is_wanted: Callable[[type], bool]) -> Iterator[type]:
    for path in tree.python_files():
        if not tree.relative(path).startswith("controller/"):
            continue
        module = importlib.import_module(tree.module_name(path))
        for thing in vars(module).values():
            if isinstance(thing, type) and thing.__module__ == module.__name__ and is_wanted(thing):
                yield thing


def quantities() -> list[str]:
    return [
        f"{kind.__name__}.{name}"
        for kind in (*things_of_the_controller(dataclasses.is_dataclass), *things_of_the_controller(is_named_tuple))
        for name, annotation in vars(kind)["__annotations__"].items()
        if QUANTITY.search(str(annotation)) and "Callable" not in str(annotation) and not name.startswith("_")
    ]


def has_unit(name: str) -> bool:
    return any(name.split(".")[1].endswith(f"_{unit}") or name.split(".")[1] == unit for unit in UNITS)


def test_every_quantity_ends_in_its_unit() -> None:
    nameless = [name for name in quantities() if not has_unit(name) and name not in EXCEPTIONS]
    assert not nameless, "\n".join(nameless)


def test_every_exception_is_still_needed() -> None:
    assert set(EXCEPTIONS) <= set(quantities())
    assert [name for name in EXCEPTIONS if has_unit(name)] == []


def test_the_vocabulary_and_what_judges_with_it_is_frozen() -> None:
    pure = [
        kind for kind in things_of_the_controller(dataclasses.is_dataclass) if kind.__module__.split(".")[1] in PURE
    ]
    assert [kind for kind in pure if not kind.__dataclass_params__.frozen] == []  # type: ignore[attr-defined]
    assert [kind for kind in pure if "__slots__" not in vars(kind)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("prefix", "codes"), [("reason", Reason), ("kind", EventKind), ("mode", Mode)])
def test_every_code_has_its_words(language: str, prefix: str, codes: type[Enum]) -> None:
    say = words(language)
    assert [code.value for code in codes if not say.has(f"{prefix}.{code.value}")] == []
