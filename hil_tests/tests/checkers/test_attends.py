"""Who looks only at what concerns it says the same as if it looked in every step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil_tests.bench.verdict import Finding
from hil_tests.checkers.base import Attends
from hil_tests.checkers.catalogue import all_checkers
from hil_tests.checkers.watch import Watch
from hil_tests.tests.checkers import stage as stages
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.ways import LAWFUL, OTHER_WAYS, WRONGS

EVERYTHING = Attends.PLANT | Attends.ORDERS | Attends.LOG | Attends.SWITCHES
RESTING = {
    checker.about.id
    for checker in all_checkers()
    if checker.attends & Attends.SWITCHES or checker.attends & Attends.ORDERS in {Attends.MOVES, Attends.LEVELS}
}
STORIES = [story for story in (*WRONGS.items(), *OTHER_WAYS, *LAWFUL.items()) if story[0] in RESTING]
SAME_S = 0.1  # some look once a second, and need not begin in the same step


class NeverRests(Watch):
    """Every checker looks in every step."""

    def _news(self) -> int:
        return EVERYTHING


class Twice(Watch):
    """As ever, and beside it one that never rests."""

    def __init__(self, *known: object) -> None:
        super().__init__(*known)  # type: ignore[arg-type]
        self.never_rests = NeverRests(self.scene)

    def look(self) -> int:
        self.never_rests.look()
        return super().look()

    def finish(self) -> None:
        self.never_rests.finish()
        super().finish()


def told(findings: list[Finding]) -> list[tuple[str, float]]:
    return sorted((each.source, each.at_s) for each in findings)


@pytest.mark.parametrize(
    "told_by", [story for _, story in STORIES], ids=[f"{name}-{n}" for n, (name, _) in enumerate(STORIES)]
)
def test_nothing_is_missed(told_by: Callable[[], Stage], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "Watch", Twice)
    watch = told_by().watch
    assert isinstance(watch, Twice)
    now, then = told(watch.findings), told(watch.never_rests.findings)
    assert [source for source, _ in now] == [source for source, _ in then]
    assert all(abs(one[1] - other[1]) <= SAME_S for one, other in zip(now, then, strict=True)), (now, then)
