"""Hardware that is not on Modbus TCP: `hallig bench serve` in a process of its own, on a serial line and by OPC UA."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.config.errors import ConfigError
from hil_tests.bench.loading import Loaded, load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Verdict
from hil_tests.tests.bench.test_t2 import played

LINE = "contactor_water"  # Modbus RTU at 19200 baud, beside four others on its line
NODE = "radio_mesh_node"  # OPC UA


@contextmanager
def served() -> Iterator[dict[str, dict[str, object]]]:
    """The stand-alone server: what stands at each address, as it says itself."""
    server = subprocess.Popen(
        [sys.executable, "-m", "controller.cli", "bench", "serve", "musterhallig", "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["devices"]
    finally:
        server.terminate()
        server.wait(20)
        for pipe in (server.stdin, server.stdout):
            assert pipe is not None
            pipe.close()


def written(folder: Path, hardware: str, expect: str = "") -> Loaded:
    path = folder / "scenario.toml"
    head = 'id = "CTL-901"\ntitle = "real devices on a line and by OPC UA"\ntiers = ["t2"]\nuntil = "6 s"\n'
    path.write_text(head + expect + hardware)
    return load_scenario(path)


def line_of(loaded: Loaded, text: str) -> int:
    return loaded.path.read_text().splitlines().index(text) + 1


def test_a_serial_line_and_an_opc_ua_server_take_their_places_and_are_missed(tmp_path: Path) -> None:
    """Its contactor is ordered open by a person: the contact at the address moves, and the bench's own stands still."""
    with served() as places:
        port, url = places[LINE]["serial_port"], places[NODE]["url"]
        loaded = written(
            tmp_path,
            f'[hardware.{LINE}]\nserial_port = "{port}"\n[hardware.{NODE}]\nurl = "{url}"\n',
            """
[[timeline]]
at = "1 s"
do = "operator"
request = "open_feeder"
subject = "water"
[[expect]]
event = "position_changed"
subject = "water"
[[expect]]
event = "device"
count_max = 0
[[expect]]
always = "feeder.water.closed"
""",
        )
        result = played(loaded)
    assert result.verdict is Verdict.PASS, (result.findings, result.events)
    with pytest.raises(ConfigError) as caught:
        run(loaded.scenario, loaded.site, 1, Tier.T2)
    found = {problem.key: problem for problem in caught.value.problems}
    assert set(found) == {f"hardware.{LINE}.serial_port", f"hardware.{NODE}.url"}
    assert all(problem.file == loaded.path for problem in found.values())
    line, node = found[f"hardware.{LINE}.serial_port"], found[f"hardware.{NODE}.url"]
    assert line.line == line_of(loaded, f'serial_port = "{port}"')
    assert node.line == line_of(loaded, f'url = "{url}"')
    assert f"{port}: " in line.found
    assert "nothing that answers at 127.0.0.1:" in node.found


def test_a_line_on_which_nobody_answers_is_no_device(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        loaded = written(tmp_path, f'[hardware.{LINE}]\nserial_port = "{os.ttyname(theirs)}"\n')
        with pytest.raises(ConfigError) as caught:
            run(loaded.scenario, loaded.site, 1, Tier.T2)
    finally:
        os.close(ours)
        os.close(theirs)
    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == (loaded.path, f"hardware.{LINE}.serial_port")
    assert problem.found == "somebody who answers no question in modbus_rtu within 3 s"


def test_who_takes_connections_and_speaks_no_opc_ua_is_no_device(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"opc.tcp://127.0.0.1:{listener.getsockname()[1]}/hallig/"
        loaded = written(tmp_path, f'[hardware.{NODE}]\nurl = "{url}"\n')
        with pytest.raises(ConfigError) as caught:
            run(loaded.scenario, loaded.site, 1, Tier.T2)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (f"hardware.{NODE}.url", line_of(loaded, f'url = "{url}"'))
    assert problem.found == "somebody who answers no question in opcua within 3 s"
