"""Phase by phase: powers and currents at the POI, in the formers, and the sum that must always be right."""

from __future__ import annotations

import pytest

from controller.model.hub import PvPlant
from controller.model.phases import Phase, PhaseValues
from controller.model.words import BusSide
from hil_tests.plant.phase_book import PhaseBook
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.poi_view import source_current_a
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import MAIN, bare, island

L1, L2, L3 = Phase.L1, Phase.L2, Phase.L3


def lopsided(**options: object) -> Plant:
    feeders = {
        "one": hubs.feeder("one", 1, 6_000.0, (L1,)),
        "two": hubs.feeder("two", 1, 2_000.0, (L2,)),
        "all": hubs.feeder("all", 2, 3_000.0),
    }
    pv = {"roof": PvPlant("roof", hubs.LABEL, BusSide.ISLAND, (L3,), 4_000.0)}
    made = PlantOptions(demand_ratio=1.0, irradiance_w_per_m2=900.0, **options)  # type: ignore[arg-type]
    plant = bare(feeders=feeders, pv=pv, options=made)
    plant.advance_to(5.0)
    return plant


def test_each_conductor_of_the_poi_carries_what_hangs_on_it() -> None:
    plant = lopsided()
    power = plant.poi_power_w
    loads = [feeder.power_w for feeder in plant.feeders.values()]
    drawn = loads[0] + loads[1] + loads[2]
    given = plant.pv["roof"].power_w
    assert power.l1 == pytest.approx(drawn.l1, rel=5e-3)
    assert power.l2 == pytest.approx(drawn.l2, rel=5e-3)
    assert power.l3 == pytest.approx(drawn.l3 - given.l3, rel=5e-3)
    assert power.l3 < 0.0 < power.l2 < power.l1


@pytest.mark.parametrize("phase", [L1, L2, L3])
def test_a_source_relieves_its_own_conductor_and_no_other(phase: Phase) -> None:
    """Following, on one phase: that one changes by its power, the others by what the voltage does."""
    pv = {"roof": PvPlant("roof", hubs.LABEL, BusSide.ISLAND, (phase,), 4_000.0)}
    plant = bare(3_000.0, pv=pv, options=PlantOptions(demand_ratio=1.0, irradiance_w_per_m2=900.0))
    plant.advance_to(3.0)
    with_sun = plant.poi_power_w
    plant.weather.irradiance_w_per_m2 = 0.0
    plant.advance_to(8.0)
    relief = plant.poi_power_w - with_sun
    assert [value > 3_000.0 for value in relief] == [each is phase for each in Phase]
    assert relief.total == pytest.approx(relief.largest, rel=0.01)


def test_the_sum_is_what_the_network_says() -> None:
    plant = lopsided()
    for _ in range(300):
        plant.weather.irradiance_w_per_m2 += 1.0
        plant.step(0.01)
        solved_w = (plant.bus * plant.poi_current.conjugate()).real * 100_000.0
        assert plant.poi_power_w.total == pytest.approx(solved_w, abs=1e-6)


def test_current_is_apparent_power_by_voltage() -> None:
    plant = lopsided()
    volts = abs(plant.bus) * 230.0
    assert plant.poi_current_a.l1 == pytest.approx(plant.poi_power_w.l1 * 1.02 / volts, rel=0.01), "power factor 0.98"
    assert plant.poi_current_a.largest > 1.7 * sum(plant.poi_current_a) / 3.0
    one = source_current_a(plant, plant.feeders["one"].power_w)
    assert tuple(one) == pytest.approx((6_000.0 / 230.0, 0.0, 0.0), rel=0.02)


def test_even_hubs_read_as_before() -> None:
    plant = lopsided(phases_are_even=True)
    power = plant.poi_power_w
    assert power.l1 == pytest.approx(power.l2) == pytest.approx(power.l3)


def test_in_an_island_the_former_carries_the_unbalance() -> None:
    plant = island(lopsided())
    plant.advance_to(20.0)
    power = plant.batteries[MAIN].power_w
    assert power.total == pytest.approx(plant.batteries[MAIN].power_va.real * 100_000.0)
    assert power.l1 == pytest.approx(plant.feeders["one"].power_w.l1 + plant.feeders["all"].power_w.l1, rel=0.02)
    assert plant.poi_power_w == PhaseValues(0.0, 0.0, 0.0)


def test_two_formers_share_the_unbalance_by_their_ratings() -> None:
    book = PhaseBook()

    class Village:
        def power_by_phase(self) -> tuple[complex, complex, complex]:
            return 0.3 + 0j, 0j, 0j

    class Former:
        power_va, is_forming = 0.1 + 0j, True

        def __init__(self, rated_pu: float) -> None:
            self.rated_pu = rated_pu

    book.open_for(Village(), [(Former(0.4), (L1, L2, L3)), (Former(0.2), (L1, L2, L3))])
    book.grid_is_stiff = False
    big, small = (book.of_former(0.1, rated, (L1, L2, L3)) for rated in (0.4, 0.2))
    assert big.total == pytest.approx(10_000.0)
    assert big.l1 - big.l2 == pytest.approx(2.0 * (small.l1 - small.l2))
    assert (big + small).l1 - (big + small).l2 == pytest.approx(30_000.0)


def test_energy_balances_with_everything_at_once() -> None:
    """To the rounding of a hundred thousand sums, over faults and starts: the solve is linear within a step."""
    plant = island(lopsided())
    plant.feeders["all"].short_circuit(trips_after_s=0.2)
    plant.advance_to(30.0)
    assert plant.source_j == pytest.approx(plant.load_j, rel=1e-9)
