"""One tale: a hub, a seed, and so many cycles of the hostile hand. The same seed tells the same tale."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cache

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Site
from controller.guard.vet import vet
from controller.model.hub import Hub
from hil_tests.bench.verdict import Finding
from hil_tests.hostile.hand import HostileHand, TrueDecision
from hil_tests.hostile.rig import Guard, Rig
from hil_tests.hostile.world import World
from hil_tests.plant.breaker import PoiBehaviour
from hil_tests.plant.plant import PlantOptions
from hil_tests.plant.relay import VDE4105_RELAY
from hil_tests.tests import tree

CYCLES_COUNT = 2_000  # of one tale
OBSERVATION_S = 3.0  # a hub in true hands is soon back on grid
AT_REST_STEPS_COUNT = 5
STEPS_COUNTS = (1, 1, 1, 2, AT_REST_STEPS_COUNT)  # plant steps to a cycle: a hurried loop, or one at rest
LOST_S, BACK_S = 1.0, 4.0  # the grid goes, and comes back, while the true decision is in charge
TRUE_S = (0.0, 0.0, 3.0, 5.0, 7.0, 9.0)
BENCH_HUBS = ("no_break", "left_closed", "open_transition")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a tale."""

    hub: str
    seed: int
    cycles_count: int
    vetoes_count: int
    findings: tuple[Finding, ...]


@cache
def sites() -> tuple[Site, ...]:
    """The shipped hubs, one of them with two that can form, and some of the bench's."""
    shipped = [load_site(configs_dir() / "hubs" / f"{name}.toml") for name in ("musterhallig", "hybridhof")]
    bench = [load_site(tree.ROOT / "hil_tests" / "hubs" / f"{name}.toml") for name in BENCH_HUBS]
    loaded = [*shipped, _with_two_formers(shipped[0]), *bench]
    return tuple(replace(site, hub=_impatient(site.hub)) for site in loaded)


def tell(seed: int, guard: Guard = vet, cycles_count: int = CYCLES_COUNT) -> Told:
    """Play it."""
    rng = random.Random(seed)
    site = sites()[seed % len(sites())]
    rig = Rig(site, seed, _options(rng), guard)
    true_until_s, steps_count = rng.choice(TRUE_S), rng.choice(STEPS_COUNTS)
    rig.plant.grid.agenda.add(LOST_S, "blackout", 0.02)
    rig.plant.grid.agenda.add(BACK_S, "returns_anyhow")
    true = TrueDecision(site.hub, 0.0)
    while rig.plant.now_s < true_until_s:
        rig.cycle(true, AT_REST_STEPS_COUNT)
    world, hand = World(rig, random.Random(rng.random())), HostileHand(site.hub, rng)
    for _ in range(cycles_count):
        world.step()
        rig.cycle(hand, steps_count)
    return Told(site.hub.name, seed, cycles_count, rig.vetoes_count, tuple(rig.findings))


def _options(rng: random.Random) -> PlantOptions:
    return PlantOptions(
        soc_pct=rng.uniform(15.0, 98.0),
        irradiance_w_per_m2=rng.choice((0.0, rng.uniform(0.0, 1000.0))),
        demand_ratio=rng.uniform(0.0, 1.0),
        poi=PoiBehaviour(relay=VDE4105_RELAY),
    )


def _impatient(hub: Hub) -> Hub:
    window = replace(hub.grid_code.return_window, observation_s=OBSERVATION_S)
    return replace(hub, grid_code=replace(hub.grid_code, return_window=window))


def _with_two_formers(site: Site) -> Site:
    first, second = site.hub.batteries.values()
    other = replace(second, capabilities=first.capabilities, droop_hz_per_w=first.droop_hz_per_w)
    hub = replace(site.hub, name=f"{site.hub.name} with two formers", batteries={first.id: first, second.id: other})
    return replace(site, hub=hub)
