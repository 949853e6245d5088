"""Two slips in one section of a site file are two complaints: a wrong number does not hide a mistyped device."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from controller.config.errors import errors_of
from controller.config.load import examine
from controller.config.schema import SiteFile
from controller.config.shapes import Part
from controller.config.stand_ins import inside, without_none
from hil_tests.tests.config.stories import HERE, MUSTER, changed, problems_of

Data = dict[str, Any]
NOWHERE: dict[str, Any] = {  # of each kind of reference, one to nothing
    "from": "no_such_device",
    "table": "hallig_sim/no_such_table",
    "tier": 9,
    "feeder": "no_such_feeder",
    "feeders": ["no_such_feeder"],
    "radios": ["no_such_radio"],
}
NO_VALUE = dt.date(2026, 11, 27)  # no key of ours takes a day


def hub() -> Data:
    data = tomllib.loads(MUSTER.read_text(encoding="utf-8"))
    return data | {"dimming": {"from": "io_module", "limit_w": 22_000, "feeders": ["ev_posts"]}}


def entries() -> Iterator[tuple[tuple[str, ...], type[Part]]]:
    """One of each section that the schema has, where the hub has it."""
    data = hub()
    for section in SiteFile.model_fields:
        shape = without_none(inside(SiteFile, section))
        place: tuple[str, ...] = (section,)
        if section in data and isinstance(data[section], dict) and not is_part(shape):
            place = (section, list(data[section])[-1])
            shape = inside(shape, place[-1])
        if section in data and is_part(shape):
            yield place, shape


def is_part(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, Part)


def references() -> list[tuple[tuple[str, ...], type[Part], str]]:
    return [
        (place, shape, key)
        for place, shape in entries()
        for field, each in shape.model_fields.items()
        if (key := each.alias or field) in NOWHERE
    ]


def mistakes(shape: type[Part], reference: str) -> Iterator[tuple[str, Any]]:
    """Every other key with a wrong value, or left away where it is needed."""
    for name, field in shape.model_fields.items():
        key = field.alias or name
        if key != reference:
            yield key, NO_VALUE
            if field.is_required():
                yield key, None
            if field.annotation is float:
                yield key, -2


def spoilt(place: tuple[str, ...], key: str, value: Any, reference: str) -> Data:
    data = hub()
    entry: Any = data
    for part in place:
        entry = entry[part]
    entry[reference] = NOWHERE[reference]
    entry[key] = value
    if value is None:
        del entry[key]
    return data


def test_every_kind_of_reference_is_tried() -> None:
    assert {key for _, _, key in references()} == set(NOWHERE)


@pytest.mark.parametrize(("place", "shape", "reference"), references(), ids=str)
def test_both_are_named_and_nothing_else(
    place: tuple[str, ...], shape: type[Part], reference: str, tmp_path: Path
) -> None:
    path = tmp_path / "site.toml"
    for key, value in mistakes(shape, reference):
        path.write_text(tomli_w.dumps(spoilt(place, key, value, reference)), encoding="utf-8")
        told = [each.key for each in errors_of(examine(path).problems)]
        wanted = {".".join((*place, key)), ".".join((*place, reference))}
        found = {name for name in wanted if any(each == name or each.startswith(f"{name}.") for each in told)}
        assert found == wanted, f"{key} = {value}: {told}"
        assert len(told) == len(wanted), f"{key} = {value}: {told}"


def test_the_word_that_opens_and_the_device_of_the_poi(tmp_path: Path) -> None:
    path, _, _ = changed(
        MUSTER,
        tmp_path,
        ('opened_by = "controller"', HERE + 'opened_by = "contrller"'),
        ('from = "poi_relay"', 'from = "poi_rely"'),
    )
    told = [(each.key, each.hint) for each in problems_of(path)]
    assert told == [("poi.from", "poi_relay"), ("poi.opened_by", "controller")]


def test_a_level_that_is_too_high_beside_a_number_that_is_none(tmp_path: Path) -> None:
    """Not only references: whatever is wrong whatever the number was to be."""
    path, _, _ = changed(
        MUSTER,
        tmp_path,
        ("reserve_soc_pct = 80", HERE + "reserve_soc_pct = 99"),
        ("capacity_wh = 120_000", 'capacity_wh = "much"'),
    )
    keys = {each.key for each in problems_of(path)}
    assert keys == {"batteries.battery_main.reserve_soc_pct", "batteries.battery_main.capacity_wh"}


def test_what_hangs_on_a_number_that_is_none_is_not_complained_of(tmp_path: Path) -> None:
    """Of a rating that cannot be read nobody knows whether the genset's least load fits."""
    path, _, _ = changed(MUSTER, tmp_path, ("rating_va = 40_000", HERE + 'rating_va = "40 kVA"'))
    assert [each.key for each in problems_of(path)] == ["gensets.genset.rating_va"]
