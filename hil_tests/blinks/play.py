"""One story with and without one silence of one device, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from controller.commands.logs import hushed
from hil_tests.bench.loading import SCENARIOS, Loaded, load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Action, Scenario, Tier
from hil_tests.bench.verdict import Result

PATIENCE_S = 10.0  # from judgement: what was cut off is told again, and waits for its answer once more
MORE_S = 60.0  # the story goes on for so long, for what comes late to come


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


def wrong(case: Case) -> list[str]:
    """What this silence costs beyond what it may."""
    loaded = load_scenario(SCENARIOS / f"{case.story}.toml")
    usual = plain(case.story)
    blinked = _run(loaded, _silent(loaded.scenario, case))
    found = [str(finding) for finding in blinked.findings if finding not in usual.findings]
    if _mode(blinked) != _mode(usual):
        found.append(f"ends {_mode(blinked)}, without it {_mode(usual)}")
    return found + list(_dark_longer(case, blinked.metrics, usual.metrics))


def _dark_longer(case: Case, blinked: Mapping[str, float], usual: Mapping[str, float]) -> Iterator[str]:
    for name in blinked.keys() | usual.keys():
        more_s = blinked.get(name, 0.0) - usual.get(name, 0.0)
        if name.startswith(("unserved_s.tier0", "radio_down_s.")) and more_s > case.for_s + PATIENCE_S:
            yield f"{name} is {more_s:.1f} s more than without it"


def _silent(scenario: Scenario, case: Case) -> Scenario:
    fault = {"at": f"{case.at_s} s", "do": "fault", "type": "silent", "unit": case.device, "for": f"{case.for_s} s"}
    blink = Action.model_validate({**fault, "name": "blink"})
    return scenario.model_copy(update={"timeline": (*scenario.timeline, blink)})


@cache
def plain(story: str) -> Result:
    """The story without a silence, as long as with one."""
    loaded = load_scenario(SCENARIOS / f"{story}.toml")
    return _run(loaded, loaded.scenario)


def _run(loaded: Loaded, scenario: Scenario) -> Result:
    longer = scenario.model_copy(update={"until": scenario.until + MORE_S, "expect": ()})
    with hushed():
        return run(longer, loaded.site, scenario.seed[0], Tier.T0)


def _mode(result: Result) -> str:
    return str(result.trace.columns["controller.mode"][-1])
