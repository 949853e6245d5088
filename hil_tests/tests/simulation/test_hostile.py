"""Hostile hands in the place of the decision: the guard alone keeps the hub whole, and lesser guards do not."""

from __future__ import annotations

import pytest

from hil_tests.hostile.__main__ import main
from hil_tests.hostile.lesser import LACKS, lesser
from hil_tests.hostile.tale import sites, tell

FIRST_SEED = 1
TALES_COUNT = 12  # each hub twice
CYCLES_COUNT = 1_700
LACKING_CYCLES_COUNT = 1_000
RELAY_SEED = 80_071  # closed at 0.113 Hz, by a relay that was permitted onto a bus a tenth of a second old


@pytest.mark.parametrize("seed", [*range(FIRST_SEED, FIRST_SEED + TALES_COUNT), RELAY_SEED])
def test_whatever_is_ordered_the_hub_stays_whole(seed: int) -> None:
    told = tell(seed, cycles_count=CYCLES_COUNT)
    assert not told.findings, "\n".join(str(finding) for finding in told.findings)
    assert told.vetoes_count > 0, "a hand that is never stopped is not hostile"


def test_every_hub_has_its_turn() -> None:
    assert TALES_COUNT % len(sites()) == 0


@pytest.mark.parametrize("lack", LACKS)
def test_a_guard_that_lacks_a_rule_is_broken(lack: str) -> None:
    """Else the hands are not hostile enough, and their failing proves nothing."""
    with lesser(lack):
        broken = {finding.source for finding in tell(LACKS[lack].seed, cycles_count=LACKING_CYCLES_COUNT).findings}
    assert LACKS[lack].breaks in broken


def test_the_same_seed_tells_the_same_tale() -> None:
    assert tell(5, cycles_count=200) == tell(5, cycles_count=200)


def test_the_command_counts_cycles_and_says_what_broke(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cycles", "2000", "--seed", "3"]) == 0
    assert "2000 cycles of 1 tales from 3, 0 broken" in capsys.readouterr().out
