"""All checkers, in the order of their numbers."""

from __future__ import annotations

from hil_tests.bench.scene import Scene
from hil_tests.checkers.base import Checker
from hil_tests.checkers.plain import PlainChecker
from hil_tests.simulation.invariants import Invariants


def all_checkers(scene: Scene) -> list[Checker]:
    """Every checker, fresh, for one run."""
    return [PlainChecker(Invariants(scene.plant, scene.site.hub, scene.seed))]
