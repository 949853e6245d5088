"""The page for worried people: every mode in three languages, stale and broken snapshots, and nothing it must not say."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from controller.core.decide import decide, fresh_memory
from controller.drivers.link import Link
from controller.model.advice import Advice
from controller.model.memory import DurableMemory, Latch
from controller.model.reasons import EventKind, Reason
from controller.model.words import (
    Authority,
    BreakerPosition,
    ClockQuality,
    GensetState,
    GridVerdict,
    InverterMode,
    Mode,
)
from controller.publishing import Publication, build_status
from controller.status import SCHEMA, CycleStatus, JournalStatus, Status
from hil_tests.tests.core.hubs import hub, islanded
from supervisor.app import create_app
from supervisor.catalogue import is_fresh
from supervisor.words import LANGUAGES, MissingTextError, choose_language, words


def a_status(**changes: Any) -> Status:
    now_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    the_hub, seen = hub(), islanded(now_s)
    memory = decide(fresh_memory(DurableMemory(), now_s - 60), seen, Advice(), the_hub, now_s).memory
    links: dict[str, Link] = {}
    publication = Publication(
        the_hub, seen, memory, links, CycleStatus(1, 0.0, 0.0, 0, 0), JournalStatus(True, 0, 0, ""), "boot", 1, 1, now_s
    )
    return replace(build_status(publication), **changes)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[TestClient, Path]]:
    with TestClient(create_app(tmp_path)) as client:
        yield client, tmp_path


def publish(folder: Path, status: Status) -> None:
    (folder / "status.json").write_bytes(orjson.dumps(status))


class Outline(HTMLParser):
    """Open and close every element once, headings in order, one h1, a language."""

    void = frozenset({"meta", "link", "br", "img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.language: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.void:
            self.open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "html":
            self.language = dict(attrs).get("lang")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.value)
def test_every_mode_is_a_page_in_every_language(web: tuple[TestClient, Path], mode: Mode, language: str) -> None:
    client, folder = web
    publish(folder, a_status(mode=mode))
    answer = client.get("/", params={"lang": language})
    assert answer.status_code == 200
    outline = Outline()
    outline.feed(answer.text)
    assert outline.open == []
    assert outline.language == language
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert words(language)(f"mode.{mode.value}") in answer.text
    assert not re.search(r"\bkW\b|\bkWh\b|[Ll]itre|[Ll]iter\b|https?://", answer.text)
    assert "set-cookie" not in answer.headers


def test_it_is_small_and_comes_in_one_piece(web: tuple[TestClient, Path]) -> None:
    client, folder = web
    publish(folder, a_status())
    with client.stream("GET", "/", headers={"accept-encoding": "gzip"}) as answer:
        size = sum(len(part) for part in answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert size <= 8_000
    page = client.get("/").text
    assert "<link" not in page
    assert not re.search(r"\bsrc=", page)


def test_before_the_first_contact_the_page_says_so(web: tuple[TestClient, Path]) -> None:
    client, _ = web
    assert "Noch kein Kontakt zur Steuerung" in client.get("/").text
    assert client.get("/api/v1/status").status_code == 503
    assert client.get("/healthz").json()["stale"] is True


def test_old_data_are_grey_and_said_to_be_old(web: tuple[TestClient, Path]) -> None:
    client, folder = web
    status = a_status()
    publish(folder, replace(status, written_at_s=status.written_at_s - 11.0))
    page = client.get("/", params={"lang": "en"}).text
    assert "No contact with the controller since" in page
    assert 'class="grey"' in page
    assert client.get("/api/v1/status").json()["is_stale"] is True


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"schema": 1}', b"\xff\xfe"])
def test_a_torn_snapshot_leaves_the_last_whole_one(web: tuple[TestClient, Path], broken: bytes) -> None:
    client, folder = web
    publish(folder, a_status(mode=Mode.ISLANDED))
    assert "Island" in client.get("/", params={"lang": "en"}).text
    (folder / "status.json").write_bytes(broken)
    assert "Island" in client.get("/", params={"lang": "en"}).text


def test_a_newer_controller_is_read_as_far_as_it_is_understood(web: tuple[TestClient, Path]) -> None:
    client, folder = web
    raw = orjson.loads(orjson.dumps(a_status()))
    (folder / "status.json").write_bytes(orjson.dumps({**raw, "schema": SCHEMA + 1, "brand_new": 1}))
    assert "newer than this page" in client.get("/", params={"lang": "en"}).text


def test_what_waits_for_a_person_and_what_is_not_saved(web: tuple[TestClient, Path]) -> None:
    client, folder = web
    status = a_status(journal=JournalStatus(False, 3, 0, "database or disk is full"))
    latch = Latch("emergency_off", Reason.EMERGENCY_OFF, 1.0)
    publish(folder, replace(status, latches=(latch,)))  # type: ignore[arg-type]
    page = client.get("/", params={"lang": "en"}).text
    assert "Events are not being saved right now. Control goes on." in page
    assert "Only a person at this place can release it." in page
    assert "database" not in page


def test_without_a_believable_clock_there_is_no_time_of_day(web: tuple[TestClient, Path]) -> None:
    client, folder = web
    publish(folder, a_status(clock=ClockQuality.UNSET))
    page = client.get("/", params={"lang": "en"}).text
    assert "until" not in page
    assert re.search(r"since \d+ h \d+ min", page)


def test_errors_of_the_api_are_problems(web: tuple[TestClient, Path]) -> None:
    client, _ = web
    for path, code in (("/api/v1/events?limit=0", 422), ("/nowhere", 404), ("/api/v1/events?after=-1", 422)):
        answer = client.get(path)
        assert answer.status_code == code
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == code
    assert client.post("/").status_code == 405
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "Hallig"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_is_without_words(language: str) -> None:
    say = words(language)
    keys = [f"reason.{reason.value}" for reason in Reason]
    keys += [f"kind.{kind.value}" for kind in EventKind]
    keys += [f"{group}.{mode.value}" for mode in Mode for group in ("mode", "meaning")]
    keys += [f"authority.{authority.value}" for authority in Authority]
    keys += [f"grid.{verdict.value}" for verdict in GridVerdict]
    keys += [f"position.{position.value}" for position in BreakerPosition]
    keys += [f"inverter.{mode.value}" for mode in InverterMode]
    keys += [f"genset.{state.value}" for state in GensetState]
    assert [key for key in keys if not say.has(key)] == []
    with pytest.raises(MissingTextError):
        say("reason.nonsense")


def test_the_three_catalogues_have_the_same_keys_and_are_compiled() -> None:
    keys = [set(words(language)._catalogue._catalog) for language in LANGUAGES]  # type: ignore[attr-defined]
    assert keys[0] == keys[1] == keys[2]
    assert all(is_fresh(language) for language in LANGUAGES)


@pytest.mark.parametrize(
    ("wanted", "accept", "language"),
    [
        ("da", "de", "da"),
        ("xx", "en;q=0.5, da;q=0.9", "da"),
        (None, "fr, en-GB;q=0.7", "en"),
        (None, "", "de"),
        (None, "da;q=oops", "da"),
    ],
)
def test_the_readers_choice_comes_first(wanted: str | None, accept: str, language: str) -> None:
    assert choose_language(wanted, accept) == language
