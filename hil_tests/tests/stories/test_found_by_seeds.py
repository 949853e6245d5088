"""Stories that random hubs have told first: each was a fault of the controller once."""

from __future__ import annotations

from controller.model.words import BreakerPosition, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench


def islanded(options: PlantOptions | None = None) -> Bench:
    bench = Bench.of(options=options)
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(3.0)
    return bench


def test_it_does_not_follow_a_grid_that_returns_at_a_frequency_of_need() -> None:
    """47.9 Hz is inside the code's return window; an island steered there sheds everything by its own rule."""
    bench = islanded(PlantOptions(demand_ratio=0.4))
    served = {name for name, feeder in bench.plant.feeders.items() if feeder.is_energised}
    bench.plant.grid.returns(frequency_hz=47.9)
    bench.run_for(30.0)
    assert bench.mode is Mode.ISLANDED
    assert served <= {name for name, feeder in bench.plant.feeders.items() if feeder.is_energised}
    bench.plant.grid.drift(50.0, 0.5)
    bench.run_to(Mode.GRID_CONNECTED, timeout_s=120.0)
    assert bench.violations == []


def test_nothing_is_restored_while_the_poi_is_out_of_sight() -> None:
    bench = islanded(PlantOptions(demand_ratio=0.9))
    shed = [name for name, feeder in bench.plant.feeders.items() if feeder.position is BreakerPosition.OPEN]
    assert shed
    bench.plant.grid.returns()
    bench.run_to(Mode.GRID_CONNECTED, timeout_s=120.0)
    bench.cut("poi_relay")
    bench.run_for(20.0)
    assert [n for n in shed if bench.plant.feeders[n].position is BreakerPosition.OPEN] == shed
    bench.restore("poi_relay")
    bench.run_for(30.0)
    assert all(bench.plant.feeders[name].is_energised for name in shed)
    assert bench.violations == []


def test_a_genset_beside_the_sun_charges_no_frozen_battery() -> None:
    """Seed 707: it carried the whole load, and what the roofs gave went into a battery that may not be charged."""
    options = PlantOptions(demand_ratio=0.4, irradiance_w_per_m2=500.0, temperature_c=-5.0, soc_pct=15.0)
    bench = islanded(options)
    bench.run_until(lambda b: b.plant.gensets["genset"].is_forming, timeout_s=120.0)
    bench.run_until(lambda b: sum(pv.power_w.total for pv in b.plant.pv.values()) > 1_000.0, timeout_s=200.0)
    bench.run_for(30.0)
    assert bench.plant.gensets["genset"].is_forming
    assert bench.violations == []


def test_a_former_out_of_sight_is_told_nothing_new_on_the_way_back() -> None:
    """Seed 25: its inverter was barred when the grid had been back long enough, and was steered all the same."""
    bench = islanded()
    bench.plant.grid.returns(frequency_hz=50.03)
    bench.run_for(9.0)
    former = bench.plant.forming[0]
    bench.cut(*{ref.device for ref in bench.site.bindings[former].writes.values()})
    bench.run_for(3.0)
    assert [veto for _, veto in bench.vetoes if veto.subject == former] == []
    assert bench.violations == []
