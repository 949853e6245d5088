"""Crash at every step: the controller is killed in each cycle around each breaker command, and must find its way.

The run is played once to learn when breakers were commanded. Then it is played again, and in every cycle of those
windows the process forks: the child kills its controller there, starts another after a while, and plays on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

from controller.config.types import Site
from hil_tests.bench.director import Director
from hil_tests.bench.outcome import played
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.scene import Scene
from hil_tests.bench.t0 import prepare_t0
from hil_tests.simulation.bench import Bench

AROUND_S = 1.0  # before and after each command
GAP_S = 2.0  # until the service manager's new process is in control; measured: 1.6 s
EVERY_S = 0.05
SETTLE_S = 10.0  # at least, after the restart
SWITCHING = frozenset({"open", "close", "closed", "mode_set", "run", "close_permit"})


@dataclass(frozen=True, slots=True)
class Crash:
    """One kill, and what came of it."""

    at_s: float
    findings: tuple[str, ...]


def crash_everywhere(scenario: Scenario, site: Site, seed: int, every_s: float = EVERY_S) -> Iterator[Crash]:
    """Kill at every instant around every switching order of a scenario; yields one result per kill."""
    orders_s, ends_in = _rehearsal(scenario, site, seed)
    windows = _windows(orders_s)
    bench, scene, director = prepare_t0(scenario, site, seed)
    next_s = 0.0
    while bench.plant.now_s < scenario.until - 1e-9:
        now_s = bench.plant.now_s
        if now_s >= next_s and any(begin <= now_s <= end for begin, end in windows):
            next_s = now_s + every_s
            yield _in_a_child(bench, scene, director, ends_in)
        bench.run_for(0.01)


def _rehearsal(scenario: Scenario, site: Site, seed: int) -> tuple[list[float], str]:
    """When a contact, a mode or an engine was ordered to be otherwise, and the mode in which it all ended."""
    instants: list[float] = []
    last: dict[tuple[str, str], object] = {}
    bench, scene, _ = prepare_t0(scenario, site, seed)
    bench.run_for(scenario.until)
    for order in scene.orders:
        place = (order.asset, order.field)
        if order.field in SWITCHING and last.get(place) != order.value:
            instants.append(order.at_s)
        last[place] = order.value
    return instants, bench.mode.value


def _windows(instants: list[float]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for at_s in sorted(instants):
        if found and at_s - AROUND_S <= found[-1][1]:
            found[-1] = (found[-1][0], at_s + AROUND_S)
        else:
            found.append((at_s - AROUND_S, at_s + AROUND_S))
    return found


def _in_a_child(bench: Bench, scene: Scene, director: Director, ends_in: str) -> Crash:
    """The future in which the controller dies now; this process goes on as if nothing had been."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.write(writer, json.dumps(_die_and_go_on(bench, scene, director, ends_in)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        text = answers.read()
    os.waitpid(child, 0)
    findings = json.loads(text) if text else ["the bench's child died without an answer"]
    return Crash(bench.plant.now_s, tuple(findings))


def _die_and_go_on(bench: Bench, scene: Scene, director: Director, ends_in: str) -> list[str]:
    """Invariants hold all the same, and it ends where it would have; when, is another matter."""
    bench.restart_controller(GAP_S)
    bench.run_for(max(GAP_S + SETTLE_S, director.scenario.until - bench.plant.now_s))
    findings = played(director, scene, "").findings
    wrong = [str(finding) for finding in findings if finding.is_hard and not finding.source.startswith("expect.")]
    if bench.mode.value != ends_in:
        wrong.append(f"ends {bench.mode.value}, and without the crash {ends_in}")
    return wrong
