"""Random stories on a hub, swarm style: each seed switches on some kinds of events and leaves the others out.

Safety: anything may happen at any time, and the invariants must hold. Liveness: from a certain instant on everything
is healed and people have released what only people may, and the hub must be back on the grid within a bounded time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from controller.config.types import Site
from hil_tests.bench.durations import seconds, spoken
from hil_tests.bench.scenario import Action, Expectation, Scenario, Start
from hil_tests.fuzz.alphabet import faults_of
from hil_tests.plant.base import forked

SETTLE_S = 12.0  # the controller has started and knows where it is
GOAL_S = 300.0  # observation, patience after failed returns, steering, closing, restoring; with room
QUIET_S = 20.0
SHORTEST_S, LONGEST_S = 40.0, 160.0
EVENTS_MAX = 14
HEALING = "healing"  # the name of what the delta debugger must leave in


class Aim(Enum):
    """What a run must show."""

    SAFETY = "safety"
    LIVENESS = "liveness"


def random_scenario(seed: int, site: Site, hub: str, aim: Aim) -> Scenario:
    """The story of a seed on its hub. The same seed tells the same story on every machine."""
    rng = forked(seed, f"story {aim.value}")
    trouble_s = rng.uniform(SHORTEST_S, LONGEST_S)
    actions = sorted(_events(rng, site, SETTLE_S, SETTLE_S + trouble_s), key=lambda action: action.at)
    until_s = SETTLE_S + trouble_s + QUIET_S
    expected: tuple[Expectation, ...] = ()
    goal: str | None = None
    if aim is Aim.LIVENESS:
        healed_s = SETTLE_S + trouble_s
        actions = [*_ending_by(actions, healed_s), *_healing(site, healed_s)]
        until_s = round(healed_s + GOAL_S, 1)
        goal = "controller.mode == 'grid_connected' and bus.live"
        reached = {"that": goal, "during": [spoken(round(healed_s, 1)), spoken(until_s)], "because": "all is healed"}
        expected = (Expectation.model_validate(reached),)
    return Scenario(
        id=f"FUZ-{seed:05d}",
        title=f"Random {aim.value} story {seed}",
        hub=hub,
        tags=("fuzz", aim.value),
        seed=(seed,),
        until=spoken(round(until_s, 1)),  # type: ignore[arg-type]
        start=_start(rng),
        stop_when=goal,
        timeline=tuple(actions),
        expect=expected,
    )


def _start(rng: random.Random) -> Start:
    return Start(
        soc_pct=round(rng.uniform(15.0, 98.0), 1),
        temperature_c=round(rng.uniform(-5.0, 30.0), 1),
        irradiance_w_per_m2=rng.choice((0.0, round(rng.uniform(0.0, 1000.0)))),
        demand_ratio=round(rng.uniform(0.1, 1.0), 2),
        relay_enabled=rng.random() < 0.5,
    )


def _action(at_s: float, do: str, **parameters: Any) -> Action:
    return Action.model_validate({"at": spoken(round(at_s, 2)), "do": do, **parameters})


Maker = Callable[[random.Random, Site, float], Iterator[Action]]


def _events(rng: random.Random, site: Site, from_s: float, to_s: float) -> Iterator[Action]:
    """A blackout in nearly every story, and a random subset of everything else."""
    kinds: list[Maker] = [_sag, _load, _sun, _grid_trouble, _person, _restart, _fault, _fault]
    chosen = [kind for kind in kinds if rng.random() < 0.5]
    if rng.random() < 0.95:
        lost_s = rng.uniform(from_s, from_s + 0.4 * (to_s - from_s))
        yield _action(lost_s, "grid.blackout", fall_s=rng.choice((0.005, 0.02, 0.2)))
        back_s = rng.uniform(lost_s + 3.0, to_s)
        yield _back(rng, back_s)
        if rng.random() < 0.3:
            again_s = back_s + rng.uniform(0.3, 25.0)
            yield _action(again_s, "grid.blackout", fall_s=0.02)
            yield _back(rng, again_s + rng.uniform(3.0, 30.0))
    for _ in range(rng.randint(0, EVENTS_MAX) if chosen else 0):
        yield from rng.choice(chosen)(rng, site, rng.uniform(from_s, to_s))


def _back(rng: random.Random, at_s: float) -> Action:
    voltage, frequency_hz = round(rng.uniform(0.94, 1.05), 3), round(rng.uniform(49.93, 50.06), 3)
    return _action(at_s, "grid.return", voltage_ratio=voltage, frequency_hz=frequency_hz)


def _sag(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    depth, for_s = round(rng.uniform(0.25, 0.85), 2), round(rng.uniform(0.03, 0.25), 3)
    yield _action(at_s, "grid.sag", voltage_ratio=depth, for_s=for_s)


def _load(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    feeder = rng.choice([None, *site.hub.feeders])
    only = {} if feeder is None else {"feeder": feeder}
    yield _action(at_s, "load.set", demand_ratio=round(rng.uniform(0.0, 1.2), 2), **only)


def _sun(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    yield _action(at_s, "weather.set", irradiance_w_per_m2=round(rng.uniform(0.0, 1000.0)))


def _grid_trouble(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    if rng.random() < 0.3:
        yield _action(at_s, "grid.phase_jump", deg=round(rng.uniform(-30.0, 30.0)))
        return
    if rng.random() < 0.4:
        yield _action(at_s, "grid.lose_phase", phase=rng.choice(("l1", "l2", "l3")))
        yield _action(at_s + rng.uniform(0.5, 20.0), "grid.restore_phases")
        return
    rate = round(rng.uniform(0.05, 2.0), 2)
    yield _action(at_s, "grid.drift", frequency_hz=round(rng.uniform(47.0, 52.0), 2), rate_hz_per_s=rate)
    yield _action(at_s + rng.uniform(5.0, 30.0), "grid.drift", frequency_hz=50.0, rate_hz_per_s=rate)


def _person(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    later_s = at_s + rng.uniform(2.0, 30.0)
    feeder = rng.choice(list(site.hub.feeders))
    match rng.randrange(5):
        case 0:
            yield _action(at_s, "operator", request="open_feeder", subject=feeder)
            yield _action(later_s, "operator", request="close_feeder", subject=feeder)
        case 1:
            yield _action(at_s, "operator", request="manual_on")
            yield _action(later_s, "operator", request="manual_off")
        case 2:
            yield _action(at_s, "emergency_off", pressed=True)
            yield _action(later_s, "emergency_off", pressed=False)
            yield _action(later_s + 2.0, "operator", request="release_latch", subject="emergency_off")
        case 3:
            yield _action(at_s, "poi.dso_lock", on=True)
            yield _action(later_s, "poi.dso_lock", on=False)
            yield _action(later_s + 2.0, "operator", request="release_latch", subject="dso_lock")
        case _:
            yield _action(at_s, "feeder.trip", feeder=feeder)


def _restart(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    yield _action(at_s, "controller.kill")
    yield _action(at_s + rng.uniform(1.2, 6.0), "controller.start")


def _fault(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    kind, unit, parameters = rng.choice(faults_of(site))
    lasts = spoken(round(rng.uniform(0.2, 30.0), 2))
    yield Action.model_validate(
        {"at": spoken(round(at_s, 2)), "do": "fault", "type": kind, "unit": unit, "for": lasts, **parameters}
    )


def _ending_by(actions: list[Action], end_s: float) -> Iterator[Action]:
    """No fault outlives the healing, and nothing new begins after it."""
    for action in actions:
        if action.at >= end_s:
            continue
        if action.do == "fault":
            lasts_s = min(_lasts_s(action), end_s - action.at)
            yield Action.model_validate({**_dumped(action), "for": spoken(round(max(0.01, lasts_s), 2))})
        else:
            yield action


def _lasts_s(action: Action) -> float:
    return seconds(action.parameters["for"])


def _dumped(action: Action) -> dict[str, Any]:
    return {"at": spoken(action.at), "do": action.do, **action.parameters}


def _heal(at_s: float, do: str, **parameters: Any) -> Action:
    return _action(at_s, do, name=HEALING, **parameters)


def _healing(site: Site, at_s: float) -> Iterator[Action]:
    """The grid is good, nobody holds a button, and people have released what only people may release."""
    yield _heal(at_s, "controller.start")
    yield _heal(at_s, "grid.return", voltage_ratio=1.0, frequency_hz=50.0)
    yield _heal(at_s, "grid.drift", frequency_hz=50.0, rate_hz_per_s=1.0)
    yield _heal(at_s, "grid.restore_phases")
    yield _heal(at_s, "emergency_off", pressed=False)
    yield _heal(at_s, "local_control", on=False)
    yield _heal(at_s, "poi.dso_lock", on=False)
    yield _heal(at_s, "weather.set", irradiance_w_per_m2=400.0)
    yield _heal(at_s, "load.set", demand_ratio=0.4)
    for name in site.hub.batteries:
        yield _heal(at_s, "battery.set", battery=name, soc_pct=70.0, temperature_c=18.0)
    for wait_s in (15.0, 60.0):
        for request in ("manual_off", "observe_off"):
            yield _heal(at_s + wait_s, "operator", request=request)
        for latch in ("emergency_off", "dso_lock", "lockout"):
            yield _heal(at_s + wait_s + 1.0, "operator", request="release_latch", subject=latch)
