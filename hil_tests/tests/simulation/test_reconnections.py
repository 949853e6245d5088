"""Random returns: some here, ten thousand of them in `.ci/full`; and a controller that closes badly is caught."""

from __future__ import annotations

import pytest

from controller.core import poi, resync, withdrawal
from controller.guard import vet
from hil_tests.reconnections.__main__ import main
from hil_tests.reconnections.draw import BRANCHES_COUNT, family
from hil_tests.reconnections.play import Outcome, play_family, played
from hil_tests.reconnections.tally import faults, is_outside, rows, verdict

SEED = 7  # another one than that of the full run


@pytest.fixture(scope="module")
def returns() -> list[Outcome]:
    return [each for found in played(SEED, 40) for each in found]


def test_every_return_closes_well_inside_the_envelope(returns: list[Outcome]) -> None:
    assert len(returns) == 40
    assert list(faults(returns)) == []
    assert [each.number for each in returns if each.closing is None] == []
    assert "40 reconnections, 40 closed, 0 outside the envelope" in verdict(returns)
    assert {row.name: row.p50 for row in rows(returns)}["contacts outside the envelope"] == 0


def test_one_return_can_be_had_again_alone(returns: list[Outcome]) -> None:
    (again,) = play_family(SEED, 1, (5,))
    assert again == returns[BRANCHES_COUNT + 5]


def test_breakers_and_happenings_are_each_returns_own(returns: list[Outcome]) -> None:
    first = returns[:BRANCHES_COUNT]
    assert len({each.closing_s for each in first}) == BRANCHES_COUNT
    assert all(0.030 <= each.closing_s <= 0.080 for each in first)
    assert len({each.closing.angle_deg for each in first if each.closing is not None}) > BRANCHES_COUNT // 2


def test_every_kind_of_hub_and_grid_is_drawn() -> None:
    drawn = [family(SEED, number) for number in range(400)]
    assert {each.hub for each in drawn} == {"small", "musterhallig", "with_genset"}
    assert {each.uneasiness.rate_hz_per_s for each in drawn} == {0.0, 0.01, 0.03}
    assert any(each.genset_runs for each in drawn)
    assert any(each.options.inverters["battery"].droop_table for each in drawn)


def test_in_one_family_of_eight_the_genset_carries_the_island() -> None:
    drawn = [family(SEED, number) for number in range(160)]
    carried = [each for each in drawn if each.genset_carries]
    assert len(carried) == 20
    assert {each.options.gensets["genset"].is_isochronous for each in carried} == {True, False}


def test_behind_a_genset_the_contact_waits_for_a_calm_moment() -> None:
    outcomes = play_family(1, 23, (0, 1, 9, 12))
    assert list(faults(outcomes)) == []
    unclosed = [each.why for each in outcomes if each.closing is None]
    assert len(unclosed) <= 1
    assert all("isochronous" in why for why in unclosed), "what cannot be steered comes into step by the beat"
    assert {each.hub for each in outcomes} == {"with_genset, carried by its genset"}


@pytest.mark.parametrize("number", [987, 3137])
def test_beside_a_load_that_has_just_stepped_nothing_is_ordered(number: int) -> None:
    """It was, with what a cycle more of it would leave of the window: the guard refused the order in the next one."""
    (outcome,) = play_family(1, number // BRANCHES_COUNT, (number % BRANCHES_COUNT,))
    assert (outcome.closing is not None, outcome.vetoes) == (True, ())


def test_a_controller_that_uses_the_whole_window_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resync, "OWN_WINDOW_RATIO", 1.0)
    assert any("p99 of the angle" in fault for fault in faults(_some()))


def test_a_controller_that_does_not_look_is_stopped_by_the_guard_and_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    _look_away(monkeypatch)
    assert any("the guard said veto_out_of_sync" in fault for fault in faults(play_family(SEED, 0, (0,))))


def test_one_that_nobody_stops_is_outside_the_envelope(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _look_away(monkeypatch)
    monkeypatch.setattr(vet, "_refusal", lambda *_: None)
    found = _some()
    assert any(is_outside(each) for each in found)
    assert any(each.is_refused_by_25 for each in found), "its own ANSI 25 would have held it"
    assert main(["--seed", str(SEED), "--count", "4"]) == 1
    assert "outside the envelope" in capsys.readouterr().out


def _look_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision asks neither where the two sides are nor where they are going."""
    monkeypatch.setattr(poi, "is_in_window", lambda _: True)
    monkeypatch.setattr(poi, "is_led_in_step", lambda *_: True)
    monkeypatch.setattr(withdrawal, "keeps_in_step", lambda *_: True)


def _some() -> list[Outcome]:
    return [each for number in range(3) for each in play_family(SEED, number, range(4))]
