"""Which silences there are, around the turns of which stories, and a draw of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from controller.model.reasons import EventKind
from hil_tests.bench.loading import SCENARIOS, Loaded, load_all, load_scenario
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.blinks.beside import mapped
from hil_tests.blinks.play import Case, plain

SILENCES_S = (0.35, 0.6, 2.5)  # a sample that is missed, one that is missed twice, a device that starts anew
STEP_S = 0.05  # a cycle
BEFORE_S, AFTER_S = 0.3, 0.7  # around an order or a change of mode
LONGEST_S = 150.0  # of a story; what takes longer is about other things
TURNS = frozenset({EventKind.MODE_CHANGED, EventKind.ORDERED_OPEN, EventKind.ORDERED_CLOSE, EventKind.ORDERED_FORM,
                   EventKind.ORDERED_CRANK, EventKind.ORDERED_STOP})  # fmt: skip


def applicable() -> list[str]:
    """Stories that pass without, play in virtual time with direct links, and end within minutes."""
    return [each.scenario.id for each in load_all() if _is_applicable(each.scenario)]


def _is_applicable(scenario: Scenario) -> bool:
    is_short = scenario.until <= LONGEST_S and not scenario.quasi_steady
    return is_short and Tier.T0 in scenario.tiers and scenario.expected == "pass" and not scenario.hardware


def cases_of(loaded: Loaded) -> Iterator[Case]:
    """Every device, every cycle around a turn of the story, every length of the silence."""
    turns_s = {round(at_s / STEP_S) for at_s, event in plain(loaded.scenario.id).events if event.kind in TURNS}
    before, after = round(BEFORE_S / STEP_S), round(AFTER_S / STEP_S)
    cycles = {turn + shift for turn in turns_s for shift in range(-before, after + 1)}
    for cycle in sorted(cycle for cycle in cycles if cycle > 0):
        for device in loaded.site.devices:
            yield from (Case(loaded.scenario.id, device, round(cycle * STEP_S, 2), for_s) for for_s in SILENCES_S)


def drawn(ids: Sequence[str], count: int, seed: int, jobs: int) -> Iterator[Case]:
    """As many of each story, by and large; no story is played that none is drawn of."""
    rng = random.Random(seed)
    counts = Counter(rng.choices(ids, k=count))
    draws = [(story, counts[story], rng.random()) for story in sorted(counts)]
    for cases in mapped(_draw, draws, jobs):
        yield from cases


def _draw(draw: tuple[str, int, float]) -> list[Case]:
    story, count, seed = draw
    found = list(cases_of(load_scenario(SCENARIOS / f"{story}.toml")))
    return random.Random(seed).sample(found, min(count, len(found)))
