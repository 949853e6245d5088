from __future__ import annotations

import gzip
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest
from fastapi.testclient import TestClient

from controller.model.words import Mode
from controller.status import Status
from hil_tests.tests.web.journals import blackout
from hil_tests.tests.web.statuses import aged, islanded, on_grid, publish
from supervisor.app import create_app, serve
from supervisor.events import TOLD_KINDS
from supervisor.live import CLIENTS_MAX, Live
from supervisor.mirror import EventMirror
from supervisor.pages import Pages
from supervisor.reading import StatusReader
from supervisor.words import LANGUAGES

PAGE_MAX_BYTES = 8 * 1024
START_MAX_S = 20.0


def web(tmp_path: Path, status: Status | None = None) -> TestClient:
    if status is not None:
        publish(tmp_path, status)
    return TestClient(create_app(tmp_path, tmp_path / "data"), raise_server_exceptions=False)


# ---- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", Mode)
def test_one_small_answer_holds_everything(tmp_path: Path, mode: Mode, language: str) -> None:
    EventMirror(tmp_path / "data", TOLD_KINDS).keep(1, blackout())
    client = web(tmp_path, replace(islanded(), mode=mode))
    with client.stream("GET", f"/?lang={language}", headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(raw) <= PAGE_MAX_BYTES
    assert f'<html lang="{language}">'.encode() in gzip.decompress(raw)
    assert answer.headers["content-language"] == language


def test_the_page_keeps_nothing_and_trusts_nothing(tmp_path: Path) -> None:
    answer = web(tmp_path, on_grid()).get("/", headers={"accept-language": "da-DK, en;q=0.5"})
    assert answer.headers["content-language"] == "da"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_a_browser_may_ask_for_the_head_alone(tmp_path: Path) -> None:
    answer = web(tmp_path, on_grid()).head("/")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_address_leads_back(tmp_path: Path, language: str) -> None:
    answer = web(tmp_path).get("/generate_204", headers={"accept-language": language})
    assert answer.status_code == 404
    assert f'href="/?lang={language}"' in answer.text


def test_the_page_stands_without_any_controller(tmp_path: Path) -> None:
    with web(tmp_path / "nowhere") as client:
        assert client.get("/").status_code == 200
        assert client.get("/healthz").json()["controller"] == "never"


# ---- the API --------------------------------------------------------------------------------------------------------


def test_the_status_comes_with_its_age_and_without_the_fuel(tmp_path: Path) -> None:
    body = web(tmp_path, aged(islanded(), 30.0)).get("/api/v1/status").json()
    assert body["is_stale"] is True
    assert body["age_s"] == pytest.approx(30.0, abs=5.0)
    assert body["status"]["mode"] == "islanded"
    assert [genset["fuel_l"] for genset in body["status"]["gensets"]] == [None]


def test_events_are_read_by_cursor_also_while_the_controller_is_down(tmp_path: Path) -> None:
    EventMirror(tmp_path / "data", TOLD_KINDS).keep(1, blackout())
    client = web(tmp_path)
    first = client.get("/api/v1/events?after=0&limit=4").json()
    rest = client.get(f"/api/v1/events?after={first['cursor']}").json()
    assert [event["seq"] for event in first["events"] + rest["events"]] == [1, 2, 3, 4, 5, 6]
    assert client.get(f"/api/v1/events?after={rest['cursor']}").json() == {"events": [], "cursor": rest["cursor"]}
    newest = client.get("/api/v1/events?limit=1").json()["events"]
    assert [(event["kind"], event["values"]) for event in newest] == [("mode_changed", {"to": "islanded"})]


@pytest.mark.parametrize(
    ("address", "code", "detail"),
    [
        ("/api/v1/status", 503, "No contact with the controller yet."),
        ("/api/v1/nonsense", 404, "Not Found"),
        ("/api/v1/events?limit=0", 422, "query.limit: Input should be greater than or equal to 1"),
        ("/api/v1/events?after=x", 422, "query.after: Input should be a valid integer"),
    ],
)
def test_errors_are_problems(tmp_path: Path, address: str, code: int, detail: str) -> None:
    answer = web(tmp_path).get(address)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["type"]) == (code, code, "about:blank")
    assert body["instance"] == address.partition("?")[0]
    assert body["detail"].startswith(detail)


def test_nobody_can_write(tmp_path: Path) -> None:
    answer = web(tmp_path, islanded()).post("/api/v1/status", json={})
    assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")


def test_the_description_of_the_api_needs_no_internet(tmp_path: Path) -> None:
    client = web(tmp_path)
    description = client.get("/api/v1/openapi.json").json()
    assert set(description["paths"]) == {"/api/v1/status", "/api/v1/events", "/healthz"}
    assert [client.get(page).status_code for page in ("/docs", "/redoc")] == [404, 404]


def test_health_tells_web_and_controller_apart(tmp_path: Path) -> None:
    client = web(tmp_path, on_grid())
    assert client.get("/healthz").json() | {"version": "", "controller_age_s": 0} == {
        "version": "", "controller": "fresh", "controller_age_s": 0, "history": "disk",
    }  # fmt: skip
    publish(tmp_path, aged(on_grid(), 20.0))
    assert client.get("/healthz").json()["controller"] == "stale"


# ---- live -----------------------------------------------------------------------------------------------------------


def pages_of(tmp_path: Path) -> Pages:
    return Pages(StatusReader(tmp_path), EventMirror(None, TOLD_KINDS))


async def test_a_live_line_says_age_and_version(tmp_path: Path) -> None:
    publish(tmp_path, islanded())
    pages = pages_of(tmp_path)
    talk = Live(pages).talk("en")
    line = await anext(talk)
    assert line.startswith(b"data: ")
    assert line.endswith(b"\n\n")
    told = orjson.loads(line.removeprefix(b"data: "))
    assert told["v"] == pages.now("en").version
    assert "1 second ago" in told["age"]
    await talk.aclose()


async def test_there_is_a_limit_to_listeners(tmp_path: Path) -> None:
    live = Live(pages_of(tmp_path))
    talks = [live.talk("de") for _ in range(CLIENTS_MAX)]
    for talk in talks:
        await anext(talk)
    assert live.is_full
    for talk in talks:
        await talk.aclose()
    assert not live.is_full


# ---- the process ----------------------------------------------------------------------------------------------------


@contextmanager
def served(run_dir: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The web as the service manager starts it: ready when it says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = f"serve(pathlib.Path({str(run_dir)!r}), '127.0.0.1', {port})"
    command = f"import pathlib, sys; from supervisor.app import serve; sys.exit({start})"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(START_MAX_S)
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        process = subprocess.Popen([sys.executable, "-c", command], env=environment, stderr=subprocess.PIPE)
        try:
            assert manager.recv(64) == b"READY=1"
            assert manager.recv(64) == b"WATCHDOG=1"
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.communicate()


def test_it_serves_talks_and_ends_when_asked(tmp_path: Path) -> None:
    publish(tmp_path, islanded())
    with served(tmp_path, tmp_path) as (process, address):
        assert "Inselbetrieb" in httpx.get(address).text
        with httpx.stream("GET", f"{address}/live?lang=da") as answer:
            assert re.match(r'data: \{"v":"[0-9a-f]{8}","age":"Opdateret', next(answer.iter_lines()))
            process.send_signal(signal.SIGTERM)
            _, complaints = process.communicate(timeout=10)
        assert process.returncode in {0, -signal.SIGTERM}
        assert b"Traceback" not in complaints, "open live lines do not hold it"


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert serve(tmp_path, "127.0.0.1", port) == 1
    assert capsys.readouterr().err == f"hallig: port {port} on 127.0.0.1 is taken. Choose another with --port.\n"


def test_an_address_that_is_not_ours_is_said_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(tmp_path, "192.0.2.1", 8080) == 1
    assert "cannot listen on 192.0.2.1, port 8080" in capsys.readouterr().err
