"""The service files: what the controller's promises need of the service manager, and that they are well formed."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from controller.config.paths import configs_dir
from hil_tests.tests.commands.village import hallig

UNITS = ("hallig-controller", "hallig-web")
WISHES = ("hallig-island", "hallig-warning")  # each asks once, and ends
WAITERS = ("hallig-island.timer", "hallig-warning.path")
PROMISED = {
    "Restart": "always",
    "RestartSec": "250ms",
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "CapabilityBoundingSet": "",
    "SocketBindDeny": "any",
}


def unit_path(name: str) -> Path:
    return configs_dir() / "systemd" / f"{name}.service"


def unit(name: str) -> configparser.RawConfigParser:
    """Keys may repeat in a unit (`DeviceAllow`): the last one stands for all of them here."""
    parser = configparser.RawConfigParser(strict=False, comment_prefixes=("#", ";"), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(unit_path(name), encoding="utf-8")
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_a_service_never_gives_up(name: str) -> None:
    service = unit(name)["Service"]
    assert {key: service.get(key) for key in PROMISED} == PROMISED
    assert unit(name)["Unit"]["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize(
    ("name", "source"), [("hallig-controller", "controller/app.py"), ("hallig-web", "supervisor/app.py")]
)
def test_a_service_is_watched_if_and_only_if_it_reports(name: str, source: str) -> None:
    """A service of type notify that never says READY is killed and started for ever."""
    reports = "READY=1" in (configs_dir().parent / source).read_text(encoding="utf-8")
    service = unit(name)["Service"]
    assert (service["Type"] == "notify") is reports
    assert (service.get("WatchdogSec") == "2s") is reports


@pytest.mark.parametrize("name", UNITS)
def test_no_service_runs_as_root(name: str) -> None:
    service = unit(name)["Service"]
    assert service["User"] == {"hallig-controller": "hallig", "hallig-web": "hallig-web"}[name]
    users = (configs_dir() / "systemd" / "hallig.sysusers.conf").read_text(encoding="utf-8")
    assert f"u {service['User']} " in users


def test_the_controller_hangs_on_nobody() -> None:
    """No page, no network, no clock must be up before it starts."""
    needs = {"Requires", "Wants", "BindsTo", "PartOf", "Requisite"}
    assert needs.isdisjoint(unit("hallig-controller")["Unit"])
    assert needs.isdisjoint(unit("hallig-web")["Unit"]), "the page lives on to say that the controller is silent"
    assert "network" not in unit("hallig-controller")["Unit"]["After"]


@pytest.mark.parametrize("name", [*(f"{name}.service" for name in (*UNITS, *WISHES)), *WAITERS])
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_service_manager_finds_nothing_wrong(name: str, tmp_path: Path) -> None:
    """With this interpreter in the place of the installed command, which is not on this machine."""
    for path in (configs_dir() / "systemd").iterdir():
        text = path.read_text(encoding="utf-8").replace("/opt/hallig/bin/hallig", sys.executable)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert name not in found.stderr, found.stderr


@pytest.mark.parametrize("name", WISHES)
def test_who_wishes_on_a_timetable_says_that_he_is_no_person(name: str) -> None:
    """And can reach nothing but the control socket: no network, no rights, nothing to write to."""
    service = unit(name)["Service"]
    assert " island on --automatic --for " in service["ExecStart"]
    assert (service["Type"], service["User"]) == ("oneshot", "hallig")
    kept = {key: service[key] for key in ("RestrictAddressFamilies", "CapabilityBoundingSet", "ProtectSystem")}
    assert kept == {"RestrictAddressFamilies": "AF_UNIX", "CapabilityBoundingSet": "", "ProtectSystem": "strict"}


@pytest.mark.parametrize("name", WISHES)
def test_a_wish_is_asked_in_words_that_the_command_knows(name: str, tmp_path: Path) -> None:
    words = unit(name)["Service"]["ExecStart"].replace("/run/hallig", str(tmp_path)).split()[1:]
    assert hallig(*words).returncode == 3, "understood; there is no controller here"


def test_the_file_of_a_warning_is_the_one_that_is_waited_for_and_taken_away() -> None:
    path = configparser.RawConfigParser(delimiters=("=",))
    path.read(configs_dir() / "systemd" / "hallig-warning.path", encoding="utf-8")
    file = Path(path["Path"]["pathexists"])
    service = unit("hallig-warning")["Service"]
    assert service["ExecStartPre"].endswith(f" -f {file}")
    assert service["ReadWritePaths"] == f"-{file.parent}"
    folders = (configs_dir() / "systemd" / "hallig.tmpfiles.conf").read_text(encoding="utf-8")
    assert f"d {file.parent} 2770 hallig hallig-warning -" in folders
    assert "g hallig-warning -" in (configs_dir() / "systemd" / "hallig.sysusers.conf").read_text(encoding="utf-8")
