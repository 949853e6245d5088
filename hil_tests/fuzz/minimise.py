"""Delta debugging of a timeline: as few events as still break the same thing (Zeller and Hildebrandt, ddmin, 2002)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hil_tests.bench.scenario import Action, Scenario, Start
from hil_tests.fuzz.stories import HEALING

RUNS_MAX = 60
T = TypeVar("T")
StillBreaks = Callable[[Scenario], float | None]
"""When the scenario breaks the same thing; None when it does not."""


def ddmin(items: Sequence[T], breaks: Callable[[Sequence[T]], bool]) -> list[T]:
    """A subset that breaks and of which no single item can be left out. `breaks(items)` must hold."""
    kept, parts = list(items), 2
    while len(kept) >= 2:
        size = -(-len(kept) // parts)
        pieces = [kept[at : at + size] for at in range(0, len(kept), size)]
        complement = next(
            (
                rest
                for number in range(len(pieces))
                if breaks(rest := [item for other, piece in enumerate(pieces) if other != number for item in piece])
            ),
            None,
        )
        if complement is not None:
            kept, parts = complement, max(2, parts - 1)
        elif parts >= len(kept):
            break
        else:
            parts = min(len(kept), 2 * parts)
    return [] if len(kept) == 1 and breaks([]) else kept


def minimised(scenario: Scenario, still_breaks: StillBreaks) -> Scenario:
    """The smallest scenario that a bounded number of runs can find; the same finding in all of them."""
    runs = 0
    ends_s: float | None = None

    def tried(candidate: Scenario) -> bool:
        nonlocal runs, ends_s
        if runs >= RUNS_MAX:
            return False
        runs += 1
        at_s = still_breaks(candidate)
        ends_s = ends_s if at_s is None else at_s
        return at_s is not None

    if not tried(scenario):
        return scenario
    healing = [action for action in scenario.timeline if action.name == HEALING]
    trouble = [action for action in scenario.timeline if action.name != HEALING]

    def only(rest: Sequence[Action]) -> Scenario:
        return scenario.model_copy(update={"timeline": (*rest, *healing)})

    smallest = only(ddmin(trouble, lambda rest: tried(only(rest))))
    for name, default in Start().model_dump().items():
        start = smallest.start.model_copy(update={name: default})
        simpler = smallest.model_copy(update={"start": start})
        smallest = simpler if start != smallest.start and tried(simpler) else smallest
    return _shortened(smallest, tried, lambda: ends_s)


def _shortened(scenario: Scenario, tried: Callable[[Scenario], bool], ends_s: Callable[[], float | None]) -> Scenario:
    """Nothing after the finding matters, where no expectation waits for the end."""
    at_s = ends_s()
    if at_s is None or scenario.expect:
        return scenario
    until_s = float(f"{at_s + 1.0:.1f}")
    timeline = tuple(action for action in scenario.timeline if action.at < until_s)
    shorter = scenario.model_copy(update={"until": until_s, "timeline": timeline})
    return shorter if until_s < scenario.until and tried(shorter) else scenario
