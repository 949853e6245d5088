"""`hallig run` keeps a blackout over real sockets; killed, its recording is played again by `hallig replay`."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.watchdog import EXIT_CODE
from hil_tests.tests.commands.village import Village, hallig

ANOTHER_VERSION = """
import sys
from controller.core import {module} as bent
assert hasattr(bent, "{name}")
bent.{name} = {value}
from controller.cli import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """A start on grid and a blackout, ended by kill -9 two seconds after the island had formed."""
    village = Village(tmp_path_factory.mktemp("village"))
    try:
        village.start_controller()
        village.tell("blackout")
        village.until_mode("islanded")
        folder = village.folder / "data" / "blackbox"
        village.until(lambda: _cycles_in_island(folder) > 40)
        village.kill_controller()
        yield sorted(folder.iterdir())
    finally:
        village.stop()


def _cycles_in_island(folder: Path) -> int:
    """What a person with `zcat` would count, while the controller writes."""
    files = sorted(folder.glob("*-transition.*"))
    if not files:
        return 0
    try:
        lines = gzip.decompress(files[-1].read_bytes()).splitlines()
    except EOFError:  # in the middle of a part
        return 0
    island = next((n for n, line in enumerate(lines) if b'"mode":"islanded"' in line), len(lines))
    return len(lines) - island


def test_a_blackout_over_real_sockets_ended_by_a_kill_replays_without_a_difference(recordings: list[Path]) -> None:
    assert [path.name for path in recordings] == ["box-000001-started.jsonl.gz", "box-000002-transition.jsonl.gz"]
    for path in recordings:
        done = hallig("replay", str(path))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "The same in all" in done.stdout
    assert "unplanned_islanding -> islanded: island_formed" in done.stdout
    assert "It has no end: the controller was killed, or still writes." in done.stdout


def test_for_a_program(recordings: list[Path]) -> None:
    told: dict[str, Any] = json.loads(hallig("replay", str(recordings[1]), "--json").stdout)
    assert (told["difference"], told["trouble"], told["gaps"], told["unknown"]) == (None, "", [], [])
    assert (told["hub"], told["cause"], told["end"], told["scenario"]) == ("musterhallig", "transition", "", None)
    assert told["cycles_count"] > 40
    assert [mark["mark"] for mark in told["marks"]] == ["transition", "transition"]


@pytest.mark.parametrize(
    ("module", "name", "value", "said"),
    [
        ("grid_verdict", "SLACK_S", "-0.5", "mode was unplanned_islanding and is now grid_connected"),
        ("earthing", "HOLD_S", "1.5", "commands.earthing.close.expires_at_s was "),
    ],
)
def test_with_a_changed_constant_the_first_difference_is_named(
    recordings: list[Path], module: str, name: str, value: str, said: str
) -> None:
    """Changed in a process of its own, as by another version."""
    program = ANOTHER_VERSION.format(module=module, name=name, value=value)
    command = [sys.executable, "-c", program, "replay", str(recordings[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Different from cycle" in done.stdout
    assert "'grid_connected -> unplanned_islanding: grid_dead':" in done.stdout
    assert said in done.stdout
    told = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=False).stdout)
    assert told["difference"]["field"] == said.partition(" ")[0]


def test_as_a_scenario_it_plays(recordings: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "village.toml"
    done = hallig("replay", str(recordings[1]), "--as-scenario", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Play it with 'hallig bench run {out}'" in done.stdout
    assert "not carried over: " in done.stdout
    played = hallig("bench", "run", str(out), "--tier", "t0", "-j", "1")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "1 pass" in played.stdout


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"[poi]\n", "Recordings are in 'blackbox'"),
        (None, "there is no file"),
    ],
)
def test_what_is_no_recording_is_told_in_a_line(tmp_path: Path, data: bytes | None, said: str) -> None:
    path = tmp_path / "box.jsonl.gz"
    if data is not None:
        path.write_bytes(data)
    done = hallig("replay", str(path))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_cut_one_is_played_as_far_as_it_goes_and_a_bent_one_is_a_problem(
    recordings: list[Path], tmp_path: Path
) -> None:
    data = recordings[1].read_bytes()
    cut, bent = tmp_path / "cut.jsonl.gz", tmp_path / "bent.jsonl.gz"
    cut.write_bytes(data[: len(data) * 3 // 4])
    bent.write_bytes(data[: len(data) * 3 // 4] + b"\x00\xff" * 20 + data[len(data) * 3 // 4 + 40 :])
    done = hallig("replay", str(cut))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The file is cut at byte" in done.stdout
    done = hallig("replay", str(bent))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "The file is damaged from byte" in done.stdout


HANGS = """
import sys, threading
from pathlib import Path
from controller.core import decide as core
told, judged = Path(sys.argv.pop(1)), core.judge_grid
def hangs(*seen):
    if told.exists():
        threading.Event().wait(30.0)
    return judged(*seen)
core.judge_grid = hangs
from controller.cli import main
sys.exit(main())
"""


def test_what_was_before_a_hang_is_kept_when_the_watchdog_ends_it(tmp_path: Path) -> None:
    village, told = Village(tmp_path), tmp_path / "hang"
    try:
        arguments = ["--run-dir", str(village.root / "musterhallig"), "--data-dir", str(tmp_path / "data")]
        command = [sys.executable, "-c", HANGS, str(told), "run", "musterhallig", *arguments]
        with (tmp_path / "controller.log").open("wb") as log:
            process = subprocess.Popen([*command, "--overrides", village.overrides], stderr=log)
        village.controllers.append(process)
        village.until_mode("grid_connected")
        told.touch()
        assert process.wait(10.0) == EXIT_CODE
        (path,) = (tmp_path / "data" / "blackbox").iterdir()
        done = json.loads(hallig("replay", str(path), "--json").stdout)
        assert done["difference"] is None
        assert [mark["mark"] for mark in done["marks"]] == ["started", "silent"]
        assert 0.0 <= done["to_s"] - done["marks"][1]["at_s"] < 0.3, "the last cycle is there, and one that came late"
    finally:
        village.stop()
