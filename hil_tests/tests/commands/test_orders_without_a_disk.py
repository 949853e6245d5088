"""Orders beside a real controller whose data disk is full or read-only: they are obeyed, and told as what they are."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from controller.commands import ask
from hil_tests.tests.commands.terminal import Terminal
from hil_tests.tests.commands.village import Village

DISK_KB = 2048


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    folder = tmp_path_factory.mktemp("village")
    (folder / "data").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "tmpfs", str(folder / "data")]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting needs root")
    a_village = Village(folder)
    yield a_village
    a_village.stop()
    subprocess.run(["umount", "-l", str(folder / "data")], check=True)


def remount(village: Village, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(village.folder / "data")], check=True)


def fill(village: Village) -> None:
    """To the last byte."""
    with contextlib.suppress(OSError), (village.folder / "data" / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def make_room(village: Village) -> None:
    (village.folder / "data" / "ballast").unlink()


def position_of(village: Village, name: str) -> str:
    return next(str(f["position"]) for tier in village.status["tiers"] for f in tier["feeders"] if f["id"] == name)


def is_saving(village: Village) -> bool:
    return bool(village.status["journal"]["is_ok"])


def obeyed(village: Village, *words: str, why: str) -> dict[str, Any]:
    """The order is carried out, and it is said that nothing of it is on the disk yet, and why."""
    done = village.hallig(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Not written down yet" in done.stdout
    assert why in done.stdout
    document: dict[str, Any] = village.json(*words)
    assert (document["taken"], document["written"]) == (True, False)
    return document


def orders(village: Village, why: str) -> None:
    """All that people ask for when it matters, one after the other."""
    assert set(obeyed(village, "ask", "manual", why=why)) == set(ask.ABOUT.keys)
    village.until(lambda: village.status["authority"] == "manual")
    obeyed(village, "ask", "open", "phones", why=why)
    village.until(lambda: position_of(village, "phones") == "open")
    obeyed(village, "ask", "close", "phones", why=why)
    obeyed(village, "ask", "auto", why=why)
    village.until(lambda: village.status["authority"] == "auto" and position_of(village, "phones") == "closed")
    refused = village.hallig("ask", "black-start")
    assert (refused.returncode, "Refused: the hub is not without power" in refused.stderr) == (1, True)
    assert (obeyed(village, "island", "on", why=why)["mode"], village.status["mode"]) == ("islanded", "islanded")
    left = village.hallig("island", "off")
    assert (left.returncode, "The return is asked for" in left.stdout, why in left.stdout) == (0, True, True)
    village.until_mode("grid_connected")
    observing = village.hallig("observe", "on")
    assert (observing.returncode, why in observing.stdout) == (0, True), observing.stderr
    assert village.hallig("observe", "off").returncode == 0


def test_people_give_orders_though_the_disk_was_read_only_from_the_start(village: Village) -> None:
    """Each ended with 1 and said that the journal cannot be opened; nothing had been asked."""
    remount(village, "ro")
    village.start_controller()
    assert not is_saving(village)
    orders(village, "read-only")


def waiting(said: str) -> int:
    """How many events a person is told of that are on no disk yet."""
    found = re.search(
        r"The disk takes nothing \(.*full.*\): (\d+) events, and what the controller has to remember", said
    )
    assert found is not None, said
    return int(found[1])


def told_of_what_waits(village: Village) -> None:
    for command in ("events", "explain"):
        told = village.hallig(command)
        assert (told.returncode, waiting(told.stderr) > 0) == (0, True)
    verified = village.hallig("journal", "verify")
    assert (verified.returncode, waiting(verified.stdout) > 0) == (0, True)
    document = village.json("journal", "verify")
    assert (document["unwritten_count"] > 0, "full" in document["why_unwritten"]) == (True, True)
    follow = Terminal(village.root, "events", "--follow")
    follow.until("The disk takes nothing")
    assert follow.close() == 0


def test_an_order_is_written_down_when_the_disk_takes_it_again(village: Village) -> None:
    remount(village, "rw")
    village.until(lambda: is_saving(village))
    document = village.json("ask", "manual")
    assert (document["taken"], document["written"]) == (True, True)
    said = village.hallig("ask", "auto").stdout
    assert "Taken" in said
    assert "Not written down yet" not in said


def test_an_order_is_told_as_taken_though_the_disk_has_become_full_meanwhile(village: Village) -> None:
    """`ask open phones` ended with 1, the controller has not answered in time, and phones was open."""
    fill(village)
    while is_saving(village):  # what the file has room for is still written
        village.hallig("ask", "manual")
        village.hallig("ask", "auto")
    orders(village, "full")
    told_of_what_waits(village)
    make_room(village)
    village.until(lambda: is_saving(village))
    listed, verified = village.hallig("events"), village.hallig("journal", "verify")
    assert (listed.stderr, "takes nothing" in verified.stdout) == ("", False)


def test_people_give_orders_though_the_disk_was_full_at_the_start(village: Village) -> None:
    village.kill_controller()
    for path in (village.folder / "data").iterdir():
        if path.is_file():
            path.unlink()
    fill(village)
    village.start_controller()
    village.until(lambda: not is_saving(village))
    obeyed(village, "ask", "manual", why="full")
    obeyed(village, "ask", "open", "phones", why="full")
    village.until(lambda: position_of(village, "phones") == "open")
