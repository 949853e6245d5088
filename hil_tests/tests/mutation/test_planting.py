"""How a lie is planted: into the loaded function where that is enough, and nowhere where it would not be."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from hil_tests.mutation.planting import Loaded, changed_bodies, plant

SOURCE = """
LIMIT = 3

def lower(value):
    return value - 1

class Range:
    def holds(self, value, low=0):
        return low <= value < LIMIT and all(value != each for each in (7, 8))

BELOW = lower(LIMIT)
"""


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loaded]:
    (tmp_path / "sample_of_planting.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield Loaded.of(["sample_of_planting"], "sample_of_planting")
    sys.modules.pop("sample_of_planting", None)


def code(was: str = "", now: str = "") -> CodeType:
    assert was in SOURCE  # and as long as its lie: where things stand in a line belongs to what surrounds them
    return compile(SOURCE.replace(was, now), "sample_of_planting.py", "exec")


def take(loaded: Loaded, was: str, now: str) -> bool:
    return bool(loaded.take("sample_of_planting", code(), code(was, now)))


def test_a_body_is_put_into_the_loaded_function(loaded: Loaded) -> None:
    sample = sys.modules["sample_of_planting"]
    assert not sample.Range().holds(4)
    assert take(loaded, "value < LIMIT", "value > LIMIT")
    assert sample.Range().holds(4)


def test_a_lie_inside_a_comprehension_is_one_in_its_function(loaded: Loaded) -> None:
    assert take(loaded, "value != each", "value == each")
    assert not sys.modules["sample_of_planting"].Range().holds(1)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("LIMIT = 3", "LIMIT = 4"),  # others may have imported it
        ("low=0", "low=1"),  # a default value is made with the function
        ("BELOW = lower(LIMIT)", "BELOW = None"),
        ("value - 1", "value + 1"),  # somebody keeps what it answered while everything was loaded
    ],
)
def test_elsewhere_nothing_is_changed(loaded: Loaded, was: str, now: str) -> None:
    before = sys.modules["sample_of_planting"].lower.__code__
    assert not take(loaded, was, now)
    assert sys.modules["sample_of_planting"].lower.__code__ is before


def test_what_is_the_same_has_no_changed_body() -> None:
    assert changed_bodies(code(), code()) == []
    assert changed_bodies(code(), code("LIMIT = 3", "LIMIT = 4")) is None


def test_planted_it_is_what_the_next_import_gets(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded.functions
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    plant("sample_of_planting", code("LIMIT = 3", "LIMIT = 4"), ["sample_of_planting"])
    planted = importlib.import_module("sample_of_planting")
    assert (planted.LIMIT, planted.BELOW) == (4, 3)
