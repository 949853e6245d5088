"""Milliseconds for seconds, kilowatts for watts: every number of a site with a unit is asked about once, and named."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import tomli_w

import hil_tests
from controller.config import schema
from controller.config.errors import Problem, errors_of
from controller.config.load import examine
from controller.config.paths import configs_dir
from controller.config.shapes import Part, ShortTimeEntry
from controller.config.usual import USUAL, usual_age
from controller.config.vocabulary import DEFAULT_MAX_AGE_S
from hil_tests.fuzz.hubs import random_hub
from hil_tests.tests.config.stories import MUSTER

Data = dict[str, Any]
THOUSAND = 1000
SEEDS = range(12)
BENCH_HUBS = Path(hil_tests.__file__).parent / "hubs"
HUBS = sorted([*(configs_dir() / "hubs").glob("*.toml"), *BENCH_HUBS.glob("*.toml")])
PLACES: dict[type[Part], tuple[str | int, ...]] = {  # an entry of each shape
    schema.PoiEntry: ("poi",),
    schema.DeviceEntry: ("devices", "weather_mast"),
    schema.BatteryEntry: ("batteries", "battery_main"),
    schema.PvEntry: ("pv", "pv_barn"),
    schema.GensetEntry: ("gensets", "genset"),
    schema.FeederEntry: ("feeders", "cold_chain"),
    schema.TierEntry: ("tiers", "0"),
    schema.RadioEntry: ("radios", "radio_mesh"),
    schema.DimmingEntry: ("dimming",),
    schema.TimingEntry: ("timing",),
    ShortTimeEntry: ("batteries", "battery_main", "short_time", 2),
}
SAMPLES = {"average_w": 5_000, "hold_s": 36_000, "return_offset_s": 30, "limit_w": 22_000}  # where the hub has none
KEYS = [(shape, key) for shape, keys in USUAL.items() for key in keys]


def hub() -> Data:
    """Musterhallig with a control box and times of its own."""
    data = tomllib.loads(MUSTER.read_text(encoding="utf-8"))
    return data | {"dimming": {"from": "io_module", "limit_w": 22_000}, "timing": {}}


def entry(data: Data, shape: type[Part]) -> Data:
    here: Any = data
    for part in PLACES[shape]:
        here = here[part]
    assert isinstance(here, dict)
    return here


def told(data: Data, folder: Path) -> tuple[Problem, ...]:
    path = folder / "site.toml"
    path.write_text(tomli_w.dumps(data), encoding="utf-8")
    return examine(path).problems


def sample(shape: type[Part], key: str, data: Data) -> float:
    default = shape.model_fields[key].default
    return float(entry(data, shape).get(key) or SAMPLES.get(key) or default)


def is_bounded_on_both_sides(shape: type[Part], key: str) -> bool:
    """By the shape itself, which then needs no usual size."""
    part = shape.model_json_schema()["properties"][shape.model_fields[key].alias or key]
    kinds = part.get("anyOf", [part])
    return any({"maximum", "exclusiveMaximum"} & kind.keys() for kind in kinds)


def numbers(shape: type[Part]) -> Iterator[str]:
    for name, part in shape.model_json_schema()["properties"].items():
        if any(kind.get("type") == "number" for kind in part.get("anyOf", [part])):
            yield name


def shapes_within(shape: type[Part]) -> Iterator[type[Part]]:
    """This one and every one that stands in it."""
    yield shape
    for field in shape.model_fields.values():
        for each in (field.annotation, *get_args(field.annotation)):
            if isinstance(each, type) and issubclass(each, Part):
                yield from shapes_within(each)


@pytest.mark.parametrize("shape", dict.fromkeys(shapes_within(schema.SiteFile)), ids=lambda shape: shape.__name__)
def test_no_number_of_a_site_is_left_out(shape: type[Part]) -> None:
    for name in numbers(shape):
        assert is_bounded_on_both_sides(shape, name) or name in USUAL[shape], f"{shape.__name__}.{name}"


def test_the_shapes_are_found_by_their_types() -> None:
    assert set(USUAL) <= set(shapes_within(schema.SiteFile))


@pytest.mark.parametrize(("shape", "key"), KEYS, ids=lambda each: getattr(each, "__name__", each))
def test_a_thousand_times_too_much_is_told_once_with_what_was_meant(
    shape: type[Part], key: str, tmp_path: Path
) -> None:
    data = hub()
    right, factor = sample(shape, key, data), 100 if USUAL[shape][key].factors == (100.0,) else THOUSAND
    entry(data, shape)[key] = right * factor
    place = ".".join(map(str, (*PLACES[shape], key)))
    (problem,) = [each for each in told(data, tmp_path) if each.key == place]
    assert problem.line > 1
    assert (float(problem.hint.partition(" ")[0]) if problem.hint else None) == pytest.approx(right)


@pytest.mark.parametrize(("shape", "key"), KEYS, ids=lambda each: getattr(each, "__name__", each))
def test_the_hub_itself_is_of_usual_size(shape: type[Part], key: str, tmp_path: Path) -> None:
    """So the complaint is of the factor, and of nothing else."""
    data = hub()
    entry(data, shape)[key] = sample(shape, key, data)
    assert not [each for each in told(data, tmp_path) if each.key == ".".join(map(str, (*PLACES[shape], key)))]


@pytest.mark.parametrize(("key", "value"), [("breaker_opening_s", 200), ("breaker_closing_s", 85)])
def test_a_breaker_of_minutes_starts_nothing(key: str, value: float, tmp_path: Path) -> None:
    """By it core and guard know a breaker that is stuck, and order the contact ahead of the instant."""
    data = hub()
    data["poi"][key] = value
    (error,) = errors_of(told(data, tmp_path))
    assert (error.key, error.found, error.hint) == (f"poi.{key}", f"{value} s", f"{value / THOUSAND:g} s")
    assert "from judgement" in error.wanted


def test_a_timeout_in_milliseconds_starts_nothing(tmp_path: Path) -> None:
    """It was a warning: a device that had gone silent would have been waited for, for minutes."""
    data = hub()
    entry(data, schema.DeviceEntry)["timeout_s"] = 100
    (error,) = errors_of(told(data, tmp_path))
    assert (error.key.endswith("timeout_s"), error.hint) == (True, "0.1 s")


def test_a_slow_switch_is_asked_about_and_may_run(tmp_path: Path) -> None:
    data = hub()
    data["poi"]["breaker_opening_s"] = 2.0  # a motor-driven transfer switch
    problems = told(data, tmp_path)
    assert errors_of(problems) == []
    assert "poi.breaker_opening_s" in {problem.key for problem in problems}


def test_a_connection_of_too_few_watts_is_one_warning_not_one_for_each_feeder(tmp_path: Path) -> None:
    data = hub()
    before = told(data, tmp_path)
    data["poi"]["import_max_w"] = 100
    more = [each for each in told(data, tmp_path) if each.found not in {other.found for other in before}]
    assert [(each.key, each.hint) for each in more] == [("poi.import_max_w", "100_000 W")]


@pytest.mark.parametrize("role", DEFAULT_MAX_AGE_S)
def test_an_age_in_milliseconds_is_told_and_starts_nothing_where_safety_is_judged_by_it(
    role: str, tmp_path: Path
) -> None:
    data, default_s = hub(), DEFAULT_MAX_AGE_S[role]
    data["max_age_s"] = {role: default_s * THOUSAND}
    (problem,) = [each for each in told(data, tmp_path) if each.key == f"max_age_s.{role}"]
    assert problem.hint == f"{default_s:g} s"
    assert (problem in errors_of([problem])) == (role in {"poi", "battery", "earthing", "safety"})
    assert usual_age(role).bounds[0] < default_s < usual_age(role).bounds[1]


def sizes_told(problems: tuple[Problem, ...]) -> list[Problem]:
    """The unit stands behind the number only in a complaint of size."""
    units = {usual.unit for keys in USUAL.values() for usual in keys.values()}
    return [each for each in problems if each.found.partition(" ")[2] in units]


@pytest.mark.parametrize("path", HUBS, ids=lambda path: path.stem)
def test_our_own_hubs_are_of_usual_size(path: Path) -> None:
    assert not sizes_told(examine(path).problems)


def test_the_fuzzers_hubs_are_of_usual_size(tmp_path: Path) -> None:
    for seed in SEEDS:
        assert not sizes_told(examine(random_hub(seed, tmp_path)[0]).problems), f"seed {seed}"


def test_a_complaint_of_size_is_known_by_its_unit(tmp_path: Path) -> None:
    data = hub()
    data["poi"]["breaker_opening_s"] = 200
    assert sizes_told(told(data, tmp_path))
