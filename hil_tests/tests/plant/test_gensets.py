"""The sequence of a genset, its counters, its protections and its governor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model.words import GensetState
from hil_tests.plant.engine import BIOGAS_CHP, GensetBehaviour, GensetFault, StartStage
from hil_tests.plant.generator import GeneratorSet
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.swing import Swing
from hil_tests.tests.plant.stands import MAIN, bare, island, run_until, state_of

SURE = ((0.0, 1.0), (1.0, 1.0))


def stand(behaviour: GensetBehaviour | None = None, load_w: float = 20_000.0, **options: object) -> Plant:
    chosen = behaviour or GensetBehaviour(success_by_c=SURE)
    made = PlantOptions(demand_ratio=1.0, gensets={"genset": chosen}, **options)  # type: ignore[arg-type]
    return bare(load_w, options=made)


def alone(plant: Plant) -> GeneratorSet:
    """A genset that carries a dead hub by itself."""
    island(plant, forming=False)
    plant.gensets["genset"].set_run(True)
    run_until(plant, lambda p: p.gensets["genset"].is_forming, 60.0)
    return plant.gensets["genset"]


def test_the_sequence_and_what_the_panel_counts() -> None:
    plant = stand(GensetBehaviour(precrank_s=3.0, success_by_c=SURE))
    genset = plant.gensets["genset"]
    genset.set_run(True)
    stages = []
    while genset.state is not GensetState.LOADED:
        plant.step(0.01)
        if genset.start_stage is not None and genset.start_stage not in stages:
            stages.append(genset.start_stage)
    assert stages == [StartStage.PRECRANK, StartStage.CRANKING, StartStage.WARMING]
    assert 3.0 + 2.0 + 10.0 + 2.0 <= plant.now_s <= 3.0 + 4.0 + 10.0 + 2.0 + 0.1
    assert [crank.has_fired for crank in genset.cranks] == [True]
    genset.set_run(False)
    plant.advance_to(plant.now_s + 119.0)
    assert state_of(genset) is GensetState.COOLING
    plant.advance_to(plant.now_s + 2.0)
    assert state_of(genset) is GensetState.STOPPED
    assert genset.run_book.starts_count == 1
    assert genset.run_book.run_s == pytest.approx(10.0 + 2.0 + 120.0, abs=0.1)


def test_three_tries_of_ten_seconds_with_rests_and_then_a_fault_until_the_order_goes() -> None:
    plant = stand()
    genset = plant.gensets["genset"]
    genset.fails_to_crank = True
    genset.set_run(True)
    took_s = run_until(plant, lambda p: p.gensets["genset"].state is GensetState.FAULT, 90.0)
    assert took_s == pytest.approx(50.0, abs=0.2)
    assert [round(crank.duration_s, 1) for crank in genset.cranks] == [10.0, 10.0, 10.0]
    assert genset.fault is GensetFault.FAILED_START
    plant.advance_to(plant.now_s + 30.0)
    assert len(genset.cranks) == 3, "it does not try again by itself"
    genset.set_run(False)
    plant.advance_to(plant.now_s + 0.1)
    assert state_of(genset) is GensetState.STOPPED


def test_an_order_withdrawn_stops_the_starter_motor() -> None:
    plant = stand()
    plant.gensets["genset"].set_run(True)
    plant.advance_to(1.0)
    plant.gensets["genset"].set_run(False)
    plant.advance_to(1.1)
    assert plant.gensets["genset"].state is GensetState.STOPPED
    assert plant.gensets["genset"].cranks[0].duration_s < 1.1


def test_in_the_frost_a_diesel_starts_less_often() -> None:
    def tries(celsius: float) -> int:
        count = 0
        for seed in range(40):
            plant = bare(seed=seed, options=PlantOptions(temperature_c=celsius))
            plant.gensets["genset"].set_run(True)
            while plant.gensets["genset"].state is not GensetState.FAULT and plant.now_s < 51.0:
                plant.step(0.1)
                if plant.gensets["genset"].start_stage is StartStage.WARMING:
                    break
            count += len(plant.gensets["genset"].cranks)
        return count

    assert tries(15.0) < 55
    assert tries(-20.0) > 75


def test_the_hand_at_the_panel_starts_it_and_the_button_stops_it_all_the_same() -> None:
    plant = stand()
    genset = plant.gensets["genset"]
    genset.hand_run = True
    run_until(plant, lambda p: p.gensets["genset"].is_forming, 30.0)
    plant.safety.emergency_off = True
    plant.advance_to(plant.now_s + 0.1)
    assert not genset.is_forming
    assert not genset.wants_run


def test_fuel_runs_out_and_it_stands_still() -> None:
    plant = stand()
    genset = alone(plant)
    genset.fuel_l = 0.001
    run_until(plant, lambda p: p.gensets["genset"].state is GensetState.FAULT, 30.0)
    assert genset.fault is GensetFault.OUT_OF_FUEL
    assert genset.fuel_l == 0.0
    plant.step(0.01)
    assert plant.bus == 0


def test_little_load_soots_and_enough_does_not() -> None:
    for load_w, soots in ((6_000.0, True), (20_000.0, False)):
        plant = stand(load_w=load_w)
        genset = alone(plant)
        plant.advance_to(plant.now_s + 30.0)
        assert (genset.run_book.low_load_s > 25.0) is soots, load_w


def test_reverse_power_trips_after_five_seconds() -> None:
    plant = island(stand())
    genset = plant.gensets["genset"]
    genset.set_run(True)
    run_until(plant, lambda p: p.gensets["genset"].is_forming, 30.0)
    plant.batteries[MAIN].set_frequency_hz(51.5)
    took_s = run_until(plant, lambda p: p.gensets["genset"].state is GensetState.FAULT, 30.0)
    assert genset.fault is GensetFault.REVERSE_POWER
    assert took_s >= 5.0
    genset.set_run(False)
    plant.advance_to(plant.now_s + 1.0)
    assert genset.state is GensetState.FAULT, "only a person acknowledges this one"
    genset.reset()
    assert state_of(genset) is GensetState.STOPPED


def test_an_overload_stalls_it() -> None:
    """40 kVA with 60 kW: the engine gives 1.1 of its rating and loses speed at (1.5 - 1.1) / 2H."""
    plant = stand()
    genset = alone(plant)
    plant.feeders["load"].demand_ratio = 3.2
    run_until(plant, lambda p: p.gensets["genset"].state is GensetState.FAULT, 30.0)
    assert genset.fault is GensetFault.STALLED


def test_the_limit_of_the_engine_is_a_limit() -> None:
    """2H w' = P_max - P_e - D w: at once after saturation the slope is (1.1 - 1.5) / 1.2."""
    swing = Swing(power_max=1.1, speed=-0.06, governor=1.1, mechanical=1.1)
    slope = (swing.step(1.5, 1.0, 0.001) + 0.06) / 0.001
    assert slope == pytest.approx((1.1 - 1.5 + 0.06) / 1.2, rel=0.02)


def test_isochronous_comes_back_to_its_frequency_and_droop_does_not() -> None:
    for is_isochronous, expected_hz in ((True, 50.0), (False, None)):
        plant = stand(replace(GensetBehaviour(success_by_c=SURE), is_isochronous=is_isochronous))
        genset = alone(plant)
        plant.advance_to(plant.now_s + 40.0)
        load = genset.power_w.total / 40_000.0
        # with D the steady state is w = -P / (1/R + D)
        wanted_hz = expected_hz or 50.0 * (1.0 - load / (1.0 / 0.04 + 15.0))
        assert plant.bus_frequency_hz == pytest.approx(wanted_hz, abs=0.02)


def test_a_chp_follows_its_heat_and_loads_up_slowly_beside_the_grid() -> None:
    """Banshee packet, section 11: 2.5 minutes from no load to full load."""
    plant = stand(replace(BIOGAS_CHP, success_by_c=SURE))
    genset = plant.gensets["genset"]
    rating_w = genset.genset.rating_va
    genset.set_power_w(5_000.0)
    genset.set_run(True)
    run_until(plant, lambda p: p.gensets["genset"].is_forming, 200.0)
    began_s = plant.now_s
    plant.advance_to(began_s + 60.0)
    assert genset.power_w.total == pytest.approx(60.0 / 150.0 * rating_w, rel=0.05)
    plant.advance_to(began_s + 140.0)
    assert genset.power_w.total == pytest.approx(0.8 * rating_w, rel=0.02), "its heat, and not what it is told"
