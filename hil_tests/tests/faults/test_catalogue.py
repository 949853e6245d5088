"""The catalogue as data: complete, consistent, and checked with a place before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests.bench.loading import load_scenario
from hil_tests.bench.scenario import Tier
from hil_tests.faults.catalogue import CATALOGUE, FaultClass
from hil_tests.faults.types import CannotInjectError, FaultType, Unit, mistake, values_of
from hil_tests.tests.faults.hubs import SCENARIO, Faulted, problems

IDS = {
    *(f"C{n}" for n in range(1, 20)),
    *(f"D{n}" for n in range(1, 10)),
    *(f"P{n}" for n in range(1, 18)),
    *(f"T{n}" for n in range(1, 5)),
    *(f"K{n}" for n in range(1, 12)),
}


def test_every_row_is_there_once() -> None:
    assert sorted(fault.id for fault in CATALOGUE.values()) == sorted(IDS)


@pytest.mark.parametrize("fault", CATALOGUE.values(), ids=lambda fault: fault.name)
def test_a_row_is_whole(fault: FaultType) -> None:
    assert fault.what
    assert fault.units
    assert fault.tiers or fault.note, "a fault that can be had nowhere must say why"
    for parameter in fault.parameters:
        assert parameter.what
        assert parameter.default is None or not mistake(parameter, parameter.default)


def test_what_the_catalogue_promises_for_t0_is_there() -> None:
    desk = Faulted().desk
    assert [name for name, fault in CATALOGUE.items() if Tier.T0 in fault.tiers and not desk.can(name)] == []
    assert [name for name, fault in CATALOGUE.items() if Tier.T0 not in fault.tiers and desk.can(name)] == []


def test_data_and_plant_can_be_had_everywhere() -> None:
    everywhere = [f for f in CATALOGUE.values() if f.fault_class in {FaultClass.DATA, FaultClass.PLANT}]
    assert all(fault.tiers == frozenset(Tier) for fault in everywhere)


def test_a_wrong_value_never_reaches_the_plant() -> None:
    with pytest.raises(CannotInjectError, match="ratio"):
        values_of(CATALOGUE["drop"], {"ratio": 2.0})
    with pytest.raises(CannotInjectError, match="no parameter 'ration'"):
        values_of(CATALOGUE["drop"], {"ration": 0.5})
    with pytest.raises(CannotInjectError, match="with_device"):
        values_of(CATALOGUE["unit_swap"], {})


@pytest.mark.parametrize(
    ("lines", "key", "found", "wanted"),
    [
        (['type = "stuk"', 'unit = "poi_relay"'], "timeline.0.type", "'stuk'", "stuck"),
        (['type = "stuck"', 'unit = "poi_rely"'], "timeline.0.unit", "'poi_rely'", "poi_relay"),
        (['type = "stuck"'], "timeline.0", "no 'unit'", "poi_relay"),
        (['type = "drop"', 'unit = "poi_relay"', "ratio = 1.5"], "timeline.0.ratio", "1.5", "from 0 to 1"),
        (['type = "drop"', 'unit = "poi_relay"', "rate = 0.5"], "timeline.0.rate", "'rate'", "ratio"),
        (['type = "stuck"', 'unit = "poi_relay"', 'point = "poi.volts"'], "timeline.0.point", "'poi.volts'", "poi."),
        (['type = "soc_jump"', 'unit = "poi_relay"', 'point = "poi.power_w"'], "timeline.0.point", "power", "none"),
        (['type = "fails_to_close"', 'unit = "desk"'], "timeline.0.unit", "'desk'", "poi, earthing"),
        (['type = "fails_to_crank"', 'unit = "poi"'], "timeline.0.unit", "'poi'", "genset"),
        (['type = "kill"', 'unit = "poi"'], "timeline.0.unit", "'poi'", "no unit"),
        (['type = "bit_flip"', 'unit = "poi_relay"'], "timeline.0.type", "'bit_flip'", "only in t1, t2"),
        (['type = "unit_swap"', 'unit = "contactor_water"'], "timeline.0", "with_device", "unit_swap"),
        (['type = "kill"', "count = 0"], "timeline.0.count", "0", "from 1"),
        (['type = "stuck"', 'unit = "poi_relay"', 'for = "5"'], "timeline.0.for", "5", "unit"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, lines: list[str], key: str, found: str, wanted: str) -> None:
    (problem,) = problems(tmp_path, *lines)
    assert problem.key == key
    assert found in problem.found
    assert wanted in problem.wanted
    assert problem.line >= SCENARIO.count("\n") - 2


def test_what_exists_nowhere_says_why(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, 'type = "expired_certificate"', 'unit = "inverter_second"', tiers='["t2"]')
    assert "certificates" in problem.wanted


def test_a_device_that_cannot_have_it_on_a_wire(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, 'type = "slow"', 'unit = "inverter_second"', tiers='["t0", "t2"]')
    assert (problem.key, problem.wanted) == ("timeline.0.unit", "a device without opcua in t2, or fewer tiers")


def test_a_twin_is_one_with_the_same_table(tmp_path: Path) -> None:
    wrong = ['type = "unit_swap"', 'unit = "contactor_water"', 'with_device = "genset_panel"']
    (problem,) = problems(tmp_path, *wrong)
    assert problem.wanted == "one of contactor_phones"


@pytest.mark.parametrize("fault", [f for f in CATALOGUE.values() if Tier.T0 in f.tiers], ids=lambda f: f.name)
def test_every_fault_can_be_written_without_parameters(fault: FaultType, tmp_path: Path) -> None:
    units = {
        Unit.DEVICE: "io_module", Unit.POI: "poi", Unit.BATTERY: "battery_main", Unit.GENSET: "genset",
        Unit.FEEDER: "water", Unit.RADIO: "radio_tetra",
    }  # fmt: skip
    unit = next((units[each] for each in units if each in fault.units), None)
    lines = [f'type = "{fault.name}"'] + ([f'unit = "{unit}"'] if unit else [])
    if fault.name == "unit_swap":
        lines = ['type = "unit_swap"', 'unit = "contactor_water"', 'with_device = "contactor_phones"']
    path = tmp_path / "fault.toml"
    path.write_text(SCENARIO + "\n".join(lines) + "\n")
    assert load_scenario(path).scenario.timeline[0].do == "fault"
