"""Judgement and guard change nothing that they are given, not even by a way that mypy does not see."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from controller.core.decide import decide
from controller.guard.vet import vet
from controller.model.words import Mode
from hil_tests.simulation.bench import Bench


def unmoved(judge: Callable[..., Any], changed: list[float]) -> Callable[..., Any]:
    """The same judge, after whose every word its arguments are looked at again; the last of them is the instant."""

    def judged(*given: Any) -> Any:
        before = pickle.dumps(given)
        answer = judge(*given)
        if pickle.dumps(given) != before:
            changed.append(given[-1])
        return answer

    return judged


def blackout(judge: Callable[..., Any], guard: Callable[..., Any]) -> list[float]:
    """A blackout, from the grid to the island; the instants at which something had been changed."""
    bench = Bench.of()
    changed: list[float] = []
    bench.loop.judge, bench.loop.guard = unmoved(judge, changed), unmoved(guard, changed)
    bench.run_for(2.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(2.0)
    return changed


def test_nothing_that_is_given_is_changed() -> None:
    assert blackout(decide, vet) == []


def test_a_judge_that_changes_what_it_was_given_is_found() -> None:
    def spoils(*given: Any) -> Any:
        answer = decide(*given)
        given[1].feeders.popitem()  # a dictionary in a frozen object is a dictionary all the same
        return answer

    assert blackout(spoils, vet)
