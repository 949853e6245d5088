"""All checkers of a run at work: after each step of the plant, those look whom something concerns."""

from __future__ import annotations

from collections.abc import Callable, Collection

from hil_tests.bench.scene import Scene
from hil_tests.bench.verdict import Finding
from hil_tests.checkers.base import Attends, Checker, finding
from hil_tests.checkers.catalogue import all_checkers
from hil_tests.checkers.switching import switching

FINDINGS_MAX = 200  # a run that breaks something in every step says enough before
NOTHING = Attends.NOTHING


class Watch:
    """Call `look` after every step, `finish` once. `on_finding` is told of each as it is made."""

    def __init__(
        self, scene: Scene, without: Collection[str] = (), on_finding: Callable[[Finding], None] | None = None
    ) -> None:
        self.scene = scene
        self.findings: list[Finding] = []
        self._on_finding = on_finding
        self._checkers: list[Checker] = [each for each in all_checkers() if each.about.id not in without]
        self._for = [[each for each in self._checkers if each.attends & news] for news in range(2 * Attends.LEVELS)]
        self._waiting: list[Checker] = []
        self._seen = (-1, -1, -1)
        self._switching: list[object] = []

    def look(self) -> int:
        """Let those look whom the news concerns, and those for whom time alone is news. Returns the news."""
        news = self._news()
        if not news and not self._waiting:
            return news
        attending, waiting, scene = self._for[news], self._waiting, self.scene
        for checker in attending:
            for detail in checker.look(scene):
                self.keep(finding(checker, scene, detail))
        looked = attending
        if waiting:
            rest = [checker for checker in waiting if checker not in attending]
            looked = [*attending, *rest]
            for checker in rest:
                for detail in checker.look(scene):
                    self.keep(finding(checker, scene, detail))
        self._waiting = [checker for checker in looked if checker.is_waiting]
        return news

    def look_at_orders(self) -> None:
        """Orders have arrived where the plant stands still: those look who judge orders, and nobody else."""
        for checker in self._for[self._new_orders()]:
            for detail in checker.look(self.scene):
                self.keep(finding(checker, self.scene, detail))

    def finish(self) -> None:
        """The run is over."""
        for checker in self._checkers:
            for detail in checker.finish(self.scene):
                self.keep(finding(checker, self.scene, detail))

    def keep(self, one: Finding) -> None:
        """Add a finding, within bounds."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(one)
            if self._on_finding is not None:
                self._on_finding(one)

    def _new_orders(self) -> int:
        """Of which kinds orders have come since the last step."""
        news = NOTHING
        for order in self.scene.orders[max(0, self._seen[1]) :]:
            news |= Attends.MOVES if isinstance(order.value, str | bool) else Attends.LEVELS
        return news

    def _news(self) -> int:
        """What has changed since the last step."""
        rest, scene = self.scene.plant.rest, self.scene
        seen = (rest.changes_count + rest.turns_count, len(scene.orders), len(scene.controller.events))
        if seen == self._seen:
            return NOTHING
        news = self._new_orders() if seen[1] != self._seen[1] else NOTHING
        (plant, _, lines), self._seen = self._seen, seen
        news |= NOTHING if seen[0] == plant else Attends.PLANT
        news |= NOTHING if seen[2] == lines else Attends.LOG
        before, self._switching = self._switching, switching(scene)
        return news if self._switching == before else news | Attends.SWITCHES
