"""A family of returns, played in virtual time on the production loop: decide, vet and all; the plant's own 25 bypassed.

The family is played once until the angle is small. There the process forks, once for each return: a fork is a snapshot
of plant, links and controller alike. The observation time is one second: it has its own stories, and nothing of it is
left at the contact.
"""

from __future__ import annotations

import gc
import math
import os
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, partial
from multiprocessing import get_context

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Protocol, Site
from controller.model.words import GensetState, Mode
from hil_tests.bench.loading import HUBS
from hil_tests.plant.breaker import Closing, PoiBehaviour
from hil_tests.plant.plant import STEP_S
from hil_tests.reconnections.draw import BRANCHES_COUNT, WATCHED_S, Branch, Family, Happenings, branch, family
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.direct import WRITE_LATENCY_S, Latency

OBSERVATION_S = 1.0
ON_GRID_S = 0.5
GENSET_MAX_S = 120.0
RECENT_S = 0.5
TRIPPED_S = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one return. `closing` is the contact in plant truth; None: never, and `why` says the state."""

    number: int
    hub: str
    closing: Closing | None
    why: str
    closing_s: float  # of the breaker, as drawn
    waited_s: float  # from leave to contact; without one, how long it tried
    is_refused_by_25: bool  # a check relay would have refused an order
    orders_count: int
    vetoes: tuple[str, ...]
    recent: tuple[str, ...]  # what happened in the last half second


@dataclass(slots=True)
class _Return:
    """One way back under way: what happens, and what is noted meanwhile."""

    bench: Bench
    happenings: Happenings
    since_s: float  # happenings are timed from here
    leave_s: float | None = None
    is_refused_by_25: bool = False
    orders_count: int = 0
    recent: list[tuple[float, str]] = field(default_factory=list)
    _done_count: int = 0
    _seen_count: int = 0

    def step(self) -> None:
        """One step of the plant, and what is due before it."""
        bench, now_s = self.bench, self.bench.plant.now_s
        while self._done_count < len(self.happenings) and self._is_due(self.happenings[self._done_count][0], now_s):
            _, what, happen = self.happenings[self._done_count]
            happen(bench.plant)
            self.recent.append((now_s, what))
            self._done_count += 1
        bench.run_for(STEP_S)
        if self.leave_s is None and bench.mode is Mode.RECONNECTION:
            self.leave_s = bench.plant.now_s
        for order in bench.scene.orders[self._seen_count :]:
            if order.asset == bench.site.hub.poi.id and order.field == "close" and order.value is True:
                self.orders_count += 1
                self.is_refused_by_25 = self.is_refused_by_25 or not bench.plant.poi.sides.in_window
        self._seen_count = len(bench.scene.orders)

    def part(self, happenings: Happenings) -> None:
        """From here on with happenings of its own."""
        self.happenings, self.since_s, self._done_count = happenings, self.bench.plant.now_s, 0

    def _is_due(self, after_s: float, now_s: float) -> bool:
        return self.since_s + after_s <= now_s


def played(seed: int, count: int, jobs: int = 1) -> Iterator[list[Outcome]]:
    """Family by family, and so many returns in all."""
    families_count = math.ceil(count / BRANCHES_COUNT)
    left = [min(BRANCHES_COUNT, count - BRANCHES_COUNT * number) for number in range(families_count)]
    play = partial(_some_of, seed)
    if jobs < 2:
        yield from map(play, range(families_count), left)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(play, range(families_count), left)


def _some_of(seed: int, number: int, count: int) -> list[Outcome]:
    return play_family(seed, number, range(count))


def play_family(seed: int, number: int, branches: Sequence[int] = range(BRANCHES_COUNT)) -> list[Outcome]:
    """Play these returns of one family."""
    drawn = family(seed, number)
    way = _parted(drawn)
    gc.freeze()
    try:
        return list(_forked(way, drawn, number, branches))
    finally:
        gc.unfreeze()


def _parted(drawn: Family) -> _Return:
    """The way back until the angle is small and the controller on it; or until the time is over."""
    bench = _island(drawn)
    bench.plant.grid.returns(drawn.voltage_ratio, drawn.frequency_hz, drawn.angle_deg)
    way = _Return(bench, drawn.happenings, bench.plant.now_s)
    began_s = bench.plant.now_s
    while bench.plant.now_s - began_s < WATCHED_S:
        angle_deg = bench.plant.angle_difference_deg
        if way.leave_s is not None and angle_deg is not None and abs(angle_deg) <= drawn.parting_deg:
            break
        way.step()
    return way


def _forked(way: _Return, drawn: Family, number: int, branches: Sequence[int]) -> Iterator[Outcome]:
    for each in branches:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reader)
                outcome = _to_contact(way, branch(drawn, each), number * BRANCHES_COUNT + each, drawn)
                with os.fdopen(writer, "wb") as answer:
                    pickle.dump(outcome, answer)
                os._exit(0)
            finally:
                os._exit(1)
        os.close(writer)
        with os.fdopen(reader, "rb") as answers:
            told = answers.read()
        os.waitpid(child, 0)
        if not told:
            raise RuntimeError(f"return {number * BRANCHES_COUNT + each} ended without an answer")
        yield pickle.loads(told)


def _name(drawn: Family) -> str:
    return f"{drawn.hub}, carried by its genset" if drawn.genset_carries else drawn.hub


def _to_contact(way: _Return, own: Branch, number: int, drawn: Family) -> Outcome:
    """On from the parting, with this return's own breaker, noise and happenings."""
    bench, poi = way.bench, way.bench.plant.poi
    poi.behaviour = PoiBehaviour(operating_min_s=own.closing_s, operating_max_s=own.closing_s)
    bench.plant.instruments.reseed(own.seed)
    way.part(own.happenings)
    while not poi.closings and bench.plant.now_s - way.since_s < WATCHED_S:
        way.step()
    now_s = bench.plant.now_s
    closing = poi.closings[-1] if poi.closings else None
    return Outcome(
        number=number,
        hub=_name(drawn),
        closing=closing,
        why="" if closing is not None else _state(bench, drawn),
        closing_s=own.closing_s,
        waited_s=now_s - (way.leave_s if way.leave_s is not None else way.since_s),
        is_refused_by_25=way.is_refused_by_25,
        orders_count=way.orders_count,
        vetoes=tuple(veto.reason.value for _, veto in bench.vetoes),
        recent=tuple(what for at_s, what in way.recent if now_s - at_s <= RECENT_S),
    )


def _state(bench: Bench, drawn: Family) -> str:
    """What stands in the way at the end, as the controller has it."""
    if any(genset.is_isochronous for genset in drawn.options.gensets.values()) and drawn.genset_carries:
        return "an isochronous genset cannot be steered: it comes into step by the beat, which takes up to minutes"
    if bench.memory.fits_since_s is None:
        return "as its instrument sees it, the grid's voltage is outside the hub's own window"
    return f"{bench.mode.value}: {bench.memory.reason.value}"


def _island(drawn: Family) -> Bench:
    """The hub of this family, an island since a moment."""
    write_s = {**WRITE_LATENCY_S, Protocol.MODBUS_TCP: drawn.write_s}
    site = _site(drawn.hub, drawn.droop_pct)
    bench = Bench.of(site, drawn.seed, drawn.options, Latency(write_s, drawn.poll_factor))
    bench.watches = False
    bench.plant.poi.bypass_25 = True
    bench.run_for(ON_GRID_S)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    if drawn.genset_runs:
        bench.run_until(_has_a_loaded_genset, GENSET_MAX_S)
    if drawn.genset_carries:
        _hand_over(bench)
    bench.run_for(drawn.island_s)
    return bench


def _hand_over(bench: Bench) -> None:
    """The batteries let the bus go; somebody acknowledges it, and they follow the genset."""
    for battery in bench.plant.batteries.values():
        battery.trip()
    bench.run_for(TRIPPED_S)
    for battery in bench.plant.batteries.values():
        battery.reset()


@cache
def _site(hub: str, droop_pct: float) -> Site:
    """A hub with this droop of its formers, in the site file as in the plant."""
    own = HUBS / f"{hub}.toml"
    site = load_site(own if own.exists() else configs_dir() / "hubs" / f"{hub}.toml")
    window = replace(site.hub.grid_code.return_window, observation_s=OBSERVATION_S)
    batteries = {
        name: replace(battery, droop_hz_per_w=droop_pct / 100.0 * site.hub.nominal_frequency_hz / battery.rating_va)
        for name, battery in site.hub.batteries.items()
    }
    code = replace(site.hub.grid_code, return_window=window)
    return replace(site, hub=replace(site.hub, batteries=batteries, grid_code=code))


def _has_a_loaded_genset(bench: Bench) -> bool:
    return any(genset.state is GensetState.LOADED for genset in bench.plant.gensets.values())
