"""Real devices in a scenario of real time: they take their place, or are named where they are not there."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.config.errors import ConfigError
from controller.config.load import load_site
from controller.config.paths import configs_dir
from hil_tests.bench.hardware import serial_mistake, taken
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Verdict
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers
from hil_tests.tests.bench.test_t2 import played, written


@contextmanager
def somebody_elses_devices() -> Iterator[dict[str, dict[str, object]]]:
    """Device servers in a thread with a plant of their own: hardware, as far as the bench can see."""
    loop, found = asyncio.new_event_loop(), dict[str, dict[str, object]]()
    site = load_site(configs_dir() / "hubs" / "hybridhof.toml")
    servers, ready = DeviceServers(site, Plant(site.hub)), threading.Event()

    async def serve() -> None:
        found.update(await servers.start())
        ready.set()

    def live() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(servers.stop())
        loop.close()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        assert ready.wait(20)
        yield found
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def test_a_real_device_takes_its_place_in_a_simulated_hub(tmp_path: Path) -> None:
    with somebody_elses_devices() as devices:
        place = devices["io_module"]
        loaded = written(
            tmp_path,
            f"""
until = "1 s"
[[expect]]
that = "controller.mode == 'grid_connected'"
[hardware.io_module]
host = "{place["host"]}"
port = {place["port"]}
""",
        )
        result = played(loaded)
    assert result.verdict is Verdict.PASS, result.findings
    with pytest.raises(ConfigError) as caught:
        run(loaded.scenario, loaded.site, 1, Tier.T2)
    (problem,) = caught.value.problems
    assert problem.file == loaded.path
    assert problem.key == "hardware.io_module.port"
    assert problem.line == loaded.path.read_text().splitlines().index(f"port = {place['port']}") + 1
    assert f"nothing that answers at 127.0.0.1:{place['port']} within 1 s" in problem.found


def test_hardware_that_takes_connections_and_answers_nothing_is_no_device(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        loaded = written(tmp_path, f'until = "1 s"\n[hardware.io_module]\nhost = "127.0.0.1"\nport = {port}\n')
        with pytest.raises(ConfigError) as caught:
            run(loaded.scenario, loaded.site, 1, Tier.T2)
    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == (loaded.path, "hardware.io_module.port")
    assert problem.line == loaded.path.read_text().splitlines().index(f"port = {port}") + 1
    assert "answers no question" in problem.found


@pytest.mark.parametrize(
    ("device", "lines", "key", "wanted"),
    [
        ("io_modul", 'host = "127.0.0.1"', "hardware.io_modul", "a device of this hub"),
        (
            "io_module",
            'url = "opc.tcp://127.0.0.1:4840"\nhost = "127.0.0.1"',
            "hardware.io_module.url",
            "host and port",
        ),
        ("io_module", "port = 502", "hardware.io_module", "the address of a modbus_tcp device"),
    ],
)
def test_an_address_that_cannot_be_right(tmp_path: Path, device: str, lines: str, key: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, f'until = "1 s"\n[hardware.{device}]\n{lines}\n')
    (problem,) = caught.value.problems
    assert (problem.key, wanted in problem.wanted) == (key, True)


def test_ports_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "No such file" in serial_mistake(tmp_path / "ttyUSB0")
    assert "not a serial port" in serial_mistake(tmp_path / "file")
    ours, theirs = os.openpty()
    assert serial_mistake(Path(os.ttyname(theirs))) == ""
    os.close(ours)
    os.close(theirs)
    with somebody_listens() as port:
        assert "in use" in taken("127.0.0.1", port)
    assert taken("127.0.0.1", port) == ""


@contextmanager
def somebody_listens() -> Iterator[int]:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])
