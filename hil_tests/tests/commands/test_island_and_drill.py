"""The real commands beside a real controller and device servers: a planned island, and a drill with its report.

One village for all: the tests tell one story and run in the order of the page.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.commands import drill, island
from controller.commands.drill_plan import ABORTS, plan_of, why_abort
from controller.commands.drill_report import trend
from controller.commands.hubs import hub_at
from controller.commands.situation import Look, Looker
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.types import Site
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GridVerdict, Mode
from controller.status import LatchStatus, PlannedStatus
from hil_tests.tests.commands.village import Village

SITE = load_site(site_path("musterhallig"))


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    a_village = Village(tmp_path_factory.mktemp("village"))
    a_village.start_controller()
    yield a_village
    a_village.stop()


def look(village: Village) -> Look:
    return Looker(hub_at(village.root / "musterhallig")).look()


# ---- the plan -------------------------------------------------------------------------------------------------------


def test_without_go_nothing_moves_and_the_plan_says_what_would(village: Village) -> None:
    before = village.written()
    done = village.hallig("drill", "musterhallig")
    assert done.returncode == 0, done.stderr
    assert "off the grid for 120 s" in done.stdout
    assert all(abort in done.stdout for abort in ABORTS)
    assert village.status["mode"] == "grid_connected"
    assert village.written()["poi_relay"].get("open") == before["poi_relay"].get("open")


def other_month() -> frozenset[int]:
    return frozenset({time.localtime().tm_mon % 12 + 1})


def with_reserve(reserve_pct: float) -> Site:
    main = replace(SITE.hub.batteries["battery_main"], reserve_soc_pct=reserve_pct)
    return replace(SITE, hub=replace(SITE.hub, batteries={**SITE.hub.batteries, "battery_main": main}))


def test_reserve_and_season_forbid_it(village: Village) -> None:
    assert plan_of(look(village), SITE, 60.0).refusals == ()
    assert "is below the reserve of 99 %" in " ".join(plan_of(look(village), with_reserve(99.0), 60.0).refusals)
    wrong_month = plan_of(look(village), replace(SITE, drill_months=other_month()), 60.0)
    assert "[drill] allows months" in " ".join(wrong_month.refusals)


def test_each_criterion_ends_it(village: Village) -> None:
    seen, plan = look(village), plan_of(look(village), SITE, 60.0)
    wish = PlannedStatus("duty", seen.now.mono_s, None, is_automatic=False)
    status = replace(seen.status, mode=Mode.ISLANDED, planned=wish)
    assert why_abort(replace(seen, status=status), plan) is None
    lost = replace(status, grid=replace(status.grid, verdict=GridVerdict.LOST))
    latched = replace(status, latches=(LatchStatus("dso_lock", Reason.DSO_LOCK, 0.0),))
    tier = status.tiers[0]
    off = replace(tier, feeders=tuple(replace(feeder, position=BreakerPosition.OPEN) for feeder in tier.feeders))
    empty = replace(status, batteries=tuple(replace(battery, soc_pct=74.0) for battery in status.batteries))
    mute = replace(status, radios=tuple(replace(radio, is_alive=False) for radio in status.radios))
    for spoilt, word in (
        (lost, "grid is not known to be good"),
        (latched, "latch"),
        (replace(status, tiers=(off, *status.tiers[1:])), "tier 0"),
        (empty, "charge below 75 %"),
        (mute, "radio"),
        (replace(status, planned=None), "ended by somebody else"),
    ):
        assert word in (why_abort(replace(seen, status=spoilt), plan) or "")
    first, *others = empty.batteries
    other = replace(status, batteries=(status.batteries[0], *others))
    assert (plan.former, why_abort(replace(seen, status=other), plan)) == (first.id, None), "it forms nothing"


# ---- an island, on request ------------------------------------------------------------------------------------------


def test_a_planned_island_is_told_with_who_asked_and_until_when(village: Village) -> None:
    document = village.json("island", "on", "--for", "2h")
    assert set(document) == set(island.ABOUT.keys)
    assert (document["taken"], document["mode"]) == (True, "islanded")
    assert 1.0 < document["took_s"] < 30.0
    planned = village.status["planned"]
    assert planned["until_s"] - planned["since_s"] == pytest.approx(7200.0)
    said = village.hallig("status").stdout
    assert "Planned island" in said
    assert planned["who"] in said
    again = village.hallig("island", "on", "--for", "30m")
    assert (again.returncode, "supplies itself already" in again.stdout) == (0, True)
    assert "also when the grid comes back" in again.stdout, "whoever asks in a blackout must hear what it means"
    village.until(lambda: village.status["planned"]["until_s"] < planned["until_s"])


def test_it_goes_back_when_asked_to(village: Village) -> None:
    done = village.hallig("island", "off")
    assert (done.returncode, "The return is asked for" in done.stdout) == (0, True), done.stderr
    village.until_mode("grid_connected")
    refused = village.hallig("island", "off")
    assert (refused.returncode, "there is no planned island" in refused.stderr) == (1, True)


def test_a_wrong_time_is_told(village: Village) -> None:
    for words in (("on", "--for", "soon"), ("on", "--for", "30s"), ("off", "--for", "2h")):
        assert village.hallig("island", *words).returncode == 2


# ---- the drill ------------------------------------------------------------------------------------------------------


def test_a_drill_leaves_comes_back_and_keeps_its_times(village: Village) -> None:
    first, second = (village.json_slow("drill", "--go", "--for", "10s") for _ in range(2))
    assert set(first) == set(drill.ABOUT.keys)
    assert (first["result"], first["reason"]) == ("passed", "")
    assert first["transfer_s"] == first["break_max_s"] < 3.0, "an N-PE relay of its own: a short break"
    assert 10.0 <= first["island_s"] < 20.0
    assert village.status["mode"] == "grid_connected"
    assert (first["trend"]["passed_count"], second["trend"]["passed_count"]) == (0, 1)
    assert second["trend"]["transfer_s"]["usual_s"] == first["transfer_s"]
    text = Path(second["report"]).with_suffix(".txt").read_text(encoding="utf-8")
    assert "passed" in text
    assert "Earlier: 1" in text
    assert json.loads(Path(first["report"]).read_text(encoding="utf-8"))["hub"] == "musterhallig"


def test_who_has_become_slower_is_told() -> None:
    usual = [{"result": "passed", "transfer_s": 1.0}, {"result": "aborted", "transfer_s": 9.0}]
    now = {"prepare_s": None, "transfer_s": 1.6, "break_max_s": 0.0, "return_s": None}
    told = trend(now, usual)
    assert told["transfer_s"] == {"usual_s": 1.0, "is_slower": True}
    assert not trend({**now, "transfer_s": 1.4}, usual)["transfer_s"]["is_slower"]


def test_who_observes_is_not_drilled(village: Village) -> None:
    village.hallig("observe", "on")
    done = village.hallig("drill", "--go")
    assert (done.returncode, "not automatic but in 'observe'" in done.stdout) == (1, True)
    refused = village.hallig("island", "on")
    assert (refused.returncode, "observing only" in refused.stderr.lower()) == (1, True), refused.stderr
    assert village.status["mode"] == "grid_connected"
