"""What a run cost is counted on plant truth, and the bill knows every name a hub may have."""

from __future__ import annotations

import random

import pytest

from controller.model.reasons import EventKind, Reason
from hil_tests.bench.verdict import Finding
from hil_tests.checkers.bill import bill_eur
from hil_tests.checkers.catalogue import all_checkers
from hil_tests.checkers.metrics import Metrics, metric_names
from hil_tests.checkers.tallies import NOBODY_WAS_TOLD, SET_POINTS
from hil_tests.docs.invariants import ELSEWHERE
from hil_tests.plant.cold_chain import FridgeGroup, Fridges
from hil_tests.plant.plant import STEP_S, PlantOptions
from hil_tests.tests import tree
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.wrongs_of_the_log import reclosed_gently, start_the_genset


def measured(stage: Stage, duration_s: float) -> Metrics:
    metrics = Metrics()
    for _ in range(round(duration_s / STEP_S)):
        stage.run(STEP_S)
        metrics.look(stage.scene)
    return metrics


def test_a_blackout_has_its_times_and_its_costs() -> None:
    stage = Stage(PlantOptions(relay_enabled=False))
    stage.begin()
    metrics = Metrics()
    stage.plant.grid.blackout()
    stage.run(0.2)
    metrics.look(stage.scene)
    stage.say(EventKind.GRID_VERDICT, "grid", Reason.GRID_DEAD, verdict="lost")
    stage.order("poi", "open", True)
    stage.run(1.0)
    metrics.look(stage.scene)
    stage.run(2.0)
    values = metrics.finish(stage.scene)
    assert values["t_detect_s"] == pytest.approx(0.0, abs=0.05)
    assert values["t_open_s"] == pytest.approx(1.0, abs=0.05)
    assert "t_island_s" not in values
    assert values["dead_bus_s"] == pytest.approx(3.0, abs=0.1)
    assert values["unserved_s.tier0"] == pytest.approx(3.0, abs=0.1)
    assert values["bill_eur"] > 0.0


def test_how_fast_the_frequency_moves_is_measured_over_a_window() -> None:
    stage = Stage()
    stage.begin()
    stage.plant.grid.drift(49.0, 0.5)
    values = measured(stage, 1.5).finish(stage.scene)
    assert values["rocof_max_hz_per_s"] == pytest.approx(0.5, rel=0.1)


def test_a_closing_tells_what_it_would_have_driven() -> None:
    stage = reclosed_gently()
    values = Metrics().finish(stage.scene)
    assert values["reclosing_peak_pu"] == stage.plant.impacts[-1].prospective_pu
    assert values["sync_angle_max_deg"] < 10.0


def test_what_is_taken_back_for_no_new_cause_was_wrong() -> None:
    for cause, expected in (("", 1.0), ("grid.return", 0.0), ("form", 0.0)):
        stage = Stage()
        stage.begin()
        stage.order("ev_posts", "closed", False)
        stage.run(2.0)
        if cause == "form":
            stage.say(EventKind.ORDERED_FORM, "battery_main")
        elif cause:
            stage.scene.marks.append((stage.plant.now_s, cause))
        stage.order("ev_posts", "closed", True)
        stage.run(0.5)
        values = Metrics().finish(stage.scene)
        assert values["wrong_operations_count"] == expected
        assert values["operations_count.ev_posts"] == 2.0


def test_a_genset_with_little_to_do_is_counted() -> None:
    stage = Stage(PlantOptions(demand_ratio=0.1, irradiance_w_per_m2=0.0))
    stage.island()
    before_l = stage.plant.gensets["genset"].fuel_l
    start_the_genset(stage)
    stage.run(10.0)
    values = Metrics().finish(stage.scene)
    assert values["genset_starts_count.genset"] == 1.0
    assert 9.0 < values["genset_low_load_s.genset"] <= values["genset_run_s.genset"]
    used_l = before_l - stage.plant.gensets["genset"].fuel_l
    assert used_l > 0.0
    assert values["fuel_l"] == pytest.approx(used_l)


@pytest.mark.parametrize("filled_l", [10.0, 200.0])
def test_a_tank_that_somebody_fills_or_empties_burns_nothing(filled_l: float) -> None:
    stage = Stage()
    stage.begin()
    stage.plant.gensets["genset"].fuel_l = filled_l
    stage.run(1.0)
    assert Metrics().finish(stage.scene)["fuel_l"] == 0.0


def test_a_warm_cold_store_is_counted_in_degree_minutes() -> None:
    stage = Stage()
    fridges = Fridges(FridgeGroup(2), random.Random(1))
    fridges.temperatures_c = [11.0, 9.0]
    stage.plant.feeders["cold_chain"].fridges = fridges
    stage.run(60.0)
    values = Metrics().finish(stage.scene)
    assert values["cold_chain_c_min.cold_chain"] == pytest.approx(2.0, rel=0.05)


def test_findings_become_counts() -> None:
    findings = [Finding("I8", 1.0, ""), Finding("I8b", 1.0, ""), Finding("I16", 1.0, ""), Finding("I2", 1.0, "")]
    values = Metrics().finish(Stage().scene, findings)
    assert values["setpoint_violations_count"] == 2.0
    assert values["alarms_missed_count"] == 1.0
    assert {checker.about.id for checker in all_checkers()} >= SET_POINTS | NOBODY_WAS_TOLD


def test_every_metric_can_be_asked_for() -> None:
    stage = reclosed_gently()
    assert set(Metrics().finish(stage.scene)) <= metric_names(stage.site)


def test_the_bill_knows_any_gensets_name_and_any_tier() -> None:
    assert bill_eur({"genset_starts_count.aggregat": 2.0}) == 20.0
    assert bill_eur({"unserved_wh.tier5": 1000.0}) == pytest.approx(0.267)
    assert bill_eur({"unserved_wh.tier0": 1000.0, "unserved_s.tier0": 5.0}) == pytest.approx(1.5)
    assert bill_eur({"operations_count": 3.0, "operations_count.poi": 3.0}) == pytest.approx(1.2)


def test_every_invariant_of_the_study_is_watched_or_proven_elsewhere() -> None:
    watched = {checker.about.id for checker in all_checkers()}
    elsewhere = {id_ for id_, *_ in ELSEWHERE}
    assert {f"I{number}" for number in range(1, 28)} <= watched | elsewhere
    assert all((tree.ROOT / place).is_file() for *_, places in ELSEWHERE for place in places)
