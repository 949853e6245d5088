"""Crash at every step: the controller is killed in each step around each switching order, and must find its way.

The run is played once to learn when something was ordered to switch, and where it ends. Then it is played again, and in
every step of those windows the process forks: the child kills its controller there, starts another after a while, and
plays on. A fork is a snapshot of plant, devices and controller alike, and costs nothing that is not changed.

The journal's disk takes its time for a sync, and a crash takes what was not synced yet, down to a torn tail
(`hil_tests/simulation/disk.py`): as if not only the process but the controller's supply had gone. With `is_power_cut`
it has: the next process finds itself in another boot. What it knows is compared with what was acknowledged (`kept`).
Who asked for something and got no answer asks again (`asking_again`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from controller import clock
from controller.config.types import Site
from hil_tests.bench.director import Director
from hil_tests.bench.outcome import played
from hil_tests.bench.runner import judged
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.bench.scene import Received, Scene
from hil_tests.bench.t0 import prepare_t0
from hil_tests.bench.verdict import Finding
from hil_tests.fuzz.asking_again import ask_again, overtaken, unanswered
from hil_tests.fuzz.gaps import GAPS, unexplained
from hil_tests.fuzz.intents import lost_at_the_crash
from hil_tests.fuzz.kept import acknowledged_memories, forgotten
from hil_tests.plant.plant import STEP_S
from hil_tests.simulation.bench import Bench

GOAL = "expect.1"  # as gaps call it
STATES = [gap for gap in GAPS if gap.is_cause is None]
FIRST_WORDS_S = 1.0  # a new controller has stated its whole wish
NEXT_BOOT = "after the power cut"
AFTER_S = 40.0  # beyond the story's end: a restart late in it must come home as well
MOVES = {
    "open": "opening the POI",
    "close": "closing the POI",
    "close_permit": "closing the POI",
    "closed": "moving a contactor",
    "mode_set": "changing a source's mode",
    "run": "starting or stopping a genset",
}


@dataclass(frozen=True, slots=True)
class CrashOptions:
    """How densely, and how long."""

    window_s: float = 1.0  # before and after each order
    every_s: float = STEP_S
    disk_s: float = 0.02  # a sync; from judgement, for an SD card: the 0.13 ms of a server's disk would hide much
    gap_s: float = 2.0  # until the service manager's new process is in control; measured: 1.6 s
    jobs: int = 1
    seed: int = 1
    is_power_cut: bool = False  # the machine starts anew: another boot, in which every age is unknown


@dataclass(frozen=True, slots=True)
class Window:
    """Where crashes are put: around one or several orders that lie close together."""

    begin_s: float
    end_s: float
    moves: tuple[str, ...]  # what was ordered within


@dataclass(frozen=True, slots=True)
class Crash:
    """One kill, and what came of it. `gap` is what the controller cannot do yet, where that is all."""

    at_s: float
    findings: tuple[str, ...] = ()
    gap: str = ""
    wall_s: float = 0.0


def windows(scenario: Scenario, site: Site, options: CrashOptions) -> tuple[list[Window], str]:
    """Where something switches in this story, and the mode in which it ends."""
    bench, scene, _ = _prepared(scenario, site, options)
    bench.run_for(scenario.until)
    found: list[Window] = []
    for order in _switching(scene.orders):
        begin_s, end_s = max(0.0, order.at_s - options.window_s), order.at_s + options.window_s
        move = f"{MOVES[order.field]}: {order.asset} {order.value}"
        if found and begin_s <= found[-1].end_s:
            found[-1] = Window(found[-1].begin_s, end_s, (*found[-1].moves, move))
        else:
            found.append(Window(begin_s, end_s, (move,)))
    return found, bench.mode.value


def crash_everywhere(
    scenario: Scenario, site: Site, options: CrashOptions, where: Sequence[Window], ends_in: str
) -> Iterator[Crash]:
    """Kill in every step of the windows; one result per kill, in the order of time."""
    bench, scene, director = _prepared(_with_goal(scenario, ends_in), site, options)
    next_s, children = 0.0, list[_Child]()
    while bench.plant.now_s < scenario.until - 1e-9:
        now_s = bench.plant.now_s
        is_due = now_s >= next_s - 1e-9 and any(each.begin_s <= now_s <= each.end_s for each in where)
        if is_due and bench.is_running:  # where the story itself has killed it, nothing is left to be killed
            next_s = now_s + options.every_s
            while len(children) >= options.jobs:
                yield children.pop(0).answer()
            children.append(_forked(bench, scene, director, options))
        bench.run_for(STEP_S)
    for child in children:
        yield child.answer()


def _prepared(scenario: Scenario, site: Site, options: CrashOptions) -> tuple[Bench, Scene, Director]:
    bench, scene, director = prepare_t0(scenario, site, options.seed)
    bench.journal.write_s = options.disk_s
    return bench, scene, director


def _switching(orders: Sequence[Received]) -> Iterator[Received]:
    """What is ordered to be otherwise than before; the first words, which only say how things are, are none."""
    last: dict[tuple[str, str], object] = {}
    for order in orders:
        place = (order.asset, order.field)
        if order.field in MOVES and order.at_s > FIRST_WORDS_S and last.get(place) != order.value:
            yield order
        last[place] = order.value


def _with_goal(scenario: Scenario, ends_in: str) -> Scenario:
    """Instead of what the story expects to the second: it ends where it would have; when, is another matter."""
    until_s = scenario.until + AFTER_S
    return scenario.model_copy(update={"until": until_s, "expect": (), "stop_when": f"controller.mode == '{ends_in}'"})


@dataclass(frozen=True, slots=True)
class _Child:
    at_s: float
    pid: int
    reader: int

    def answer(self) -> Crash:
        with os.fdopen(self.reader) as answers:
            text = answers.read()
        os.waitpid(self.pid, 0)
        if not text:
            return Crash(self.at_s, ("bench: the child died without an answer",))
        said = json.loads(text)
        return Crash(self.at_s, tuple(said["findings"]), said["gap"], said["wall_s"])


def _forked(bench: Bench, scene: Scene, director: Director, options: CrashOptions) -> _Child:
    """The future in which the controller dies now; this process goes on as if nothing had been."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.write(writer, json.dumps(_die_and_go_on(bench, scene, director, options)).encode())
        except Exception as error:  # what the controller or the bench raises is this crash's finding
            said = {"findings": [f"bench: {type(error).__name__}: {error}"], "gap": "", "wall_s": 0.0}
            os.write(writer, json.dumps(said).encode())
        finally:
            os._exit(0)
    os.close(writer)
    return _Child(bench.plant.now_s, child, reader)


def _die_and_go_on(bench: Bench, scene: Scene, director: Director, options: CrashOptions) -> dict[str, object]:
    """Killed, started again, and played until it is where it would have been, or the time is over."""
    began_s = clock.now_s()
    acknowledged, memories = bench.journal.kept_number, acknowledged_memories(bench.journal)
    bench.stop_controller()
    lost = lost_at_the_crash(bench, acknowledged, list(_switching(scene.orders)))
    on_disk = list(bench.journal.on_disk())
    bench.run_for(options.gap_s)
    if options.is_power_cut:
        bench.journal.boot = NEXT_BOOT
    started_s, waiting = bench.plant.now_s, list(unanswered(bench, on_disk))
    if not bench.is_running:  # the story may have started it as well
        bench.start_controller()
        lost += forgotten(bench.durable, memories, is_other_boot=options.is_power_cut)
    ask_again(bench, waiting)
    bench.run_for(options.gap_s)
    ask_again(bench, list(overtaken(bench, started_s)))
    while bench.plant.now_s < director.scenario.until - 1e-9 and not director.is_over:
        bench.run_for(0.5)
    what = played(director, scene, "")
    if not director.is_over:
        missed = Finding(GOAL, bench.plant.now_s, f"ends {bench.mode.value}, wanted {director.scenario.stop_when}")
        what = replace(what, findings=(*what.findings, missed))
    result = judged(director.scenario, options.seed, Tier.T0, what, clock.now_s() - began_s)
    hard = lost + [str(each) for each in result.findings if each.is_hard]
    is_known = bool(hard) and not lost and not unexplained(result, STATES)
    sources = {each.source for each in result.findings if each.is_hard}
    gap = next(each.name for each in STATES if each.sources & sources) if is_known else ""
    return {"findings": [] if is_known else hard, "gap": gap, "wall_s": result.wall_s}
