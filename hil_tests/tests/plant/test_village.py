"""The lines behind the hub: what hangs at a far node feels the distance, and roofs answer the voltage they make."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from controller.model.words import InverterMode
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.power_flow import NoSteadyStateError
from hil_tests.plant.quasi_steady import QuasiSteady
from hil_tests.plant.radial import CIGRE_LV, load_network
from hil_tests.plant.village import Roof, VillageNetwork, volt_var_ratio, volt_watt_ratio
from hil_tests.tests.core import hubs

PLACES = {"desk": "R1", "medical": "R4", "warm_room": "R16", "phones": "R11", "ev_posts": "R18"}


def plant(irradiance_w_per_m2: float = 0.0, roofs: dict[str, Roof] | None = None) -> Plant:
    one = Plant(hubs.hub(), options=PlantOptions(irradiance_w_per_m2=irradiance_w_per_m2, demand_ratio=0.5))
    one.loads.lines = VillageNetwork.of(one, PLACES, roofs)
    one.advance_to(3.0)
    return one


def lines(of: Plant) -> VillageNetwork:
    assert of.loads.lines is not None
    return of.loads.lines


def test_the_file_is_the_benchmark() -> None:
    network = load_network()
    assert network.nodes == tuple(f"R{i}" for i in range(1, 19))
    assert sum(network.loads.values()).real * BASE_VA == pytest.approx(383_800.0)
    assert network.impedances["R2"]["R2"] * 1.6 == pytest.approx(complex(0.162, 0.0832) * 0.035)
    assert network.impedances["R18"]["R11"] == network.impedances["R3"]["R3"], "they part at R3"


def test_one_load_on_one_line_is_the_quadratic() -> None:
    """|V|^2 = x with x^2 + (2(RP + XQ) - V0^2) x + |Z|^2 |S|^2 = 0."""
    network, power = load_network(), complex(0.6, 0.15)
    z = network.impedances["R15"]["R15"]
    b = 2.0 * (z.real * power.real + z.imag * power.imag) - 1.0
    c = abs(z) ** 2 * abs(power) ** 2
    expected = ((-b + (b * b - 4.0 * c) ** 0.5) / 2.0) ** 0.5
    assert abs(network.solve({"R15": power})["R15"]) == pytest.approx(expected, abs=1e-12)


def test_more_than_a_line_can_carry_collapses() -> None:
    with pytest.raises(NoSteadyStateError):
        load_network().solve({"R15": complex(8.0, 2.0)})


def test_a_far_feeder_has_less_voltage_and_the_lines_lose() -> None:
    near = plant()
    village = lines(near)
    ratios = [village.ratio(node) for node in ("R1", "R3", "R6", "R9", "R10", "R18")]
    assert all(one > other for one, other in pairwise(ratios)), ratios
    assert ratios[0] == pytest.approx(abs(near.bus), abs=1e-9)
    assert 20.0 < village.losses_w < 1_000.0
    assert near.source_j == pytest.approx(near.load_j, rel=2e-3)
    without = Plant(hubs.hub(), options=PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=0.5))
    without.advance_to(3.0)
    more_w = near.poi_power_w.total - without.poi_power_w.total
    assert more_w == pytest.approx(village.losses_w, rel=0.1), "what the lines lose comes through the POI"


@pytest.mark.parametrize(
    ("volts", "watt", "var"),
    [
        (0.9, 1.0, 0.436),
        (0.97, 1.0, 0.0),
        (1.0, 1.0, 0.0),
        (1.055, 1.0, -0.218),
        (1.105, 0.5, -0.436),
        (1.13, 0, -0.436),
    ],
)
def test_what_a_roof_does_at_a_voltage(volts: float, watt: float, var: float) -> None:
    assert volt_watt_ratio(volts) == pytest.approx(watt)
    assert volt_var_ratio(volts) == pytest.approx(var)


def test_volt_watt_caps_the_far_roof_and_volt_var_lets_it_give_more() -> None:
    """R/X of a thin cable is ten, so reactive power helps only a little."""
    rating_w = 250_000.0  # far more than any roof: the line is to be at its limit
    given = {}
    for kind, roof in {
        "free": Roof(rating_w, has_volt_watt=False),
        "volt-watt": Roof(rating_w),
        "both": Roof(rating_w, has_volt_var=True),
    }.items():
        one = plant(900.0, {"R15": roof})
        given[kind] = (lines(one).ratio("R15"), lines(one).roof_power_w("R15"))
    assert given["free"][0] > 1.12
    assert 1.09 < given["volt-watt"][0] < 1.12
    assert given["volt-watt"][1] < given["both"][1] < given["free"][1]


def test_a_dead_bus_has_dark_nodes() -> None:
    one = plant()
    one.poi.trip()
    one.advance_to(4.0)
    assert one.bus == 0
    assert lines(one).ratio("R18") == lines(one).losses_w == 0.0


def test_a_snapshot_takes_the_village_along_and_jumps_see_it_too() -> None:
    one = plant(300.0, {"R17": Roof(20_000.0, has_volt_var=True)})
    one.poi.trip()
    one.advance_to(3.2)
    one.batteries["battery"].set_mode(InverterMode.GRID_FORMING)
    one.advance_to(30.0)
    kept = one.snapshot()
    one.weather.irradiance_w_per_m2 = 500.0
    one.advance_to(90.0)
    stepped = (abs(one.bus), one.bus_frequency_hz, lines(one).ratio("R17"))
    one.restore(kept)
    one.weather.irradiance_w_per_m2 = 500.0
    jumps = QuasiSteady(one)
    jumps.advance_to(90.0)
    assert jumps.jumps_count > 4
    assert (abs(one.bus), one.bus_frequency_hz, lines(one).ratio("R17")) == pytest.approx(stepped, abs=1e-7)


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    one = Plant(hubs.hub())
    with pytest.raises(ValueError, match="nowhere, sauna"):
        VillageNetwork.of(one, {"sauna": "R1", "desk": "nowhere"})
    loose = tmp_path / "loose.toml"
    loose.write_text(CIGRE_LV.read_text(encoding="utf-8").replace('from = "R9"', 'from = "R99"'), encoding="utf-8")
    with pytest.raises(ValueError, match="R99-R10"):
        load_network(loose)
