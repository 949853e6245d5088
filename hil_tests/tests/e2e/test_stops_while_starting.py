"""A stop that is asked for while the controller starts is no failure, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.types import Protocol
from hil_tests.tests.e2e.hearing import until_it_hears_sigterm


@pytest.mark.parametrize("later_s", [0.0, 0.1, 0.2, 0.4, 0.8])
def test_it_ends_with_zero(tmp_path: Path, later_s: float) -> None:
    """Whatever it is doing just then: loading, checking the site, reading its journal."""
    places = ["--run-dir", str(tmp_path / "run"), "--data-dir", str(tmp_path / "data")]
    controller = subprocess.Popen(
        [sys.executable, "-m", "controller.cli", "run", "musterhallig", "--overrides", nowhere(tmp_path), *places],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    until_it_hears_sigterm(controller.pid)
    time.sleep(later_s)
    controller.terminate()
    said, _ = controller.communicate(timeout=30)
    assert controller.returncode == 0, said
    assert "Traceback" not in said


def nowhere(folder: Path) -> str:
    """No device answers, and none is looked for beyond this machine."""
    places: dict[str, dict[str, object]] = {}
    for name, device in load_site(site_path("musterhallig")).devices.items():
        match device.table.protocol:
            case Protocol.MODBUS_TCP:
                places[name] = {"host": "127.0.0.1", "port": 1}
            case Protocol.MODBUS_RTU:
                places[name] = {"serial_port": str(folder / "line")}
            case Protocol.OPCUA:
                places[name] = {"url": "opc.tcp://127.0.0.1:1/"}
    path = folder / "overrides.json"
    path.write_text(json.dumps(places))
    return str(path)
