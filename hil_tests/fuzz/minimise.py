"""Delta debugging of a timeline: as few events as still break the same thing (Zeller and Hildebrandt, ddmin, 2002)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hil_tests.bench.scenario import Action, Scenario, Start
from hil_tests.fuzz.healing import HEALING

PLANT_S_MAX = 6000.0  # of virtual time that one minimisation may play: half a minute to a minute of one core
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


@dataclass(slots=True)
class Budget:
    """Plays candidates until so much virtual time is spent; then nothing is smaller any more."""

    still_breaks: StillBreaks
    left_s: float
    broke_at_s: float | None = None  # in the smallest that broke so far
    runs_count: int = 0

    def breaks(self, candidate: Scenario) -> bool:
        """Whether this one breaks the same thing, as far as that may still be asked."""
        if self.left_s <= 0.0:
            return False
        self.runs_count += 1
        self.left_s -= candidate.until
        at_s = self.still_breaks(candidate)
        self.broke_at_s = self.broke_at_s if at_s is None else at_s
        return at_s is not None


def minimised(
    scenario: Scenario, still_breaks: StillBreaks, *, budget_s: float = PLANT_S_MAX, needs_goal: bool = True
) -> Scenario:
    """The smallest scenario that so much virtual time can find; the same finding in all of them.

    What broke before the end needs neither the healing nor the goal: then both go first, and the rest of the run.
    """
    budget = Budget(still_breaks, budget_s)
    if not budget.breaks(scenario):
        return scenario
    smallest = scenario
    if not needs_goal:
        smallest = _without_goal(scenario, budget)
    smallest = _fewest_events(_shortened(smallest, budget), budget)
    return _shortened(_plainest_start(smallest, budget), budget)


def _without_goal(scenario: Scenario, budget: Budget) -> Scenario:
    trouble = tuple(action for action in scenario.timeline if action.name != HEALING)
    bare = scenario.model_copy(update={"timeline": trouble, "expect": (), "stop_when": None})
    return bare if bare != scenario and budget.breaks(bare) else scenario


def _fewest_events(scenario: Scenario, budget: Budget) -> Scenario:
    """Healing stays: without it there would be nothing to reach."""
    healing = [action for action in scenario.timeline if action.name == HEALING]
    trouble = [action for action in scenario.timeline if action.name != HEALING]

    def only(rest: Sequence[Action]) -> Scenario:
        return scenario.model_copy(update={"timeline": (*rest, *healing)})

    return only(ddmin(trouble, lambda rest: budget.breaks(only(rest))))


def _plainest_start(scenario: Scenario, budget: Budget) -> Scenario:
    smallest = scenario
    for name, default in Start().model_dump().items():
        start = smallest.start.model_copy(update={name: default})
        simpler = smallest.model_copy(update={"start": start})
        smallest = simpler if start != smallest.start and budget.breaks(simpler) else smallest
    return smallest


def _shortened(scenario: Scenario, budget: Budget) -> Scenario:
    """Nothing after the finding matters, where no expectation waits for the end."""
    at_s = budget.broke_at_s
    if at_s is None or scenario.expect:
        return scenario
    until_s = float(f"{at_s + 1.0:.1f}")
    timeline = tuple(action for action in scenario.timeline if action.instants_s[-1] < until_s)
    shorter = scenario.model_copy(update={"until": until_s, "timeline": timeline})
    return shorter if until_s < scenario.until and budget.breaks(shorter) else scenario
