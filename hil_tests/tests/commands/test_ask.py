"""`hallig ask` beside a real controller and device servers: what only people decide. One story, in the page's order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.commands import ask
from hil_tests.tests.commands.village import Village, hallig, run

HUB = "musterhallig"


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    a_village = Village(tmp_path_factory.mktemp("village"))
    a_village.start_controller()
    yield a_village
    a_village.stop()


def feeder(village: Village, name: str) -> dict[str, Any]:
    feeders = [feeder for tier in village.status["tiers"] for feeder in tier["feeders"]]
    return next(dict(feeder) for feeder in feeders if feeder["id"] == name)


def latches(village: Village) -> set[str]:
    return {str(latch["subject"]) for latch in village.status["latches"]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("release",), "'release' is asked as: hallig ask release SUBJECT [SITE]"),
        (("black-start", "one", "two"), "'black-start' is asked as: hallig ask black-start [SITE]"),
        (("blackstart",), "black-start"),
        (("release", "emergency_off"), "is for who stands at the hub"),
        (("open", "warm_rom"), "Did you mean 'warm_room'?"),
        (("start", "moped"), "there is no 'moped' to ask that of"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_asked(village: Village, words: tuple[str, ...], says: str) -> None:
    done = village.hallig("ask", *words)
    assert done.returncode == 2
    assert says in done.stderr


def test_without_a_controller_it_says_so(tmp_path: Path) -> None:
    assert hallig("ask", "black-start", root=tmp_path).returncode == 3


def test_a_feeder_is_held_open_and_let_go(village: Village) -> None:
    document = village.json("ask", "open", "warm_room", HUB)
    assert set(document) == set(ask.ABOUT.keys)
    assert (document["taken"], document["reason"], document["subject"]) == (True, "operator", "warm_room")
    village.until(lambda: feeder(village, "warm_room")["position"] == "open")
    assert village.hallig("ask", "close", "warm_room").returncode == 0
    village.until(lambda: feeder(village, "warm_room")["position"] == "closed")


def test_manual_and_back(village: Village) -> None:
    assert village.hallig("ask", "manual").returncode == 0
    village.until(lambda: village.status["authority"] == "manual")
    assert village.hallig("ask", "auto").returncode == 0
    village.until(lambda: village.status["authority"] == "auto")


def test_what_cannot_be_now_is_refused_with_the_reason(village: Village) -> None:
    for wish, why in (
        ("black-start", "the hub is not without power"),
        ("reconnect", "the hub is on the grid already"),
        ("open desk", "it supplies the controller itself or a radio"),
    ):
        done = village.hallig("ask", *wish.split())
        assert (done.returncode, why in done.stderr) == (1, True), done.stderr
    told = village.hallig("explain")
    assert "it supplies the controller itself or a radio" in told.stdout.replace("\n", " ")


def test_a_dark_hub_starts_when_somebody_asks(village: Village) -> None:
    village.hallig("ask", "manual")
    village.tell("charge 2")
    village.tell("blackout")
    village.until_mode("dark")
    village.tell("charge 60")
    village.until(lambda: village.status["batteries"][0]["soc_pct"] > 50.0)
    assert village.status["mode"] == "dark", "in manual it waits for a person"
    done = run(["ask", "black-start"], village.root, {}, 120.0)
    assert (done.returncode, "Taken: a start from the dark. Now: " in done.stdout) == (0, True), done.stderr
    assert village.status["mode"] == "islanded"


def test_the_emergency_off_is_released_by_who_stands_there(village: Village) -> None:
    village.tell("press")
    village.until_mode("locked_out")
    refused = village.hallig("ask", "release", "emergency_off", "--at-the-hub")
    assert (refused.returncode, "the cause is still there" in refused.stderr) == (1, True)
    assert "hallig ask release emergency_off" in village.hallig("status").stdout
    village.tell("pull")
    village.until(lambda: village.hallig("ask", "release", "emergency_off", "--at-the-hub").returncode == 0)
    village.until(lambda: "emergency_off" not in latches(village) and village.status["mode"] != "locked_out")
