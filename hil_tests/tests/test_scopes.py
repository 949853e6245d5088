"""What is played in one process and in its order, when the suite runs on several."""

from __future__ import annotations

import pytest

from hil_tests.tests import tree
from hil_tests.tests.conftest import HERE, REAL_TIME, REAL_TIME_TOO, scope_of


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("hil_tests/tests/e2e/test_processes.py::test_it[a::b]", "real time"),
        ("hil_tests/tests/bench/test_t2.py::test_it", "real time"),
        ("hil_tests/tests/bench/test_t2_flood.py::test_it", "real time"),
        ("hil_tests/tests/bench/test_story.py::test_it", "hil_tests/tests/bench/test_story.py"),
        ("hil_tests/scenarios/ISL-003.toml::ISL-003[seed1-t0]", "hil_tests/scenarios/ISL-003.toml"),
        ("elsewhere/drivers/test_it.py::test_it", "elsewhere/drivers/test_it.py"),
    ],
)
def test_who_waits_for_real_time_waits_with_the_others(nodeid: str, scope: str) -> None:
    assert scope_of(nodeid) == scope


def test_all_that_is_named_is_there() -> None:
    assert all((tree.ROOT / HERE / folder).is_dir() for folder in REAL_TIME)
    files = [f"/{path.name}" for path in (tree.ROOT / HERE).rglob("test_*.py")]
    assert set(REAL_TIME_TOO) <= set(files)
