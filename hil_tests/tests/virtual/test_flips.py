"""One bit flipped in every fifth reply: some scenarios here, all of them in `.ci/full`."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from hil_tests import flips
from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.flips import applicable, main, play, with_flips
from hil_tests.tests.reports.results import BROKEN, result

DOUBTED = Event(EventKind.DEVICE, Reason.READINGS_DOUBTED, "poi_relay")


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
    assert flips.is_applicable(loaded.scenario)
    assert not flips.is_applicable(loaded.scenario.model_copy(update={"expected": "fail"}))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"events": ((3.0, DOUBTED),)}, 0, id="doubted, and nothing broke"),
        pytest.param({}, 1, id="nobody doubted anything: nothing was flipped"),
        pytest.param({"events": ((3.0, DOUBTED),), "findings": (BROKEN,)}, 1, id="broken"),
    ],
)
def test_the_command_passes_only_where_bits_were_flipped(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], code: int
) -> None:
    monkeypatch.setattr(flips, "play", lambda scenario_id: result(scenario_id, **changes))
    assert main(["ISL-003"]) == code
