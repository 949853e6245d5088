"""What a start finds is written down: the plant, the durable memory, and what the memory does not explain."""

from __future__ import annotations

from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench


def recovered(bench: Bench) -> dict[str, object]:
    return dict(bench.happened(EventKind.RECOVERED)[-1][1].inputs)


def moved(bench: Bench) -> set[tuple[str, object]]:
    return {
        (e.subject, e.values["position"]) for _, e in bench.happened(EventKind.POSITION_CHANGED, Reason.FOUND_MOVED)
    }


def test_a_restart_in_the_island_is_explained_by_what_was_kept() -> None:
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=1.0))
    bench.run_for(5.0)
    assert moved(bench) == set(), "a first start on a hub that stands as it should"
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(2.0)
    bench.restart_controller()
    bench.run_for(3.0)
    found = recovered(bench)
    assert "ev_posts" in str(found["durable_shed_set"])
    assert "ev_posts" in str(found["found_open_set"])
    assert found["durable_poi_held_open"] is True
    assert found["found_forming_set"] == "battery_main"
    assert int(str(found["durable_attempts_count"])) >= 2
    assert found["durable_ages_unknown_count"] == 0
    assert moved(bench) == set()


def test_killed_before_anything_was_durable_it_says_found_moved_intent_not_durable() -> None:
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=1.0))
    bench.run_for(5.0)
    bench.journal.write_s = 5.0
    bench.plant.grid.blackout()
    bench.run_to(Mode.UNPLANNED_ISLANDING)
    bench.run_for(0.3)
    bench.stop_controller()
    bench.journal.write_s = 0.0
    bench.run_for(2.0)
    bench.start_controller()
    bench.run_for(5.0)
    assert {("poi", "open"), ("ev_posts", "open")} <= moved(bench)
    event = bench.happened(EventKind.POSITION_CHANGED, Reason.FOUND_MOVED)[0][1]
    assert event.values["intent_is_durable"] is False
