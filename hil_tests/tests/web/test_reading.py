from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.model.words import Mode
from controller.snapshot import encode
from controller.status import SCHEMA, Status
from hil_tests.tests.web.statuses import aged, as_dict, islanded, publish
from supervisor.reading import StatusReader


def known(reader: StatusReader) -> Status:
    status = reader.read().status
    assert status is not None
    return status


def test_a_fresh_status_comes_whole(tmp_path: Path) -> None:
    status = islanded()
    publish(tmp_path, status)
    reading = StatusReader(tmp_path).read()
    assert reading.status == status
    assert not reading.is_stale
    assert not reading.is_other_version


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    reading = StatusReader(tmp_path / "nowhere").read()
    assert reading.status is None
    assert reading.is_stale


@pytest.mark.parametrize(
    "text", [b"", b"{", b"null", b"[]", b'"status"', b"{}", b'{"written_at_s": "noon"}', b"\xff\xfe"]
)
def test_a_file_without_a_status_leaves_the_last_one(tmp_path: Path, text: bytes) -> None:
    reader = StatusReader(tmp_path)
    publish(tmp_path, text)
    assert reader.read().status is None
    publish(tmp_path, islanded())
    before = known(reader)
    publish(tmp_path, text)
    assert known(reader) is before


def test_half_a_file_leaves_the_last_one_and_the_next_whole_one_is_taken(tmp_path: Path) -> None:
    reader, status = StatusReader(tmp_path), islanded()
    publish(tmp_path, status)
    assert known(reader) == status
    publish(tmp_path, encode(status)[:-200])
    assert known(reader) == status
    publish(tmp_path, replace(status, sequence=2))
    assert known(reader).sequence == 2


def test_a_file_that_goes_away_leaves_the_last_one_to_grow_old(tmp_path: Path) -> None:
    reader = StatusReader(tmp_path)
    publish(tmp_path, aged(islanded(), 7.0))
    assert not reader.read().is_stale
    publish(tmp_path, aged(islanded(), 9.0))
    assert reader.read().is_stale
    (tmp_path / "status.json").unlink()
    assert known(reader).mode is Mode.ISLANDED


def test_a_status_of_another_boot_has_no_age(tmp_path: Path) -> None:
    publish(tmp_path, replace(islanded(), boot_id="another"))
    reading = StatusReader(tmp_path).read()
    assert reading.age_s is None
    assert reading.is_stale


@pytest.mark.parametrize("dated", [True, False])
def test_of_a_newer_schema_only_the_date_is_believed(tmp_path: Path, dated: bool) -> None:
    raw = as_dict(islanded()) | {"schema": SCHEMA + 1}
    publish(tmp_path, raw if dated else {"schema": SCHEMA + 1, "written_at_s": "noon", "label": 5})
    reading = StatusReader(tmp_path).read()
    assert reading.is_too_new
    assert reading.is_stale is not dated
    assert reading.status is not None
    assert reading.status.mode is Mode.UNKNOWN
    assert reading.status.hours_left.at_least_s is None
    assert reading.status.hub == ("musterhallig" if dated else "")


def test_newer_fields_and_words_of_the_same_schema_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    raw = as_dict(islanded())
    raw |= {"mode": "levitating", "sun": {"shines": True}}
    raw["tiers"][1]["feeders"][0]["reason"] = "magic"
    raw["tiers"][1]["feeders"][0]["colour"] = "red"
    publish(tmp_path, raw)
    reading = StatusReader(tmp_path).read()
    assert reading.status is not None
    assert reading.is_other_version
    assert reading.unreadable == {"mode", "tiers"}
    assert reading.status.mode is Mode.UNKNOWN
    assert [len(tier.feeders) for tier in reading.status.tiers] == [1, 2, 2, 2], "one strange reason costs no feeder"
    assert reading.status.tiers[1].feeders[0].reason is None


def test_an_older_schema_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    raw = as_dict(islanded())
    for name in ("hours_left", "radios", "journal", "extra", "boot_id"):
        del raw[name]
    raw["schema"] = SCHEMA - 1
    del raw["batteries"][0]["soc_pct"]
    publish(tmp_path, raw)
    reading = StatusReader(tmp_path).read()
    assert reading.status is not None
    assert not reading.is_stale
    assert reading.unreadable == {"hours_left", "radios", "journal", "batteries", "boot_id"}
    assert reading.status.batteries[0].soc_pct is None
    assert reading.status.batteries[1].soc_pct == pytest.approx(64.2)


@pytest.mark.parametrize("name", sorted(set(as_dict(islanded())) - {"written_at_s"}))
@pytest.mark.parametrize("nonsense", [None, "nonsense", -1, [], [None], {}, {"x": [1]}])
def test_no_field_of_any_form_breaks_the_reader(tmp_path: Path, name: str, nonsense: object) -> None:
    publish(tmp_path, as_dict(islanded()) | {name: nonsense})
    assert StatusReader(tmp_path).read().status is not None
