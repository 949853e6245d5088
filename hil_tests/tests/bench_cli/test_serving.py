"""A village for somebody else's controller: addresses, levers, and a port that is taken."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.config.load import load_site
from controller.config.paths import site_path
from hil_tests.bench_cli.levers import LeverError, pull
from hil_tests.plant.plant import Plant

PATIENCE_S = 30.0


@pytest.fixture
def plant() -> Plant:
    return Plant(load_site(site_path("musterhallig")).hub)


def test_the_levers_move_the_plant(plant: Plant) -> None:
    assert pull(plant, "load 0.8") == "every feeder asks for 0.8 of its rating"
    assert {feeder.demand_ratio for feeder in plant.feeders.values()} == {0.8}
    pull(plant, "sun 600")
    assert plant.weather.irradiance_w_per_m2 == 600.0
    pull(plant, " blackout ")
    plant.advance_to(1.0)
    assert not plant.grid.is_fed
    assert pull(plant, "status").startswith("1.0 s: grid dead, POI")
    pull(plant, "return")
    plant.advance_to(2.0)
    assert plant.grid.is_fed


@pytest.mark.parametrize("text", ["", "blakout", "load", "load much", "load 9", "sun -1", "sun nan", "return 5"])
def test_what_is_no_command_is_told_with_those_there_are(plant: Plant, text: str) -> None:
    with pytest.raises(LeverError, match=r"There are: blackout|is no number from 0 to"):
        pull(plant, text)


def serve(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "controller.cli", "bench", "serve", "musterhallig", "--json", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # a line that Python had read ahead would be waited for in vain
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.fixture
def village(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    child = serve("--overrides", str(tmp_path / "overrides.json"))
    yield child
    child.kill()
    child.wait()
    for pipe in filter(None, (child.stdin, child.stdout, child.stderr)):
        pipe.close()


def line_of(child: subprocess.Popen[bytes]) -> dict[str, object]:
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        assert selector.select(PATIENCE_S), "it said nothing"
    return dict(json.loads(child.stdout.readline()))


def test_it_serves_obeys_and_ends_with_ctrl_c(village: subprocess.Popen[bytes], tmp_path: Path) -> None:
    devices = line_of(village)["devices"]
    assert isinstance(devices, dict)
    assert json.loads((tmp_path / "overrides.json").read_text()) == devices
    with socket.create_connection((devices["poi_relay"]["host"], devices["poi_relay"]["port"]), PATIENCE_S) as line:
        line.sendall(bytes.fromhex("000100000006010300000001"))
        assert line.recv(64)[:2] == b"\x00\x01", "a Modbus device answers"
    assert village.stdin is not None
    village.stdin.write(b"blackout\nstatus\nnonsense\n")
    village.stdin.close()  # the end of the input ends nothing
    assert line_of(village) == {"command": "blackout", "answer": "the grid is dead"}
    assert "grid dead" in str(line_of(village)["answer"]), "asked at once"
    assert "'nonsense' is no command" in str(line_of(village)["answer"])
    village.send_signal(signal.SIGINT)
    assert village.wait(PATIENCE_S) == 0


def test_a_taken_port_is_told_with_the_device_that_wanted_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        child = serve("--port-base", str(port))
        _, told = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 1
    assert f"devices.poi_relay.port: port {port} on 127.0.0.1 is taken. Choose another --port-base" in told.decode()
