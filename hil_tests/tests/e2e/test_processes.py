"""Real processes, real sockets, a pty and OPC UA: the controller as a utility would run it, against the bench."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from controller.config.load import load_site
from controller.config.paths import site_path
from controller.model.words import BreakerPosition
from controller.socket_client import SocketClient
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers

HALLIG = [sys.executable, "-m", "controller.cli"]
HIDE_UVLOOP = "import sys; sys.modules['uvloop'] = None; from controller.cli import main; sys.exit(main())"
WITHOUT_UVLOOP = [sys.executable, "-c", HIDE_UVLOOP]


class Village:
    """A plant with its servers in this process, and controllers in others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        site = load_site(site_path("musterhallig"))
        self.plant = Plant(site.hub)
        self.servers = DeviceServers(site, self.plant)
        self.controllers: list[subprocess.Popen[bytes]] = []

    async def start(self, absent: tuple[str, ...] = ()) -> None:
        self.plant.advance_to(1.0)
        (self.folder / "overrides.json").write_text(json.dumps(await self.servers.start(absent)))

    def run_controller(
        self, *more: str, has_uvloop: bool = False, log: Path | None = None, program: Sequence[str] = WITHOUT_UVLOOP
    ) -> subprocess.Popen[bytes]:
        """On the standard library's event loop, as where nobody has installed the extra `fast`; or on uvloop."""
        places = ["--run-dir", str(self.folder / "run"), "--data-dir", str(self.folder / "data")]
        overrides = ["--overrides", str(self.folder / "overrides.json")]
        command = [*(HALLIG if has_uvloop else program), "run", "musterhallig", *places, *overrides, *more]
        if log is None:
            process = subprocess.Popen(command, stderr=subprocess.PIPE)
        else:
            with log.open("wb") as sink:
                process = subprocess.Popen(command, stderr=sink)
        self.controllers.append(process)
        return process

    @property
    def status(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.folder / "run" / "status.json").read_bytes()))
        except (OSError, ValueError):
            return {}

    async def until(self, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
        until_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < until_s, f"never came true; {self.status.get('mode')} {self.status.get('reason')}"
            await asyncio.sleep(0.02)

    async def until_mode(self, mode: str, timeout_s: float = 30.0) -> None:
        await self.until(lambda: self.status.get("mode") == mode, timeout_s)

    async def stop(self) -> None:
        for process in self.controllers:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        await self.servers.stop()


@pytest_asyncio.fixture
async def village(tmp_path: Path) -> AsyncIterator[Village]:
    a_village = Village(tmp_path)
    yield a_village
    await a_village.stop()


async def test_kill_minus_nine_in_the_island_moves_no_contactor(village: Village) -> None:
    await village.start()
    first = village.run_controller()
    await village.until_mode("grid_connected")
    village.plant.grid.blackout()
    await village.until_mode("islanded")
    await asyncio.sleep(1.0)
    before = {name: feeder.position for name, feeder in village.plant.feeders.items()}
    since_s = village.status["mode_since_s"], village.status["grid"]["since_s"]
    os.kill(first.pid, signal.SIGKILL)
    began_s = time.monotonic()
    second = village.run_controller()
    await village.until(lambda: village.status.get("pid") == second.pid and village.status["mode"] == "islanded")
    assert time.monotonic() - began_s < 10.0
    assert {name: feeder.position for name, feeder in village.plant.feeders.items()} == before
    assert village.plant.feeders["desk"].is_energised
    assert village.status["reason"] == "recovered_islanded"
    await village.until(lambda: village.status["grid"]["verdict"] == "lost")
    assert (village.status["mode_since_s"], village.status["grid"]["since_s"]) == since_s, "told as before"
    events = SocketClient(village.folder / "run").ask(method="events", after=0, limit=500)["events"]
    assert [e["kind"] for e in events].count("started") == 2, "one journal across both lives"


async def test_a_device_absent_at_start_holds_up_nobody(village: Village) -> None:
    await village.start(absent=("inverter_barn", "contactor_water", "radio_mesh_node"))
    village.run_controller()
    await village.until_mode("grid_connected")
    down = {device["name"] for device in village.status["devices"] if not device["is_up"]}
    assert {"inverter_barn", "contactor_water", "radio_mesh_node"} <= down
    village.plant.grid.blackout()
    await village.until_mode("islanded")
    assert village.plant.feeders["desk"].is_energised
    for name in ("inverter_barn", "contactor_water", "radio_mesh_node"):
        await village.servers.restore(name)
    await village.until(lambda: all(device["is_up"] for device in village.status["devices"]))


async def test_a_full_disk_is_said_and_control_goes_on(village: Village) -> None:
    """The journal's folder cannot be written from the first moment on."""
    await village.start()
    (village.folder / "data").write_text("a file where a folder should be")
    village.run_controller()
    await village.until_mode("grid_connected")
    assert village.status["journal"]["is_ok"] is False
    village.plant.grid.blackout()
    await village.until_mode("islanded")
    assert village.plant.feeders["desk"].is_energised


async def test_a_second_controller_is_refused_and_sigterm_ends_cleanly(village: Village) -> None:
    await village.start()
    first = village.run_controller()
    await village.until_mode("grid_connected")
    second = village.run_controller()
    _, said = await asyncio.to_thread(second.communicate)
    assert second.returncode == 1
    assert b"a controller (process" in said
    first.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(first.wait, 5) == 0
    assert village.plant.poi.position is BreakerPosition.CLOSED


@pytest.mark.timeout(150)
def test_the_demo_plays_once_and_judges_itself() -> None:
    """Every protocol, the controller, the page, a blackout and the way back."""
    port = "18431"
    command = [*HALLIG, "demo", "--once", "--grid-s", "4", "--island-s", "12"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert demo.stdout is not None
    lines, pages = [], []
    for line in demo.stdout:
        lines.append(line)
        if "http://127.0.0.1:" in line:
            port = line.split("127.0.0.1:")[1].split("/")[0]
        if "island formed" in line and "mode changed" in line:
            time.sleep(1.0)  # a person looks at the page during the blackout
            pages = [
                urllib.request.urlopen(f"http://127.0.0.1:{port}/?lang={lang}").read().decode()
                for lang in ("de", "da", "en")
            ]
    assert demo.wait(10) == 0, "".join(lines)
    demo.stdout.close()
    assert "demo passed" in lines[-1]
    assert [word in page for word, page in zip(("Inselbetrieb", "Ø-drift", "Island"), pages, strict=True)] == [True] * 3


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HALLIG, *arguments], capture_output=True, text=True, check=False, timeout=30)


def test_what_a_mistyping_newcomer_is_told(tmp_path: Path) -> None:
    assert "Did you mean 'hallig demo'?" in cli("dmeo").stderr
    assert "Did you mean 'hallig explain'?" in cli("why").stderr
    unknown = cli("check", "musterhalig")
    assert (unknown.returncode, "did you mean 'musterhallig'" in unknown.stderr) == (2, True)
    good = cli("check", "musterhallig")
    assert (good.returncode, "ok." in good.stdout) == (0, True)
    missing = cli("run", str(tmp_path / "nowhere.toml"))
    assert (missing.returncode, "a readable TOML file" in missing.stderr) == (2, True)
    assert "demo" in cli("--help").stdout


def test_a_taken_port_is_one_clear_line() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for command in (("demo", "--once", "--port", port), ("supervise", "musterhallig", "--port", port)):
            refused = cli(*command)
            assert refused.returncode == 1
            assert port in refused.stdout + refused.stderr
            assert "--port" in refused.stdout + refused.stderr
