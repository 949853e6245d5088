"""V6 to V10: the plant beside ANDES, pandapower and itself, frozen under hil_tests/verification/golden."""

from __future__ import annotations

import cmath
import math
import re

import pytest

from hil_tests.plant.radial import load_network
from hil_tests.verification import own
from hil_tests.verification.__main__ import CASES
from hil_tests.verification.golden import FOLDER, Golden, greatest_difference, load, save


@pytest.mark.parametrize("case", CASES)
def test_a_frozen_answer_says_where_it_comes_from(case: str) -> None:
    golden = load(case)
    assert golden.case == case
    assert golden.title == CASES[case][0]
    assert golden.tool
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", golden.made_on)


def test_no_other_file_lies_among_them() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CASES)


@pytest.mark.parametrize("dt_s", [0.02, 0.01, 0.005])
def test_v6_one_machine_swings_as_in_andes(dt_s: float) -> None:
    """The zero-order hold is exact for a power that stands still: the step does not matter."""
    theirs = load("v6").found["hz"]
    assert min(theirs) == pytest.approx(-0.599, abs=1e-3)
    assert greatest_difference(own.one_machine(dt_s), theirs) < 0.5e-3


@pytest.mark.parametrize(("dt_s", "hz", "pu"), [(0.01, 0.5e-3, 2e-3), (0.005, 0.3e-3, 1e-3)])
def test_v7_two_machines_share_and_swing_as_in_andes(dt_s: float, hz: float, pu: float) -> None:
    theirs, ours = load("v7").found, own.two_machines(dt_s)
    for name in ("a", "b"):
        assert greatest_difference(ours[f"hz_{name}"], theirs[f"hz_{name}"]) < hz
        assert greatest_difference(ours[f"power_{name}"], theirs[f"power_{name}"]) < pu
    assert ours["power_a"][-1] / ours["power_b"][-1] == pytest.approx(theirs["power_a"][-1] / theirs["power_b"][-1])


@pytest.mark.parametrize("name", ["day", "night"])
def test_v8_the_bus_stands_where_pandapower_puts_it(name: str) -> None:
    golden = load("v8")
    given, theirs = golden.given[name], golden.found[name]
    plant = own.hub_plant(given["irradiance_w_per_m2"], given["demand_ratio"])
    assert own.hub_load_w(plant) == pytest.approx(given["load_w"])
    assert sum(inverter.power_w.total for inverter in plant.pv.values()) == pytest.approx(given["pv_w"], abs=1e-3)
    assert abs(plant.bus) == pytest.approx(theirs["volts_ratio"], abs=1e-7)
    assert math.degrees(cmath.phase(plant.bus)) == pytest.approx(theirs["angle_deg"], abs=4e-6)
    assert plant.poi_power_w.total == pytest.approx(theirs["power_w"], abs=0.04)


@pytest.mark.parametrize("name", ["island", "grid"])
def test_v9_the_village_stands_where_pandapower_puts_it(name: str) -> None:
    golden = load("v9")
    theirs, network = golden.found[name], load_network()
    ratio = golden.given["island_load_ratio"] if name == "island" else 1.0
    network = network if name == "island" else network.behind_transformer()
    taken = {node: ratio * power for node, power in network.loads.items()}
    volts = network.everywhere(taken, network.solve(taken))
    assert set(volts) == set(theirs["volts_ratio"])
    for node, volt in volts.items():
        assert abs(volt) == pytest.approx(theirs["volts_ratio"][node], abs=1e-9)  # its reactive loads have seven digits
        angle_deg = math.degrees(cmath.phase(volt / volts["R1"]))
        assert angle_deg == pytest.approx(theirs["angle_deg"][node], abs=1e-7)


def soc_ppm(ours: list[float], theirs: list[float]) -> float:
    return max(abs(one / other - 1.0) for one, other in zip(ours, theirs, strict=True)) * 1e6


@pytest.mark.parametrize(("dt_s", "ppm"), [(10.0, 50.0), (60.0, 50.0)])
def test_v10_jumps_end_where_steps_do(dt_s: float, ppm: float) -> None:
    golden = load("v10")
    ours = own.jumped_day(dt_s)
    assert soc_ppm(ours["soc_pct"], golden.found["soc_pct"]) < ppm
    for name, most in {"temperature_c": 0.002, "hz": 1e-7, "volts_ratio": 1e-9}.items():
        assert greatest_difference(ours[name], golden.found[name]) < most, name


def test_v10_is_not_stale() -> None:
    """The frozen steps are our own: the first ten minutes, stepped anew, must repeat them."""
    golden, plant = load("v10"), own.island()
    ours = own.sunny_day(plant, plant.advance_to, 600.0)
    for name, series in ours.items():
        assert series == pytest.approx(golden.found[name][: len(series)], abs=1e-9), name


def test_a_difference_is_seen_and_a_shape_too(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr("hil_tests.verification.golden.FOLDER", tmp_path)
    golden = Golden("x", "title", "tool 1", "2026-01-01", {"a": 1}, {"b": [1.0, 2.0], "c": {"d": 0.5}})
    save(golden)
    assert load("x") == golden
    assert greatest_difference(golden.found, {"b": [1.0, 2.5], "c": {"d": 0.4}}) == 0.5
    with pytest.raises(ValueError, match="shape"):
        greatest_difference(golden.found, {"b": [1.0], "c": {"d": 0.5}})
