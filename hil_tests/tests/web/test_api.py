from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from controller.journal.writer import Journal
from controller.status import SCHEMA
from hil_tests.tests.shell.test_journal import eventually
from hil_tests.tests.web.html import tree
from hil_tests.tests.web.served import serving
from hil_tests.tests.web.statuses import aged, as_dict, islanded, on_grid, publish
from supervisor.app import create_app
from supervisor.problems import Fault

# ---- answers --------------------------------------------------------------------------------------------------------


def test_the_status_comes_with_its_age_and_without_the_fuel(web: httpx.Client, tmp_path: Path) -> None:
    publish(tmp_path, aged(islanded(), 30.0))
    body = web.get("/api/v1/status").json()
    assert body["is_stale"] is True
    assert body["age_s"] == pytest.approx(30.0, abs=5.0)
    assert body["status"]["mode"] == "islanded"
    assert [genset["fuel_l"] for genset in body["status"]["gensets"]] == [None]
    assert [offer["id"] for offer in body["status"]["offers"]][:2] == ["emergency_call", "light"]


def test_events_are_read_by_cursor_also_while_the_controller_is_down(web: httpx.Client) -> None:
    first = web.get("/api/v1/events?after=0&limit=4").json()
    rest = web.get(f"/api/v1/events?after={first['cursor']}").json()
    assert [event["seq"] for event in first["events"] + rest["events"]] == [1, 2, 3, 4, 5, 6]
    assert web.get(f"/api/v1/events?after={rest['cursor']}").json() == {"events": [], "cursor": rest["cursor"]}
    newest = web.get("/api/v1/events?limit=1").json()["events"]
    assert [(event["kind"], event["values"]) for event in newest] == [("mode_changed", {"to": "islanded"})]


def test_health_tells_web_and_controller_apart(web: httpx.Client, tmp_path: Path) -> None:
    publish(tmp_path, on_grid())
    while web.get("/healthz").json()["telemetry"]["state"] != "kept":
        pass  # it opens its file in a thread of its own
    kept = {"state": "kept", "waiting_count": 0, "lost_count": 0, "broken_files": []}
    journal = {"is_ok": True, "pending_count": 0, "lost_count": 0}
    assert web.get("/healthz").json() | {"version": "", "controller_age_s": 0, "telemetry": kept} == {
        "version": "", "controller": "fresh", "controller_age_s": 0, "history": "disk", "telemetry": kept,
        "journal": journal | {"sqlite": None, "journal_mode": None, "synchronous": None},
    }  # fmt: skip
    publish(tmp_path, aged(on_grid(), 20.0))
    assert web.get("/healthz").json()["controller"] == "stale"
    publish(tmp_path, as_dict(on_grid()) | {"schema": SCHEMA + 1})
    assert web.get("/healthz").json()["controller"] == "newer"


def test_health_says_what_writes_the_journal_and_how(web: httpx.Client, tmp_path: Path) -> None:
    assert web.get("/healthz").json()["journal"] is None, "never heard"
    journal = Journal(tmp_path / "journal.db", "a-boot")
    journal.start()
    eventually(lambda: journal.status.file is not None)
    publish(tmp_path, replace(on_grid(), journal=journal.status))
    told = web.get("/healthz").json()["journal"]
    journal.stop()
    assert told == {
        "is_ok": True, "pending_count": 0, "lost_count": 0,
        "sqlite": sqlite3.sqlite_version, "journal_mode": "wal", "synchronous": "full",
    }  # fmt: skip


# ---- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "address", "fault", "detail"),
    [
        ("GET", "/api/v1/status", Fault.NO_CONTACT, "No contact with the controller yet."),
        ("GET", "/api/v1/nonsense", Fault.NOT_FOUND, "There is no /api/v1/nonsense here; /docs lists what there is."),
        ("GET", "/favicon.ico", Fault.NOT_FOUND, "There is no /favicon.ico here"),
        ("POST", "/api/v1/status", Fault.READ_ONLY, "/api/v1/status can only be read, not asked with POST."),
        ("DELETE", "/", Fault.READ_ONLY, "/ can only be read, not asked with DELETE."),
        ("GET", "/api/v1/events?limit=0", Fault.WRONG_PARAMETER, "query.limit: wanted at least 1"),
        ("GET", "/api/v1/events?after=x", Fault.WRONG_PARAMETER, "query.after: wanted a whole number"),
    ],
)
def test_errors_are_problems(web: httpx.Client, method: str, address: str, fault: Fault, detail: str) -> None:
    answer = web.request(method, address)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"]) == (fault.code, fault.code)
    assert (body["type"], body["title"]) == (fault.type, fault.title)
    assert body["instance"] == address.partition("?")[0]
    assert body["detail"].startswith(detail)


def test_who_may_only_read_is_told_how(web: httpx.Client) -> None:
    assert "GET" in web.post("/api/v1/status").headers["allow"]


def test_a_newer_controller_is_no_source_of_numbers(web: httpx.Client, tmp_path: Path) -> None:
    publish(tmp_path, as_dict(islanded()) | {"schema": SCHEMA + 1})
    answer = web.get("/api/v1/status")
    assert (answer.status_code, answer.json()["type"]) == (503, "/docs#newer-controller")
    assert answer.json()["detail"] == f"The controller speaks schema {SCHEMA + 1}, this web only {SCHEMA}."


def test_our_own_mistake_is_a_problem_and_the_web_goes_on(tmp_path: Path) -> None:
    app = create_app(tmp_path)

    @app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("secret")

    with serving(app) as address:
        answer = httpx.get(f"{address}/api/v1/broken")
        assert httpx.get(address).status_code == 200
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "/docs#web-failed"
    assert "secret" not in answer.text


# ---- the description ------------------------------------------------------------------------------------------------


def test_the_description_tells_every_address_and_its_errors(web: httpx.Client) -> None:
    description = web.get("/api/v1/openapi.json").json()
    assert set(description["paths"]) == {
        "/api/v1/status", "/api/v1/events", "/api/v1/telemetry", "/api/v1/telemetry/channels", "/healthz",
    }  # fmt: skip
    declared = description["paths"]["/api/v1/events"]["get"]["responses"]["422"]["content"]
    assert declared == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert web.get("/redoc").status_code == 404, "it would come from the internet"


def test_the_page_of_the_description_shows_all_of_it(web: httpx.Client) -> None:
    description = web.get("/api/v1/openapi.json").json()
    html = web.get("/docs").text
    told = " ".join(" ".join(tree(html).itertext()).split())
    fields = {f for s in description["components"]["schemas"].values() for f in s.get("properties", {})}
    wanted = {f"GET {path}" for path in description["paths"]} | set(description["components"]["schemas"]) | fields
    assert [name for name in sorted(wanted) if name not in told] == []
    assert {f'id="{fault.slug}"' for fault in Fault} <= set(re.findall(r'id="[\w-]+"', html)), "each type leads here"
