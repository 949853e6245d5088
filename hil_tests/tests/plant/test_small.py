"""Radios, weather, and instruments that are not perfect."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest

from controller.model.hub import Radio
from hil_tests.plant.base import forked
from hil_tests.plant.meters import Instrument, InstrumentErrors
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.rest import STEP_S
from hil_tests.plant.weather import SEVEN_CLOUDS, Sky, clouds_of
from hil_tests.servers.points import PlantDevices
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import bare
from hil_tests.tests.servers.benches import site


def coarsely(plant: Plant, for_s: float) -> None:
    until_s = plant.now_s + for_s
    while plant.now_s < until_s - 1e-9:
        plant.step(1.0)


def with_radio() -> Plant:
    return bare(radios={"radio": Radio("radio", hubs.LABEL, "load", 200.0)})


# ---- radio ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("duty_ratio", "used_w"), [(0.02, 19.44), (0.10, 25.2), (0.40, 46.8)])
def test_a_radio_uses_what_it_sends(duty_ratio: float, used_w: float) -> None:
    plant = with_radio()
    plant.radios["radio"].duty_ratio = duty_ratio
    plant.radios["radio"].charger_is_dead = True
    coarsely(plant, 3600.0)
    assert plant.radios["radio"].is_supplied
    assert 200.0 - plant.radios["radio"].energy_wh == pytest.approx(used_w, rel=1e-3)


def test_a_dead_charger_ends_in_silence_and_the_seconds_are_counted() -> None:
    plant = with_radio()
    radio = plant.radios["radio"]
    radio.charger_is_dead = True
    radio.disconnect_pct = 50.0
    coarsely(plant, 5 * 3600.0)
    assert not radio.is_alive
    assert radio.reserve_pct == pytest.approx(50.0, abs=0.1), "the rest is kept from deep discharge"
    assert radio.uptime_s == pytest.approx(100.0 / 25.2 * 3600.0, rel=0.01)
    assert radio.uptime_s + radio.silent_s == pytest.approx(plant.now_s, abs=1.1)
    radio.charger_is_dead = False
    assert radio.is_alive


def test_a_hung_radio_has_power_and_says_nothing_until_it_is_restarted() -> None:
    plant = with_radio()
    plant.radios["radio"].is_hung = True
    assert plant.radios["radio"].is_powered
    assert not plant.radios["radio"].is_alive
    plant.radios["radio"].restart()
    assert plant.radios["radio"].is_alive


# ---- weather --------------------------------------------------------------------------------------------------------


def test_the_sun_rises_culminates_and_sets() -> None:
    sky = Sky(start_hour=0.0, day_length_hours=16.0, peak_w_per_m2=800.0)
    by_hour = [sky.irradiance_w_per_m2(hour * 3600.0) for hour in range(24)]
    assert by_hour[3] == by_hour[20] == 0.0
    assert by_hour[12] == max(by_hour) == 800.0
    assert by_hour[8] == pytest.approx(by_hour[16])


def test_seven_clouds_pass_within_their_ranges_and_the_same_each_time() -> None:
    for clouds in (SEVEN_CLOUDS, clouds_of(forked(3, "clouds"), 7)):
        assert len(clouds) == 7
        assert all(0.5 <= c.depth_ratio <= 0.9 and 25 <= c.ramp_s <= 125 and 30 <= c.hold_s <= 240 for c in clouds)
    sky = Sky(peak_w_per_m2=900.0, clouds=SEVEN_CLOUDS)
    assert sky.irradiance_w_per_m2(700.0) == pytest.approx(90.0, abs=2.0)
    falls = [a - b for a, b in pairwise(sky.irradiance_w_per_m2(float(s)) for s in range(2400))]
    assert max(falls) == pytest.approx(900.0 * 0.9 / 25.0, abs=2.0)
    assert clouds_of(forked(3, "clouds"), 7) == clouds_of(forked(3, "clouds"), 7)


def test_a_sky_moves_the_plant_once_a_second_and_lets_it_rest_between() -> None:
    plant = bare(options=PlantOptions(sky=Sky(start_hour=9.0, cold_spell=(20.0, 1e9, 15.0))), pv=hubs.hub().pv)
    plant.advance_to(10.0)
    rested_count = 0
    for _ in range(3000):
        rested_count += plant.rest.holds
        plant.step(STEP_S)
    assert rested_count > 1500
    assert plant.weather.irradiance_w_per_m2 == pytest.approx(900.0 * 0.5**0.6, abs=3.0), "sin 45 degrees"
    assert plant.weather.temperature_c == pytest.approx(-3.0, abs=0.3)


def test_demand_follows_the_time_of_day() -> None:
    options = PlantOptions(demand_ratio=1.0, sky=Sky(start_hour=17.0), demand_profile=((17.0, 0.4), (19.0, 1.0)))
    plant = bare(options=options)
    coarsely(plant, 2.0)
    first_w = plant.feeders["load"].power_w.total
    coarsely(plant, 3600.0)
    assert plant.feeders["load"].power_w.total == pytest.approx(first_w * 0.7 / 0.4, rel=0.01)


# ---- instruments ----------------------------------------------------------------------------------------------------


def readings(errors: InstrumentErrors, values: list[float]) -> list[float]:
    instrument = Instrument(errors, forked(1, "x"))
    shown = []
    for index, value in enumerate(values):
        instrument.step(value, (index + 1) * STEP_S)
        assert instrument.shown is None or isinstance(instrument.shown, float)
        shown.append(instrument.shown if instrument.shown is not None else 0.0)
    return shown


def test_gain_offset_and_resolution() -> None:
    assert readings(InstrumentErrors(gain=1.02, offset=-3.0, resolution=0.5), [100.0])[-1] == 99.0


def test_a_step_is_seen_late_and_through_its_window() -> None:
    step = [0.0] * 100 + [10.0] * 200
    averaged = readings(InstrumentErrors(averaging_s=1.0), step)
    assert averaged[149] == pytest.approx(5.0, abs=0.1)
    assert averaged[-1] == pytest.approx(10.0)
    late = readings(InstrumentErrors(latency_s=0.3), step)
    assert (late[128], late[131]) == (0.0, 10.0)
    slow = readings(InstrumentErrors(period_s=0.5), [float(index) for index in range(300)])
    assert len(set(slow)) == 6


def test_noise_has_its_width_and_a_stream_of_its_own() -> None:
    shown = readings(InstrumentErrors(noise=2.0), [50.0] * 4000)
    assert statistics.mean(shown) == pytest.approx(50.0, abs=0.2)
    assert statistics.stdev(shown) == pytest.approx(2.0, rel=0.05)
    assert shown == readings(InstrumentErrors(noise=2.0), [50.0] * 4000)


def test_a_device_reports_what_its_instrument_says_and_missing_stays_missing() -> None:
    checked = site()
    bad = {
        "poi_relay.poi.bus_frequency_hz": InstrumentErrors(offset=0.3),
        "inverter_main.battery.soc_pct": InstrumentErrors(gain=0.5),
    }
    plant = Plant(checked.hub, options=PlantOptions(instruments=bad))
    bench = PlantDevices(checked, plant)
    plant.advance_to(10.0)
    assert bench.device("poi_relay").read("poi.bus_frequency_hz") == pytest.approx(50.3, abs=1e-3)
    assert bench.device("inverter_main").read("battery.soc_pct") == pytest.approx(42.5, abs=0.1)
    assert bench.device("poi_relay").read("poi.grid_frequency_hz") == pytest.approx(50.0)
    plant.poi.trip()
    plant.advance_to(11.0)
    assert bench.device("poi_relay").read("poi.bus_frequency_hz") is None


def test_an_instrument_that_no_device_has_is_a_mistake() -> None:
    checked = site()
    plant = Plant(checked.hub, options=PlantOptions(instruments={"poi_relay.no_such": InstrumentErrors(gain=2.0)}))
    with pytest.raises(ValueError, match=r"poi_relay\.no_such"):
        PlantDevices(checked, plant)


def test_whoever_polls_sees_that_a_noisy_reading_moves_while_the_plant_rests() -> None:
    checked = site()
    name = "inverter_main.battery.soc_pct"
    plant = Plant(checked.hub, options=PlantOptions(instruments={name: InstrumentErrors(noise=1.0, period_s=0.05)}))
    bench = PlantDevices(checked, plant)
    plant.advance_to(20.0)
    changes, seen = set(), set()
    for _ in range(20):
        plant.step(STEP_S)
        changes.add(plant.rest.changes_count)
        seen.add(bench.device("inverter_main").read("battery.soc_pct"))
    assert len(seen) >= 4
    assert len(changes) >= 4
