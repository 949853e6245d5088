"""One device silent for a moment: a few cases here, a thousand by `python -m hil_tests.blinks`."""

from __future__ import annotations

import pytest

from controller.core import contact, starters, transitions
from controller.core.stuck import poi_stuck
from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.blinks.__main__ import main
from hil_tests.blinks.draw import SILENCES_S, applicable, cases_of
from hil_tests.blinks.play import Case, wrong

BATTERY = Case("ISL-001", "inverter_main", 4.85, 0.6)  # the only battery that can form, as the grid goes
RELAY = Case("ISL-001", "poi_relay", 5.40, 0.6)  # between the opening and the first voltage


@pytest.mark.parametrize("case", [BATTERY, RELAY])
def test_a_lost_answer_costs_seconds_and_never_the_night(case: Case) -> None:
    assert wrong(case) == []


def test_a_controller_that_cranks_for_a_lost_answer_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starters, "ANSWERS_AGAIN_S", 0.0)
    assert any("unserved_s.tier0" in line for line in wrong(BATTERY))


def test_one_that_takes_a_contact_for_a_liar_for_being_unseen_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact, "_is_unseen", lambda *_: False)
    monkeypatch.setattr(transitions, "LIES", (*transitions.LIES, poi_stuck))
    assert any(line.startswith("ends locked_out") for line in wrong(RELAY))


def test_every_device_is_silent_around_every_turn() -> None:
    cases = list(cases_of(load_scenario(SCENARIOS / "ISL-049.toml")))
    devices = set(load_scenario(SCENARIOS / "ISL-049.toml").site.devices)
    around = [case for case in cases if 5.1 < case.at_s < 5.4]
    assert {case.device for case in around} == devices
    assert {case.for_s for case in around} == set(SILENCES_S)
    assert not [case for case in cases if 15.0 < case.at_s < 25.0], "there nothing turns"


def test_stories_of_hours_and_of_other_tiers_are_left_out() -> None:
    ids = applicable()
    assert "ISL-001" in ids
    assert not {"BLK-004", "COM-002"} & set(ids)


def test_one_case_is_repeated_by_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(BATTERY.words.split()) == 0
    assert capsys.readouterr().out == "1 silences, 0 cost more than they may\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [("ISL-999", "no scenario ISL-999"), ("--at 5", "one scenario"), ("ISL-001 --device nobody --at 5", "--device")],
)
def test_what_is_mistyped_is_told(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ends:
        main(words.split())
    assert ends.value.code == 2
    assert said in capsys.readouterr().err
