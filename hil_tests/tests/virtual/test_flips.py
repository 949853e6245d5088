"""One bit flipped in every fifth reply: some scenarios here, all of them in `.ci/full`."""

from __future__ import annotations

import pytest

from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.flips import applicable, play, with_flips


@pytest.mark.parametrize("scenario_id", ["ISL-003", "REC-001", "CTL-002"])
def test_flipped_bits_cause_no_wrong_operation(scenario_id: str) -> None:
    result = play(scenario_id)
    assert [str(finding) for finding in result.findings] == []
    assert "readings_doubted" in {event.reason.value for _, event in result.events}, "nothing was flipped"


def test_every_device_on_tcp_has_the_fault_and_known_gaps_are_left_out() -> None:
    loaded = load_scenario(SCENARIOS / "ISL-003.toml")
    flipped = {a.parameters["unit"] for a in with_flips(loaded).timeline if a.label.startswith("flips.")}
    assert flipped == {"poi_relay", "inverter_main", "inverter_school", "inverter_barn", "io_module"}
    assert "ISL-003" in applicable()
    assert "ISL-001a" not in applicable()
