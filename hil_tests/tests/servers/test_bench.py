"""The bench itself: links, stories and seeds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.config.types import Protocol
from controller.model.advice import RequestKind
from controller.model.reasons import EventKind
from controller.model.words import BreakerPosition, Mode
from hil_tests.bench.verdict import Finding
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.servers.points import PlantDevices
from hil_tests.simulation import seeds
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.direct import DirectLink, Latency
from hil_tests.tests.servers.benches import site


class Line:
    """One direct link and the plant behind it, without a controller."""

    def __init__(self, device: str, latency: Latency | None = None) -> None:
        checked = site()
        self.plant = Plant(checked.hub)
        self.devices = PlantDevices(checked, self.plant)
        self.link = DirectLink(checked.devices[device], self.devices.device(device), latency)

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s / STEP_S)):
            self.plant.step(STEP_S)
            self.link.step(self.plant.now_s)


# ---- links ----------------------------------------------------------------------------------------------------------


def test_a_reading_is_as_old_as_its_poll() -> None:
    line = Line("inverter_main")  # polled every 50 ms
    line.run(1.0)
    reading = line.link.reading("battery.soc_pct")
    assert reading is not None
    assert 0.0 <= line.plant.now_s - reading.at_s <= 0.05


def test_a_write_takes_its_time() -> None:
    line = Line("contactor_water")
    line.run(0.5)
    line.link.write("feeder.closed", value=False)
    line.run(0.1)
    assert line.plant.feeders["water"].is_ordered_closed
    line.run(0.1)
    assert not line.plant.feeders["water"].is_ordered_closed


def test_latency_is_the_storytellers_choice() -> None:
    line = Line("contactor_water", Latency({Protocol.MODBUS_RTU: 1.0}, poll_factor=10.0))
    line.run(0.01)
    line.link.write("feeder.closed", value=False)
    line.run(0.9)
    assert line.plant.feeders["water"].is_ordered_closed
    line.run(0.2)
    assert not line.plant.feeders["water"].is_ordered_closed
    reading = line.link.reading("feeder.position")
    assert reading is not None
    assert reading.at_s == pytest.approx(0.01)  # the next poll is at 4 s


def test_a_cut_link_keeps_its_last_reading_and_loses_what_was_under_way() -> None:
    line = Line("contactor_water")
    line.run(0.5)
    line.link.write("feeder.closed", value=False)
    line.link.is_cut = True
    before = line.link.reading("feeder.position")
    line.run(2.0)
    assert not line.link.is_up
    assert line.link.reading("feeder.position") == before
    line.link.is_cut = False
    line.run(1.0)
    assert line.plant.feeders["water"].is_ordered_closed
    line.link.write("feeder.closed", value=False)
    line.run(0.5)
    assert not line.plant.feeders["water"].is_ordered_closed


def test_a_dead_bus_has_no_frequency() -> None:
    line = Line("inverter_main")
    line.run(0.5)
    assert line.link.reading("battery.frequency_hz") is not None
    line.plant.poi.trip()
    line.run(1.0)
    assert line.link.reading("battery.frequency_hz") is None


# ---- stories --------------------------------------------------------------------------------------------------------


def test_a_blackout_and_back_violates_nothing() -> None:
    bench = Bench.of()
    bench.run_to(Mode.GRID_CONNECTED)
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED, 5.0)
    bench.run_for(20.0)
    bench.plant.grid.returns()
    bench.run_to(Mode.GRID_CONNECTED, 240.0)
    bench.run_for(5.0)
    assert bench.violations == []
    assert bench.plant.poi.closings[-1].kind == "live_live"


def test_the_same_seed_is_the_same_run() -> None:
    def tell(seed: int) -> str:
        bench = Bench.of(seed=seed)
        bench.run_for(3.0)
        bench.plant.grid.blackout()
        bench.run_for(5.0)
        bench.plant.grid.returns()  # at an angle of the seed's choosing
        bench.run_for(1.0)
        return bench.trace_hash()

    assert tell(5) == tell(5)
    assert tell(5) != tell(6)


def test_hearts_stop_with_the_controller() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    school = bench.devices.device("inverter_school")
    assert not school.has_reverted
    bench.stop_controller()
    bench.run_for(31.0)
    assert school.has_reverted
    bench.start_controller()
    bench.run_for(2.0)
    assert not school.has_reverted


def test_a_restart_keeps_only_what_is_durable() -> None:
    bench = Bench.of()
    bench.run_to(Mode.GRID_CONNECTED)
    bench.request(RequestKind.OBSERVE_ON)
    bench.run_for(1.0)
    authority = bench.durable.authority
    bench.restart_controller(1.0)
    assert bench.mode is Mode.UNKNOWN
    bench.run_for(0.1)
    assert bench.image.poi.position is not None
    bench.run_to(Mode.GRID_CONNECTED, 15.0)
    assert bench.durable.authority is authority
    assert len(bench.happened(EventKind.REQUESTED)) == 1


def test_a_cut_device_is_named_and_comes_back() -> None:
    bench = Bench.of()
    bench.run_for(2.0)
    bench.cut("weather_mast")
    bench.run_for(1.0)
    assert "weather_mast" in bench.image.lost_devices
    bench.restore("weather_mast")
    bench.run_for(1.0)
    assert not bench.image.lost_devices


def test_a_condition_that_never_comes_true_fails_with_its_seed() -> None:
    with pytest.raises(AssertionError, match="seed 9"):
        Bench.of(seed=9).run_until(lambda bench: bench.plant.now_s < 0.0, 0.2)


# ---- seeds ----------------------------------------------------------------------------------------------------------


def test_a_seed_is_one_story() -> None:
    assert seeds.story(4) == seeds.story(4)
    assert seeds.story(4) != seeds.story(5)
    stuck = [seeds.story(seed, with_stuck_feedback=True) for seed in range(40)]
    assert any(told.feedback_is_stuck for told in stuck)
    assert [replace(told, feedback_is_stuck=False) for told in stuck] == [seeds.story(seed) for seed in range(40)]


def test_a_violation_ends_the_command_with_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeds, "play", lambda told, _: [Finding("I4", 12.3, f"two formers: {told.seed}")])
    assert seeds.main(["--count", "1", "--first", "2", "--hub", "musterhallig"]) == 1
    assert "musterhallig seed 2: I4 at 12.30 s: two formers: 2\n" in capsys.readouterr().out


def test_the_first_seeds_pass() -> None:
    assert seeds.main(["--count", "2"]) == 0


def test_stuck_feedback_is_what_the_contact_says() -> None:
    bench = Bench.of()
    bench.plant.poi.stuck_feedback = BreakerPosition.CLOSED
    bench.plant.poi.trip()
    bench.run_for(0.5)
    assert bench.plant.poi.position is BreakerPosition.OPEN
    assert bench.image.poi.position is BreakerPosition.CLOSED
