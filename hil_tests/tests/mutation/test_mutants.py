"""The mutator itself: it tells the lies that matter, and it can tell a caught one from a missed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests.mutation.__main__ import TARGET
from hil_tests.mutation.mutants import mutants_of
from hil_tests.mutation.stories import rows_of

SOURCE = '''"""Documentation is left alone."""
LIMIT = 3
TABLE = (first, second)


def is_inside(value: float, low: float = 0.0) -> bool:
    """Neither is this."""
    return low <= value and not value > LIMIT
'''


def keys_of(tmp_path: Path, source: str = SOURCE) -> set[str]:
    path = tmp_path / "sample.py"
    path.write_text(source, encoding="utf-8")
    return {mutant.key.removeprefix("sample") for mutant in mutants_of(path, "sample")}


TOLD = [
    ": 3 -> 4",
    ": first -> nothing",
    ": second -> nothing",
    ".is_inside: 0.0 -> 1.0",
    ".is_inside: low <= value -> low < value",
    ".is_inside: low <= value -> low > value",
    ".is_inside: value > LIMIT -> value >= LIMIT",
    ".is_inside: not value > LIMIT -> value > LIMIT",
    ".is_inside: low <= value and (not value > LIMIT) -> low <= value or not value > LIMIT",
    ".is_inside: low <= value and (not value > LIMIT) -> low <= value",
    ".is_inside: low <= value and (not value > LIMIT) -> not value > LIMIT",
]


@pytest.mark.parametrize("lie", TOLD)
def test_every_family_is_told(tmp_path: Path, lie: str) -> None:
    assert lie in keys_of(tmp_path)


def test_types_and_documentation_are_left_alone(tmp_path: Path) -> None:
    assert not any("float" in key or "bool" in key or "Documentation" in key for key in keys_of(tmp_path))


def test_a_mutant_is_what_its_key_says(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text("LIMIT = 3\nNAMES = {'a': 1, 'b': 2}\n", encoding="utf-8")
    results = []
    for position in range(len(mutants_of(path, "sample"))):
        mutant = mutants_of(path, "sample")[position]
        namespace: dict[str, object] = {}
        exec(mutant.compile(), namespace)
        results.append((namespace["LIMIT"], namespace["NAMES"]))
    assert (4, {"a": 1, "b": 2}) in results
    assert (3, {"b": 2}) in results
    assert (3, {"a": 1, "b": 3}) in results
    assert (3, {"a": 1, "b": 2}) not in results


def test_a_row_missing_from_a_table_of_the_guard_is_among_the_lies() -> None:
    keys = {mutant.key for mutant in mutants_of(TARGET / "tables.py", "controller.guard.tables")}
    assert "tables: (rules.is_unearthed, Reason.VETO_NO_EARTHING) -> nothing" in keys


def test_parameters_are_spread_as_pytest_does() -> None:
    single = pytest.mark.parametrize("row", [1, 2]).mark
    double = pytest.mark.parametrize(("a", "b"), [(1, 2)]).mark
    assert rows_of(single) == [{"row": 1}, {"row": 2}]
    assert rows_of(double) == [{"a": 1, "b": 2}]
