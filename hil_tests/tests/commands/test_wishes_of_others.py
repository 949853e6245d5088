"""A warning, a timetable and a person each take a running hub off the grid and bring it back. Real processes.

systemd's part is played by hand, word for word as its units have it: a file that is waited for, commands that are run.
"""

from __future__ import annotations

import configparser
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.config.paths import configs_dir
from hil_tests.tests.commands.village import HALLIG, Village
from hil_tests.tests.test_systemd import unit

INSTALLED = "/opt/hallig/bin/hallig"
ENGLISH = {**os.environ, "LANG": "en_GB.UTF-8", "LC_ALL": ""}


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    a_village = Village(tmp_path_factory.mktemp("village"))
    a_village.start_controller()
    yield a_village
    a_village.stop()


def here(words: str, village: Village) -> list[str]:
    """A command of a unit, with the folders of this test in place of the machine's."""
    moved = words.replace("/run/hallig-warning", str(village.folder)).replace("/run/hallig", str(run_dir(village)))
    return [part for word in moved.split() for part in (HALLIG if word == INSTALLED else [word])]


def run_dir(village: Village) -> Path:
    return village.root / "musterhallig"


def start(name: str, village: Village) -> subprocess.CompletedProcess[str]:
    """As systemd starts a service of type oneshot: all of it, in its order; the last one's answer."""
    service = unit(name)["Service"]
    done = None
    for key in ("ExecStartPre", "ExecStart"):
        if key in service:
            command = here(service[key], village)
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=ENGLISH)
    assert done is not None
    return done


def waited_for(village: Village) -> Path:
    path = configparser.RawConfigParser(delimiters=("=",))
    path.read(configs_dir() / "systemd" / "hallig-warning.path", encoding="utf-8")
    return Path(here(path["Path"]["pathexists"], village)[0])


def test_an_official_warning_takes_the_hub_off_the_grid_and_a_person_brings_it_back(village: Village) -> None:
    file = waited_for(village)
    file.touch()  # what a receiver of warnings does
    done = start("hallig-warning", village)
    assert done.returncode == 0, done.stderr
    assert not file.exists(), "the next warning is a new one"
    planned = village.status["planned"]
    assert (village.status["mode"], village.status["grid"]["poi_position"]) == ("islanded", "open")
    assert planned["is_automatic"] is True
    assert planned["until_s"] - planned["since_s"] == pytest.approx(6 * 3600.0)
    assert village.status["grid"]["verdict"] == "ok", "beside a good grid"
    assert village.hallig("island", "off").returncode == 0
    village.until_mode("grid_connected")
    assert village.status["grid"]["poi_position"] == "closed"


def test_a_timetable_takes_it_off_and_another_one_brings_it_back(village: Village) -> None:
    done = start("hallig-island", village)
    assert done.returncode == 0, done.stderr
    planned = village.status["planned"]
    assert (planned["is_automatic"], village.status["mode"]) == (True, "islanded")
    assert planned["until_s"] - planned["since_s"] == pytest.approx(2 * 3600.0)
    assert village.hallig("island", "off", "--automatic").returncode == 0
    village.until_mode("grid_connected")


def test_a_warning_waits_for_people_where_people_decide(village: Village) -> None:
    """And a person who has read it does the same with a word."""
    assert village.hallig("ask", "manual").returncode == 0
    waited_for(village).touch()
    refused = start("hallig-warning", village)
    assert refused.returncode == 1
    assert "person" in refused.stderr, refused.stderr
    assert village.status["mode"] == "grid_connected"
    assert not village.status["planned"]
    assert village.json("island", "on", "--for", "2h")["mode"] == "islanded"
    assert village.status["planned"]["is_automatic"] is False
    assert village.hallig("island", "off").returncode == 0
    village.until_mode("grid_connected")
