"""A scenario file can choose every kind of device by name, and a mistake there has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.errors import ConfigError
from hil_tests.bench.loading import HUBS, SCENARIOS, load_scenario
from hil_tests.bench.plant_options import OWN, options_of
from hil_tests.plant.behaviour import InverterBehaviour
from hil_tests.plant.plant import Plant
from hil_tests.plant.pv_codes import OFFGRID
from hil_tests.plant.relay import VDE4105_RELAY
from hil_tests.tests.bench.mistakes import SOUND

EVERYTHING = """
[start.plant]
soh_pct = 80
pv_code = "offgrid"
load_shape = { frequency_ratio = 1.0 }
poi = { relay = "vde4105", lock_out_trips_count = 3 }
inverters.battery = { trips_on_full_and_empty = true, droop_table = [[0.0, 0.0], [1.0, 0.5]] }
gensets.genset = { is_isochronous = true }
motors.water = { rated_w = 3000.0 }
fridges.cold = { units_count = 4 }
sky = { start_hour = 9.0, clouds = [{ start_s = 5.0, depth_ratio = 0.8, ramp_s = 25.0, hold_s = 30.0 }] }
instruments."meter.power_w" = { noise = 5.0, averaging_s = 1.0 }
village = { water = "R15" }
roofs_w = { R18 = 8000.0 }
"""


def told(folder: Path, text: str) -> Path:
    """DIS-003 with another plant; its hub's feeders and battery by their own names."""
    path = folder / "PLA-001.toml"
    source = (SCENARIOS / "DIS-003.toml").read_text(encoding="utf-8").replace('id = "DIS-003"', 'id = "PLA-001"')
    path.write_text(source + text, encoding="utf-8")
    return path


def named(text: str) -> str:
    hub = load_scenario(SCENARIOS / "DIS-003.toml").site.hub
    battery, feeder = next(iter(hub.batteries)), next(iter(hub.feeders))
    kept = text if hub.gensets else text.replace("gensets.genset = { is_isochronous = true }\n", "")
    for name in ("water", "cold"):
        kept = kept.replace(f".{name} ", f".{feeder} ").replace(f"{{ {name} =", f"{{ {feeder} =")
    return kept.replace(".battery ", f".{battery} ")


def test_every_kind_can_be_chosen_in_a_file(tmp_path: Path) -> None:
    loaded = load_scenario(told(tmp_path, named(EVERYTHING)))
    options = options_of(loaded.scenario)
    assert options.pv_code is OFFGRID
    assert options.poi.relay is VDE4105_RELAY
    (behaviour,) = options.inverters.values()
    assert behaviour == InverterBehaviour(trips_on_full_and_empty=True, droop_table=((0.0, 0.0), (1.0, 0.5)))
    assert (options.soc_pct, options.soh_pct) == (85.0, 80.0)
    plant = Plant(loaded.site.hub, options=options)
    plant.advance_to(5.0)
    assert plant.loads.lines is not None
    assert plant.loads.lines.roof_power_w("R18") > 1_000.0
    assert plant.weather.irradiance_w_per_m2 < 600.0
    assert not set(loaded.scenario.start.plant) & set(OWN)


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("nonsense = 1", "start.plant.nonsense", "one of"),
        ("soc_pct = 50", "start.plant.soc_pct", "not in [start.plant]"),
        ('pv_code = "vde4501"', "start.plant.pv_code", "vde4105_2018"),
        ('poi = { relay = "vde" }', "start.plant.poi.relay", "vde4105"),
        ("inverters.nobody = { always_forms = true }", "start.plant.inverters.nobody", "one of"),
        (
            "inverters.battery = { always_form = true }",
            "start.plant.inverters.battery.always_form",
            "always_forms",
        ),
        ('soh_pct = "old"', "start.plant.soh_pct", ""),
    ],
)
def test_a_mistake_has_its_key_and_says_what_is_wanted(tmp_path: Path, text: str, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_scenario(told(tmp_path, f"[start.plant]\n{text}\n"))
    found = [problem for problem in error.value.problems if problem.key == key]
    assert found, [problem.key for problem in error.value.problems]
    assert words in found[0].wanted
    assert found[0].line is not None


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("tier = 3\n", 'tier = 3\nbus = "grid_side"\n', "feeders.ev_posts.bus"),
        ('connection = "bus"', 'connection = "inverter_input"', "gensets.genset.connection"),
    ],
)
def test_what_the_plant_does_not_model_is_refused_where_it_stands(
    tmp_path: Path, before: str, after: str, key: str
) -> None:
    """A feeder on the grid side was served by the island while its street was dead."""
    hub = tmp_path / "elsewhere.toml"
    text = (HUBS / "with_genset.toml").read_text().replace(before, after, 1)
    assert after in text
    hub.write_text(text.replace('name = "with_genset"', 'name = "elsewhere"'))
    scenario = tmp_path / "ISL-900.toml"
    scenario.write_text(SOUND.replace('hub = "small"', 'hub = "elsewhere.toml"'))
    with pytest.raises(ConfigError) as caught:
        load_scenario(scenario)
    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == (hub, key)
    assert text.splitlines()[problem.line - 1] == after.splitlines()[-1]


@pytest.mark.parametrize(
    ("line", "meant"), [('pv_code = "offgrd"', "offgrid"), ('pv_codes = { pv_barn = "en5549_1" }', "en50549_1")]
)
def test_a_mistyped_code_of_a_roof_gets_the_one_that_was_meant(line: str, meant: str, tmp_path: Path) -> None:
    path = tmp_path / "mistyped.toml"
    path.write_text(
        f'id = "ISL-900"\ntitle = "x"\nuntil = "1 s"\n[start.plant]\n{line}\n[[expect]]\nthat = "bus.live"\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_scenario(path)
    assert [problem.hint for problem in caught.value.problems] == [meant]
