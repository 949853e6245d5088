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

from controller.model.words import Mode
from hil_tests.servers.ports import free_port
from hil_tests.tests.web.served import web_of
from hil_tests.tests.web.statuses import islanded, on_grid, publish
from supervisor import app
from supervisor.app import serve
from supervisor.events import TOLD_KINDS
from supervisor.live import CLIENTS_MAX, Live
from supervisor.mirror import EventMirror
from supervisor.pages import Pages
from supervisor.reading import StatusReader
from supervisor.words import LANGUAGES

PAGE_MAX_BYTES = 8 * 1024
START_MAX_S = 20.0


# ---- the page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", Mode)
def test_one_small_answer_holds_everything(web: httpx.Client, tmp_path: Path, mode: Mode, language: str) -> None:
    publish(tmp_path, replace(islanded(), mode=mode))
    with web.stream("GET", f"/?lang={language}", headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(raw) <= PAGE_MAX_BYTES
    assert f'<html lang="{language}">'.encode() in gzip.decompress(raw)
    assert answer.headers["content-language"] == language


def test_the_page_keeps_nothing_and_trusts_nothing(web: httpx.Client, tmp_path: Path) -> None:
    publish(tmp_path, on_grid())
    answer = web.get("/", headers={"accept-language": "da-DK, en;q=0.5"})
    assert answer.headers["content-language"] == "da"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_a_browser_may_ask_for_the_head_alone(web: httpx.Client) -> None:
    answer = web.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_address_leads_back(web: httpx.Client, language: str) -> None:
    headers = {"accept-language": language, "accept": "text/html,*/*"}
    answer = web.get("/generate_204", headers=headers)
    assert answer.status_code == 404
    assert f'href="/?lang={language}"' in answer.text


def test_the_page_stands_without_any_controller(tmp_path: Path) -> None:
    with web_of(tmp_path / "nowhere") as address:
        assert httpx.get(address).status_code == 200
        assert httpx.get(f"{address}/healthz").json()["controller"] == "never"


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


def test_one_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("supervisor.live.CLIENTS_MAX", 1)
    with web_of(tmp_path) as address, httpx.stream("GET", f"{address}/live") as first:
        lines = first.iter_lines()  # held: once it is gone the line is closed
        assert next(lines).startswith("data: ")
        refused = httpx.get(f"{address}/live", headers={"accept": "text/event-stream"})
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert (refused.json()["type"], refused.headers["retry-after"]) == ("/docs#too-many-listeners", "5")


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
    port = free_port()
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


def test_who_asks_for_any_port_learns_which_it_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "controller.cli", "supervise", "musterhallig", "--port", "0"]
    command += ["--run-dir", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            said = process.stderr.readline()
            address = said.rpartition(" ")[2].strip()
            assert said == f"INFO hallig.web: the page is at {address}\n"
            assert httpx.get(f"{address}/healthz", timeout=20.0).status_code in {200, 503}
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("family", "host", "expected"),
    [
        (socket.AF_INET, "127.0.0.1", "http://127.0.0.1:{}"),
        (socket.AF_INET, "0.0.0.0", "every address of this machine, here http://127.0.0.1:{}"),
        (socket.AF_INET6, "::1", "http://[::1]:{}"),
    ],
)
def test_an_address_is_told_as_a_browser_takes_it(family: socket.AddressFamily, host: str, expected: str) -> None:
    with socket.socket(family) as bound:  # it does not listen
        bound.bind((host, 0))
        assert app._where(bound) == expected.format(bound.getsockname()[1])
