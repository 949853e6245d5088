"""One story with its wires flipping bits, and what is wrong about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from controller.commands.logs import hushed
from controller.config.types import Protocol, Site
from hil_tests.bench.loading import SCENARIOS, Loaded, load_all, load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Action, Scenario, Tier
from hil_tests.bench.verdict import Result
from hil_tests.flips.orders import wrong_operations

RATIO = 0.2
FLIPPED = frozenset({Protocol.MODBUS_TCP, Protocol.MODBUS_RTU})
BY_INVARIANTS_ALONE = {  # stories that go another way as soon as an instant moves, and then rightly so
    "REC-016": "an outage 3 s after the second return is due: who begins that later fails once less, and waits shorter",
}
BEGINS = "2 s"  # a controller that has seen nothing yet has nothing to doubt by


def applicable() -> list[str]:
    """Scenarios that pass without the flips, have real bytes and end within minutes."""
    return [each.scenario.id for each in load_all() if is_applicable(each.scenario)]


def is_applicable(scenario: Scenario) -> bool:
    """Whether it says something about flips."""
    is_timely = Tier.T1 in scenario.tiers and not scenario.quasi_steady
    return is_timely and scenario.expected == "pass" and not scenario.hardware


def play(scenario_id: str) -> Result:
    """One scenario with its first seed, judged by the invariants and by how it goes without flips."""
    with hushed():  # every fifth write's echo is another one's
        return judged(load_scenario(SCENARIOS / f"{scenario_id}.toml"))


def judged(loaded: Loaded) -> Result:
    """The story with flips; its findings are broken invariants and wrong switching operations."""
    seed = loaded.scenario.seed[0]
    flipped = run(with_flips(loaded), loaded.site, seed, Tier.T1)
    plain = run(loaded.scenario.model_copy(update={"expect": ()}), loaded.site, seed, Tier.T1)
    poi = loaded.site.bindings[loaded.site.hub.poi.id]
    ours = {ref.device for ref in poi.writes.values()}
    has_faults = any(act.do == "fault" and act.parameters.get("unit") in ours for act in loaded.scenario.timeline)
    wrong = wrong_operations(flipped.orders, plain.orders, flipped.plant_s, has_faults=has_faults)
    is_compared = loaded.scenario.id not in BY_INVARIANTS_ALONE
    return replace(flipped, findings=(*flipped.findings, *(wrong if is_compared else ())))


def with_flips(loaded: Loaded) -> Scenario:
    """The same story on wires that flip bits; only invariants judge it."""
    timeline = (*loaded.scenario.timeline, *_flips(loaded.site))
    return loaded.scenario.model_copy(update={"timeline": timeline, "expect": ()})


def _flips(site: Site) -> Iterator[Action]:
    for name, device in site.devices.items():
        if device.table.protocol in FLIPPED:
            action = {"at": BEGINS, "do": "fault", "type": "bit_flip", "unit": name, "ratio": RATIO}
            yield Action.model_validate({**action, "name": f"flips.{name}"})
