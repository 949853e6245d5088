"""Every change of mode again, with one device silent for a moment: `python -m hil_tests.blinks [ID ...] [--cases N]`.

A lost answer may cost seconds, never the night. Each case is a story, a device, an instant around one of the story's
orders and a silence of that device; the story is played with and without it. Broken is an invariant, a hub that ends
in another mode than without the silence, and tier 0 or a radio that is dark for longer than silence and patience last.
Cases are drawn from all that there are; a broken one is said with the words that repeat it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import TypeVar

from controller.commands.logs import hushed
from controller.model.reasons import EventKind
from hil_tests.bench.loading import SCENARIOS, Loaded, load_all, load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Action, Scenario, Tier
from hil_tests.bench.verdict import Result

SILENCES_S = (0.35, 0.6, 2.5)  # a sample that is missed, one that is missed twice, a device that starts anew
STEP_S = 0.05  # a cycle
BEFORE_S, AFTER_S = 0.3, 0.7  # around an order or a change of mode
PATIENCE_S = 10.0  # from judgement: what was cut off is told again, and waits for its answer once more
LONGEST_S = 150.0  # of a story; what takes longer is about other things
MORE_S = 60.0  # the story goes on for so long, for what comes late to come
TURNS = frozenset({EventKind.MODE_CHANGED, EventKind.ORDERED_OPEN, EventKind.ORDERED_CLOSE, EventKind.ORDERED_FORM,
                   EventKind.ORDERED_CRANK, EventKind.ORDERED_STOP})  # fmt: skip
Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Case:
    """One silence."""

    story: str
    device: str
    at_s: float
    for_s: float

    @property
    def words(self) -> str:
        """What repeats it."""
        return f"{self.story} --device {self.device} --at {self.at_s:.2f} --for {self.for_s:g}"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 1 when a silence cost more than it may."""
    parser = _parser()
    asked = parser.parse_args(argv)
    known = {each.scenario.id: each.site for each in load_all()}
    if unknown := sorted(set(asked.ids) - known.keys()):
        parser.error(f"no scenario {', '.join(unknown)}")
    if asked.at is not None:
        if len(asked.ids) != 1 or asked.device not in known[asked.ids[0]].devices:
            parser.error("--at wants one scenario and a --device of its site")
        cases = [Case(asked.ids[0], asked.device, asked.at, asked.duration)]
    else:
        cases = list(_drawn(asked.ids or applicable(), asked.cases, asked.seed, asked.jobs))
    broken_count = 0
    for case, costs in zip(cases, _mapped(wrong, cases, asked.jobs), strict=True):
        broken_count += bool(costs)
        for line in costs:
            print(f"broken  {case.words}: {line}", flush=True)
    print(f"{len(cases)} silences, {broken_count} cost more than they may")
    return 1 if broken_count else 0


def applicable() -> list[str]:
    """Stories that pass without, play in virtual time with direct links, and end within minutes."""
    return [each.scenario.id for each in load_all() if _is_applicable(each.scenario)]


def cases_of(loaded: Loaded) -> Iterator[Case]:
    """Every device, every cycle around a turn of the story, every length of the silence."""
    turns_s = {round(at_s / STEP_S) for at_s, event in _plain(loaded.scenario.id).events if event.kind in TURNS}
    before, after = round(BEFORE_S / STEP_S), round(AFTER_S / STEP_S)
    cycles = {turn + shift for turn in turns_s for shift in range(-before, after + 1)}
    for cycle in sorted(cycle for cycle in cycles if cycle > 0):
        for device in loaded.site.devices:
            yield from (Case(loaded.scenario.id, device, round(cycle * STEP_S, 2), for_s) for for_s in SILENCES_S)


def wrong(case: Case) -> list[str]:
    """What this silence costs beyond what it may."""
    loaded = load_scenario(SCENARIOS / f"{case.story}.toml")
    plain = _plain(case.story)
    blinked = _run(loaded, _silent(loaded.scenario, case))
    found = [str(finding) for finding in blinked.findings if finding not in plain.findings]
    if _mode(blinked) != _mode(plain):
        found.append(f"ends {_mode(blinked)}, without it {_mode(plain)}")
    return found + list(_dark_longer(case, blinked.metrics, plain.metrics))


def _dark_longer(case: Case, blinked: Mapping[str, float], plain: Mapping[str, float]) -> Iterator[str]:
    for name in blinked.keys() | plain.keys():
        more_s = blinked.get(name, 0.0) - plain.get(name, 0.0)
        if name.startswith(("unserved_s.tier0", "radio_down_s.")) and more_s > case.for_s + PATIENCE_S:
            yield f"{name} is {more_s:.1f} s more than without it"


def _silent(scenario: Scenario, case: Case) -> Scenario:
    fault = {"at": f"{case.at_s} s", "do": "fault", "type": "silent", "unit": case.device, "for": f"{case.for_s} s"}
    blink = Action.model_validate({**fault, "name": "blink"})
    return scenario.model_copy(update={"timeline": (*scenario.timeline, blink)})


@cache
def _plain(story: str) -> Result:
    """The story without a silence, as long as with one."""
    loaded = load_scenario(SCENARIOS / f"{story}.toml")
    return _run(loaded, loaded.scenario)


def _run(loaded: Loaded, scenario: Scenario) -> Result:
    longer = scenario.model_copy(update={"until": scenario.until + MORE_S, "expect": ()})
    with hushed():
        return run(longer, loaded.site, scenario.seed[0], Tier.T0)


def _mode(result: Result) -> str:
    return str(result.trace.columns["controller.mode"][-1])


def _is_applicable(scenario: Scenario) -> bool:
    is_short = scenario.until <= LONGEST_S and not scenario.quasi_steady
    return is_short and Tier.T0 in scenario.tiers and scenario.expected == "pass" and not scenario.hardware


def _drawn(ids: Sequence[str], count: int, seed: int, jobs: int) -> Iterator[Case]:
    """As many of each story, by and large; no story is played that none is drawn of."""
    rng = random.Random(seed)
    counts = Counter(rng.choices(ids, k=count))
    draws = [(story, counts[story], rng.random()) for story in sorted(counts)]
    for cases in _mapped(_draw, draws, jobs):
        yield from cases


def _draw(draw: tuple[str, int, float]) -> list[Case]:
    story, count, seed = draw
    found = list(cases_of(load_scenario(SCENARIOS / f"{story}.toml")))
    return random.Random(seed).sample(found, min(count, len(found)))


def _mapped(do: Callable[[Given], Made], things: Sequence[Given], jobs: int) -> Iterator[Made]:
    if jobs < 2:
        yield from map(do, things)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(do, things, chunksize=4)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hil_tests.blinks", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help="stories; all that apply, if none is named")
    parser.add_argument("--cases", type=int, default=1000, help="how many silences are drawn")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--jobs", type=int, default=1, help="processes beside each other")
    parser.add_argument("--device", help="with --at and --for: this silence alone")
    parser.add_argument("--at", type=float, help="its instant in seconds")
    parser.add_argument("--for", dest="duration", type=float, default=SILENCES_S[0], help="its length in seconds")
    return parser


if __name__ == "__main__":
    sys.exit(main())
