"""Random stories on a hub, swarm style: each seed draws a few letters and kinds of faults, and its story of those.

A test that may use everything at once hides as much as it finds (Groce et al., "Swarm Testing", 2012): a fault that
masks others is then in every story. Safety: anything may happen at any time, and the invariants must hold. Liveness:
from a certain instant on everything is healed, and the hub must reach its goal within a bounded time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import Enum

from controller.config.types import Site
from hil_tests.bench.durations import seconds, spoken
from hil_tests.bench.scenario import Action, Expectation, Scenario, Start, Tier
from hil_tests.fuzz.alphabet import LASTS_S, drawn, kinds_of
from hil_tests.fuzz.healing import HEALING, goal_of, has_grid_in_the_end, healing
from hil_tests.fuzz.instruments import drawn_instruments
from hil_tests.fuzz.letters import LETTERS, action, blackout, returned
from hil_tests.plant.base import forked

SETTLE_S = 12.0  # the controller has started and knows where it is
GOAL_S = 300.0  # observation, patience after failed returns, steering, closing, restoring; with room
QUIET_S = 20.0
SHORTEST_S, LONGEST_S = 30.0, 120.0
LETTERS_MAX, FAULT_KINDS_MAX = 6, 4
EVENTS_MAX, FAULTS_MAX = 10, 6
__all__ = ["HEALING", "Aim", "random_scenario"]


class Aim(Enum):
    """What a run must show."""

    SAFETY = "safety"
    LIVENESS = "liveness"


def random_scenario(seed: int, site: Site, hub: str, aim: Aim) -> Scenario:
    """The story of a seed on its hub. The same seed tells the same story on every machine."""
    rng = forked(seed, f"story {aim.value}")
    healed_s = round(SETTLE_S + rng.uniform(SHORTEST_S, LONGEST_S), 1)
    actions = sorted(_story(rng, site, SETTLE_S, healed_s), key=lambda each: each.at)
    until_s = healed_s + QUIET_S
    expected: tuple[Expectation, ...] = ()
    goal: str | None = None
    if aim is Aim.LIVENESS:
        has_grid = has_grid_in_the_end(seed)
        goal = goal_of(site, has_grid=has_grid)
        actions = [*_ending_by(actions, healed_s), *healing(site, healed_s, has_grid=has_grid)]
        until_s = healed_s + GOAL_S
        reached = {"that": goal, "during": [spoken(healed_s), spoken(until_s)], "because": "all is healed"}
        expected = (Expectation.model_validate(reached),)
    last_s = max((each.instants_s[-1] for each in actions), default=0.0)
    return Scenario(
        id=f"FUZ-{seed:05d}",
        title=f"Random {aim.value} story {seed}",
        hub=hub,
        tags=("fuzz", aim.value),
        tiers=(Tier.T0,),  # as its faults are drawn; most stories can be played in the others too
        seed=(seed,),
        until=spoken(round(max(until_s, last_s + 1.0), 1)),  # type: ignore[arg-type]
        start=_start(rng, drawn_instruments(forked(seed, f"instruments {aim.value}"), site)),
        stop_when=goal,
        timeline=tuple(actions),
        expect=expected,
    )


def _start(rng: random.Random, instruments: dict[str, dict[str, float]]) -> Start:
    return Start(
        plant={"instruments": instruments} if instruments else {},
        soc_pct=round(rng.uniform(10.0, 100.0), 1),
        temperature_c=round(rng.uniform(-8.0, 35.0), 1),
        irradiance_w_per_m2=rng.choice((0.0, round(rng.uniform(0.0, 1100.0)))),
        demand_ratio=round(rng.uniform(0.05, 1.1), 2),
        relay_enabled=rng.random() < 0.5,
    )


def _story(rng: random.Random, site: Site, from_s: float, to_s: float) -> Iterator[Action]:
    """A blackout in nearly every story, and a random subset of everything else."""
    letters = rng.sample([*LETTERS], rng.randint(0, LETTERS_MAX))
    known = kinds_of(site)
    kinds = rng.sample(known, rng.randint(0, min(FAULT_KINDS_MAX, len(known))))
    if rng.random() < 0.9:
        lost_s = rng.uniform(from_s, from_s + 0.4 * (to_s - from_s))
        yield next(blackout(rng, site, lost_s))
        yield returned(rng, rng.uniform(lost_s + 3.0, to_s))
    for _ in range(rng.randint(1, EVENTS_MAX) if letters else 0):
        yield from LETTERS[rng.choice(letters)](rng, site, rng.uniform(from_s, to_s))
    for _ in range(rng.randint(1, FAULTS_MAX) if kinds else 0):
        yield _fault(rng, site, rng.choice(kinds), rng.uniform(from_s, to_s))


def _fault(rng: random.Random, site: Site, kind: str, at_s: float) -> Action:
    what, lasts_s = drawn(rng, kind, site), rng.uniform(*LASTS_S)
    unit = {"unit": what.unit} if what.unit else {}
    return action(at_s, "fault", type=kind, **unit, **what.parameters, **{"for": spoken(round(lasts_s, 2))})


def _ending_by(actions: list[Action], end_s: float) -> Iterator[Action]:
    """No fault outlives the healing, and nothing new begins after it."""
    for each in actions:
        if each.instants_s[-1] >= end_s:
            continue
        if each.do == "fault":
            parameters = each.parameters
            lasts_s = max(0.01, min(seconds(parameters["for"]), end_s - each.at))
            yield action(each.at, "fault", **{**parameters, "for": spoken(round(lasts_s, 2))})
        else:
            yield each
