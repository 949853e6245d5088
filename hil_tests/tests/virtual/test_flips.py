"""One bit flipped in every fifth reply: some scenarios here, all of them in `.ci/full`."""

from __future__ import annotations

from typing import Any

import pytest

from controller.drivers.point_doubt import PointDoubt
from controller.drivers.screen import Screen
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.bench.scene import Received
from hil_tests.flips import __main__ as command
from hil_tests.flips.orders import wrong_operations
from hil_tests.flips.play import BY_INVARIANTS_ALONE, applicable, is_applicable, play, with_flips
from hil_tests.tests.reports.results import BROKEN, result

DOUBTED = Event(EventKind.DEVICE, Reason.READINGS_DOUBTED, "poi_relay")


@pytest.mark.parametrize("scenario_id", ["ISL-003", "REC-001", "CTL-002", "BLK-002"])
def test_flipped_bits_cause_no_wrong_operation(scenario_id: str) -> None:
    result = play(scenario_id)
    assert [str(finding) for finding in result.findings] == []
    assert "readings_doubted" in {event.reason.value for _, event in result.events}, "nothing was flipped"


def test_with_the_screen_switched_off_the_judge_finds_wrong_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sample is believed at once, as over a wire with a checksum."""
    monkeypatch.setattr(Screen, "_weigh", believed)
    monkeypatch.setattr(Screen, "_lacks", lacked)
    assert "flips" in {finding.source for finding in play("CTL-002").findings}


def believed(screen: Screen, doubted: list[PointDoubt]) -> None:
    for point in doubted:
        screen.facts[point.name] = point.newest


def lacked(screen: Screen, point: PointDoubt, _: float) -> None:
    screen.facts[point.name] = None


def order(at_s: float, value: bool, asset: str = "poi", field: str = "open") -> Received:  # as it is received
    return Received(at_s, "relay", asset, field, value)


def permit(at_s: float) -> Received:
    return order(at_s, value=True, field="close_permit")


@pytest.mark.parametrize(
    ("flipped", "plain", "said"),
    [
        pytest.param([order(5.0, value=True)], [order(5.0, value=True)], [], id="the same"),
        pytest.param(
            [order(5.0, value=True), order(70.0, value=False), order(81.0, value=True), order(100.0, value=False)],
            [order(5.0, value=True), order(70.0, value=False)],
            [],
            id="given up and begun again",
        ),
        pytest.param(
            [order(5.0, value=True), order(70.0, value=False), order(131.0, value=True), order(140.0, value=False)],
            [order(5.0, value=True), order(70.0, value=False)],
            ["poi open True comes 61.0 s late", "poi open False comes 70.0 s late"],
            id="given up much later",
        ),
        pytest.param([order(64.0, value=True)], [order(5.0, value=True)], [], id="late"),
        pytest.param([order(5.0, value=True)], [], ["poi open True, which does not come without flips"], id="wrong"),
        pytest.param([], [order(5.0, value=True)], ["poi open True is missing; without flips it came"], id="missing"),
        pytest.param(
            [order(3.0, value=True)], [order(5.0, value=True)], ["poi open True comes 2.0 s early"], id="early"
        ),
        pytest.param(
            [order(90.0, value=True)], [order(5.0, value=True)], ["poi open True comes 85.0 s late"], id="too late"
        ),
        pytest.param(
            [order(5.0 + n, value=n % 2 == 0) for n in range(9)],
            [order(5.0, value=True), order(6.0, value=False)],
            ["poi open True comes 5 times, without flips 1"],
            id="again and again",
        ),
        pytest.param(
            [order(20.0, value=False), permit(20.1)], [order(20.0, value=False), permit(26.0)], [], id="other angle"
        ),
        pytest.param(
            [permit(18.0), order(20.0, value=False)],
            [order(20.0, value=False), permit(26.0)],
            ["poi close_permit True comes 8.0 s early"],
            id="before the way back",
        ),
        pytest.param(
            [order(5.0, value=False), permit(20.0)],
            [order(5.0, value=False), permit(66.0)],
            ["poi close_permit True comes 46.0 s early"],
            id="a way back is no leave for ever",
        ),
        pytest.param(
            [permit(20.0), order(21.0, value=False)],
            [permit(23.0), order(24.0, value=False)],
            ["poi close_permit True comes 3.0 s early", "poi open False comes 3.0 s early"],
            id="nor one that begins later, nor that itself",
        ),
    ],
)
def test_an_order_that_only_one_of_two_runs_has_is_a_wrong_operation(
    flipped: list[Received], plain: list[Received], said: list[str]
) -> None:
    assert [finding.detail for finding in wrong_operations(flipped, plain, until_s=100.0)] == said


def test_every_modbus_device_has_the_fault_and_known_gaps_are_left_out() -> None:
    loaded = load_scenario(SCENARIOS / "ISL-003.toml")
    flipped = {a.parameters["unit"] for a in with_flips(loaded).timeline if a.label.startswith("flips.")}
    on_tcp = {"poi_relay", "inverter_main", "inverter_school", "inverter_barn", "io_module"}
    on_lines = {"genset_panel", "contactor_water", "contactor_phones", "radio_tetra_node", "weather_mast"}
    assert flipped == on_tcp | on_lines
    assert "ISL-003" in applicable()
    assert is_applicable(loaded.scenario)
    assert not is_applicable(loaded.scenario.model_copy(update={"expected": "fail"}))


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
    monkeypatch.setattr(command, "play", lambda scenario_id: result(scenario_id, **changes))
    assert command.main(["ISL-003"]) == code


def test_who_is_judged_by_invariants_alone_is_a_story_and_has_a_reason() -> None:
    assert set(BY_INVARIANTS_ALONE) <= set(applicable())
    assert all(BY_INVARIANTS_ALONE.values())
